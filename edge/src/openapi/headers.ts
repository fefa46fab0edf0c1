/** Headers of answers and requests that a client may rely on, as components of the OpenAPI document. */

const text = { type: 'string' } as const;
const count = { type: 'string', pattern: '^\\d+$' } as const;

export const HEADERS = {
  'x-request-id': { description: "Names the request: the caller's own where it sent a sane one.", required: true, schema: text },
  'x-should-retry': {
    description: 'Whether the same request may succeed later; stock clients obey it.',
    schema: { enum: ['true', 'false'] },
  },
  'retry-after': { description: 'Seconds to wait.', schema: count },
  'retry-after-ms': { description: 'Milliseconds to wait.', schema: count },
  'www-authenticate': { description: 'The scheme to use.', schema: { const: 'Bearer' } },
  'x-ratelimit-limit-requests': { description: 'Requests a minute; only of a key with a bound.', schema: count },
  'x-ratelimit-remaining-requests': { description: 'Requests left now.', schema: count },
  'x-ratelimit-reset-requests': {
    description: 'When all are free again, as in `1.5s`.',
    schema: { type: 'string', pattern: '^[\\d.]+s$' },
  },
  'ratelimit-policy': { description: 'draft-ietf-httpapi-ratelimit-headers-10.', schema: text },
  ratelimit: { description: 'draft-ietf-httpapi-ratelimit-headers-10.', schema: text },
  'openai-poll-after-ms': { description: 'Milliseconds after which to ask again; absent once the video has ended.', schema: count },
  'idempotency-replayed': { description: 'Present where this is the first answer to the key again.', schema: { const: 'true' } },
  etag: { description: 'The SHA-256 of the content, quoted.', schema: { type: 'string', pattern: '^"[0-9a-f]{64}"$' } },
  'accept-ranges': { description: '`bytes`.', schema: { const: 'bytes' } },
  'content-range': { description: 'Which bytes of how many.', schema: text },
  'content-length': { description: 'Bytes of the body.', schema: count },
  'content-disposition': { description: 'The file name.', schema: text },
} as const;
export type HeaderName = keyof typeof HEADERS;

export const REQUEST_HEADERS = {
  idempotency_key: {
    name: 'Idempotency-Key',
    in: 'header',
    description: 'One video for one key, however often it is sent, for 24 hours. With or without quotes.',
    schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[\\x21\\x23-\\x7e]+$' },
  },
  last_event_id: { name: 'Last-Event-ID', in: 'header', description: 'The id of the last event that was seen.', schema: count },
  range: { name: 'Range', in: 'header', description: 'One range of bytes; several give the whole.', schema: text },
  if_match: { name: 'If-Match', in: 'header', description: 'ETags, of which one must be that of the content.', schema: text },
  if_none_match: { name: 'If-None-Match', in: 'header', description: 'ETags that the client has.', schema: text },
} as const;
