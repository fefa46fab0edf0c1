/**
 * What a video costs, in integer micro-USD: seconds times the package's price, an endless one block by block. Pure, so that an estimate, the
 * reservation and the charge of a full delivery are one number.
 */
import { z } from 'zod';
import type { GenerationCommand } from './generation.ts';
import { ENDLESS_BLOCK_SECONDS } from './limits.ts';
import type { ModelPackage } from './model-package.ts';

export const Price = z.object({
  micro_usd_per_second: z.int().nonnegative(),
  /** Of the whole video; of an endless one, what is paid ahead so far. */
  micro_usd: z.int().nonnegative(),
});
export type Price = z.infer<typeof Price>;

/** What the price depends on. */
type Priced = Pick<GenerationCommand, 'model' | 'seconds' | 'fps' | 'endless'>;

/** @param packages one of them is the command's */
export function priceOf(command: Priced, packages: readonly Pick<ModelPackage, 'name' | 'price_micro_usd_per_second'>[]): Price {
  const model = packages.find(({ name }) => name === command.model);
  if (!model) throw new Error(`no price: the package ${command.model} is not served`);
  const { price_micro_usd_per_second } = model;
  return { micro_usd_per_second: price_micro_usd_per_second, micro_usd: price_micro_usd_per_second * secondsAhead(command) };
}

/** Seconds that are paid for before a video begins. */
export function secondsAhead({ seconds, endless }: Pick<GenerationCommand, 'seconds' | 'endless'>): number {
  return endless ? Math.min(seconds, ENDLESS_BLOCK_SECONDS) : seconds;
}

/** The price of the frames that were delivered, in the customer's favour where it is no whole micro-USD. */
export function deliveredMicroUsd(price: Price, { fps }: Priced, frames_done: number): number {
  return Math.min(price.micro_usd, Math.floor((price.micro_usd_per_second * frames_done) / fps));
}
