/**
 * What a worker and the edge say to each other about a published video that was signed while no time-stamp authority answered: under
 * `/internal/v1/videos/{id}/`, `restamp` hands it out and `restamped` brings it back.
 */
import { z } from 'zod';
import { Asset } from './commit.ts';
import { PublicationRecord } from './publication.ts';

export const RestampRequest = z.object({ worker_id: z.string().min(1).max(100) });
export type RestampRequest = z.infer<typeof RestampRequest>;

export const RestampAnswer = z.object({
  /** Of this errand alone: whatever an older one sends is refused. */
  epoch: z.int().positive(),
  request_id: z.string().nullable(),
  video: Asset,
  thumbnail: Asset,
  /** Null or left out where the video has none. */
  spritesheet: Asset.nullable().optional(),
  /** What the service states of the video's file now; null where an older worker made it. */
  publication: PublicationRecord.nullable(),
  /** Allows reads below the video's prefix and uploads below this epoch's. */
  ticket: z.string(),
});
export type RestampAnswer = z.infer<typeof RestampAnswer>;

export const RestampedRequest = z.discriminatedUnion('outcome', [
  /** The files that have a time-stamp now, under this epoch, one at least; what had one before is left out. */
  z
    .object({
      outcome: z.literal('stamped'),
      epoch: z.int().positive(),
      video: Asset.optional(),
      thumbnail: Asset.optional(),
      spritesheet: Asset.optional(),
      /** Of that video's file. */
      publication: PublicationRecord.optional(),
    })
    .refine(({ video, thumbnail, spritesheet }) => video || thumbnail || spritesheet, {
      message: 'must bring a file; where each had its time-stamp before, the outcome is stamped_before',
    }),
  z.object({ outcome: z.literal('stamped_before'), epoch: z.int().positive() }),
  /** They can't have one, whoever tries: nobody is asked again. */
  z.object({ outcome: z.literal('impossible'), epoch: z.int().positive(), message: z.string().max(500) }),
]);
export type RestampedRequest = z.infer<typeof RestampedRequest>;
