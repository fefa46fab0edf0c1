/**
 * For tests: an answer of a public or operator's route must be one that the OpenAPI document has: status, content type,
 * headers, body, and no member of the body that the document does not name.
 */
import assert from 'node:assert/strict';
import Ajv2020, { type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { openApiDocument } from '../openapi/document.ts';
import type { Json } from '../openapi/operation.ts';
import { isOpenRouterPath } from '../openrouter/error-body.ts';

const document = openApiDocument();
const ajv = new Ajv2020({ allErrors: true, strictTypes: false, strictRequired: false });
addFormats(ajv);
// What OpenAPI has beside JSON Schema.
ajv.addVocabulary(['openapi', 'info', 'servers', 'tags', 'paths', 'components', 'example']);
ajv.addSchema({ $id: 'everframe:', components: closed({ schemas: document.components.schemas }) }, 'everframe:');

/** By the schema's JSON. */
const compiled = new Map<string, ValidateFunction>();

/** What stands in any answer of any server, and what every answer of ours has (see response-headers.ts). */
const COMMON_HEADERS = [
  ...['content-type', 'content-length', 'date', 'vary', 'connection', 'keep-alive', 'transfer-encoding', 'content-encoding', 'cf-ray'],
  ...['x-content-type-options', 'referrer-policy', 'content-security-policy', 'strict-transport-security', 'cache-control'],
];

interface Documented {
  readonly headers?: Readonly<Record<string, Json>>;
  readonly content?: Readonly<Record<string, { readonly schema?: Json }>>;
}

/** @param url of the request */
export async function assertDocumented(method: string, url: string | URL, response: Response): Promise<void> {
  const { pathname } = new URL(url);
  if (pathname.startsWith('/internal/') || method === 'OPTIONS') return;
  const at = `${method} ${pathname} ${response.status}`;
  const operation = findOperation(method, pathname);
  const body = await response.clone().text();
  if (!operation) {
    assert.ok(response.status === 404 || response.status === 405, `${at}: the document has no such operation`);
    const shape = isOpenRouterPath(pathname) ? 'OpenRouterError' : 'Error';
    return assertBody(at, { $ref: `#/components/schemas/${shape}` }, body);
  }
  const responses = operation.responses as Record<string, Json>;
  const documented = responses[response.status] && (resolve(responses[response.status] as Json) as Documented);
  assert.ok(documented, `${at} is not documented: ${body.slice(0, 300)}`);
  assertHeaders(at, documented, response.headers);
  if (method === 'HEAD' || body === '') return;
  const type = response.headers.get('content-type')?.split(';')[0] ?? '';
  const media = documented.content?.[type];
  assert.ok(media, `${at}: the content type '${type}' is not documented`);
  if (media.schema) assertBody(at, media.schema, body);
}

/** Whether a value is what the document says of it. */
export function assertSchema(at: string, schema: Json, value: unknown): void {
  const text = JSON.stringify(schema);
  const validate = compiled.get(text) ?? ajv.compile(pointed(closed(schema)));
  compiled.set(text, validate);
  assert.ok(validate(value), `${at}: ${ajv.errorsText(validate.errors)} in ${JSON.stringify(value).slice(0, 500)}`);
}

export function findOperation(method: string, pathname: string): Json | undefined {
  const wanted = method === 'HEAD' ? 'get' : method.toLowerCase();
  // A literal path goes before one with a parameter.
  const paths = Object.entries(document.paths).sort(([a], [b]) => Number(a.includes('{')) - Number(b.includes('{')));
  const found = paths.find(([path]) => new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`).test(pathname));
  return found?.[1][wanted];
}

/** What a reference points to. */
export function resolve(value: Json): Json {
  if (typeof value.$ref !== 'string') return value;
  return value.$ref
    .split('/')
    .slice(1)
    .reduce<Json>((at, name) => at[name] as Json, document as unknown as Json);
}

function assertBody(at: string, schema: Json, body: string): void {
  assertSchema(at, schema, JSON.parse(body));
}

function assertHeaders(at: string, { headers = {} }: Documented, sent: Headers): void {
  for (const [name, reference] of Object.entries(headers)) {
    const header = resolve(reference) as { readonly required?: boolean; readonly schema: Json };
    const value = sent.get(name);
    if (value === null) assert.ok(!header.required, `${at}: the header '${name}' is missing`);
    else assertSchema(`${at} ${name}`, header.schema, value);
  }
  for (const name of sent.keys()) {
    const known = name in headers || COMMON_HEADERS.includes(name) || name.startsWith('access-control-');
    assert.ok(known, `${at}: the header '${name}' is not documented`);
  }
}

/** The document leaves answers open for members to come; here each must be named. */
function closed(schema: unknown): Json {
  return JSON.parse(JSON.stringify(schema), (_name, value: unknown) => {
    const own = typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
    if (own?.type !== 'object' || typeof own.properties !== 'object' || !Array.isArray(own.required)) return value;
    return { additionalProperties: false, ...own };
  }) as Json;
}

/** References of the document are those of the schema under which ajv knows it. */
function pointed(schema: Json): Json {
  return JSON.parse(JSON.stringify(schema).replaceAll('"$ref":"#/', '"$ref":"everframe:#/')) as Json;
}
