/** For tests: the real Worker in workerd, with its real configuration and migrations, accounts with keys, and a worker's hand. */
import { createHash } from 'node:crypto';
import { type ApiKey, type Asset, ClaimAnswer, createApiKey, hashApiKey } from '@everframe/shared';
import type { Env } from '../env.ts';
import { assertDocumented } from './assert-documented.ts';

// Read when wrangler is loaded: no look-up or report leaves this machine.
process.env.CLOUDFLARE_CF_FETCH_ENABLED = 'false';
process.env.WRANGLER_SEND_METRICS = 'false';
process.env.WRANGLER_SEND_ERROR_REPORTS = 'false';
const { createTestHarness } = await import('wrangler');

export const WORKER_TOKEN = 'worker-token-of-the-tests-32-characters';
export const ADMIN_TOKEN = 'admin-token-of-the-tests-32-characters';
export const TICKET_SECRET = 'ticket-secret-of-the-tests-32-characters';
export const KEY_PEPPER = 'key-pepper-of-the-tests-32-characters';

/** Over the columns of a new key. */
export interface KeyColumns {
  readonly expires_at_ms?: number;
  readonly revoked_at_ms?: number;
  /** A JSON list. */
  readonly scopes?: string;
  readonly requests_per_minute?: number;
  readonly budget_micro_usd?: number;
  readonly max_micro_usd_per_video?: number;
}

export interface AccountColumns {
  readonly billing?: 'prepaid' | 'unlimited';
  readonly max_concurrent_videos?: number | null;
  readonly requests_per_minute?: number | null;
}

export type TestEdge = Awaited<ReturnType<typeof startEdge>>;

/**
 * @param vars overrides of wrangler.toml's
 * @param secrets overrides of the tests' own
 */
export async function startEdge(vars: Record<string, string>, secrets: Record<string, string> = {}) {
  const harness = createTestHarness({
    root: new URL('../../..', import.meta.url).pathname,
    workers: [
      {
        configPath: 'wrangler.toml',
        vars: { SQS_QUEUE_URL: 'http://127.0.0.1:9/000000000000/jobs', ...vars },
        secrets: {
          AWS_ACCESS_KEY_ID: 'local',
          AWS_SECRET_ACCESS_KEY: 'local',
          WORKER_TOKEN,
          TICKET_SECRET,
          KEY_PEPPER,
          ADMIN_TOKEN,
          ...secrets,
        },
      },
    ],
  });
  const { url } = await harness.listen();
  const worker = harness.getWorker<Env>();
  await worker.applyD1Migrations('DB');
  const env = await worker.getEnv();

  /** A key of an account, which is made with it where there is none. */
  const addKey = async (account_id: string, columns: KeyColumns = {}): Promise<ApiKey> => {
    const key = createApiKey();
    const row = { id: key.id, account_id, hash: await hashApiKey(KEY_PEPPER, key), created_at_ms: Date.now(), ...columns };
    const names = Object.keys(row);
    await env.DB.batch([
      env.DB.prepare('INSERT OR IGNORE INTO accounts (id, name, created_at_ms) VALUES (?, ?, ?)').bind(account_id, account_id, Date.now()),
      env.DB.prepare(`INSERT INTO api_keys (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`).bind(...Object.values(row)),
    ]);
    return key;
  };
  const setAccount = async (account_id: string, columns: AccountColumns): Promise<void> => {
    const names = Object.keys(columns);
    const statement = `UPDATE accounts SET ${names.map((name) => `${name} = ?`).join(', ')} WHERE id = ?`;
    await env.DB.prepare(statement)
      .bind(...Object.values(columns), account_id)
      .run();
  };
  const key = await addKey('account_a');

  const request = async (path: string, init: RequestInit = {}) => {
    const target = new URL(path, url);
    const response = await fetch(target, init);
    await assertDocumented(init.method ?? 'GET', target, response);
    return response;
  };
  const asOwner = (path: string, init: RequestInit = {}) =>
    request(path, { ...init, headers: { authorization: `Bearer ${key.text}`, ...(init.headers as Record<string, string>) } });

  /** What a worker says about a video: status and body of the answer. */
  const call = async (video_id: string, action: string, body: unknown) => {
    const headers = { authorization: `Bearer ${WORKER_TOKEN}` };
    const response = await request(`/internal/v1/videos/${video_id}/${action}`, { method: 'POST', headers, body: JSON.stringify(body) });
    return { status: response.status, headers: response.headers, body: (await response.json()) as Record<string, unknown> };
  };

  return {
    harness,
    worker,
    env,
    key,
    address: url.href,
    request,
    asOwner,
    addKey,
    setAccount,
    /** A client of another key. */
    as:
      (api_key: ApiKey) =>
      (path: string, init: RequestInit = {}) =>
        request(path, { ...init, headers: { authorization: `Bearer ${api_key.text}`, ...(init.headers as Record<string, string>) } }),
    call,
    /** A new video's id. */
    create: async (fields: object = { prompt: 'a red ball', seconds: 1 }): Promise<string> => {
      const headers = { 'content-type': 'application/json' };
      const response = await asOwner('/v1/videos', { method: 'POST', headers, body: JSON.stringify(fields) });
      if (!response.ok) throw new Error(`create: ${response.status} ${await response.text()}`);
      const { id } = (await response.json()) as { id: string };
      return id;
    },
    view: async (video_id: string) => (await (await asOwner(`/v1/videos/${video_id}`)).json()) as Record<string, unknown>,
    events: async (video_id: string): Promise<string[]> => {
      const headers = { authorization: `Bearer ${WORKER_TOKEN}` };
      const response = await request(`/internal/v1/videos/${video_id}/events`, { headers });
      const { data } = (await response.json()) as { data: { type: string }[] };
      return data.map((event) => event.type);
    },
    claim: async (video_id: string, worker_id = 'worker-1'): Promise<ClaimAnswer> => {
      const { status, body } = await call(video_id, 'claim', { worker_id });
      if (status !== 200) throw new Error(`claim: ${status} ${JSON.stringify(body)}`);
      return ClaimAnswer.parse(body);
    },
    upload: (ticket: string, key: string, bytes: Uint8Array<ArrayBuffer>, sha256 = sha256Hex(bytes)) =>
      request(`/internal/v1/assets/${key}`, {
        method: 'PUT',
        headers: { authorization: `Ticket ${ticket}`, 'x-content-sha256': sha256 },
        body: bytes,
      }),
    close: () => harness.close(),
  };
}

export function sha256Hex(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export function textBytes(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new TextEncoder().encode(text));
}

/** Uploads bytes made from the key, and says what was uploaded. */
export async function uploadText(edge: TestEdge, ticket: string, key: string, text = `content of ${key}`): Promise<Asset> {
  const bytes = textBytes(text);
  const response = await edge.upload(ticket, key, bytes);
  if (!response.ok) throw new Error(`upload of ${key}: ${response.status} ${await response.text()}`);
  return (await response.json()) as Asset;
}
