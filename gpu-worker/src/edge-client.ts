/**
 * The worker's side of the edge's worker protocol. Each call has a time limit and is repeated on network faults
 * and server errors, which the protocol allows: every call is safe to repeat.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Asset,
  ClaimAnswer,
  CommitAnswer,
  type CommitRequest,
  type CompleteRequest,
  ERROR_KINDS,
  type ErrorCode,
  type FailRequest,
  LeaseAnswer,
  type ReleaseRequest,
  RestampAnswer,
  type RestampedRequest,
  UPLOAD_TIMEOUT_SECONDS,
} from '@everframe/shared';
import { z } from 'zod';

/** The edge said no; `code` is one of the shared list. `unreachable`: it gave no answer of its own in time, or only server errors. */
export class EdgeError extends Error {
  readonly code: ErrorCode | 'unreachable';

  constructor(code: ErrorCode | 'unreachable', message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'EdgeError';
    this.code = code;
  }
}

const Refusal = z.object({ error: z.object({ code: z.enum(Object.keys(ERROR_KINDS) as ErrorCode[]), message: z.string() }) });
const CALL_TIMEOUT_MS = 15_000;
const UPLOAD_TIMEOUT_MS = UPLOAD_TIMEOUT_SECONDS * 1000;
/** Waits between tries: a deploy or a short network fault passes, a lease of 30 s does not. */
const RETRY_DELAYS_MS = [200, 800, 2000, 5000];

export interface EdgeClient {
  claim(video_id: string, worker_id: string, signal: AbortSignal): Promise<ClaimAnswer>;
  beat(video_id: string, epoch: number, signal: AbortSignal): Promise<LeaseAnswer>;
  commit(video_id: string, request: CommitRequest, signal: AbortSignal): Promise<CommitAnswer>;
  complete(video_id: string, request: CompleteRequest, signal: AbortSignal): Promise<void>;
  fail(video_id: string, request: FailRequest, signal: AbortSignal): Promise<void>;
  release(video_id: string, request: ReleaseRequest, signal: AbortSignal): Promise<void>;
  /** Takes the files of a published video that lacks a time-stamp. */
  restamp(video_id: string, worker_id: string, signal: AbortSignal): Promise<RestampAnswer>;
  restamped(video_id: string, request: RestampedRequest, signal: AbortSignal): Promise<void>;
  /**
   * Stores bytes, or the file at a path, under a key that did not exist; the same content again is accepted.
   * @param ticket asked for at each try: a ticket lives no longer than the lease it came with
   */
  upload(
    ticket: () => string,
    key: string,
    content: Uint8Array | { path: string },
    content_type: string,
    signal: AbortSignal,
  ): Promise<Asset>;
  /** Reads an object of the video and checks its digest. */
  download(ticket: () => string, asset: Asset, signal: AbortSignal): Promise<Uint8Array>;
}

