/** POST /v1/verify: all that is known of a file's credential. No key is needed; nothing of the file is kept. */
import { sha256Hex } from '@everframe/shared';
import type { TrustRoots } from '@everframe/shared/verification';
import type { Context } from 'hono';
import type { AppEnv } from '../env.ts';
import { withPublished } from '../publications/with-published.ts';
import { checkFile } from './check-file.ts';
import { type CheckedStream, checkStream } from './check-stream.ts';
import { openAnyFile } from './read-file.ts';
import { trustRoots } from './trust-roots.ts';

export async function verifyFile(c: Context<AppEnv>): Promise<Response> {
  const file = await openAnyFile(c.req.raw, c.get('settings').outbound, c.get('api_key') !== undefined);
  const { report, ...about } = file.kind === 'whole' ? await checkWhole(c, file.bytes) : await checkStream(file.parts, await ownTrust(c));
  return c.json({ ...(await withPublished(c.env.DB, report, about)), ...about });
}

async function checkWhole(c: Context<AppEnv>, bytes: Uint8Array<ArrayBuffer>): Promise<CheckedStream> {
  return { report: await checkFile(c, bytes), bytes: bytes.length, sha256: await sha256Hex(bytes) };
}

function ownTrust(c: Context<AppEnv>): Promise<TrustRoots> {
  return trustRoots(c.env, c.get('settings').allowDevelopmentRoot);
}
