/**
 * What the edge asks of the worker that makes a video, in the answers of claim, beat and commit, and what the worker says
 * to it in the next commit. A directive has an id, comes until it is answered, and is obeyed once.
 */
import { z } from 'zod';
import { LivePrompt } from './generation.ts';

export const Directive = z.discriminatedUnion('type', [
  z.object({ type: z.literal('prompt'), id: z.string().min(1), prompt: LivePrompt }),
  /** The video ends behind what is made of it. It is answered by its completion. */
  z.object({ type: z.literal('stop'), id: z.literal('stop') }),
]);
export type Directive = z.infer<typeof Directive>;

const frame = z.int().nonnegative();

/** What became of a prompt. Frames and chunks are the video's. */
export const DirectiveAnswer = z.discriminatedUnion('outcome', [
  z.object({
    id: z.string().min(1),
    outcome: z.literal('accepted'),
    /** From then on the prompt holds: it takes effect with the chunk that begins at `applied_frame`. */
    start_frame: frame,
    applied_frame: frame,
    chunk_index: z.int().nonnegative(),
  }),
  z.object({
    id: z.string().min(1),
    outcome: z.literal('refused'),
    /** `past`: its frames were made already. `behind_end`: no chunk begins between its time and the video's end. */
    reason: z.enum(['past', 'behind_end']),
    /** The earliest time that could still be asked for. */
    first_free_frame: frame,
  }),
]);
export type DirectiveAnswer = z.infer<typeof DirectiveAnswer>;
