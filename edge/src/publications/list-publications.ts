/** GET /v1/publications/{manifest_id}: what this service states of the file that it published under a manifest, signed. */
import { EverframeError, parsePublication } from '@everframe/shared';
import type { Context } from 'hono';
import type { AppEnv } from '../env.ts';
import { findPublications } from '../store/publications.ts';

const MANIFEST_ID = /^urn:[\w:.-]{1,190}$/;

export async function listPublications(c: Context<AppEnv>): Promise<Response> {
  const id = c.req.param('id') ?? '';
  const records = MANIFEST_ID.test(id) ? await findPublications(c.env.DB, id) : [];
  if (records.length === 0) {
    throw new EverframeError('manifest_not_found', `Nothing is recorded of a file with the manifest '${id.slice(0, 100)}'.`);
  }
  return c.json({ object: 'list', data: records.map(publicationView).sort((one, other) => one.published_at - other.published_at) });
}

function publicationView(record: string) {
  const { manifest_id, sha256, bytes, model, model_version, model_sha256, iat } = parsePublication(record).facts;
  return { object: 'publication', manifest_id, sha256, bytes, model, model_version, model_sha256, published_at: iat, record };
}
