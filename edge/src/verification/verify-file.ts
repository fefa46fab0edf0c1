/** POST /v1/verify: all that is known of a file's credential. No key is needed; nothing of the file is kept. */
import type { Context } from 'hono';
import type { AppEnv } from '../env.ts';
import { withPublished } from '../publications/with-published.ts';
import { checkFile } from './check-file.ts';
import { readAnyFile } from './read-file.ts';

export async function verifyFile(c: Context<AppEnv>): Promise<Response> {
  const bytes = await readAnyFile(c.req.raw, c.get('settings').outbound);
  const report = await checkFile(c, bytes);
  const file = { bytes: bytes.length, sha256: await sha256Hex(bytes) };
  return c.json({ ...(await withPublished(c.env.DB, report, file)), ...file });
}

async function sha256Hex(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', bytes);
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
