/**
 * One route as the OpenAPI document knows it, and how it becomes an operation object: what every route of its kind
 * answers is added here, so that an operation names only what is its own.
 */
import { ERROR_KINDS, type ErrorCode, type Scope } from '@everframe/shared';
import type { z } from 'zod';
import { HEADERS, type HeaderName } from './headers.ts';

export type Tag = 'Videos' | 'OpenRouter' | 'Models' | 'Safety' | 'Provenance' | 'Usage' | 'Webhooks' | 'Operation' | 'Service';
export type Method = 'get' | 'post' | 'delete';
export type Json = Readonly<Record<string, unknown>>;

export interface Operation {
  readonly method: Method;
  /** With `{name}` for its parameters. */
  readonly path: string;
  /** `operationId`. */
  readonly id: string;
  readonly tag: Tag;
  /** In whose shape it refuses; default OpenAI's. */
  readonly dialect?: 'openrouter';
  readonly summary: string;
  readonly description?: string;
  readonly auth: 'none' | 'key' | 'admin';
  /** What the key must be allowed to do; absent: any key will do. */
  readonly scope?: Scope;
  /** Those of the path. A thing that is not there is refused with this code. */
  readonly names?: { readonly [parameter: string]: { readonly schema: Json; readonly description: string; readonly refusal: ErrorCode } };
  readonly query?: {
    readonly [parameter: string]: {
      readonly schema: Json;
      readonly description: string;
      readonly required?: true;
      readonly example?: string;
    };
  };
  /** Of the request, by component name. */
  readonly request_headers?: readonly ('idempotency_key' | 'last_event_id' | 'range' | 'if_match' | 'if_none_match')[];
  readonly body?: {
    readonly schema: z.ZodType;
    /** Taken as multipart/form-data too. */
    readonly form?: boolean;
    readonly example: Json;
  };
  /** Content of a request that has no schema of its own: files. */
  readonly upload?: Json;
  readonly answers: readonly Answer[];
  /** Beside those of every route of its kind. */
  readonly errors?: readonly ErrorCode[];
}

export interface Answer {
  readonly status: number;
  readonly description: string;
  readonly schema?: z.ZodType;
  readonly example?: unknown;
  /** Content types without a JSON schema, such as `video/mp4`. */
  readonly media?: readonly string[];
  readonly headers?: readonly HeaderName[];
}

/** The components that an operation points to. */
export interface Components {
  /** The schema's. */
  readonly refOf: (schema: z.ZodType) => Json;
  /** What comes back points to this response, which is stored under its name. */
  readonly share: (name: string, response: Json) => Json;
}

export function toOperationObject(operation: Operation, components: Components): Json {
  const { refOf } = components;
  const { id, tag, summary, description, auth, scope, body } = operation;
  const need = scope ? `Needs a key with the scope \`${scope}\`.` : '';
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...((description || need) && { description: [description, need].filter(Boolean).join('\n\n') }),
    security: auth === 'none' ? [] : [{ [auth === 'key' ? 'api_key' : 'admin_token']: [] }],
    ...parametersOf(operation),
    ...(operation.upload && { requestBody: { required: true, content: operation.upload } }),
    ...(body && {
      requestBody: {
        required: true,
        content: {
          'application/json': { schema: refOf(body.schema), example: body.example },
          ...(body.form && { 'multipart/form-data': { schema: refOf(body.schema) } }),
        },
      },
    }),
    responses: {
      ...Object.fromEntries(operation.answers.map((answer) => [answer.status, toResponse(answer, operation, refOf)])),
      ...errorResponses(operation, components),
    },
  };
}

/** All that a route may refuse, sorted. */
export function errorsOf({ auth, scope, names = {}, body, errors = [] }: Operation): ErrorCode[] {
  const codes: ErrorCode[] = ['internal_error', ...errors, ...Object.values(names).map(({ refusal }) => refusal)];
  if (auth === 'key') codes.push('missing_api_key', 'invalid_api_key', 'rate_limit_exceeded');
  if (auth === 'admin') codes.push('invalid_admin_token', 'unknown_route');
  if (scope) codes.push('insufficient_scope');
  if (body) codes.push('invalid_json', 'body_too_large');
  return [...new Set(codes)].sort();
}

function parametersOf({ names = {}, query = {}, request_headers = [] }: Operation): Json {
  const parameters = [
    ...Object.entries(names).map(([name, { schema, description }]) => ({ name, in: 'path', required: true, description, schema })),
    ...Object.entries(query).map(([name, parameter]) => ({ name, in: 'query', ...parameter })),
    ...request_headers.map((name) => ({ $ref: `#/components/parameters/${name}` })),
  ];
  return parameters.length > 0 ? { parameters } : {};
}

function toResponse(
  { description, schema, example, media = [], headers = [] }: Answer,
  { auth }: Operation,
  refOf: (schema: z.ZodType) => Json,
): Json {
  const content = {
    ...(schema && { 'application/json': { schema: refOf(schema), ...(example !== undefined && { example }) } }),
    ...Object.fromEntries(media.map((type) => [type, {}])),
  };
  const sent = headersOf(['x-request-id', ...(auth === 'key' ? RATE_HEADERS : []), ...headers]);
  return { description, headers: sent, ...(Object.keys(content).length > 0 && { content }) };
}

const RATE_HEADERS = (Object.keys(HEADERS) as HeaderName[]).filter((name) => name.includes('ratelimit'));

/** More codes than this, and hardly another route has the same. */
const SHARED_CODES_MAX = 2;

function errorResponses(operation: Operation, { share }: Components): Json {
  const { dialect } = operation;
  const by_status = Map.groupBy(errorsOf(operation), (code) => ERROR_KINDS[code].status);
  return Object.fromEntries(
    [...by_status].map(([status, codes]) => {
      const response = {
        description: codes.map((code) => `\`${code}\``).join(', '),
        headers: headersOf(['x-request-id', ...errorHeaders(status)]),
        content: {
          'application/json': { schema: errorSchema(codes, dialect) },
          'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } },
        },
      };
      return [status, codes.length > SHARED_CODES_MAX ? response : share([...(dialect ? [dialect] : []), ...codes].join('.'), response)];
    }),
  );
}

/** The common shape, with the codes that may stand in it here. */
function errorSchema(codes: readonly ErrorCode[], dialect: Operation['dialect']): Json {
  const code = { properties: { code: { enum: codes } } };
  const [shape, error] = dialect ? ['OpenRouterError', { properties: { metadata: code } }] : ['Error', code];
  return { allOf: [{ $ref: `#/components/schemas/${shape}` }, { type: 'object', properties: { error } }] };
}

function errorHeaders(status: number): HeaderName[] {
  switch (status) {
    case 401:
      return ['www-authenticate'];
    case 409:
      return ['x-should-retry', 'retry-after-ms', ...RATE_HEADERS];
    case 412:
      return ['etag', 'accept-ranges', ...RATE_HEADERS];
    case 416:
      return ['etag', 'accept-ranges', 'content-range', ...RATE_HEADERS];
    case 429:
      return ['x-should-retry', 'retry-after', 'retry-after-ms', ...RATE_HEADERS];
    default:
      return RATE_HEADERS;
  }
}

function headersOf(names: readonly HeaderName[]): Json {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}
