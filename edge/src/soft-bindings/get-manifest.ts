/**
 * GET /v1/c2pa/manifests/{id}: the manifest store of a published file, byte for byte as it stands in every copy that still has it. The
 * file itself stays its owner's.
 */
import { EverframeError } from '@everframe/shared';
import type { Context } from 'hono';
import type { AppEnv } from '../env.ts';
import { findCredential } from '../store/credentials.ts';
import { readManifestStore } from './read-manifest-store.ts';

const MANIFEST_ID = /^urn:[\w:.-]{1,190}$/;

export async function getManifest(c: Context<AppEnv>): Promise<Response> {
  const id = c.req.param('id') ?? '';
  const found = MANIFEST_ID.test(id) ? await findCredential(c.env.DB, id) : null;
  if (!found) throw new EverframeError('manifest_not_found', `No manifest '${id.slice(0, 100)}' was published here.`);
  const store = found.file_key === null ? undefined : await readManifestStore(c.env.MEDIA, found.file_key);
  if (!store) {
    throw new EverframeError('manifest_gone', 'There was such a manifest. Its video was deleted or has expired, and the manifest with it.');
  }
  c.header('cache-control', 'public, max-age=300');
  c.header('content-type', 'application/c2pa');
  c.header('content-length', String(store.length));
  return c.req.method === 'HEAD' ? c.body(null) : c.body(store);
}
