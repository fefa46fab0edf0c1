/**
 * GET /v1/videos/{id}/provenance: what the signed file of a finished video says of itself, as anyone would read it, and what
 * only its owner may know: the key that proves which prompt it was made from.
 */
import { VERIFY_MAX_BYTES } from '@everframe/shared';
import type { VerificationReport } from '@everframe/shared/verification';
import type { Context } from 'hono';
import type { AppEnv } from '../env.ts';
import { findVideo } from '../routes/find-video.ts';
import { requireContent } from '../routes/get-content.ts';
import { promptKey } from '../worker-api/prompt-key.ts';
import { readCredential } from './c2pa-reader.ts';
import { checkStream } from './check-stream.ts';
import { trustRoots } from './trust-roots.ts';

export async function getProvenance(c: Context<AppEnv>): Promise<Response> {
  const video = await findVideo(c);
  const { key, bytes, sha256 } = requireContent(c, video, 'video');
  return c.json({
    object: 'video.provenance',
    id: video.id,
    model: video.command.model,
    seed: video.command.seed,
    prompt_key: await promptKey(c.get('settings').keyPepper, video.id),
    bytes,
    sha256,
    publication: video.publications.at(-1) ?? null,
    report: await readReport(c, key, bytes),
  });
}

async function readReport(c: Context<AppEnv>, key: string, bytes: number): Promise<VerificationReport> {
  const object = await c.env.MEDIA.get(key);
  if (!object) throw new Error(`${key} is recorded but not stored`);
  const trust = await trustRoots(c.env, c.get('settings').allowDevelopmentRoot);
  if (bytes <= VERIFY_MAX_BYTES) return readCredential(await object.bytes(), 'video/mp4', trust);
  return (await checkStream(object.body, trust)).report;
}
