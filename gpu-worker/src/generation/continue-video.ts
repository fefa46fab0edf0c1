/**
 * How another video begins where one stands: made longer, led elsewhere from some chunk on, or made again under another
 * prompt. Noise is keyed by seed and chunk, so what both have in common is the same bit for bit, and nothing of it is made
 * twice. A checkpoint says nothing of prompts; that the past is the same past is checked against the parent's command.
 */
import type { GenerationCommand, PromptSegment } from '@everframe/shared';
import { loadState } from './checkpoint.ts';
import { CheckpointError } from './checkpoint-error.ts';
import { type ChunkPlan, chunkFrames, planChunks } from './chunk-plan.ts';
import type { FamilyDescription, OpenedModel, RgbImage } from './family.ts';
import { type GenerationState, startState, startStateFromImage } from './state.ts';

/** What `generate` takes. */
export interface Continuation {
  readonly command: GenerationCommand;
  readonly state: GenerationState;
}

/** The same video, longer. @param checkpoint of any of its commits but one that was cut short, at best the last */
export async function extendVideo(
  parent: GenerationCommand,
  checkpoint: Uint8Array,
  seconds: number,
  opened: OpenedModel,
): Promise<Continuation> {
  const command = { ...parent, seconds, frames: seconds * parent.fps };
  if (command.frames <= parent.frames) {
    throw new CheckpointError(`the video has ${parent.frames} frames; it cannot be made longer to ${command.frames}`);
  }
  return { command, state: await continueFrom(parent, checkpoint, command, opened) };
}

/**
 * The same video up to a commit, and other prompts behind it. Between what is delivered and what the family has made, which
 * is ahead by the refiner's delay, frames are still on the parent's way.
 * @param segments in place of the parent's from `firstFreeFrame` on
 */
export async function branchVideo(
  parent: GenerationCommand,
  checkpoint: Uint8Array,
  { segments, seconds = parent.seconds }: { segments: readonly PromptSegment[]; seconds?: number },
  opened: OpenedModel,
): Promise<Continuation> {
  const state = await loadState(checkpoint, parent, opened);
  const first_free = firstFreeFrame(state, opened.family.describe());
  const early = segments.find(({ start_frame }) => start_frame < first_free);
  if (early) {
    throw new CheckpointError(
      `a branch from this checkpoint can change prompts from frame ${first_free} on; got ${early.start_frame}. Take the checkpoint of an earlier chunk`,
    );
  }
  const kept = parent.segments.filter(({ start_frame }) => start_frame < first_free);
  const command = { ...parent, segments: [...kept, ...segments], seconds, frames: seconds * parent.fps };
  requireSamePast(state, parent, command, opened);
  return { command, state };
}

/** Another video of the same seed from its first frame on: the same noise, and the same picture where there is one. */
export async function remixVideo(
  parent: GenerationCommand,
  change: Pick<GenerationCommand, 'prompt'> & Partial<Pick<GenerationCommand, 'negative_prompt' | 'segments'>>,
  opened: OpenedModel,
  image: RgbImage | null = null,
): Promise<Continuation> {
  const command = { ...parent, segments: [], ...change };
  return { command, state: image ? await startStateFromImage(command, opened, image) : startState(command, opened) };
}

/** A prompt that begins here or later takes effect in a chunk that is not made yet. */
export function firstFreeFrame({ next_chunk }: Pick<GenerationState, 'next_chunk'>, description: FamilyDescription): number {
  return next_chunk === 0 ? 0 : (next_chunk - 1) * chunkFrames(description) + 1;
}

/** The parent's state, once it is sure that `command` continues it. @throws CheckpointError naming what differs */
export async function continueFrom(
  parent: GenerationCommand,
  checkpoint: Uint8Array,
  command: GenerationCommand,
  opened: OpenedModel,
): Promise<GenerationState> {
  const state = await loadState(checkpoint, parent, opened);
  requireSamePast(state, parent, command, opened);
  return state;
}

function requireSamePast(
  state: GenerationState,
  parent: GenerationCommand,
  command: GenerationCommand,
  { family }: Pick<OpenedModel, 'family'>,
): void {
  for (const field of ['model', 'model_version', 'seed', 'fps', 'width', 'height', 'negative_prompt'] as const) {
    if (command[field] === parent[field]) continue;
    // A negative prompt is a prompt: its words stay out of messages.
    const values = field === 'negative_prompt' ? '' : `: ${parent[field]} is not ${command[field]}`;
    throw new CheckpointError(`a continuation must have its parent's ${field}${values}. Make a remix instead`);
  }
  const description = family.describe();
  const delivered_frames = state.delivered_chunks * chunkFrames(description);
  if (delivered_frames > parent.frames && command.frames > parent.frames) {
    throw new CheckpointError(
      `the last chunk was cut short at frame ${parent.frames} of ${delivered_frames}; take the checkpoint of the chunk before it`,
    );
  }
  if (command.frames <= delivered_frames) {
    throw new CheckpointError(`the checkpoint stands at frame ${delivered_frames}; a continuation to ${command.frames} adds nothing`);
  }
  const made = { frames: state.next_chunk * chunkFrames(description) };
  const before = planChunks({ ...parent, ...made }, description);
  for (const [index, plan] of planChunks({ ...command, ...made }, description).entries()) {
    if (whatIsObeyed(plan) === whatIsObeyed(before[index])) continue;
    throw new CheckpointError(
      `chunk ${index} was made under another prompt than the command has; prompts are free from frame ${firstFreeFrame(state, description)} on`,
    );
  }
}

function whatIsObeyed(plan: ChunkPlan | undefined): string {
  return JSON.stringify([plan?.prompts, plan?.change]);
}
