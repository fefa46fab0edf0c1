/**
 * For tests: what every route of the edge refuses, and how. A route says here who may use it and what it takes; a route
 * that is not here fails the test that walks the table of the app.
 */
import assert from 'node:assert/strict';
import {
  type ApiKey,
  CREATE_BODY_MAX_BYTES,
  CREATE_WITH_PICTURE_MAX_BYTES,
  createApiKey,
  ERROR_KINDS,
  type ErrorCode,
  JSON_BODY_MAX_BYTES,
  SCOPES,
  type Scope,
} from '@everframe/shared';
import { isOpenRouterPath } from '../openrouter/error-body.ts';
import { EXTENSION_BODY_MAX_BYTES } from '../routes/read-create-request.ts';
import type { Opened } from '../streaming/stream-token.ts';
import { ADMIN_TOKEN, type TestEdge, WORKER_TOKEN } from './edge.ts';
import { viewers } from './viewers.ts';

export interface RouteRefusals {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** As the app declares it. */
  readonly path: string;
  readonly auth: 'none' | 'key' | 'admin' | 'worker' | 'ticket';
  /** What the key must be allowed to do; absent: any key will do. */
  readonly scope?: Scope;
  /** The kind of token that opens it too. */
  readonly token?: Opened;
  /** What `:id` names: of another account it is unknown. An operator may name what never was. */
  readonly names?: 'video' | 'webhook_endpoint' | 'account' | 'key';
  /** Bytes that a body may have; absent: the route takes none. */
  readonly max_bytes?: number;
}

/** Bodies of the account, webhook and admin routes. */
const SMALL_BODY = { max_bytes: JSON_BODY_MAX_BYTES } as const;

const video = (method: RouteRefusals['method'], path: string, scope: Scope, more: Partial<RouteRefusals> = {}): RouteRefusals => ({
  ...{ method, path, auth: 'key', scope, ...more },
});
const webhook = (method: RouteRefusals['method'], path: string, more: Partial<RouteRefusals> = {}): RouteRefusals => ({
  ...{ method, path, auth: 'key', scope: 'webhooks', ...more },
});
const admin = (method: RouteRefusals['method'], path: string, more: Partial<RouteRefusals> = {}): RouteRefusals => ({
  ...{ method, path: `/admin/v1${path}`, auth: 'admin', ...more },
});
const worker = (method: RouteRefusals['method'], call: string): RouteRefusals => ({
  ...{ method, path: `/internal/v1/videos/:id/${call}`, auth: 'worker' },
});

