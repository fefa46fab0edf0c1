/** For tests: an edge in memory that gives one claim, keeps what is uploaded, and writes down every call. */
import { createHash } from 'node:crypto';
import type { Asset, ClaimAnswer, GenerationCommand } from '@everframe/shared';
import { type EdgeClient, EdgeError } from '../edge-client.ts';

export interface TestEdge extends EdgeClient {
  /** Every commit with its chunk, complete with its parent, fail and release with its code; in order. */
  readonly calls: (readonly [name: string, about: string | number])[];
  /** By key. */
  readonly stored: Map<string, Uint8Array>;
}

const LEASE = { lease_seconds: 30, ticket: 'a ticket' };

/** @param change answers of its own */
export function createTestEdge(claim: ClaimAnswer, change: Partial<EdgeClient> = {}): TestEdge {
  const calls: TestEdge['calls'] = [];
  const stored: TestEdge['stored'] = new Map();
  return {
    calls,
    stored,
    claim: async () => claim,
    beat: async () => LEASE,
    async commit(_, { segment: { chunk_index } }) {
      calls.push(['commit', chunk_index]);
      return { ...LEASE, commit_id: `commit-${chunk_index}` };
    },
    complete: async (_, { parent }) => void calls.push(['complete', parent]),
    fail: async (_, { code }) => void calls.push(['fail', code]),
    release: async (_, request) => void calls.push(['release', request.reason === 'error' ? request.code : request.reason]),
    restamp: async () => Promise.reject(new EdgeError('video_finished', 'it lacks no time-stamp')),
    restamped: async (_, { outcome }) => void calls.push(['restamped', outcome]),
    async upload(_ticket, key, content): Promise<Asset> {
      if (!(content instanceof Uint8Array)) return { key, sha256: '0'.repeat(64), bytes: 1 };
      stored.set(key, content);
      return { key, sha256: createHash('sha256').update(content).digest('hex'), bytes: content.length };
    },
    async download(_ticket, { key }) {
      const content = stored.get(key);
      if (!content) throw new EdgeError('asset_not_found', `there is no ${key}`);
      return content;
    },
    ...change,
  };
}

export function claimOf(command: GenerationCommand, change: Partial<ClaimAnswer> = {}): ClaimAnswer {
  const nothing_yet = { parent: null, segments: [], checkpoint: null };
  return { ...LEASE, ...nothing_yet, epoch: 1, command, created_at_ms: 1_790_000_000_000, prompt_key: 'ab'.repeat(32), ...change };
}
