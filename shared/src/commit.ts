/**
 * What a worker and the edge say to each other about one video, under `/internal/v1/videos/{id}/`:
 * claim, beat, commit, complete, fail, release. All JSON; every call but the claim names the epoch it was claimed under.
 */
import { z } from 'zod';
import { Directive, DirectiveAnswer } from './directives.ts';
import { FAILURE_CODES } from './errors.ts';
import { GenerationCommand } from './generation.ts';
import { FINGERPRINT_MAX_SECONDS, LIVE_PROMPTS_MAX, LUMA_CELLS_MAX } from './limits.ts';
import { PublicationRecord } from './publication.ts';

/** An uploaded object. `sha256` in lower-case hex. */
export const Asset = z.object({
  key: z.string().min(1),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: z.int().positive(),
});
export type Asset = z.infer<typeof Asset>;

/** Which encoder made a video's segments. A video keeps the one it began with: parameter sets differ between them. */
export const EncoderName = z.enum(['ffmpeg-x264', 'ffmpeg-nvenc', 'wasm']);
export type EncoderName = z.infer<typeof EncoderName>;

/** Mean luma of 8 x 8 areas over a half second, or over those of its frames that a segment has; see `mark/luma-cells.ts`. */
export const LumaCell = z.object({
  /** The half second, from 0. */
  cell: z.int().nonnegative(),
  frames: z.int().positive(),
  /** Row by row, in sixteenths of a level of 255. */
  means: z.array(z.int().min(0).max(4080)).length(64),
});
export type LumaCell = z.infer<typeof LumaCell>;

/** One hash for each second, see `mark/fingerprint.ts`. */
const Hashes = z.array(z.string().regex(/^[0-9a-f]{24}$/)).max(FINGERPRINT_MAX_SECONDS);

/** The fingerprint of a video that is being made. */
export const GrowingFingerprint = z.object({
  /** Of the seconds that no later segment can change. */
  hashes: Hashes.readonly(),
  /** The half seconds behind them. */
  cells: z.array(LumaCell).max(LUMA_CELLS_MAX).readonly(),
});
export type GrowingFingerprint = z.infer<typeof GrowingFingerprint>;

/** What a worker writes into frames, invisibly. */
const Mark = z.string().regex(/^[0-9a-f]{12}$/);

/** A delivered chunk. Frames are [first_frame, first_frame + frames). */
export const Segment = z.object({
  chunk_index: z.int().nonnegative(),
  first_frame: z.int().nonnegative(),
  frames: z.int().positive(),
  init: Asset,
  media: Asset,
  /** What the model made of the chunk, by which the video can be edited, in a commit; absent in those of older workers. */
  latents: Asset.optional(),
  /** Some of its frames, made small; absent where none is kept, and in segments of older workers. */
  stills: Asset.optional(),
  encoder: EncoderName,
  /** What its frames carry invisibly, 12 hex digits; null for nothing, absent where an older worker did not say. */
  mark: Mark.nullable().optional(),
  /** What the video's fingerprint is made of, in a commit; absent in those of older workers. */
  luma_cells: z.array(LumaCell).max(LUMA_CELLS_MAX).optional(),
});
export type Segment = z.infer<typeof Segment>;

/** The video that this one is made after. */
export const Lineage = z.object({
  kind: z.enum(['extended', 'remixed', 'edited']),
  video_id: z.string().min(1),
  /** Its signed file, under this video's own prefix; null where it had none when this one was asked for. */
  file: Asset.nullable(),
});
export type Lineage = z.infer<typeof Lineage>;

const epoch = z.int().positive();

export const ClaimRequest = z.object({ worker_id: z.string().min(1).max(100) });
export type ClaimRequest = z.infer<typeof ClaimRequest>;