export const ROUTES: readonly RouteRefusals[] = [
  { method: 'GET', path: '/healthz', auth: 'none' },
  { method: 'GET', path: '/openapi.json', auth: 'none' },
  { method: 'GET', path: '/docs', auth: 'none' },
  video('POST', '/v1/videos', 'videos.write', { max_bytes: CREATE_WITH_PICTURE_MAX_BYTES }),
  video('GET', '/v1/videos', 'videos.read'),
  video('POST', '/v1/videos/estimate', 'videos.read', { max_bytes: CREATE_WITH_PICTURE_MAX_BYTES }),
  ...['edits', 'extensions'].map((name) => video('POST', `/v1/videos/${name}`, 'videos.write', { max_bytes: EXTENSION_BODY_MAX_BYTES })),
  video('POST', '/v1/videos/characters', 'videos.write'),
  video('GET', '/v1/videos/characters/:id', 'videos.read'),
  video('GET', '/v1/videos/:id', 'videos.read', { names: 'video' }),
  video('DELETE', '/v1/videos/:id', 'videos.write', { names: 'video' }),
  video('GET', '/v1/videos/:id/content', 'videos.read', { names: 'video' }),
  video('POST', '/v1/videos/:id/stream_url', 'videos.read', { names: 'video', ...SMALL_BODY }),
  video('GET', '/v1/videos/:id/events', 'videos.read', { names: 'video', token: 'stream' }),
  video('GET', '/v1/videos/:id/stream.m3u8', 'videos.read', { names: 'video', token: 'stream' }),
  video('GET', '/v1/videos/:id/segments/:name', 'videos.read', { names: 'video', token: 'stream' }),
  video('GET', '/v1/videos/:id/provenance', 'videos.read', { names: 'video' }),
  video('POST', '/v1/videos/:id/cancel', 'videos.write', { names: 'video' }),
  video('POST', '/v1/videos/:id/prompts', 'videos.write', { names: 'video', max_bytes: CREATE_BODY_MAX_BYTES }),
  video('GET', '/v1/videos/:id/prompts', 'videos.read', { names: 'video' }),
  video('POST', '/v1/videos/:id/remix', 'videos.write', { names: 'video', max_bytes: CREATE_BODY_MAX_BYTES }),
  video('POST', '/api/v1/videos', 'videos.write', { max_bytes: CREATE_WITH_PICTURE_MAX_BYTES }),
  { method: 'GET', path: '/api/v1/videos/models', auth: 'key' },
  video('GET', '/api/v1/videos/:id', 'videos.read', { names: 'video' }),
  video('GET', '/api/v1/videos/:id/content', 'videos.read', { names: 'video', token: 'file' }),
  { method: 'GET', path: '/v1/models', auth: 'key' },
  { method: 'GET', path: '/v1/models/:model', auth: 'key' },
  { method: 'POST', path: '/v1/moderations', auth: 'key', max_bytes: CREATE_BODY_MAX_BYTES },
  { method: 'POST', path: '/v1/content_provenance_checks', auth: 'none' },
  { method: 'POST', path: '/v1/verify', auth: 'none' },
  { method: 'GET', path: '/v1/verify/trust', auth: 'none' },
  { method: 'GET', path: '/v1/publications/:id', auth: 'none' },
  { method: 'GET', path: '/v1/c2pa/matches/byBinding', auth: 'none' },
  { method: 'POST', path: '/v1/c2pa/matches/byBinding', auth: 'none', max_bytes: JSON_BODY_MAX_BYTES },
  { method: 'POST', path: '/v1/c2pa/matches/byContent', auth: 'none' },
  { method: 'GET', path: '/v1/c2pa/manifests/:id', auth: 'none' },
  { method: 'GET', path: '/v1/c2pa/services/supportedAlgorithms', auth: 'none' },
  { method: 'GET', path: '/v1/usage', auth: 'key', scope: 'usage.read' },
  webhook('GET', '/v1/callback_secret'),
  webhook('GET', '/v1/webhook_event_types'),
  webhook('POST', '/v1/webhook_endpoints', SMALL_BODY),
  webhook('GET', '/v1/webhook_endpoints'),
  webhook('GET', '/v1/webhook_endpoints/:id', { names: 'webhook_endpoint' }),
  webhook('POST', '/v1/webhook_endpoints/:id', { names: 'webhook_endpoint', ...SMALL_BODY }),
  webhook('DELETE', '/v1/webhook_endpoints/:id', { names: 'webhook_endpoint' }),
  webhook('POST', '/v1/webhook_endpoints/:id/rotate_secret', { names: 'webhook_endpoint', ...SMALL_BODY }),
  webhook('POST', '/v1/webhook_endpoints/:id/test', { names: 'webhook_endpoint', ...SMALL_BODY }),
  webhook('GET', '/v1/webhook_endpoints/:id/deliveries', { names: 'webhook_endpoint' }),
  admin('POST', '/accounts', SMALL_BODY),
  admin('GET', '/accounts'),
  admin('GET', '/accounts/:id', { names: 'account' }),
  admin('GET', '/accounts/:id/ledger', { names: 'account' }),
  admin('POST', '/accounts/:id/credits', { names: 'account', ...SMALL_BODY }),
  admin('POST', '/accounts/:id/refunds', { names: 'account', ...SMALL_BODY }),
  admin('POST', '/accounts/:id/keys', { names: 'account', ...SMALL_BODY }),
  admin('GET', '/accounts/:id/keys', { names: 'account' }),
  admin('DELETE', '/keys/:id', { names: 'key' }),
  admin('POST', '/keys/:id/rotate', { names: 'key', ...SMALL_BODY }),
  { method: 'PUT', path: '/internal/v1/assets/:key{.+}', auth: 'ticket' },
  { method: 'GET', path: '/internal/v1/assets/:key{.+}', auth: 'ticket' },
  worker('GET', 'events'),
  ...['claim', 'beat', 'commit', 'complete', 'fail', 'release', 'restamp', 'restamped'].map((call) => worker('POST', call)),
];

