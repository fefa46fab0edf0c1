/**
 * `model.json`: what a model package says of itself. The edge reads it for bounds, the worker for shapes.
 * Axes of latents are [B, C, F, H, W]. A latent frame is `latent.frames_per_latent` frames of video; chunks are counted in
 * latent frames.
 */
import { z } from 'zod';

const PackageFile = z.object({
  path: z.string().regex(/^[\w.-]+$/),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: z.int().positive(),
});

const Count = z.int().positive();

const Schedule = z.object({
  num_inference_steps: Count,
  /** sigma' = shift * sigma / (1 + (shift - 1) * sigma) */
  shift: z.number().positive(),
  /** Of chunks that are made without an anchor: the first, and the first under a prompt that renews it. */
  first_chunk_guidance_scale: z.number(),
  guidance_scale: z.number(),
  /** Of the anchor apart from the text; a pass more where it differs. Left out, guidance is of the text alone. */
  anchor_guidance_scale: z.number().optional(),
  sampler: z.enum(['euler', 'ddim', 'dpm-solver-2m']).default('euler'),
  /** Share of a step that DDIM makes new noise of: 0 for none, 1 for as much as the forward process has. */
  eta: z.number().min(0).max(1).default(0),
  /** Of a denoiser that was trained on discrete timesteps. Left out, it is told sigmas and gives velocities. */
  betas: z
    .object({
      curve: z.enum(['linear', 'scaled-linear']),
      start: z.number().positive().max(1),
      end: z.number().positive().max(1),
      train_timesteps: Count,
      prediction: z.enum(['epsilon', 'v']),
      /** Where the steps are taken: `leading` ends them at timestep 1, `trailing` begins them at the last, `linspace` divides all evenly. */
      spacing: z.enum(['leading', 'trailing', 'linspace']).default('leading'),
      /** Where the last step arrives: at clean latents, as where this is left out, or at the noise of timestep 0. */
      last: z.enum(['clean', 'first_timestep']).optional(),
    })
    .optional(),
});

export const ModelPackage = z.object({
  format_version: z.literal(2),
  name: z.string().regex(/^[a-z0-9.-]+$/),
  title: z.string(),
  version: z.string(),
  /** Which of the worker's families runs it. */
  family: z.enum(['streaming-t2v', 'streaming-modelscope']),
  licence: z.string(),
  description: z.string(),
  /** Frames a second of the output. */
  fps: Count,
  /** Sizes that can be asked for, `<width>x<height>` in pixels; the first is the default. */
  sizes: z.array(z.string().regex(/^\d+x\d+$/)).min(1),
  seconds: z.object({ min: Count, max: Count, default: Count }),
  /** What the base model works on. */
  latent: z.object({ channels: Count, height: Count, width: Count, frames_per_latent: Count }),
  /** Latent frames that a chunk adds, how many of those before it are remembered, and which of chunk 0 is the anchor. */
  chunk: z.object({ latent_frames: Count, overlap_latent_frames: Count, anchor_latent_frame: z.int().nonnegative() }),
  /** Tokens of a prompt, and numbers that the text encoder gives of each. */
  text: z.object({ max_tokens: Count, width: Count }),
  /** Numbers of each token within the denoiser, and its blocks: the memory is [blocks, 2, B, tokens, width]. */
  denoiser: z.object({ width: Count, blocks: Count }),
  /** Makes the base's latent frames larger, in overlapping chunks of its own; null where they are decoded as they are. */
  refiner: z
    .object({
      latent_height: Count,
      latent_width: Count,
      chunk_latent_frames: Count,
      overlap_latent_frames: z.int().nonnegative(),
      num_inference_steps: Count,
      shift: z.number().positive(),
      /** `exact`: neighbouring chunks shape each other. `causal`: only earlier ones later ones, with less delay. */
      blending: z.enum(['exact', 'causal']).default('exact'),
      /** Whether it is told, of each latent frame, the text that the base was told of it. */
      reads_text: z.boolean().default(false),
    })
    .nullable(),
  decoder: z.object({
    /** Pixels across that one cell of the decoded latents becomes. */
    spatial_stride: Count,
    /** Whether the decoder also sees the latent frame before each, and so draws what moved since. */
    context_latent_frames: z.union([z.literal(0), z.literal(1)]).default(0),
  }),
  schedule: Schedule,
  /** What the family `streaming-modelscope` needs beside; only its packages have it. */
  modelscope: z
    .object({
      /** Tokens of an anchor. */
      anchor_tokens: Count,
      /** Fills a prompt up to `text.max_tokens`. */
      pad_token: z.string(),
      /** Of the text-to-video network that makes the first chunk and the one behind it. */
      first_stage: Schedule,
    })
    .optional(),
  price_micro_usd_per_second: z.int().nonnegative(),
  training: z.record(z.string(), z.unknown()),
  evaluation: z.record(z.string(), z.unknown()).optional(),
  files: z.object({
    text_encoder: PackageFile,
    anchor_encoder: PackageFile,
    /** Of the family `streaming-t2v`. */
    cam_encoder: PackageFile.optional(),
    denoiser: PackageFile,
    /** Present where `refiner` is not null. */
    refiner: PackageFile.optional(),
    vae_decoder: PackageFile,
    /** Without it no video can begin with a picture. */
    vae_encoder: PackageFile.optional(),
    /** One WordPiece a line; JSON of byte pairs and their numbers where there are `merges`. */
    vocabulary: PackageFile,
    /** Of the family `streaming-modelscope`: which byte pairs are joined, the first soonest. */
    merges: PackageFile.optional(),
    first_stage: PackageFile.optional(),
    frame_encoder: PackageFile.optional(),
    /** What the training world can draw. */
    world: PackageFile.optional(),
    /** The words of all training captions. */
    known_words: PackageFile.optional(),
    /** JSON: words that no caption had, by what each is read as. */
    near_words: PackageFile.optional(),
    /** Weights that a graph names in a file of their own; cam_encoder and denoiser of `streaming-t2v` have this one in common. */
    denoiser_weights: PackageFile.optional(),
    text_encoder_weights: PackageFile.optional(),
    anchor_encoder_weights: PackageFile.optional(),
    frame_encoder_weights: PackageFile.optional(),
    first_stage_weights: PackageFile.optional(),
    vae_decoder_weights: PackageFile.optional(),
    vae_encoder_weights: PackageFile.optional(),
  }),
});
export type ModelPackage = z.infer<typeof ModelPackage>;
