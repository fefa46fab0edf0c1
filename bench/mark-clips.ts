/** Clips of the shipped model, without a mark. */
import { generate } from '../gpu-worker/src/generation/generate.ts';
import { openModel } from '../gpu-worker/src/generation/open-model.ts';
import { startState } from '../gpu-worker/src/generation/state.ts';
import { never, readShipped, videoOf } from './shipped-model.ts';

const PROMPTS = [
  'a golden puppy runs on the beach',
  'a red car drives in the city at night',
  'a black cat jumps over the sea',
  'a purple dragon rises in the forest',
  'a blue sailboat moves to the left in the snow',
  'a yellow bus spins in a field by day',
];
/** Of each clip. */
export const FRAMES = 32;

export interface Clip {
  readonly width: number;
  readonly height: number;
  /** [F, H, W, 3] */
  readonly rgb: Uint8Array;
}

export async function makeClips(count: number): Promise<Clip[]> {
  const opened = await openModel(await readShipped(), { provider: 'cpu', threads: 1 });
  const clips: Clip[] = [];
  for (const [index, prompt] of PROMPTS.slice(0, count).entries()) {
    const command = { ...videoOf(opened.model, FRAMES), prompt, seed: 100 + index };
    const parts: Uint8Array[] = [];
    for await (const chunk of generate(command, opened, startState(command, opened), never)) parts.push(chunk.frames);
    clips.push({ width: command.width, height: command.height, rgb: Buffer.concat(parts) });
  }
  return clips;
}
