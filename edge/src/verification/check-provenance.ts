/**
 * POST /v1/content_provenance_checks: OpenAI's route, for video too. Its one question is whether a signal of the service
 * that answers was found, so `detected` means: signed by this service, and unaltered. What else there is to know of a file,
 * POST /v1/verify says.
 */
import type { VerificationReport } from '@everframe/shared/verification';
import type { Context } from 'hono';
import type { AppEnv } from '../env.ts';
import { checkFile } from './check-file.ts';
import { readFormFile } from './read-file.ts';

export async function checkProvenance(c: Context<AppEnv>): Promise<Response> {
  const report = await checkFile(c, await readFormFile(c.req.raw));
  return c.json({ object: 'content_provenance_check', created_at: Math.floor(Date.now() / 1000), results: [toResult(report)] });
}

function toResult({ verdict, validation_state, signer, model, created_at }: VerificationReport) {
  return {
    type: 'c2pa',
    outcome: verdict === 'ours' ? 'detected' : 'not_detected',
    validation_state: validation_state,
    issuer: signer?.organisation ?? signer?.name ?? null,
    model: verdict === 'ours' ? model : null,
    generated_at: verdict === 'ours' ? created_at : null,
  };
}
