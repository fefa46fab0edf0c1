/** Webhook endpoints and events, in OpenAI's shape where there is one: `client.webhooks` of the stock SDK is the test. */
import { z } from 'zod';
import { NAME_MAX_CHARACTERS, URL_MAX_CHARACTERS } from './limits.ts';

export const WEBHOOK_EVENT_TYPES = ['video.completed', 'video.failed'] as const;
export type WebhookEventType = (typeof WEBHOOK_EVENT_TYPES)[number];

const name = z.string().trim().min(1).max(NAME_MAX_CHARACTERS);
const url = z.string().max(URL_MAX_CHARACTERS);
const event_types = z.array(z.enum(WEBHOOK_EVENT_TYPES)).min(1);

export const CreateWebhookEndpoint = z.strictObject({ name, url, event_types });
export type CreateWebhookEndpoint = z.infer<typeof CreateWebhookEndpoint>;

export const UpdateWebhookEndpoint = CreateWebhookEndpoint.partial();
export type UpdateWebhookEndpoint = z.infer<typeof UpdateWebhookEndpoint>;

export const RotateWebhookSecret = z.strictObject({ keep_old_secret_active_for_24_hours: z.boolean().default(false) });
export const TestWebhookEndpoint = z.strictObject({ event_type: z.enum(WEBHOOK_EVENT_TYPES) });

/** What is sent: its JSON, byte for byte, is what the signature covers. */
export interface WebhookEvent {
  readonly id: string;
  readonly object: 'event';
  readonly type: WebhookEventType;
  /** Unix seconds. */
  readonly created_at: number;
  readonly data: { readonly id: string };
}
