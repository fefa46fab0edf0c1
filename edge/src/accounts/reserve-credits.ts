/** Puts a video's price aside before the video is recorded, and learns whether it may go to the queue at once. */
import { EverframeError, type GenerationCommand, type Price, secondsAhead } from '@everframe/shared';
import type { Context } from 'hono';
import type { AppEnv } from '../env.ts';
import { fromOutcome } from '../videos/outcome.ts';
import type { Turn } from './turns.ts';

/** Safe to repeat with the same id. */
export async function reserveCredits(c: Context<AppEnv>, video_id: string, command: GenerationCommand, price: Price): Promise<Turn> {
  const key = c.get('api_key');
  const cap = key.max_micro_usd_per_video;
  if (cap !== null && price.micro_usd > cap) {
    throw new EverframeError(
      'key_budget_exceeded',
      `The video costs ${price.micro_usd} micro-USD; this key may spend ${cap} on one. Ask for fewer seconds, or use another key.`,
    );
  }
  const { model } = command;
  const reservation = { video_id, key_id: key.id, model, seconds: secondsAhead(command), micro_usd: price.micro_usd };
  const terms = {
    unlimited: key.billing === 'unlimited',
    key_budget_micro_usd: key.budget_micro_usd,
    max_concurrent_videos: key.max_concurrent_videos,
  };
  return fromOutcome(await c.env.ACCOUNT.getByName(key.account_id).reserve(reservation, terms));
}