/** What the tests made beforehand: `owner` has the things that `names` speaks of, `stranger` another account. */
export interface Fixtures {
  readonly owner: ApiKey;
  readonly stranger: ApiKey;
  readonly revoked: ApiKey;
  readonly expired: ApiKey;
  /** May send one request a minute. */
  readonly exhausted: ApiKey;
  /** A key of the owner's account with these scopes. */
  readonly withScopes: (scopes: readonly Scope[]) => Promise<ApiKey>;
  readonly ids: Readonly<Record<NonNullable<RouteRefusals['names']>, string>>;
}

export interface Refusal {
  readonly claim: string;
  readonly check: () => Promise<void>;
}

/** Every refusal that a route promises. */
export function refusalsOf(edge: TestEdge, route: RouteRefusals, fixtures: Fixtures): Refusal[] {
  const send = (authorization: string | undefined, init: RequestInit = {}, ids = fixtures.ids) =>
    edge.request(pathOf(route, ids), {
      method: route.method,
      ...init,
      headers: { ...(authorization !== undefined && { authorization }), ...(init.headers as Record<string, string>) },
    });
  const refusal = (claim: string, answer: () => Promise<Response>, status: number, code: string): Refusal => ({
    claim,
    check: async () => assertRefusal(await answer(), status, code),
  });
  const bearer = (key: ApiKey) => `Bearer ${key.text}`;
  return [
    ...callers(route, fixtures).map(([claim, authorization, status, code]) => refusal(claim, () => send(authorization), status, code)),
    ...(route.auth !== 'key'
      ? []
      : [
          refusal(
            'a key beyond its requests a minute',
            async () => {
              // The minute of an earlier one may be over.
              await edge.as(fixtures.exhausted)('/v1/models');
              return send(bearer(fixtures.exhausted));
            },
            429,
            'rate_limit_exceeded',
          ),
        ]),
    ...(route.scope === undefined
      ? []
      : [
          refusal(
            'a key of the wrong scope',
            async () => send(bearer(await fixtures.withScopes(SCOPES.filter((scope) => scope !== route.scope)))),
            403,
            'insufficient_scope',
          ),
        ]),
    ...(route.names === undefined
      ? []
      : [
          refusal('a thing that never was', () => send(credential(route, fixtures), {}, NOTHING), 404, `${route.names}_not_found`),
          ...(route.auth === 'key'
            ? [refusal('the thing of another account', () => send(bearer(fixtures.stranger)), 404, `${route.names}_not_found`)]
            : []),
        ]),
    ...viewers(edge, route, fixtures.ids).map(([claim, answer, status, code]) => refusal(claim, answer, status, code)),
    ...bodies(route).map(([claim, body, status, code]) =>
      refusal(claim, () => send(credential(route, fixtures), { body, headers: { 'content-type': 'application/json' } }), status, code),
    ),
    {
      claim: 'a method that it does not have',
      check: async () => {
        const response = await send(credential(route, fixtures), { method: 'PATCH' });
        const methods = ROUTES.filter(({ path }) => path === route.path).map(({ method }) => method);
        const allowed = (response.headers.get('allow') ?? '').split(', ');
        await assertRefusal(response, 405, 'method_not_allowed');
        assert.deepEqual(allowed.filter((method) => method !== 'HEAD').sort(), methods.sort());
      },
    },
  ];
}

export const NOTHING: Fixtures['ids'] = { video: `video_${'0'.repeat(32)}`, webhook_endpoint: 'whe_0', account: 'acct_0', key: '00000000' };

type Caller = readonly [claim: string, authorization: string | undefined, status: number, code: string];

