/**
 * The raw body of a request that creates a video, as multipart (what the OpenAI SDK always sends) or JSON.
 * Values are not judged here: form fields stay text, a field sent twice becomes a list, a file stays a file.
 */
import { CREATE_BODY_MAX_BYTES, type CreateVideoRequest, EverframeError, VERIFY_MAX_BYTES } from '@everframe/shared';
import { gather, regroup } from '../http/bracket-fields.ts';
import { parseJsonObject, readBody } from '../http/read-body.ts';

/** Of a request that may carry a video. */
export const EXTENSION_BODY_MAX_BYTES = VERIFY_MAX_BYTES + CREATE_BODY_MAX_BYTES;
/** Fields that are objects. */
const OBJECTS = ['video', 'input_reference'];

export async function readCreateRequest(request: Request, max_bytes = CREATE_BODY_MAX_BYTES): Promise<CreateVideoRequest> {
  const content_type = request.headers.get('content-type') ?? '';
  switch (content_type.split(';')[0]?.trim().toLowerCase()) {
    case 'multipart/form-data':
      return parseForm(await readBody(request, max_bytes), content_type);
    case 'application/json':
      return parseJsonObject(await readBody(request, max_bytes));
    default:
      throw new EverframeError(
        'unsupported_media_type',
        `The content type must be multipart/form-data or application/json; got '${content_type.slice(0, 100)}'.`,
      );
  }
}

async function parseForm(body: Uint8Array<ArrayBuffer>, content_type: string): Promise<CreateVideoRequest> {
  let form: FormData;
  try {
    form = await new Response(body, { headers: { 'content-type': content_type } }).formData();
  } catch (cause) {
    throw new EverframeError('invalid_multipart', 'The body is not well-formed multipart/form-data: check boundary and end.', { cause });
  }
  const { objects, others: flat } = gather(OBJECTS, form as unknown as Iterable<readonly [string, unknown]>);
  const { elements, others } = regroup('segments', flat);
  const fields = new Map<string, unknown>();
  for (const [name, values] of Map.groupBy(others, ([name]) => name)) {
    fields.set(name, values.length === 1 ? values[0]?.[1] : values.map(([, value]) => value));
  }
  // Beside a field of that name they are one too many.
  for (const [name, object] of objects) fields.set(fields.has(name) ? `${name}[]` : name, object);
  if (elements.length > 0) fields.set(fields.has('segments') ? 'segments[]' : 'segments', elements);
  return Object.fromEntries(fields);
}
