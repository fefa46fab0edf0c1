/** The state that a video begins from: nothing, a picture, its own checkpoint, or that of the video that it continues. */
import type { GenerationCommand } from '@everframe/shared';
import { loadState } from './checkpoint.ts';
import { CommandError } from './command-error.ts';
import { continueFrom } from './continue-video.ts';
import type { OpenedModel, RgbImage } from './family.ts';
import { type GenerationState, startState, startStateFromImage } from './state.ts';

/** With what a video begins; nothing of it for one that begins with its prompt alone. */
export interface Beginning {
  /** Stored with a chunk: the video goes on behind it. */
  readonly checkpoint?: Uint8Array | undefined;
  /** Whose checkpoint that is, where it is another video's: this one continues it. */
  readonly parent?: GenerationCommand | undefined;
  /** The command's input_reference, as large as the video. Not needed with a checkpoint. */
  readonly image?: RgbImage | undefined;
  /** Latents of the video that the command edits, as `chunk-latents.ts` has them. */
  readonly source?: Uint8Array | undefined;
}

/** @throws CheckpointError or CommandError naming what does not fit */
export async function beginVideo(
  command: GenerationCommand,
  { checkpoint, parent, image }: Beginning,
  opened: OpenedModel,
): Promise<GenerationState> {
  if (checkpoint) return parent ? continueFrom(parent, checkpoint, command, opened) : loadState(checkpoint, command, opened);
  if (parent) throw new CommandError('a video that continues another needs a checkpoint of it');
  return image ? startStateFromImage(command, opened, image) : startState(command, opened);
}
