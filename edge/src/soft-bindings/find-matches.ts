/**
 * GET and POST /v1/c2pa/matches/byBinding: the manifests that a mark or a fingerprint leads to, in the shape of C2PA's Soft Binding
 * Resolution API. Who asks has read the file already, in the page, at the terminal or elsewhere; what comes back is a manifest's name,
 * which stands in every copy of its file too.
 */
import { EverframeError, HASHES_MAX, HASHES_MIN, JSON_BODY_MAX_BYTES } from '@everframe/shared';
import { FINGERPRINT_ALG, HASH_DIGITS, MARK_ALG, NOTHING } from '@everframe/shared/mark';
import type { Context } from 'hono';
import type { AppEnv } from '../env.ts';
import { parseJsonObject, readBody } from '../http/read-body.ts';
import { findByMark, findCandidates } from '../store/credentials.ts';
import { matchFingerprint } from './match-fingerprint.ts';

const MAX_RESULTS = 10;
const MARK_BYTES = 6;
const HASH_BYTES = HASH_DIGITS / 2;

interface Match {
  readonly manifestId: string;
  /** 0 to 100. */
  readonly similarityScore: number;
}

export async function findMatches(c: Context<AppEnv>): Promise<Response> {
  const asked = c.req.method === 'POST' ? parseJsonObject(await readBody(c.req.raw, JSON_BODY_MAX_BYTES)) : c.req.query();
  const { alg, value, maxResults = c.req.query('maxResults'), ...others } = asked;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) {
    throw new EverframeError(
      'unknown_parameter',
      `There is no '${unknown.slice(0, 60)}' here; there are 'alg', 'value' and 'maxResults'.`,
      {
        param: unknown,
      },
    );
  }
  const bytes = parseValue(value);
  const limit = parseLimit(maxResults);
  return c.json({ matches: (await matchesOf(c.env.DB, alg, bytes)).slice(0, limit) });
}

async function matchesOf(db: D1Database, alg: unknown, bytes: Uint8Array): Promise<Match[]> {
  const param = 'value';
  switch (alg) {
    case MARK_ALG: {
      if (bytes.length !== MARK_BYTES) {
        throw new EverframeError('invalid_value', `A mark has ${MARK_BYTES} bytes in base64; got ${bytes.length}.`, { param });
      }
      return (await findByMark(db, toHex(bytes), MAX_RESULTS)).map((manifestId) => ({ manifestId, similarityScore: 100 }));
    }
    case FINGERPRINT_ALG: {
      if (bytes.length < HASHES_MIN * HASH_BYTES || bytes.length % HASH_BYTES !== 0 || bytes.length > HASHES_MAX * HASH_BYTES) {
        const rule = `A fingerprint needs ${HASHES_MIN} to ${HASHES_MAX} seconds, of ${HASH_BYTES} bytes each in base64`;
        throw new EverframeError('invalid_value', `${rule}; got ${bytes.length} bytes.`, { param });
      }
      const all = toHex(bytes).match(new RegExp(`.{${HASH_DIGITS}}`, 'g')) ?? [];
      // The same one twice is no second agreement.
      const hashes = [...new Set(all)].filter((hash) => hash !== NOTHING);
      if (hashes.length < HASHES_MIN) return [];
      const found = matchFingerprint(hashes, await findCandidates(db, hashes));
      return found.map(({ manifest_id, score }) => ({ manifestId: manifest_id, similarityScore: score }));
    }
    case undefined:
      throw new EverframeError('missing_required_parameter', "'alg' is missing.", { param: 'alg' });
    default:
      throw new EverframeError('invalid_value', `'alg' must be '${MARK_ALG}' or '${FINGERPRINT_ALG}'; got '${String(alg).slice(0, 60)}'.`, {
        param: 'alg',
      });
  }
}

function parseValue(value: unknown): Uint8Array {
  const param = 'value';
  if (value === undefined) throw new EverframeError('missing_required_parameter', "'value' is missing.", { param });
  if (typeof value !== 'string') throw new EverframeError('invalid_type', "'value' must be a text.", { param });
  try {
    // In a query a plus that was not escaped is read as a space.
    return Uint8Array.from(atob(value.replaceAll(' ', '+')), (character) => character.charCodeAt(0));
  } catch (cause) {
    throw new EverframeError('invalid_value', "'value' must be base64.", { param, cause });
  }
}

function parseLimit(value: unknown): number {
  if (value === undefined) return MAX_RESULTS;
  const limit = Number(value);
  if (Number.isInteger(limit) && limit >= 1 && limit <= MAX_RESULTS) return limit;
  throw new EverframeError(
    'invalid_value',
    `'maxResults' must be a whole number from 1 to ${MAX_RESULTS}; got '${String(value).slice(0, 20)}'.`,
    {
      param: 'maxResults',
    },
  );
}

function toHex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