export const ClaimAnswer = z.object({
  epoch,
  /** The lease ends this many seconds after the answer was made, unless a beat or commit renews it. */
  lease_seconds: z.number().positive(),
  /** With every prompt that was accepted while the video was made. */
  command: GenerationCommand,
  /** The request that made the video, for logs. */
  request_id: z.string().nullable().optional(),
  /** Unix milliseconds of the request. */
  created_at_ms: z.int(),
  /**
   * 32 bytes in hex, this video's own: the manifest carries HMAC-SHA-256(prompt_key, prompt) instead of the prompt.
   * The edge derives it from KEY_PEPPER and the video's id, so that an owner can prove a prompt later.
   */
  prompt_key: z.string().regex(/^[0-9a-f]{64}$/),
  /** For every frame that is made under this claim. Absent: nothing. */
  mark: Mark.optional(),
  /** Id of the last commit, which the next one must name; null before the first. */
  parent: z.string().nullable(),
  /** Everything committed so far, in order, without `latents`; `luma_cells` are in `fingerprint` instead, but for those of an older edge. */
  segments: z.array(Segment),
  /** Of `segments`; null where an older worker made one of them, absent from an older edge. */
  fingerprint: GrowingFingerprint.nullable().optional(),
  /** State after the last commit; null before the first. */
  checkpoint: Asset.nullable(),
  /** Left out, the video is made after no other. */
  lineage: Lineage.nullable().optional(),
  /** Latents of the video that the command edits, those of one chunk behind the other. Left out, there are none. */
  source: Asset.nullable().optional(),
  /** Allows uploads below the video's epoch prefix and reads below its prefix, until the lease ends. */
  ticket: z.string(),
  directives: z.array(Directive).optional(),
});
export type ClaimAnswer = z.infer<typeof ClaimAnswer>;

export const BeatRequest = z.object({ epoch });
export type BeatRequest = z.infer<typeof BeatRequest>;

/** The answer that renews a lease. */
export const LeaseAnswer = z.object({
  lease_seconds: z.number().positive(),
  ticket: z.string(),
  /** All that no commit has answered yet, oldest first; the same ones come again until then. */
  directives: z.array(Directive).optional(),
});
export type LeaseAnswer = z.infer<typeof LeaseAnswer>;

export const CommitRequest = z.object({
  epoch,
  parent: z.string().nullable(),
  segment: Segment,
  checkpoint: Asset,
  /** Stored in one step with the checkpoint, so that whoever goes on from it obeys the same prompts. */
  answers: z.array(DirectiveAnswer).max(LIVE_PROMPTS_MAX.unanswered).optional(),
});
export type CommitRequest = z.infer<typeof CommitRequest>;

export const CommitAnswer = LeaseAnswer.extend({ commit_id: z.string() });
export type CommitAnswer = z.infer<typeof CommitAnswer>;

/** By what the signed file is found again when its manifest was taken off it. */
export const Credential = z.object({
  /** The label of the file's manifest, which is its name everywhere. */
  manifest_id: z
    .string()
    .max(200)
    .regex(/^urn:[\w:.-]+$/),
  /** The video's own, as a claim gave it; null where none of the frames that were made for it carries one. */
  mark: Mark.nullable(),
  /** Empty where it is not known. */
  fingerprint: Hashes,
});
export type Credential = z.infer<typeof Credential>;

/** `credential` is absent from older workers: their videos can't be looked up. */
export const CompleteRequest = z.object({
  epoch,
  parent: z.string(),
  video: Asset,
  thumbnail: Asset,
  /** Absent where an older worker made a part of the video, and kept no stills of it. */
  spritesheet: Asset.optional(),
  credential: Credential.optional(),
  /** Signed while no time-stamp authority answered, with room for a time-stamp. */
  unstamped: z.boolean().optional(),
  /** What the service states of the video's file; absent from older workers. */
  publication: PublicationRecord.optional(),
});
export type CompleteRequest = z.infer<typeof CompleteRequest>;

export const FailRequest = z.object({ epoch, code: z.enum(FAILURE_CODES), message: z.string().max(500) });
export type FailRequest = z.infer<typeof FailRequest>;

/**
 * Hands a video back to the queue. `shutdown` is the worker's own leave-taking. `error` counts as an attempt: the video
 * waits a little before the next, and the last of MAX_FRUITLESS_ATTEMPTS in a row without a commit fails it with `code`.
 */
export const ReleaseRequest = z.discriminatedUnion('reason', [
  z.object({ epoch, reason: z.literal('shutdown') }),
  z.object({ epoch, reason: z.literal('error'), code: z.enum(FAILURE_CODES) }),
]);
export type ReleaseRequest = z.infer<typeof ReleaseRequest>;
