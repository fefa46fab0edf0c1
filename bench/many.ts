/**
 * An account of very many videos against one of a hundred: the first page of the list, a page half-way down by its cursor, and one
 * video. Each is a fresh workerd process with a database of its own; rounds alternate. The videos on those pages are real ones, the rest
 * are rows of the index, which is all that a list reads of what it does not show.
 * Options: --videos (of the large account), --requests (of each kind in a round), --rounds.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Stack, startStack } from '@everframe/cli/stack';
import { readNumbers, single } from './options.ts';
import { median, report, round } from './report.ts';

type Kind = 'first_page' | 'deep_page' | 'one_video';
const KINDS: readonly Kind[] = ['first_page', 'deep_page', 'one_video'];
const FEW = 100;
const PAGE = 20;

const given = readNumbers({ videos: [100_000], requests: [20], rounds: [6] });
const [videos, requests, rounds] = [single('videos', given.videos), single('requests', given.requests), single('rounds', given.rounds)];

const data_dir = await mkdtemp(join(tmpdir(), 'everframe-bench-'));
const few = await startStack({ data_dir: join(data_dir, 'few'), workers: 0 });
const many = await startStack({ data_dir: join(data_dir, 'many'), workers: 0 });
try {
  const sides = { few: await prepare(few, FEW), many: await prepare(many, videos) };
  for (const side of Object.values(sides)) for (const path of Object.values(side.paths)) await ask(side, path);
  for (let index = 0; index < rounds; index++) {
    const order = index % 2 === 0 ? (['few', 'many'] as const) : (['many', 'few'] as const);
    for (const name of order) for (const kind of KINDS) sides[name].times[kind].push(await ask(sides[name], sides[name].paths[kind]));
  }
  const figures = ({ times }: Side) => Object.fromEntries(KINDS.map((kind) => [kind, round(median(times[kind]))]));
  const over = (kind: Kind) => round(median(sides.many.times[kind].map((ms, index) => ms / (sides.few.times[kind][index] ?? Number.NaN))));
  report('many', {
    ms_over_few: Object.fromEntries(KINDS.map((kind) => [kind, over(kind)])),
    many_ms: figures(sides.many),
    few_ms: figures(sides.few),
    ...{ videos, few: FEW, requests, rounds },
  });
} finally {
  await Promise.all([few.stop(), many.stop()]);
  await rm(data_dir, { recursive: true, force: true });
}

/** Milliseconds for one request, the mean of a round. */
async function ask({ stack }: Side, path: string): Promise<number> {
  const headers = { authorization: `Bearer ${stack.api_key}` };
  const began = performance.now();
  for (let request = 0; request < requests; request++) {
    const response = await fetch(`${stack.url}${path}`, { headers });
    const { object, data } = (await response.json()) as { object?: string; data?: unknown[] };
    if (!response.ok || (object === 'list' && data?.length !== PAGE))
      throw new Error(`${path}: ${response.status}, ${data?.length} videos`);
  }
  return (performance.now() - began) / requests;
}

/** Two pages of real videos, one newest and one half-way down, and rows of the index around them. */
async function prepare(stack: Stack, count: number): Promise<Side> {
  const ids: string[] = [];
  const headers = { authorization: `Bearer ${stack.api_key}`, 'content-type': 'application/json' };
  while (ids.length < 2 * PAGE) {
    const body = JSON.stringify({ prompt: `a red balloon, number ${ids.length}` });
    const response = await fetch(`${stack.url}/v1/videos`, { method: 'POST', headers, body });
    if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
    ids.push(((await response.json()) as { id: string }).id);
  }
  await indexed(stack, ids);
  const { account_id } = (await stack.db.prepare('SELECT account_id FROM videos').first<{ account_id: string }>()) ?? { account_id: '' };
  const deep = ids.slice(0, PAGE);
  const middle_ms = Date.now() - 24 * 60 * 60 * 1000;
  const half = Math.floor((count - ids.length) / 2);
  const move = stack.db.prepare('UPDATE videos SET created_at_ms = ? WHERE id IN (SELECT value FROM json_each(?))');
  await move.bind(middle_ms, JSON.stringify(deep)).run();
  // One each second, before and behind those.
  const fill = stack.db.prepare(
    `WITH RECURSIVE rows (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM rows WHERE i < ?1)
     INSERT INTO videos (id, account_id, status, model, created_at_ms, updated_at_ms)
     SELECT printf('video_%s%031d', ?2, i), ?3, 'completed', 'everframe-storybook-1', ?4 + ?5 * i, ?6 FROM rows`,
  );
  const sides = [
    ['a', 1000],
    ['b', -1000],
  ] as const;
  for (const [letter, step_ms] of sides) await fill.bind(half, letter, account_id, middle_ms, step_ms, Date.now()).run();
  const before = `video_a${'1'.padStart(31, '0')}`;
  return {
    stack,
    paths: { first_page: '/v1/videos', deep_page: `/v1/videos?after=${before}`, one_video: `/v1/videos/${deep[0]}` },
    times: { first_page: [], deep_page: [], one_video: [] },
  };
}

/** A video's row is written by its object, a moment behind the answer. */
async function indexed({ db }: Stack, ids: readonly string[]): Promise<void> {
  for (;;) {
    const row = await db.prepare('SELECT COUNT(*) AS n FROM videos').first<{ n: number }>();
    if (row?.n === ids.length) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

interface Side {
  readonly stack: Stack;
  readonly paths: Readonly<Record<Kind, string>>;
  /** Milliseconds for one request, of each round. */
  readonly times: Readonly<Record<Kind, number[]>>;
}
