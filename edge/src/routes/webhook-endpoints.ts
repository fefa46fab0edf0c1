/** /v1/webhook_endpoints: where an account's events go. OpenAI's shape and names; the delivery log is ours. */
import {
  CreateWebhookEndpoint,
  EverframeError,
  JSON_BODY_MAX_BYTES,
  RotateWebhookSecret,
  TestWebhookEndpoint,
  UpdateWebhookEndpoint,
  WEBHOOK_EVENT_TYPES,
} from '@everframe/shared';
import type { Context } from 'hono';
import type { AppEnv } from '../env.ts';
import { checkUrl } from '../http/outbound-guard.ts';
import { parseLimit } from '../http/page.ts';
import { readCall } from '../http/read-call.ts';
import type { WebhookDelivery, WebhookEndpointView } from '../openapi/answers.ts';
import { fromOutcome } from '../videos/outcome.ts';
import { secretHint } from '../webhooks/signature.ts';
import type { WebhookObject } from '../webhooks/webhook-object.ts';
import type { Delivery, Endpoint } from '../webhooks/webhook-tables.ts';

export function listEventTypes(c: Context<AppEnv>): Response {
  return c.json({ object: 'list', data: WEBHOOK_EVENT_TYPES });
}

export async function createEndpoint(c: Context<AppEnv>): Promise<Response> {
  const fields = await readCall(c.req.raw, CreateWebhookEndpoint, JSON_BODY_MAX_BYTES);
  await checkUrl(fields.url, c.get('settings').outbound);
  return c.json(toViewWithSecret(fromOutcome(await webhooks(c).create(fields))));
}

export async function listEndpoints(c: Context<AppEnv>): Promise<Response> {
  const all = await webhooks(c).list();
  const after = c.req.query('after');
  const start = after === undefined ? 0 : all.findIndex(({ id }) => id === after) + 1;
  if (after !== undefined && start === 0) {
    throw new EverframeError('invalid_value', `'after' must be the id of a webhook endpoint of yours; got '${after.slice(0, 60)}'.`, {
      param: 'after',
    });
  }
  const limit = parseLimit(c.req.query('limit'));
  const data = all.slice(start, start + limit).map(toView);
  const has_more = start + limit < all.length;
  return c.json({ object: 'list', data, first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null, has_more });
}

export async function getEndpoint(c: Context<AppEnv>): Promise<Response> {
  return c.json(toView(fromOutcome(await webhooks(c).find(endpointId(c)))));
}

export async function updateEndpoint(c: Context<AppEnv>): Promise<Response> {
  const { id } = fromOutcome(await webhooks(c).find(endpointId(c)));
  const fields = await readCall(c.req.raw, UpdateWebhookEndpoint, JSON_BODY_MAX_BYTES);
  if (fields.url !== undefined) await checkUrl(fields.url, c.get('settings').outbound);
  return c.json(toView(fromOutcome(await webhooks(c).update(id, fields))));
}

export async function deleteEndpoint(c: Context<AppEnv>): Promise<Response> {
  const id = endpointId(c);
  fromOutcome(await webhooks(c).remove(id));
  return c.json({ id, object: 'webhook_endpoint.deleted', deleted: true });
}

export async function rotateSecret(c: Context<AppEnv>): Promise<Response> {
  const { id } = fromOutcome(await webhooks(c).find(endpointId(c)));
  const { keep_old_secret_active_for_24_hours } = await readCall(c.req.raw, RotateWebhookSecret, JSON_BODY_MAX_BYTES);
  return c.json(toViewWithSecret(fromOutcome(await webhooks(c).rotate(id, keep_old_secret_active_for_24_hours))));
}

export async function testEndpoint(c: Context<AppEnv>): Promise<Response> {
  const { id } = fromOutcome(await webhooks(c).find(endpointId(c)));
  const { event_type } = await readCall(c.req.raw, TestWebhookEndpoint, JSON_BODY_MAX_BYTES);
  const { status_code, error } = fromOutcome(await webhooks(c).test(id, event_type));
  if (status_code === null) throw new EverframeError('webhook_unreachable', `The endpoint did not answer: ${error}`);
  return c.json({ object: 'webhook_endpoint.test', webhook_endpoint_id: id, event_type, status_code, success: true });
}

export async function listDeliveries(c: Context<AppEnv>): Promise<Response> {
  const limit = parseLimit(c.req.query('limit'));
  const before = Number(c.req.query('after')?.replace(/^whd_/, '') ?? Number.MAX_SAFE_INTEGER);
  if (!Number.isSafeInteger(before)) {
    throw new EverframeError('invalid_value', "'after' must be the id of a delivery, as the list gives it.", { param: 'after' });
  }
  const found = fromOutcome(await webhooks(c).deliveries(endpointId(c), before, limit + 1));
  const data = found.slice(0, limit).map(toDeliveryView);
  return c.json({ object: 'list', data, first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null, has_more: found.length > limit });
}

function webhooks(c: Context<AppEnv>): DurableObjectStub<WebhookObject> {
  return c.env.WEBHOOKS.getByName(c.get('account_id'));
}

function endpointId(c: Context<AppEnv>): string {
  return c.req.param('id') ?? '';
}

function toView({ id, name, url, event_types, secret, created_at_ms, updated_at_ms }: Endpoint): WebhookEndpointView {
  return {
    ...{ id, object: 'webhook_endpoint', name, url, event_types },
    signing_secret_hint: secretHint(secret),
    created_at: Math.floor(created_at_ms / 1000),
    updated_at: Math.floor(updated_at_ms / 1000),
  };
}

/** Only where the secret is new: it is shown once. */
function toViewWithSecret(endpoint: Endpoint) {
  return { ...toView(endpoint), signing_secret: endpoint.secret };
}

function toDeliveryView({ id, event_id, endpoint_id, type, status, attempts, due_at_ms, created_at_ms }: Delivery): WebhookDelivery {
  return {
    ...{ id: `whd_${id}`, object: 'webhook_delivery', webhook_endpoint_id: endpoint_id, event_id, event_type: type, status },
    created_at: Math.floor(created_at_ms / 1000),
    next_attempt_at: due_at_ms === null ? null : Math.ceil(due_at_ms / 1000),
    attempts: attempts.map(({ at_ms, ...attempt }) => ({ created_at: Math.floor(at_ms / 1000), ...attempt })),
  };
}
