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
  type ErrorCode,
  type FailRequest,
  LeaseAnswer,
  type ReleaseRequest,
} from '@everframe/shared';
import { z } from 'zod';

/** The edge said no; `code` is one of the shared list. `unreachable`: it did not answer in time, or only with server errors. */
export class EdgeError extends Error {
  readonly code: ErrorCode | 'unreachable';

  constructor(code: ErrorCode | 'unreachable', message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'EdgeError';
    this.code = code;
  }
}

const Refusal = z.object({ error: z.object({ code: z.string(), message: z.string() }) });
const CALL_TIMEOUT_MS = 15_000;
const UPLOAD_TIMEOUT_MS = 120_000;
/** Waits between tries: a deploy or a short network fault passes, a lease of 30 s does not. */
const RETRY_DELAYS_MS = [200, 800, 2000, 5000];

export interface EdgeClient {
  claim(video_id: string, worker_id: string, signal: AbortSignal): Promise<ClaimAnswer>;
  beat(video_id: string, epoch: number, signal: AbortSignal): Promise<LeaseAnswer>;
  commit(video_id: string, request: CommitRequest, signal: AbortSignal): Promise<CommitAnswer>;
  complete(video_id: string, request: CompleteRequest, signal: AbortSignal): Promise<void>;
  fail(video_id: string, request: FailRequest, signal: AbortSignal): Promise<void>;
  release(video_id: string, request: ReleaseRequest, signal: AbortSignal): Promise<void>;
  /** Stores bytes, or the file at a path, under a key that did not exist; the same content again is accepted. */
  upload(ticket: string, key: string, content: Uint8Array | { path: string }, content_type: string, signal: AbortSignal): Promise<Asset>;
  /** Reads an object of the video and checks its digest. */
  download(ticket: string, asset: Asset, signal: AbortSignal): Promise<Uint8Array>;
}

/** @param options.token the secret that workers share with the edge */
export function createEdgeClient(options: { url: string; token: string }): EdgeClient {
  const { url, token } = options;

  async function call(video_id: string, action: string, body: unknown, signal: AbortSignal): Promise<unknown> {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const request = () => ({ method: 'POST', headers, body: JSON.stringify(body) });
    const response = await send(`${url}/internal/v1/videos/${video_id}/${action}`, request, CALL_TIMEOUT_MS, signal);
    return response.json();
  }

  return {
    claim: async (video_id, worker_id, signal) => ClaimAnswer.parse(await call(video_id, 'claim', { worker_id }, signal)),
    beat: async (video_id, epoch, signal) => LeaseAnswer.parse(await call(video_id, 'beat', { epoch }, signal)),
    commit: async (video_id, request, signal) => CommitAnswer.parse(await call(video_id, 'commit', request, signal)),
    complete: async (video_id, request, signal) => void (await call(video_id, 'complete', request, signal)),
    fail: async (video_id, request, signal) => void (await call(video_id, 'fail', request, signal)),
    release: async (video_id, request, signal) => void (await call(video_id, 'release', request, signal)),

    async upload(ticket, key, content, content_type, signal) {
      const { sha256, bytes } = await digest(content);
      const headers = {
        authorization: `Ticket ${ticket}`,
        'content-type': content_type,
        'content-length': String(bytes),
        'x-content-sha256': sha256,
      };
      const request = () =>
        content instanceof Uint8Array
          ? { method: 'PUT', headers, body: content }
          : { method: 'PUT', headers, body: Readable.toWeb(createReadStream(content.path)), duplex: 'half' as const };
      const response = await send(assetUrl(key), request, UPLOAD_TIMEOUT_MS, signal);
      await response.body?.cancel();
      return { key, sha256, bytes };
    },

    async download(ticket, asset, signal) {
      const request = () => ({ headers: { authorization: `Ticket ${ticket}` } });
      const response = await send(assetUrl(asset.key), request, UPLOAD_TIMEOUT_MS, signal);
      const content = new Uint8Array(await response.arrayBuffer());
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

async function send(url: string, request: () => RequestInit, timeout_ms: number, signal: AbortSignal): Promise<Response> {
  for (let attempt = 0; ; attempt++) {
    const outcome = await tryOnce(url, request(), timeout_ms, signal);
    if (outcome instanceof Response) return outcome;
    const delay_ms = RETRY_DELAYS_MS[attempt];
    if (delay_ms === undefined) throw outcome;
    await sleep(delay_ms * (0.5 + Math.random()), undefined, { signal });
  }
}

/** The answer, or the fault that may pass. @throws EdgeError for a refusal, which will not */
async function tryOnce(url: string, request: RequestInit, timeout_ms: number, signal: AbortSignal): Promise<Response | EdgeError> {
  signal.throwIfAborted();
  try {
    const response = await fetch(url, { ...request, signal: AbortSignal.any([signal, AbortSignal.timeout(timeout_ms)]) });
    if (response.ok) return response;
    const text = await response.text();
    if (response.status >= 500) return new EdgeError('unreachable', `the edge answered ${response.status}`);
    const refusal = Refusal.safeParse(parseJson(text));
    if (!refusal.success)
      throw new EdgeError('unreachable', `${new URL(url).origin} answered ${response.status}, which is no answer of an Everframe edge`);
    throw new EdgeError(refusal.data.error.code as ErrorCode, refusal.data.error.message);
  } catch (cause) {
    signal.throwIfAborted();
    if (cause instanceof EdgeError) throw cause;
    return new EdgeError('unreachable', `the edge at ${new URL(url).origin} did not answer`, { cause });
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
