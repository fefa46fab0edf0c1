/**
 * For tests: a family unlike the shipped one. A causal model of a few lines that makes one latent frame after another from a
 * window of keys and values, which lie on a device whose every allocation is counted. No overlap, no anchor, no solver.
 */
import type { GenerationCommand, ModelPackage } from '@everframe/shared';
import { requireDims } from '../generation/checkpoint-error.ts';
import type { ChunkPlan } from '../generation/chunk-plan.ts';
import type { Family, OpenedModel } from '../generation/family.ts';
import { drawNormals } from '../generation/noise.ts';
import type { RefinerSettings } from '../generation/refine-chunk.ts';
import { float32 } from '../model/tensor.ts';

const LATENT = { channels: 1, height: 1, width: 2, frames_per_latent: 1 };
const CHUNK_FRAMES = 3;
const WINDOW = 5;

/** Where the cache lies: nothing but a handle of it is on the heap. */
export class Device {
  readonly #held = new Map<number, readonly number[]>();
  #next = 1;
  /** How often `family.dispose` was called. */
  disposals = 0;

  get held(): number {
    return this.#held.size;
  }

  put(values: readonly number[]): number {
    this.#held.set(this.#next, values);
    return this.#next++;
  }

  get(handle: number): readonly number[] {
    const values = this.#held.get(handle);
    if (!values) throw new Error(`handle ${handle} was let go of`);
    return values;
  }

  free(handle: number): void {
    if (!this.#held.delete(handle)) throw new Error(`handle ${handle} was let go of twice`);
  }
}

/** Of the frames made last, newest last. */
interface Cache {
  readonly handle: number;
}

/** What the prompts are worth: letters, by weight. */
function worthOf({ prompts }: ChunkPlan): number {
  return prompts.reduce((sum, { prompt, weight }) => sum + weight * prompt.length, 0);
}

export function createCausalFamily(device: Device, window = WINDOW): Family<Cache, number> {
  return {
    describe: () => ({
      latent: LATENT,
      latent_frames: CHUNK_FRAMES,
      overlap_latent_frames: 0,
      thumbnail_latent_frame: 0,
      distinct_chunks: 2,
    }),
    start: () => ({ handle: device.put([]) }),
    startFromImage: null,
    /** The cache is made again from its newest frame alone, as models do that would go on drawing the old prompt. */
    async changePrompt({ handle }, { anchor }) {
      const values = device.get(handle);
      device.free(handle);
      return { handle: device.put(anchor === 'renew' ? values.slice(-1) : values) };
    },
    condition: async (_memory, plan) => worthOf(plan),
    async step({ handle }, worth, { seed, chunk_index, source, signal }) {
      let values = [...device.get(handle)];
      const latents = float32([1, 1, CHUNK_FRAMES, 1, 2]);
      const noise = drawNormals({ seed, stage: 'stream', index: chunk_index, step: 0, purpose: 'initial_latents' }, CHUNK_FRAMES);
      for (let frame = 0; frame < CHUNK_FRAMES; frame++) {
        await new Promise(setImmediate);
        signal.throwIfAborted();
        const seen = values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
        const plain = Math.sin(seen + 0.3 * worth + (noise[frame] ?? 0));
        const { latents: kept, strength } = source ?? { latents, strength: 1 };
        const made = Math.fround(strength * plain + (1 - strength) * (kept.values[2 * frame] ?? 0));
        values = [...values, made].slice(-window);
        latents.values.fill(made, 2 * frame, 2 * frame + 2);
      }
      device.free(handle);
      return { latents, memory: { handle: device.put(values) } };
    },
    async save({ handle }) {
      const values = device.get(handle);
      return { cache: float32([values.length], Float32Array.from(values)) };
    },
    async load({ cache }) {
      // A window that is not full yet is as long as what was made.
      requireDims('cache', cache ?? null, [Math.min(window, cache?.values.length ?? 0)]);
      return { handle: device.put([...(cache?.values ?? [])]) };
    },
    dispose({ handle }) {
      device.disposals++;
      device.free(handle);
    },
  };
}

const REFINER: RefinerSettings = {
  ...{ latent_height: 1, latent_width: 2, chunk_latent_frames: 5, overlap_latent_frames: 2 },
  ...{ num_inference_steps: 2, shift: 1, blending: 'exact', reads_text: false },
};

export const CAUSAL_COMMAND: GenerationCommand = {
  ...{ model: 'causal', model_version: '1.0.0', prompt: 'ball', negative_prompt: '', segments: [], prompt_disclosure: 'hash', seed: 5 },
  ...{ seconds: 3, frames: 24, fps: 8, width: 2, height: 1 },
};

export function openCausal(device: Device, with_refiner: boolean, window = WINDOW): OpenedModel {
  const refiner = with_refiner ? REFINER : null;
  const described = { name: 'causal', version: '1.0.0', fps: 8, sizes: ['2x1'], latent: LATENT, refiner };
  return {
    model: described as unknown as ModelPackage,
    family: createCausalFamily(device, window) as Family,
    refiner: refiner && {
      async predict({ latents, base }) {
        return float32(
          latents.dims,
          latents.values.map((value, index) => 0.7 * value - (base.values[index] ?? 0)),
        );
      },
    },
    text_encoder: null,
    vae_decoder: {
      async decode({ values }, before) {
        // Grey by the byte: three of them for each value, and a little of what came before.
        const shade = before?.values[0] ?? 0;
        return Uint8Array.from({ length: 3 * values.length }, (_, index) => 128 + 100 * (values[Math.floor(index / 3)] ?? 0) + 10 * shade);
      },
    },
  };
}