function callers(route: RouteRefusals, { owner, revoked, expired }: Fixtures): Caller[] {
  switch (route.auth) {
    case 'none':
      return [];
    case 'key':
      return [
        ['no key', undefined, 401, 'missing_api_key'],
        ['a key of another service', `Bearer ${createApiKey().text}`, 401, 'invalid_api_key'],
        ['no key of ours', 'Bearer sk-abc', 401, 'invalid_api_key'],
        ["the workers' token", `Bearer ${WORKER_TOKEN}`, 401, 'invalid_api_key'],
        ['the admin token', `Bearer ${ADMIN_TOKEN}`, 401, 'invalid_api_key'],
        ['a revoked key', `Bearer ${revoked.text}`, 401, 'invalid_api_key'],
        ['an expired key', `Bearer ${expired.text}`, 401, 'invalid_api_key'],
      ];
    case 'admin':
    case 'worker': {
      const code = route.auth === 'admin' ? 'invalid_admin_token' : 'invalid_worker_token';
      const other = route.auth === 'admin' ? WORKER_TOKEN : ADMIN_TOKEN;
      return [
        ['no token', undefined, 401, code],
        ["a customer's key", `Bearer ${owner.text}`, 401, code],
        ['a token of another use', `Bearer ${other}`, 401, code],
      ];
    }
    case 'ticket':
      return [
        ['no ticket', undefined, 403, 'invalid_ticket'],
        ["a customer's key", `Bearer ${owner.text}`, 403, 'invalid_ticket'],
        ["the workers' token", `Ticket ${WORKER_TOKEN}`, 403, 'invalid_ticket'],
      ];
  }
}

type Body = readonly [claim: string, body: string, status: number, code: string];

function bodies({ max_bytes }: RouteRefusals): Body[] {
  if (max_bytes === undefined) return [];
  return [
    ['broken JSON', '{"a":', 400, 'invalid_json'],
    ['a JSON list', '[]', 400, 'invalid_json'],
    ['a body that is too large', `{"a":"${'a'.repeat(max_bytes)}"}`, 413, 'body_too_large'],
  ];
}

/** One that the route accepts, where there is one that any test has. */
function credential(route: RouteRefusals, { owner }: Fixtures): string | undefined {
  switch (route.auth) {
    case 'key':
      return `Bearer ${owner.text}`;
    case 'admin':
      return `Bearer ${ADMIN_TOKEN}`;
    case 'worker':
      return `Bearer ${WORKER_TOKEN}`;
    case 'none':
    case 'ticket':
      return undefined;
  }
}

export function pathOf({ path, names }: RouteRefusals, ids: Fixtures['ids']): string {
  const id = ids[names ?? 'video'];
  return path.replace('/:key{.+}', `/videos/${ids.video}/1/init.mp4`).replace(/:\w+/g, id);
}

/** The shape of its dialect, a request id, the headers of every answer, whether to repeat it, and no word of our insides. */
async function assertRefusal(response: Response, status: number, code: string): Promise<void> {
  const text = await response.text();
  const { headers } = response;
  assert.equal(response.status, status, text);
  assert.match(headers.get('content-type') ?? '', /^application\/json/);
  assert.match(headers.get('x-request-id') ?? '', /^req_[0-9a-f]{32}$/);
  assert.equal(headers.get('x-content-type-options'), 'nosniff');
  assert.equal(headers.get('cache-control'), 'private, no-store');
  assert.equal(headers.get('referrer-policy'), 'no-referrer');
  assert.equal(headers.get('strict-transport-security'), 'max-age=31536000; includeSubDomains');
  assert.equal(headers.get('content-security-policy'), "default-src 'none'; frame-ancestors 'none'");
  assert.equal(headers.get('www-authenticate'), status === 401 ? 'Bearer' : null);
  assert.equal(headers.get('x-should-retry'), status === 429 ? 'true' : status === 409 ? 'false' : null);
  assert.equal(headers.has('retry-after-ms'), status === 429);
  const { error } = JSON.parse(text) as { error: Record<string, unknown> };
  if (isOpenRouterPath(new URL(response.url).pathname)) {
    const { message: _said, ...rest } = error;
    const metadata = error.metadata as { param: unknown };
    assert.deepEqual(rest, { code: status, metadata: { type: ERROR_KINDS[code as ErrorCode].type, param: metadata.param, code } });
  } else {
    assert.deepEqual(Object.keys(error).sort(), ['code', 'message', 'param', 'type']);
    assert.equal(error.code, code);
  }
  assert.ok(String(error.message).length > 10);
  assert.doesNotMatch(text, /\.ts|at .*:\d+:\d+|SQL|SELECT/);
}
