/** The JSON body of a call, parsed by the schema of its contract. */
import { EverframeError, WORKER_BODY_MAX_BYTES } from '@everframe/shared';
import { parseJsonObject, readBody } from './read-body.ts';

/** The part of a contract's schema that is used here. */
interface CallSchema<T> {
  safeParse(body: unknown):
    | { readonly success: true; readonly data: T }
    | {
        readonly success: false;
        readonly error: { readonly issues: readonly { readonly path: PropertyKey[]; readonly message: string }[] };
      };
}

/** @param max_bytes default: those of a worker's call */
export async function readCall<T>(request: Request, schema: CallSchema<T>, max_bytes = WORKER_BODY_MAX_BYTES): Promise<T> {
  return judge(parseJsonObject(await readBody(request, max_bytes)), schema);
}

/** As above, where no body says the same as an empty object. */
export async function readOptionalCall<T>(request: Request, schema: CallSchema<T>, max_bytes: number): Promise<T> {
  const body = await readBody(request, max_bytes);
  return judge(body.length === 0 ? {} : parseJsonObject(body), schema);
}

function judge<T>(body: Readonly<Record<string, unknown>>, schema: CallSchema<T>): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const param = issue?.path.join('.') ?? '';
  throw new EverframeError('invalid_value', `'${param}': ${issue?.message ?? 'invalid'}.`, { param });
}