/** @param options.token the secret that workers share with the edge */
export function createEdgeClient(options: { url: string; token: string }): EdgeClient {
  const { url, token } = options;

  async function call<Answer>(
    video_id: string,
    action: string,
    body: unknown,
    signal: AbortSignal,
    parse: (answer: unknown) => Answer,
  ): Promise<Answer> {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const request = () => ({ method: 'POST', headers, body: JSON.stringify(body) });
    const read = async (response: Response) => parse(await response.json());
    return send({ url: `${url}/internal/v1/videos/${video_id}/${action}`, request, read, timeout_ms: CALL_TIMEOUT_MS, signal });
  }

  return {
    claim: (video_id, worker_id, signal) => call(video_id, 'claim', { worker_id }, signal, (answer) => ClaimAnswer.parse(answer)),
    beat: (video_id, epoch, signal) => call(video_id, 'beat', { epoch }, signal, (answer) => LeaseAnswer.parse(answer)),
    commit: (video_id, request, signal) => call(video_id, 'commit', request, signal, (answer) => CommitAnswer.parse(answer)),
    complete: (video_id, request, signal) => call(video_id, 'complete', request, signal, () => undefined),
    fail: (video_id, request, signal) => call(video_id, 'fail', request, signal, () => undefined),
    release: (video_id, request, signal) => call(video_id, 'release', request, signal, () => undefined),
    restamp: (video_id, worker_id, signal) => call(video_id, 'restamp', { worker_id }, signal, (answer) => RestampAnswer.parse(answer)),
    restamped: (video_id, request, signal) => call(video_id, 'restamped', request, signal, () => undefined),

    async upload(ticket, key, content, content_type, signal) {
      const { sha256, bytes } = await digest(content);
      const headers = () => ({
        authorization: `Ticket ${ticket()}`,
        'content-type': content_type,
        'content-length': String(bytes),
        'x-content-sha256': sha256,
      });
      const request = () =>
        content instanceof Uint8Array
          ? { method: 'PUT', headers: headers(), body: content }
          : { method: 'PUT', headers: headers(), body: Readable.toWeb(createReadStream(content.path)), duplex: 'half' as const };
      const read = async (response: Response) => response.body?.cancel();
      await send({ url: assetUrl(key), request, read, timeout_ms: UPLOAD_TIMEOUT_MS, signal });
      return { key, sha256, bytes };
    },

    async download(ticket, asset, signal) {
      const request = () => ({ headers: { authorization: `Ticket ${ticket()}` } });
      const read = async (response: Response) => new Uint8Array(await response.arrayBuffer());
      const content = await send({ url: assetUrl(asset.key), request, read, timeout_ms: UPLOAD_TIMEOUT_MS, signal });
      const { sha256 } = await digest(content);
      if (sha256 !== asset.sha256) {
        throw new EdgeError('asset_corrupt', `${asset.key} should have sha256 ${asset.sha256} but has ${sha256}`);
      }
      return content;
    },
  };

  function assetUrl(key: string): string {
    return `${url}/internal/v1/assets/${key}`;
  }
}

interface Exchange<Answer> {
  readonly url: string;
  /** Made anew for each try. */
  readonly request: () => RequestInit;
  /** Part of the try: a body that breaks off is asked for again. */
  readonly read: (response: Response) => Promise<Answer>;
  /** Of one try. */
  readonly timeout_ms: number;
  readonly signal: AbortSignal;
}

/** @throws EdgeError */
async function send<Answer>(exchange: Exchange<Answer>): Promise<Answer> {
  for (let attempt = 0; ; attempt++) {
    const outcome = await tryOnce(exchange);
    if (!('fault' in outcome)) return outcome.answer;
    const delay_ms = RETRY_DELAYS_MS[attempt];
    if (delay_ms === undefined) throw outcome.fault;
    await sleep(delay_ms * (0.5 + Math.random()), undefined, { signal: exchange.signal });
  }
}

/** The answer, or the fault that may pass. @throws EdgeError for a refusal, which will not */
async function tryOnce<Answer>(exchange: Exchange<Answer>): Promise<{ answer: Answer } | { fault: EdgeError }> {
  const { url, request, read, timeout_ms, signal } = exchange;
  const { origin } = new URL(url);
  signal.throwIfAborted();
  try {
    const response = await fetch(url, { ...request(), signal: AbortSignal.any([signal, AbortSignal.timeout(timeout_ms)]) });
    if (response.ok) return { answer: await read(response) };
    const refusal = Refusal.safeParse(parseJson(await response.text()));
    if (response.status < 500 && refusal.success) throw new EdgeError(refusal.data.error.code, refusal.data.error.message);
    // Server errors pass, and so does what a proxy says in the edge's place.
    return {
      fault: new EdgeError('unreachable', `${origin} answered ${response.status}${refusal.success ? '' : ', not in the words of an edge'}`),
    };
  } catch (cause) {
    signal.throwIfAborted();
    if (cause instanceof EdgeError) throw cause;
    return { fault: new EdgeError('unreachable', `the edge at ${origin} gave no answer that can be read`, { cause }) };
  }
}

async function digest(content: Uint8Array | { path: string }): Promise<{ sha256: string; bytes: number }> {
  const hash = createHash('sha256');
  if (content instanceof Uint8Array) return { sha256: hash.update(content).digest('hex'), bytes: content.length };
  for await (const part of createReadStream(content.path)) hash.update(part);
  return { sha256: hash.digest('hex'), bytes: (await stat(content.path)).size };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON, so not ours: the schema check that follows says so.
    return undefined;
  }
}
