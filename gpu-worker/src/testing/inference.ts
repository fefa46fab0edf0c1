/** For tests: inference without networks. A ball rolls on; a checkpoint is the number of the next chunk. */
import type { GenerationCommand, ModelPackage } from '@everframe/shared';
import type { GeneratedChunk, InferenceProcess } from '../inference-process.ts';
import { makeClip } from '../media/test-clip.ts';

const SIZE = { width: 64, height: 64 };
const CHUNK_FRAMES = 4;
const MODEL = { name: 'toy', title: 'Toy', version: '1.0.0' } as ModelPackage;

/** Asks for `chunks` chunks. */
export function commandFor(chunks: number): GenerationCommand {
  const length = { seconds: chunks, frames: chunks * CHUNK_FRAMES, fps: CHUNK_FRAMES };
  return {
    model: MODEL.name,
    model_version: MODEL.version,
    prompt: 'a ball',
    negative_prompt: '',
    segments: [],
    prompt_disclosure: 'hash',
    seed: 7,
    ...length,
    ...SIZE,
  };
}

type MakeChunks = (...asked: Parameters<InferenceProcess['generate']>) => AsyncGenerator<GeneratedChunk>;

/** Its videos can't be led elsewhere. */
export function createTestInference(makeChunks: MakeChunks = rollOn): InferenceProcess {
  const refuse = () => Promise.reject(new Error('the ball rolls on'));
  return {
    packages: new Map([[MODEL.name, MODEL]]),
    provider: 'cpu',
    generate: (...asked) => Object.assign(makeChunks(...asked), { steer: refuse, stop: refuse }),
    thumbnail: async () => ({ rgb: makeClip(SIZE, 0, 1), ...SIZE }),
    close: async () => undefined,
    pid: undefined,
  };
}

const rollOn: MakeChunks = async function* ({ frames }, { checkpoint }) {
  for (let chunk_index = checkpoint?.[0] ?? 0; chunk_index * CHUNK_FRAMES < frames; chunk_index++) {
    const first_frame = chunk_index * CHUNK_FRAMES;
    yield {
      chunk_index,
      first_frame,
      frame_count: CHUNK_FRAMES,
      frames: makeClip(SIZE, first_frame, CHUNK_FRAMES),
      applied: [],
      latents: null,
      checkpoint: Uint8Array.of(chunk_index + 1),
      denoise_ms: 1,
      decode_ms: 1,
    };
  }
};
