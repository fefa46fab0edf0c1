/** What the API answers, as schemas: views have these types, so that the document cannot say otherwise. */
import { ERROR_KINDS, FAILURE_CODES, PromptDisclosure, SCOPES, SEGMENT_ANCHORS, WEBHOOK_EVENT_TYPES } from '@everframe/shared';
import { z } from 'zod';
import { CATEGORIES } from '../moderation/categories.ts';

const unixSeconds = z.int().nonnegative().meta({ description: 'Unix seconds.' });
const microUsd = z.int().meta({ description: 'Micro-USD: 1,000,000 are one dollar.' });
const count = z.int().nonnegative();
const bound = z.int().positive().nullable();

export const VideoView = z.object({
  id: z.string().regex(/^video_[0-9a-f]{32}$/),
  object: z.literal('video'),
  model: z.string(),
  status: z
    .enum(['queued', 'in_progress', 'completed', 'failed'])
    .meta({ description: 'A video that was cancelled before its first frame is `failed`, with that code.' }),
  progress: z
    .int()
    .min(0)
    .max(100)
    .meta({ description: 'Whole percent; 100 only when it can be downloaded. 0 until then for an endless video.' }),
  created_at: unixSeconds,
  completed_at: unixSeconds.nullable(),
  expires_at: unixSeconds.nullable(),
  prompt: z.string(),
  size: z.string(),
  seconds: z
    .string()
    .meta({ description: 'A number as text, whole unless the video ended early. `endless` until such a video has ended.' }),
  remixed_from_video_id: z.string().nullable(),
  extended_from_video_id: z.string().nullable().meta({ description: 'The video that this one begins with.' }),
  edited_from_video_id: z.string().nullable().meta({ description: 'The video that this one is an edit of.' }),
  strength: z.number().min(0).max(1).nullable().meta({ description: 'How far an edit could leave that video; else null.' }),
  error: z.object({ code: z.enum([...FAILURE_CODES, 'cancelled']), message: z.string() }).nullable(),
  negative_prompt: z.string(),
  segments: z
    .array(z.object({ start: z.number().nonnegative(), prompt: z.string(), anchor: z.enum(SEGMENT_ANCHORS), blend: count }))
    .meta({ description: 'Prompts that follow the first, at times rounded to frames. Of an extension all, from its first frame on.' }),
  prompt_disclosure: PromptDisclosure,
  seed: count,
  fps: z.int().positive(),
  frames: z.object({ done: count, total: count.nullable().meta({ description: 'Null while an endless video goes on.' }) }),
  ended_by: z
    .enum(['owner', 'credits', 'limit'])
    .nullable()
    .meta({ description: 'What ended an endless or a cancelled video, from when it is told to end; else null.' }),
  usage: z
    .object({
      estimated_micro_usd: microUsd,
      charged_micro_usd: microUsd.nullable().meta({ description: 'Null until the video has ended.' }),
    })
    .nullable(),
});
export type VideoView = z.infer<typeof VideoView>;

export const PromptWarningView = z.object({
  code: z.enum(['prompt_truncated', 'near_words', 'unknown_words']),
  message: z.string(),
  param: z.string(),
  tokens: count.optional(),
  max_tokens: count.optional(),
  words: z.array(z.string()).readonly().optional(),
});

export const PromptView = z.object({
  id: z.string(),
  object: z.literal('video.prompt'),
  video_id: z.string(),
  created_at: unixSeconds,
  prompt: z.string(),
  anchor: z.enum(SEGMENT_ANCHORS),
  blend: count.meta({ description: 'Chunks over which the text turns to this prompt.' }),
  requested_at_seconds: z.number().nonnegative().nullable().meta({ description: 'Null: as soon as possible.' }),
  status: z.enum(['pending', 'scheduled', 'applied', 'refused']),
  takes_effect: z
    .object({ frame: count, seconds: z.number().nonnegative(), chunk: count.nullable() })
    .nullable()
    .meta({ description: 'The first frame that is made under the prompt; null while that is open, and where it never is.' }),
  refusal: z
    .object({ code: z.enum(['past', 'behind_end', 'overtaken', 'video_ended']), message: z.string() })
    .nullable()
    .meta({ description: 'Why it never takes effect.' }),
});
export type PromptView = z.infer<typeof PromptView>;
export const SteeredPrompt = PromptView.extend({ warnings: z.array(PromptWarningView) });
export const PromptList = z.object({ object: z.literal('list'), data: z.array(PromptView), has_more: z.literal(false) });

