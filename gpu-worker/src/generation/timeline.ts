/**
 * What each chunk of a video obeys, while prompts may still come. A plan that was taken is never changed: a prompt for
 * frames that are made already is refused with a reason, any other takes effect at the first chunk border at or behind its
 * time. What is accepted must be stored with the video's next commit, so that whoever resumes it plans the same chunks.
 */
import { insertSegment, type LivePrompt, type PromptSegment } from '@everframe/shared';
import { type AppliedSegment, type ChunkPlan, chunkFrames, type PlannedCommand, planChunk, startPlanning } from './chunk-plan.ts';
import type { FamilyDescription } from './family.ts';

/** What became of a prompt that came while its video was made. */
export type SteerAnswer =
  /** `applied` unless a later prompt overtakes this one. The command of whoever goes on must have `segment`. */
  | { readonly outcome: 'accepted'; readonly segment: PromptSegment; readonly applied: AppliedSegment }
  | {
      readonly outcome: 'refused';
      /** `past`: its frames are made already. `behind_end`: no chunk begins between its time and the video's end. */
      readonly reason: 'past' | 'behind_end';
      /** The earliest time that a prompt can still be asked for. */
      readonly first_free_frame: number;
      readonly message: string;
    };

export class Timeline {
  readonly #chunk_frames: number;
  #command: PlannedCommand;
  #position: ReturnType<typeof startPlanning>;
  /** Made by the state that the video goes on from, and not finished. */
  readonly #skipped: ChunkPlan[] = [];

  constructor(command: PlannedCommand, description: Pick<FamilyDescription, 'latent' | 'latent_frames'>) {
    this.#chunk_frames = chunkFrames(description);
    this.#command = command;
    this.#position = startPlanning(command);
  }

  /** Frames that the video will have. */
  get frames(): number {
    return this.#command.frames;
  }

  /** The next chunk's plan, from here on settled; null behind the last. */
  take(): ChunkPlan | null {
    const next = planChunk(this.#command, this.#chunk_frames, this.#position);
    if (!next) return null;
    this.#position = next.position;
    return next.plan;
  }

  /** Takes what a stored state has made already. Safe to repeat. @returns plans of the chunks [first_unfinished, next_chunk) */
  skipTo(next_chunk: number, first_unfinished: number): ChunkPlan[] {
    while (this.#position.chunk_index < next_chunk) {
      const plan = this.take();
      if (!plan) break;
      if (plan.chunk_index >= first_unfinished) this.#skipped.push(plan);
    }
    return [...this.#skipped];
  }

  steer({ start_frame: asked, ...prompt }: LivePrompt): SteerAnswer {
    const border = this.#border;
    const first_free_frame = border === 0 ? 0 : border - this.#chunk_frames + 1;
    const start_frame = asked ?? border;
    const chunk_index = Math.ceil(start_frame / this.#chunk_frames);
    const applied_frame = chunk_index * this.#chunk_frames;
    if (start_frame < first_free_frame) {
      const message = `frame ${start_frame} is made already; a prompt can take effect from frame ${border} on, if it is asked for at ${first_free_frame} or later`;
      return { outcome: 'refused', reason: 'past', first_free_frame, message };
    }
    if (applied_frame >= this.frames) {
      const message = `no chunk begins between frame ${start_frame} and the video's end at ${this.frames}; make the video longer first`;
      return { outcome: 'refused', reason: 'behind_end', first_free_frame, message };
    }
    const segment = { ...prompt, start_frame };
    this.#command = { ...this.#command, segments: insertSegment(this.#command.segments, segment) };
    return { outcome: 'accepted', segment, applied: { start_frame, applied_frame, chunk_index } };
  }

  /** Ends the video behind the chunks that are made, or behind its first. @returns the frames that it will have; store them too */
  stop(): number {
    this.#command = { ...this.#command, frames: Math.min(this.frames, Math.max(this.#border, this.#chunk_frames)) };
    return this.frames;
  }

  /** Where the next chunk to be taken begins. */
  get #border(): number {
    return this.#position.chunk_index * this.#chunk_frames;
  }
}
