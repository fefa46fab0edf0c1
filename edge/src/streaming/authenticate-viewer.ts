/**
 * Who may watch or download a video: its account's keys, and whoever has an address with a token for that. A token has no key's bounds, so
 * each visitor's requests with it are counted: what one of them asks must not be what all wait for.
 */
import { EverframeError, STREAM_REQUESTS_PER_MINUTE } from '@everframe/shared';
import type { Context, MiddlewareHandler } from 'hono';
import type { AppEnv } from '../env.ts';
import { visitorOf } from '../http/visitor.ts';
import { authenticate } from '../middleware/authenticate.ts';
import { countVisitor } from '../middleware/count-request.ts';
import { checkStreamToken, type Opened } from './stream-token.ts';

export function authenticateViewer(opened: Opened = 'stream'): MiddlewareHandler<AppEnv> {
  const byKey = authenticate('videos.read');
  return async (c, next) => {
    const token = c.req.query('token');
    if (token === undefined) return byKey(c, next);
    const id = c.req.param('id') ?? '';
    const state = await checkStreamToken(c.get('settings').keyPepper, id, token, Date.now(), opened);
    if (state !== 'good') {
      const what = state === 'expired' ? 'has expired' : 'is not one of this video';
      throw new EverframeError(
        'invalid_stream_token',
        `The 'token' of this address ${what}. Its owner gets a new one from ${SOURCES[opened]}.`,
      );
    }
    await countVisitor(c, await visitorOf(c, token), STREAM_REQUESTS_PER_MINUTE, (wait, limit) => {
      return `With one such address ${limit} requests a minute are answered for a client address. Send the next in ${wait}.`;
    });
    c.set('watched_video_id', id);
    return next();
  };
}

const SOURCES: Readonly<Record<Opened, string>> = {
  stream: 'POST /v1/videos/{id}/stream_url',
  file: 'GET /api/v1/videos/{id}',
};

/** Whether whoever asks may watch the video of this account. */
export function mayWatch(c: Context<AppEnv>, { id, account_id }: { readonly id: string; readonly account_id: string }): boolean {
  return c.get('watched_video_id') === id || c.get('account_id') === account_id;
}
