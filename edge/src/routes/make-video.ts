/** From sound fields to a recorded video and its answer. */
import { type CreateVideoRequest, type GenerationCommand, toGenerationCommand } from '@everframe/shared';
import type { Context } from 'hono';
import { PACKAGES } from '../catalogue.ts';
import type { AppEnv } from '../env.ts';
import { takePicture } from '../pictures/take-picture.ts';
import { type Order, placeOrder } from './place-order.ts';

/** @param more what a video that is made after another has beside its command */
export async function makeVideo(
  c: Context<AppEnv>,
  request: CreateVideoRequest,
  more: Pick<Order, 'remixed_from_video_id' | 'prepare' | 'warnings' | 'callback' | 'answer'> = {},
): Promise<Response> {
  const command = toGenerationCommand(request, PACKAGES, randomSeed(), c.get('settings').endlessSeconds);
  const picture = await takePicture(c, request.input_reference);
  const { negative_prompt } = command;
  return placeOrder(c, { command, prompts: promptsOf(command), negative_prompt, request, picture, ...more });
}

/** All that the video will show, by the name of the parameter that brought it. */
export function promptsOf({ prompt, segments }: GenerationCommand): Record<string, string> {
  return { prompt, ...Object.fromEntries(segments.map((segment, i) => [`segments[${i}].prompt`, segment.prompt])) };
}

function randomSeed(): number {
  const [seed] = crypto.getRandomValues(new Uint32Array(1));
  return seed ?? 0;
}
