/** GET /v1/publications/{manifest_id}: what this service states of the file that it published under a manifest, signed. */
import { EverframeError, parsePublication } from '@everframe/shared';
import type { Context } from 'hono';
import type { AppEnv } from '../env.ts';
import { findPublications } from '../store/publications.ts';

const MANIFEST_ID = /^urn:[\w:.-]{1,190}$/;

export async function listPublications(c: Context<AppEnv>): Promise<Response> {
  const id = c.req.param('id') ?? '';
  if (!MANIFEST_ID.test(id)) throw new EverframeError('manifest_not_found', `'${id.slice(0, 100)}' is no name of a manifest.`);
  // None is an answer: of a file of an older worker, of one that is gone, of a stranger's.
  const records = await findPublications(c.env.DB, id);
  return c.json({ object: 'list', data: records.map(publicationView).sort((one, other) => one.published_at - other.published_at) });
}

function publicationView(record: string) {
  const { manifest_id, sha256, bytes, model, model_version, model_sha256, iat } = parsePublication(record).facts;
  return { object: 'publication', manifest_id, sha256, bytes, model, model_version, model_sha256, published_at: iat, record };
}
