/**
 * `model.json`: what a model package says of itself. The edge reads it for bounds, the worker for shapes.
 * Axes of latents are [B, C, F, H, W]; a chunk's first `overlap_frames` repeat the last frames before it.
 */
import { z } from 'zod';

const PackageFile = z.object({
  path: z.string().regex(/^[\w.-]+$/),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: z.int().positive(),
});

export const ModelPackage = z.object({
  format_version: z.literal(1),
  name: z.string().regex(/^[a-z0-9.-]+$/),
  title: z.string(),
  version: z.string(),
  family: z.literal('streaming-t2v'),
  licence: z.string(),
  description: z.string(),
  /** Frames a second of the output. */
  fps: z.int().positive(),
  /** Sizes that can be asked for, `<width>x<height>` in pixels; the first is the default. */
  sizes: z.array(z.string().regex(/^\d+x\d+$/)).min(1),
  seconds: z.object({ min: z.int().positive(), max: z.int().positive(), default: z.int().positive() }),
  /** Latents of one frame: [channels, height, width], each cell `spatial_stride` pixels wide. */
  latent: z.object({
    channels: z.int().positive(),
    height: z.int().positive(),
    width: z.int().positive(),
    spatial_stride: z.int().positive(),
  }),
  /** Frames denoised together, how many of them repeat the previous chunk, and which frame of chunk 0 is the anchor. */
  chunk: z.object({ frames: z.int().positive(), overlap_frames: z.int().positive(), anchor_frame: z.int().nonnegative() }),
  text: z.object({ max_tokens: z.int().positive(), width: z.int().positive(), vocabulary: z.string() }),
  anchor: z.object({ tokens: z.int().positive() }),
  schedule: z.object({
    num_inference_steps: z.int().positive(),
    /** sigma' = shift * sigma / (1 + (shift - 1) * sigma) */
    shift: z.number().positive(),
    first_chunk_guidance_scale: z.number(),
    guidance_scale: z.number(),
  }),
  price_micro_usd_per_second: z.int().nonnegative(),
  training: z.record(z.string(), z.unknown()),
  evaluation: z.record(z.string(), z.unknown()).optional(),
  files: z.object({
    text_encoder: PackageFile,
    anchor_encoder: PackageFile,
    denoiser: PackageFile,
    vae_decoder: PackageFile,
    vocabulary: PackageFile,
  }),
});
export type ModelPackage = z.infer<typeof ModelPackage>;
