/** For tests: who shows a token in an address, and what it is refused for. */
import { STREAM_REQUESTS_PER_MINUTE } from '@everframe/shared';
import { signStreamToken } from '../streaming/stream-token.ts';
import { KEY_PEPPER, type TestEdge } from './edge.ts';
import { type Fixtures, NOTHING, pathOf, type RouteRefusals } from './refusals.ts';

const REFUSAL_TIMEOUT_MS = 10_000;

type Viewer = readonly [claim: string, answer: () => Promise<Response>, status: number, code: string];

/** Who shows a token in the address, or what is none. */
export function viewers(edge: TestEdge, route: RouteRefusals, ids: Fixtures['ids']): Viewer[] {
  const { token: opened } = route;
  if (opened === undefined) return [];
  const [path, video_id] = [pathOf(route, ids), ids.video];
  const now = Math.floor(Date.now() / 1000);
  const ask = async (of: string, until: number) => edge.request(`${path}?token=${await signStreamToken(KEY_PEPPER, of, until, opened)}`);
  return [
    ["another video's token", () => ask(NOTHING.video, now + 600), 403, 'invalid_stream_token'],
    ['an expired token', () => ask(video_id, now - 1), 403, 'invalid_stream_token'],
    ['no token of ours', () => edge.request(`${path}?token=x`), 403, 'invalid_stream_token'],
    [
      'a visitor beyond the requests a minute of a token',
      async () => {
        const token = await signStreamToken(KEY_PEPPER, video_id, now + 600, opened);
        await exhaustToken(edge, `${path}?token=${token}`, '192.0.2.1');
        // An answer that is none would stay open
        const signal = AbortSignal.timeout(REFUSAL_TIMEOUT_MS);
        return edge.request(`${path}?token=${token}`, { headers: { 'cf-connecting-ip': '192.0.2.1' }, signal });
      },
      429,
      'rate_limit_exceeded',
    ],
  ];
}

/** Sends what a visitor may send in a minute with this token, fifty at a time; more where that takes longer than a minute. */
export async function exhaustToken(edge: TestEdge, path: string, address: string): Promise<void> {
  const ask = () => fetch(new URL(path, edge.address), { method: 'HEAD', headers: { 'cf-connecting-ip': address } });
  for (let sent = 0; sent < 3 * STREAM_REQUESTS_PER_MINUTE; sent += 50) {
    const answers = await Promise.all(Array.from({ length: 50 }, ask));
    if (answers.some(({ status }) => status === 429)) return;
  }
}
