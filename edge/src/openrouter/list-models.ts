/** GET /api/v1/videos/models: the packages that are served, as OpenRouter's dialect describes models. */
import type { ModelPackage } from '@everframe/shared';
import type { Context } from 'hono';
import { PACKAGES, RELEASED_AT } from '../catalogue.ts';
import type { AppEnv } from '../env.ts';
import type { OpenRouterModel } from '../openapi/openrouter-schemas.ts';
import { aspectRatioOf, resolutionOf } from './choose-size.ts';
import { PASSTHROUGH } from './translate.ts';

const MICRO_USD_PER_USD = 1_000_000;

export function listVideoModels(c: Context<AppEnv>): Response {
  return c.json({ data: PACKAGES.map(toModel) });
}

function toModel({ name, title, description, sizes, seconds, price_micro_usd_per_second, files }: ModelPackage): OpenRouterModel {
  return {
    id: name,
    canonical_slug: name,
    name: title,
    description,
    created: RELEASED_AT[name] ?? 0,
    hugging_face_id: null,
    allowed_passthrough_parameters: [...PASSTHROUGH],
    supported_sizes: sizes,
    supported_resolutions: [...new Set(sizes.map(resolutionOf))],
    supported_aspect_ratios: [...new Set(sizes.map(aspectRatioOf))],
    supported_durations: Array.from({ length: seconds.max - seconds.min + 1 }, (_, i) => seconds.min + i),
    supported_frame_images: files.vae_encoder ? ['first_frame'] : [],
    generate_audio: false,
    seed: true,
    creativity: null,
    upscale_factor: null,
    pricing_skus: { duration_seconds: String(price_micro_usd_per_second / MICRO_USD_PER_USD) },
  };
}
