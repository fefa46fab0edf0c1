/** What an operator sends to the admin routes. Every field is stated or has a default; null means no bound. */
import { z } from 'zod';
import { MICRO_USD_MAX, NAME_MAX_CHARACTERS } from './limits.ts';
import { SCOPES } from './scopes.ts';

const name = z.string().trim().min(1).max(NAME_MAX_CHARACTERS);
const bound = z.int().min(1).max(1_000_000).nullable();
const micro_usd = z.int().min(1).max(MICRO_USD_MAX);

export const CreateAccount = z.strictObject({
  name,
  billing: z.enum(['prepaid', 'unlimited']).default('prepaid'),
  /** Videos in the queue or at work at once; more wait. */
  max_concurrent_videos: bound.default(4),
  /** Of each key. */
  requests_per_minute: bound.default(600),
});
export type CreateAccount = z.infer<typeof CreateAccount>;

export const CreateKey = z.strictObject({
  name: z.string().trim().max(NAME_MAX_CHARACTERS).default(''),
  /** Null: all. */
  scopes: z.array(z.enum(SCOPES)).nullable().default(null),
  /** Unix seconds. */
  expires_at: z.int().positive().nullable().default(null),
  /** Null: the account's. */
  requests_per_minute: bound.default(null),
  budget_micro_usd: micro_usd.nullable().default(null),
  max_micro_usd_per_video: micro_usd.nullable().default(null),
});
export type CreateKey = z.infer<typeof CreateKey>;

/** Both keys work for so long; 0 ends the old one at once. */
export const RotateKey = z.strictObject({
  overlap_seconds: z
    .int()
    .min(0)
    .max(30 * 24 * 60 * 60)
    .default(24 * 60 * 60),
});

/** The same `id` again changes nothing. */
export const GrantCredits = z.strictObject({ id: z.string().regex(/^[\w.-]{1,100}$/), micro_usd });
export const RefundVideo = z.strictObject({ video_id: z.string().max(100) });