export const RequestWarningView = PromptWarningView.extend({
  code: z.enum([...PromptWarningView.shape.code.options, 'model_replaced', 'size_replaced']),
});
export const CreatedVideo = VideoView.extend({ warnings: z.array(RequestWarningView) });
export type CreatedVideo = z.infer<typeof CreatedVideo>;

export const DeletedVideo = z.object({ id: z.string(), object: z.literal('video.deleted'), deleted: z.literal(true) });

export const VideoEstimate = z.object({
  object: z.literal('video.estimate'),
  model: z.string(),
  seconds: z.string().meta({ description: 'A whole number as text, or `endless`.' }),
  size: z.string(),
  currency: z.literal('usd'),
  micro_usd: microUsd,
  micro_usd_per_second: microUsd,
});

export const ModelView = z.object({
  id: z.string(),
  object: z.literal('model'),
  created: unixSeconds,
  owned_by: z.string(),
  title: z.string(),
  description: z.string(),
  version: z.string(),
  licence: z.string(),
  fps: z.int().positive(),
  sizes: z.array(z.string()),
  seconds: z.object({ min: count, max: count, default: count }),
  prompt_max_tokens: count,
  input_modalities: z
    .array(z.enum(['text', 'image']))
    .meta({ description: 'With `image`, a video can begin with a picture (`input_reference`).' }),
  price_micro_usd_per_second: microUsd,
});
export type ModelView = z.infer<typeof ModelView>;
export const ModelList = z.object({ object: z.literal('list'), data: z.array(ModelView) });

const each = <T extends z.ZodType>(value: T) => z.object(Object.fromEntries(CATEGORIES.map((category) => [category, value])));
export const Moderation = z.object({
  id: z.string(),
  model: z.string(),
  results: z.array(
    z.object({
      flagged: z.boolean(),
      categories: each(z.boolean()),
      category_scores: each(z.number().min(0).max(1)),
      category_applied_input_types: each(z.array(z.literal('text'))),
    }),
  ),
});

export const Usage = z.object({
  object: z.literal('usage'),
  start_date: z.iso.date(),
  end_date: z.iso.date(),
  currency: z.literal('usd'),
  data: z.array(
    z.object({
      day: z.iso.date(),
      key_id: z.string(),
      model: z.string(),
      videos: count,
      seconds: z.number().nonnegative().meta({ description: 'Delivered.' }),
      charged_micro_usd: microUsd,
      refunded_micro_usd: microUsd,
    }),
  ),
});

export const WebhookEventTypes = z.object({ object: z.literal('list'), data: z.array(z.enum(WEBHOOK_EVENT_TYPES)) });
export const WebhookEndpointView = z.object({
  id: z.string(),
  object: z.literal('webhook_endpoint'),
  name: z.string(),
  url: z.string(),
  event_types: z.array(z.enum(WEBHOOK_EVENT_TYPES)).readonly(),
  signing_secret_hint: z.string(),
  created_at: unixSeconds,
  updated_at: unixSeconds,
});
export type WebhookEndpointView = z.infer<typeof WebhookEndpointView>;
export const NewWebhookEndpoint = WebhookEndpointView.extend({
  signing_secret: z.string().meta({ description: 'Shown this once.' }),
});
export const DeletedWebhookEndpoint = z.object({
  id: z.string(),
  object: z.literal('webhook_endpoint.deleted'),
  deleted: z.literal(true),
});
export const WebhookTest = z.object({
  object: z.literal('webhook_endpoint.test'),
  webhook_endpoint_id: z.string(),
  event_type: z.enum(WEBHOOK_EVENT_TYPES),
  status_code: z.int(),
  success: z.literal(true),
});
export const WebhookDelivery = z.object({
  id: z.string(),
  object: z.literal('webhook_delivery'),
  webhook_endpoint_id: z.string(),
  event_id: z.string(),
  event_type: z.enum(WEBHOOK_EVENT_TYPES),
  status: z.enum(['pending', 'delivered', 'failed']),
  created_at: unixSeconds,
  next_attempt_at: unixSeconds.nullable(),
  attempts: z.array(
    z.object({ created_at: unixSeconds, duration_ms: count, status_code: z.int().nullable(), error: z.string().nullable() }),
  ),
});
export type WebhookDelivery = z.infer<typeof WebhookDelivery>;

