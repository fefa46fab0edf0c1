/**
 * What a refiner that reads text is told: of each latent frame the text under which the base made it. A chunk of the refiner may
 * straddle two of the base's, so the text is each frame's own. It comes from the plans, after a resume too; nothing is stored.
 */
import { joinTexts, type TextEncoder, type TextEncoding } from '../model/text-encoder.ts';
import type { ChunkPlan } from './chunk-plan.ts';
import { mixTexts } from './prompt-mix.ts';
import type { FrameTexts } from './refine-chunk.ts';

/** One of the base's chunks. */
interface ToldChunk {
  readonly chunk_index: number;
  readonly prompts: readonly { readonly prompt: string; readonly weight: number; readonly encoding: TextEncoding }[];
  /** Of its prompts together, [1, T, W]. */
  readonly text: TextEncoding;
}

/** Of the chunks that are in flight and no others, however long the video. */
export class RefinerTexts implements FrameTexts {
  readonly #text_encoder: TextEncoder;
  readonly #latent_frames: number;
  /** Consecutive. */
  #chunks: readonly ToldChunk[] = [];

  /** @param latent_frames that each of the base's chunks adds */
  constructor(text_encoder: TextEncoder, latent_frames: number) {
    this.#text_encoder = text_encoder;
    this.#latent_frames = latent_frames;
  }

  /** The base's next chunk, or of a resumed video the first that is not finished. A prompt is encoded once. */
  async add({ chunk_index, prompts: told }: Pick<ChunkPlan, 'chunk_index' | 'prompts'>): Promise<void> {
    const prompts = [];
    for (const { prompt, weight } of told) prompts.push({ prompt, weight, encoding: await this.#encode(prompt) });
    this.#chunks = [...this.#chunks, { chunk_index, prompts, text: mixTexts(prompts) }];
  }

  of(first: number, count: number): TextEncoding {
    return joinTexts(Array.from({ length: count }, (_, index) => this.#textOf(first + index)));
  }

  /** Lets go of the chunks before that one; never of the last, whose prompt the next may have. */
  forgetBefore(first_unfinished: number): void {
    const last = this.#chunks.at(-1);
    this.#chunks = this.#chunks.filter((chunk) => chunk.chunk_index >= first_unfinished || chunk === last);
  }

  #textOf(frame: number): TextEncoding {
    const chunk_index = Math.floor(frame / this.#latent_frames);
    // Frames behind the last chunk repeat its last.
    const chunk = this.#chunks.findLast((candidate) => candidate.chunk_index <= chunk_index);
    if (!chunk) throw new RangeError(`latent frame ${frame} is of chunk ${chunk_index}, whose text is not known here`);
    return chunk.text;
  }

  async #encode(prompt: string): Promise<TextEncoding> {
    const known = this.#chunks.flatMap(({ prompts }) => prompts).find((entry) => entry.prompt === prompt);
    return known?.encoding ?? this.#text_encoder.encode(prompt);
  }
}
