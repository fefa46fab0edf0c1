/**
 * What a video costs, in integer micro-USD: seconds that are newly made times the package's price, an endless one block by block.
 * Pure, so that an estimate, the reservation and the charge of a full delivery are one number.
 */
import { z } from 'zod';
import type { GenerationCommand } from './generation.ts';
import { ENDLESS_BLOCK_SECONDS } from './limits.ts';
import type { ModelPackage } from './model-package.ts';

export const Price = z.object({
  micro_usd_per_second: z.int().nonnegative(),
  /** Of all that is newly made; of an endless video, what is paid ahead so far. */
  micro_usd: z.int().nonnegative(),
});
export type Price = z.infer<typeof Price>;

/** What the price depends on. */
type Priced = Pick<GenerationCommand, 'model' | 'seconds' | 'frames' | 'fps' | 'endless' | 'continues'>;

/** @param packages one of them is the command's */
export function priceOf(command: Priced, packages: readonly Pick<ModelPackage, 'name' | 'price_micro_usd_per_second'>[]): Price {
  const model = packages.find(({ name }) => name === command.model);
  if (!model) throw new Error(`no price: the package ${command.model} is not served`);
  const { price_micro_usd_per_second } = model;
  return { micro_usd_per_second: price_micro_usd_per_second, micro_usd: priceAhead(price_micro_usd_per_second, command) };
}

/** What is put aside before a video begins, in the customer's favour where it is no whole micro-USD. */
export function priceAhead(micro_usd_per_second: number, command: Omit<Priced, 'model'>): number {
  return Math.floor(micro_usd_per_second * secondsAhead(command));
}

/** Seconds that are paid for before a video begins. */
export function secondsAhead(command: Omit<Priced, 'model'>): number {
  return command.endless ? Math.min(command.seconds, ENDLESS_BLOCK_SECONDS) : newSeconds(command);
}

/** Seconds of the video that no other video had before. By its frames: the seconds of a video that ended early are rounded. */
export function newSeconds({ frames, fps, continues }: Pick<Priced, 'frames' | 'fps' | 'continues'>): number {
  return (frames - (continues?.frames ?? 0)) / fps;
}

/** How many of a video's frames, of which `frames_done` are there, no other video had before. */
export function newFrames({ continues }: Pick<Priced, 'continues'>, frames_done: number): number {
  return Math.max(0, frames_done - (continues?.frames ?? 0));
}

/** The price of the frames that were delivered, in the customer's favour where it is no whole micro-USD. */
export function deliveredMicroUsd(price: Price, command: Priced, frames_done: number): number {
  return Math.min(price.micro_usd, Math.floor((price.micro_usd_per_second * newFrames(command, frames_done)) / command.fps));
}