export const AccountView = z.object({
  id: z.string(),
  object: z.literal('account'),
  name: z.string(),
  billing: z.enum(['prepaid', 'unlimited']),
  max_concurrent_videos: bound,
  requests_per_minute: bound,
  created_at: unixSeconds,
});
export type AccountView = z.infer<typeof AccountView>;
export const AccountSummary = AccountView.extend({ balance_micro_usd: microUsd, running_videos: count, waiting_videos: count });
export const LedgerEntry = z.object({
  id: z.string(),
  object: z.literal('ledger_entry'),
  subject: z.string().meta({ description: "A video's id, or a grant's." }),
  kind: z.enum(['grant', 'reserve', 'capture', 'release', 'refund']),
  part: count.meta({ description: 'Of a reservation that was extended; else 0.' }),
  micro_usd: microUsd,
  seconds: z.number(),
  key_id: z.string().nullable(),
  model: z.string().nullable(),
  created_at: unixSeconds,
});
export type LedgerEntry = z.infer<typeof LedgerEntry>;
export const CreditGrant = z.object({
  object: z.literal('credit_grant'),
  id: z.string(),
  account_id: z.string(),
  balance_micro_usd: microUsd,
});
export const ApiKeyView = z.object({
  id: z.string(),
  object: z.literal('api_key'),
  account_id: z.string(),
  name: z.string(),
  scopes: z.array(z.enum(SCOPES)).nullable(),
  requests_per_minute: bound,
  budget_micro_usd: microUsd.nullable(),
  max_micro_usd_per_video: microUsd.nullable(),
  created_at: unixSeconds,
  expires_at: unixSeconds.nullable(),
  revoked_at: unixSeconds.nullable(),
});
export type ApiKeyView = z.infer<typeof ApiKeyView>;
export const NewApiKey = ApiKeyView.extend({ key: z.string().meta({ description: 'Shown this once.' }) });
export const ApiKeyList = z.object({ object: z.literal('list'), data: z.array(ApiKeyView), has_more: z.literal(false) });

/** A page of a list, with OpenAI's cursors. */
const page = <T extends z.ZodType>(item: T) =>
  z.object({
    object: z.literal('list'),
    data: z.array(item),
    first_id: z.string().nullable(),
    last_id: z.string().nullable(),
    has_more: z.boolean(),
  });
export const VideoList = page(VideoView);
export const WebhookEndpointList = page(WebhookEndpointView);
export const WebhookDeliveryList = page(WebhookDelivery);
export const AccountList = page(AccountView);
export const LedgerEntryList = page(LedgerEntry);

export const Health = z.object({ status: z.literal('ok') });

const error_types = [...new Set(Object.values(ERROR_KINDS).map(({ type }) => type))];
export const ErrorAnswer = z.object({
  error: z.object({
    message: z.string().meta({ description: 'The rule, the value, and what to do.' }),
    type: z.enum(error_types),
    param: z.string().nullable(),
    code: z.string(),
    moderation_details: z
      .object({ moderation_stage: z.literal('input'), categories: z.array(z.enum(CATEGORIES)), audit_id: z.string() })
      .optional(),
  }),
});
