/** What `/api/v1` takes and answers, after the schemas of OpenRouter's SDK; and a refusal of either dialect as RFC 9457 has it. */
import { ERROR_KINDS, SEED_MAX, URL_MAX_CHARACTERS } from '@everframe/shared';
import { z } from 'zod';
import { PACKAGES } from '../catalogue.ts';
import { FrameImages } from '../openrouter/first-frame.ts';
import { FIELDS, PASSTHROUGH } from '../openrouter/translate.ts';
import { ErrorAnswer, PromptWarningView } from './answers.ts';
import { CreateVideo } from './create-request.ts';

const { prompt, seconds, segments, negative_prompt, prompt_disclosure, strict } = CreateVideo.shape;
const nothing = z.array(z.unknown()).max(0).optional();

export const CreateJob = z
  .strictObject({
    model: z.enum(PACKAGES.map(({ name }) => name)).optional(),
    prompt,
    duration: seconds.meta({
      description: 'Whole seconds; default the own ones of the model. Of a video that goes on, those that are added.',
    }),
    size: z.string().optional().meta({ description: '`<width>x<height>`, one that the model has.' }),
    resolution: z.string().optional().meta({ description: 'Pixels of the shorter side, such as `128p`.' }),
    aspect_ratio: z.string().optional().meta({ description: 'Such as `1:1`.' }),
    seed: z.int().min(0).max(SEED_MAX).optional(),
    generate_audio: z.literal(false).optional().meta({ description: 'No served model makes sound: `true` is refused.' }),
    frame_images: FrameImages.max(1)
      .optional()
      .meta({ description: 'One `first_frame`, as `input_reference` of `POST /v1/videos`; a `last_frame` is refused.' }),
    input_references: nothing.meta({ description: 'Refused.' }),
    previous_job_id: z.string().optional().meta({ description: 'A completed video that this one begins with, and goes on from.' }),
    callback_url: z
      .string()
      .max(URL_MAX_CHARACTERS)
      .optional()
      .meta({ description: 'HTTPS, on a public host: told of the end, signed with the secret of `/v1/callback_secret`.' }),
    provider: z
      .object({
        options: z
          .object({ everframe: z.strictObject({ segments, negative_prompt, prompt_disclosure, strict }).optional() })
          .optional()
          .meta({ description: 'Those under `everframe` are obeyed, as in `POST /v1/videos`; those of other providers are not for us.' }),
      })
      .optional(),
    user: z.unknown().optional().meta({ description: 'Taken, and changes nothing; so with `session_id` and `trace`.' }),
    session_id: z.unknown().optional(),
    trace: z.unknown().optional(),
  })
  .meta({ description: `Known fields: ${FIELDS.join(', ')}. Passed through by \`provider\`: ${PASSTHROUGH.join(', ')}.` });

export const OpenRouterJob = z.object({
  id: z.string().regex(/^video_[0-9a-f]{32}$/),
  polling_url: z.url(),
  status: z.enum(['pending', 'in_progress', 'completed', 'failed', 'cancelled']),
  unsigned_urls: z
    .array(z.url())
    .optional()
    .meta({ description: 'Of a completed video: its file, for clients that send no key. Good for a day from this answer on.' }),
  usage: z
    .object({ cost: z.number().nonnegative().meta({ description: 'US dollars.' }), is_byok: z.literal(false) })
    .optional()
    .meta({ description: 'Of a video that has ended.' }),
  error: z.string().optional().meta({ description: 'Of a failed or cancelled one: why.' }),
});
export type OpenRouterJob = z.infer<typeof OpenRouterJob>;
export const CreatedJob = OpenRouterJob.extend({ warnings: z.array(PromptWarningView) });

export const CallbackSecret = z.object({ object: z.literal('callback_secret'), secret: z.string() });

const OpenRouterModelView = z.object({
  id: z.string(),
  canonical_slug: z.string(),
  name: z.string(),
  description: z.string(),
  created: z.int().nonnegative(),
  hugging_face_id: z.null(),
  allowed_passthrough_parameters: z.array(z.string()),
  supported_sizes: z.array(z.string()),
  supported_resolutions: z.array(z.string()),
  supported_aspect_ratios: z.array(z.string()),
  supported_durations: z.array(z.int().positive()),
  supported_frame_images: z.array(z.enum(['first_frame', 'last_frame'])),
  generate_audio: z.boolean(),
  seed: z.boolean(),
  creativity: z.null(),
  upscale_factor: z.null(),
  pricing_skus: z.object({ duration_seconds: z.string() }).meta({ description: 'US dollars for a second.' }),
});
export type OpenRouterModel = z.infer<typeof OpenRouterModelView>;
export const OpenRouterModels = z.object({ data: z.array(OpenRouterModelView) });

const { message, ...metadata } = ErrorAnswer.shape.error.shape;
export const OpenRouterError = z.object({
  error: z.object({
    code: z.literal([...new Set(Object.values(ERROR_KINDS).map(({ status }) => status))]).meta({ description: 'The HTTP status.' }),
    message,
    metadata: z.object(metadata).meta({ description: 'As `error` under `/v1`.' }),
  }),
});

/** Sent to who names `application/problem+json` in `Accept`. */
export const Problem = z.object({
  type: z.literal('about:blank'),
  title: z.string(),
  status: z.int(),
  detail: z.string().meta({ description: 'As `message`.' }),
  code: z.string(),
  param: z.string().nullable(),
  error: z.union([ErrorAnswer.shape.error, OpenRouterError.shape.error]),
});
