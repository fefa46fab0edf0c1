/**
 * GET /v1/videos?limit&order&after: an account's videos in order of creation. D1 says which and in what order, each
 * video's object what it is now. A cursor is a place in time, so a video that comes or goes moves no other.
 */
import { EverframeError, LIST_LIMITS, type VideoRecord } from '@everframe/shared';
import type { Context } from 'hono';
import type { AppEnv } from '../env.ts';
import { findPlace, listVideos as listPlaces, type Place } from '../store/videos.ts';
import { toVideoView } from './video-view.ts';

const PARAMETERS = ['limit', 'order', 'after'];

export async function listVideos(c: Context<AppEnv>): Promise<Response> {
  const unknown = Object.keys(c.req.query()).find((name) => !PARAMETERS.includes(name));
  if (unknown !== undefined) {
    const param = unknown.slice(0, 60);
    throw new EverframeError('unknown_parameter', `Unknown parameter: '${param}'. Known are ${PARAMETERS.join(', ')}.`, { param });
  }
  const limit = parseLimit(c.req.query('limit'));
  const order = parseOrder(c.req.query('order'));
  let after = await parseCursor(c, c.req.query('after'));

  const videos: VideoRecord[] = [];
  let has_more = true;
  // More than once only where videos were deleted a moment ago: an empty page would end a client's walk.
  while (has_more && videos.length === 0) {
    const places: Place[] = await listPlaces(c.env.DB, c.get('account_id'), { order, after, limit: limit + 1 });
    has_more = places.length > limit;
    const page = places.slice(0, limit);
    const views = await Promise.all(page.map(({ id }) => c.env.VIDEO.getByName(id).view()));
    videos.push(...views.filter((view) => view !== null));
    after = page.at(-1) ?? null;
  }
  const data = videos.map(toVideoView);
  return c.json({ object: 'list', data, first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null, has_more });
}

function parseLimit(value: string | undefined): number {
  if (value === undefined) return LIST_LIMITS.default;
  const limit = /^\d{1,4}$/.test(value) ? Number(value) : 0;
  if (limit >= 1 && limit <= LIST_LIMITS.max) return limit;
  throw new EverframeError('invalid_value', `'limit' must be a whole number from 1 to ${LIST_LIMITS.max}; got '${value.slice(0, 60)}'.`, {
    param: 'limit',
  });
}

function parseOrder(value = 'desc'): 'asc' | 'desc' {
  if (value === 'asc' || value === 'desc') return value;
  throw new EverframeError('invalid_value', `'order' must be 'asc' or 'desc'; got '${value.slice(0, 60)}'.`, { param: 'order' });
}

async function parseCursor(c: Context<AppEnv>, id: string | undefined): Promise<Place | null> {
  if (id === undefined) return null;
  const place = await findPlace(c.env.DB, c.get('account_id'), id);
  if (place) return place;
  throw new EverframeError('invalid_value', `'after' must be the id of a video of yours; got '${id.slice(0, 60)}'. Begin without it.`, {
    param: 'after',
  });
}
