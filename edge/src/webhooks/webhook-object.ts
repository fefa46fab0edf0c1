/**
 * The Durable Object of one account's webhooks: its endpoints with their secrets, and what is still to be delivered.
 * Its alarm sends and sends again. It knows of a video only that it has ended.
 */
import { DurableObject } from 'cloudflare:workers';
import {
  type CreateWebhookEndpoint,
  describeError,
  EverframeError,
  type UpdateWebhookEndpoint,
  WEBHOOK_ENDPOINTS_MAX,
  WEBHOOK_LOG_DAYS,
  type WebhookEvent,
  type WebhookEventType,
} from '@everframe/shared';
import { type Env, readSettings } from '../env.ts';
import { log } from '../log.ts';
import { type Outcome, toOutcome } from '../videos/outcome.ts';
import { type Attempt, deliver } from './deliver.ts';
import { retryDelay } from './retry-schedule.ts';
import { newWebhookSecret } from './signature.ts';
import * as tables from './webhook-tables.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
/** Deliveries of one alarm, all at once; it rings again for the rest. */
const BATCH = 20;
const ALARM_RETRY_MS = 60_000;

export class WebhookObject extends DurableObject<Env> {
  readonly #sql = this.ctx.storage.sql;

  create(fields: CreateWebhookEndpoint): Promise<Outcome<tables.Endpoint>> {
    return toOutcome(() => {
      tables.createTables(this.#sql);
      if (tables.listEndpoints(this.#sql).length >= WEBHOOK_ENDPOINTS_MAX) {
        throw new EverframeError('invalid_value', `An account may have ${WEBHOOK_ENDPOINTS_MAX} webhook endpoints. Delete one first.`);
      }
      const now_ms = Date.now();
      const endpoint: tables.Endpoint = {
        ...fields,
        id: `whe_${crypto.randomUUID().replaceAll('-', '')}`,
        secret: newWebhookSecret(),
        ...{ old_secret: null, old_secret_ends_at_ms: null, created_at_ms: now_ms, updated_at_ms: now_ms },
      };
      tables.saveEndpoint(this.#sql, endpoint);
      return endpoint;
    });
  }

  list(): tables.Endpoint[] {
    return tables.hasTables(this.#sql) ? tables.listEndpoints(this.#sql) : [];
  }

  find(id: string): Promise<Outcome<tables.Endpoint>> {
    return toOutcome(() => this.#find(id));
  }

  update(id: string, fields: UpdateWebhookEndpoint): Promise<Outcome<tables.Endpoint>> {
    return toOutcome(() => this.#save({ ...this.#find(id), ...withoutUndefined(fields) }));
  }

  remove(id: string): Promise<Outcome<void>> {
    return toOutcome(async () => {
      this.#find(id);
      tables.deleteEndpoint(this.#sql, id);
      await this.#setAlarm();
    });
  }

  rotate(id: string, keep_old: boolean): Promise<Outcome<tables.Endpoint>> {
    return toOutcome(() => {
      const endpoint = this.#find(id);
      const old = keep_old
        ? { old_secret: endpoint.secret, old_secret_ends_at_ms: Date.now() + DAY_MS }
        : { old_secret: null, old_secret_ends_at_ms: null };
      return this.#save({ ...endpoint, ...old, secret: newWebhookSecret() });
    });
  }

  /** Sends a sample at once, and only once. */
  test(id: string, type: WebhookEventType): Promise<Outcome<Attempt>> {
    return toOutcome(() => {
      const event_id = `evt_test_${crypto.randomUUID().replaceAll('-', '')}`;
      const data = { id: `video_${'0'.repeat(32)}` };
      const event: WebhookEvent = { id: event_id, object: 'event', type, created_at: Math.floor(Date.now() / 1000), data };
      return this.#send(this.#find(id), event_id, JSON.stringify(event));
    });
  }

  deliveries(id: string, before: number, limit: number): Promise<Outcome<tables.Delivery[]>> {
    return toOutcome(() => tables.listDeliveries(this.#sql, this.#find(id).id, before, limit));
  }

  /** Safe to repeat: an event goes to each endpoint once. */
  async publish(event: WebhookEvent): Promise<void> {
    for (const { id, event_types } of this.list()) {
      if (event_types.includes(event.type)) tables.addDelivery(this.#sql, id, event, Date.now());
    }
    await this.#setAlarm();
  }

  /** What is known here of a video that is erased. */
  async forget(video_id: string): Promise<void> {
    if (!tables.hasTables(this.#sql)) return;
    tables.forgetVideo(this.#sql, video_id);
    await this.#setAlarm();
  }

  /** It never throws: the platform gives up after a few failures, a delivery does not. */
  override async alarm(): Promise<void> {
    try {
      tables.forgetBefore(this.#sql, Date.now() - WEBHOOK_LOG_DAYS * DAY_MS);
      await Promise.all(tables.dueDeliveries(this.#sql, Date.now(), BATCH).map((delivery) => this.#deliver(delivery)));
      await this.#setAlarm();
    } catch (error) {
      log('error', 'alarm failed', { object: this.ctx.id.name, error: describeError(error) });
      await this.ctx.storage.setAlarm(Date.now() + ALARM_RETRY_MS);
    }
  }

  async #deliver(delivery: tables.Delivery): Promise<void> {
    const endpoint = tables.findEndpoint(this.#sql, delivery.endpoint_id);
    if (!endpoint) return;
    const attempt = await this.#send(endpoint, delivery.event_id, delivery.body);
    if (attempt.error === null) return tables.recordAttempt(this.#sql, delivery, attempt, 'delivered', null);
    const delay_ms = retryDelay(delivery.attempts.length + 1);
    log('warn', 'webhook not delivered', {
      ...{ account_id: this.ctx.id.name, endpoint_id: endpoint.id, event_id: delivery.event_id },
      ...{ attempt: delivery.attempts.length + 1, last: delay_ms === null, error: attempt.error },
    });
    if (delay_ms === null) tables.recordAttempt(this.#sql, delivery, attempt, 'failed', null);
    else tables.recordAttempt(this.#sql, delivery, attempt, 'pending', Date.now() + delay_ms);
  }

  #send({ url, secret, old_secret, old_secret_ends_at_ms }: tables.Endpoint, event_id: string, body: string): Promise<Attempt> {
    const overlap = old_secret !== null && (old_secret_ends_at_ms ?? 0) > Date.now() ? [old_secret] : [];
    return deliver({ url, secrets: [secret, ...overlap], event_id, body }, readSettings(this.env).outbound);
  }

  #find(id: string): tables.Endpoint {
    const endpoint = tables.hasTables(this.#sql) ? tables.findEndpoint(this.#sql, id) : undefined;
    if (endpoint) return endpoint;
    throw new EverframeError('webhook_endpoint_not_found', `There is no webhook endpoint '${id.slice(0, 60)}'.`);
  }

  /** An update that changes nothing leaves its time alone. */
  #save(endpoint: tables.Endpoint): tables.Endpoint {
    if (JSON.stringify(endpoint) === JSON.stringify(this.#find(endpoint.id))) return endpoint;
    const saved = { ...endpoint, updated_at_ms: Date.now() };
    tables.saveEndpoint(this.#sql, saved);
    return saved;
  }

  async #setAlarm(): Promise<void> {
    if (!tables.hasTables(this.#sql)) return;
    const oldest = tables.firstCreated(this.#sql);
    const due = [tables.firstDue(this.#sql), oldest === null ? null : oldest + WEBHOOK_LOG_DAYS * DAY_MS + 1];
    const next = due.filter((at) => at !== null);
    if (next.length > 0) await this.ctx.storage.setAlarm(Math.min(...next));
    else await this.ctx.storage.deleteAlarm();
  }
}

function withoutUndefined<T extends object>(fields: T): { [Key in keyof T]: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [Key in keyof T]: Exclude<T[Key], undefined>;
  };
}
