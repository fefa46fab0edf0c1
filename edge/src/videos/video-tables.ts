/**
 * The SQLite tables inside one video's object, and every statement on them but those on the outbox and on prompts.
 * They are made with the video, so asking for an id that never was stores nothing.
 */
import {
  type Asset,
  type CommitRequest,
  type EndedBy,
  type Endless,
  type GenerationCommand,
  insertSegment,
  type RecordedEvent,
  type Segment,
  type VideoEvent,
} from '@everframe/shared';
import { acceptedSegments, forgetPrompts, openPrompts } from './prompt-table.ts';
import type { Beginning, VideoState } from './video-state.ts';

/** Every step of a video begins with asking, so what was seen is not asked for again. */
const seen = new WeakSet<SqlStorage>();

export function hasTables(sql: SqlStorage): boolean {
  if (seen.has(sql)) return true;
  const has_tables = sql.exec("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'video'").toArray().length > 0;
  if (has_tables) seen.add(sql);
  return has_tables;
}

/** In one stretch with what empties the object, so that nobody asks for a table that is gone. */
export function forgetTables(sql: SqlStorage): void {
  seen.delete(sql);
  forgetPrompts(sql);
}

export function createTables(sql: SqlStorage): void {
  sql.exec(`
    CREATE TABLE video (id TEXT PRIMARY KEY, command TEXT NOT NULL, state TEXT NOT NULL);
    CREATE TABLE commits (chunk_index INTEGER PRIMARY KEY, segment TEXT NOT NULL, checkpoint TEXT NOT NULL);
    CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, created_at_ms INTEGER NOT NULL, event TEXT NOT NULL);
    CREATE TABLE outbox (
      id INTEGER PRIMARY KEY AUTOINCREMENT, errand TEXT NOT NULL UNIQUE, due_at_ms INTEGER NOT NULL, failures INTEGER NOT NULL
    );
  `);
  openPrompts(sql);
}

/** The command never changes and can be long, so it is not written again with each state. */
export function insertVideo(sql: SqlStorage, { command, ...state }: VideoState): void {
  sql.exec('INSERT INTO video (id, command, state) VALUES (?, ?, ?)', state.id, JSON.stringify(command), JSON.stringify(state));
}

export function saveState(sql: SqlStorage, { command: _unchanged, ...state }: VideoState): void {
  sql.exec('UPDATE video SET state = ?', JSON.stringify(state));
}

/**
 * With every prompt that was accepted while the video was made.
 * @returns undefined where the object holds no video: never created, or expired
 */
export function loadState(sql: SqlStorage): VideoState | undefined {
  if (!hasTables(sql)) return undefined;
  const { command, state } = sql.exec<{ command: string; state: string }>('SELECT command, state FROM video').one();
  const asked = toCommand(command);
  const stored = JSON.parse(state) as StoredState;
  const known = { ...OLDER_STATE, ...stored, ended_by: stored.ended_by ?? stored.endless?.ended_by ?? null };
  const told = { ...asked, segments: acceptedSegments(sql).reduce(insertSegment, asked.segments) };
  return { ...known, command: asLongAsMade(told, known) };
}

/**
 * A video that was endless, or ended early, is from its completion on one of the length that it has: its seconds rounded up
 * to whole ones, and no prompt of it lies behind its end.
 */
function asLongAsMade({ endless, ...command }: GenerationCommand, { status, frames_done }: Omit<VideoState, 'command'>): GenerationCommand {
  if (status !== 'completed') return { ...command, ...(endless && { endless }) };
  if (frames_done === command.frames) return command;
  const segments = command.segments.filter(({ start_frame }) => start_frame < frames_done);
  return { ...command, segments, frames: frames_done, seconds: Math.ceil(frames_done / command.fps) };
}

/** @returns null where nobody works on the video */
export function leaseEnd(sql: SqlStorage): number | null {
  return sql.exec<{ at_ms: number | null }>("SELECT state ->> '$.lease.ends_at_ms' AS at_ms FROM video").one().at_ms;
}

/** As the request that made the video asked for it. */
export function requestedCommand(sql: SqlStorage): GenerationCommand {
  return toCommand(sql.exec<{ command: string }>('SELECT command FROM video').one().command);
}

function toCommand(text: string): GenerationCommand {
  return { ...OLDER_COMMAND, ...(JSON.parse(text) as GenerationCommand) };
}

/** An older video said in another place who ended it. */
type StoredState = Omit<VideoState, 'command' | 'ended_by' | 'endless'> & {
  readonly ended_by?: EndedBy | null;
  readonly endless: (Endless & { readonly ended_by?: EndedBy | null }) | null;
};

/** What the state and the command of an older video lack. */
const OLDER_STATE = {
  ...{ price: null, request_id: null, held: false, remixed_from_video_id: null, parent_file: null, source: null, callback: null },
  ...{
    endless: null,
    spritesheet: null,
    credential: null,
    restamp: null,
    replaced: [] as readonly string[],
    publications: [] as readonly string[],
  },
} as const;
const OLDER_COMMAND: Pick<GenerationCommand, 'negative_prompt' | 'segments' | 'prompt_disclosure'> = {
  negative_prompt: '',
  segments: [],
  prompt_disclosure: 'hash',
};

export function insertCommit(sql: SqlStorage, { segment, checkpoint }: CommitRequest): void {
  sql.exec(
    'INSERT INTO commits (chunk_index, segment, checkpoint) VALUES (?, ?, ?)',
    segment.chunk_index,
    JSON.stringify(segment),
    JSON.stringify(checkpoint),
  );
}

/** As if it had been committed; a state is known behind the last chunk alone. */
export function insertBeginning(sql: SqlStorage, { segments, checkpoint }: Beginning): void {
  for (const segment of segments) {
    const known = segment === segments.at(-1) ? checkpoint : null;
    const statement = 'INSERT INTO commits (chunk_index, segment, checkpoint) VALUES (?, ?, ?)';
    sql.exec(statement, segment.chunk_index, JSON.stringify(segment), JSON.stringify(known));
  }
}

/** The chunks of the first `frames`, and the state behind them. @returns null where none ends there, or that state is not known */
export function beginningOf(sql: SqlStorage, frames: number): Beginning | null {
  const segments = listSegments(sql).filter((segment) => segment.first_frame + segment.frames <= frames);
  const last = segments.at(-1);
  if (!last || last.first_frame + last.frames !== frames) return null;
  const row = sql.exec<{ checkpoint: string }>('SELECT checkpoint FROM commits WHERE chunk_index = ?', last.chunk_index).one();
  const checkpoint = JSON.parse(row.checkpoint) as Asset | null;
  return checkpoint && { segments, checkpoint };
}

/** What the model made of each chunk, in order; null where it was not kept. */
export function listLatents(sql: SqlStorage): (Asset | null)[] {
  const rows = sql.exec<{ latents: string | null }>("SELECT segment -> '$.latents' AS latents FROM commits ORDER BY chunk_index").toArray();
  return rows.map(({ latents }) => (latents === null ? null : (JSON.parse(latents) as Asset)));
}

/** Everything committed, in order. */
export function listSegments(sql: SqlStorage): Segment[] {
  const rows = sql.exec<{ segment: string }>('SELECT segment FROM commits ORDER BY chunk_index').toArray();
  return rows.map((row) => JSON.parse(row.segment) as Segment);
}

/** The same without what the fingerprint is made of, which is most of it, and without what only edits ask for. */
export function listSegmentFiles(sql: SqlStorage): Segment[] {
  const query = "SELECT json_remove(segment, '$.luma_cells', '$.latents') AS segment FROM commits ORDER BY chunk_index";
  return sql
    .exec<{ segment: string }>(query)
    .toArray()
    .map((row) => JSON.parse(row.segment) as Segment);
}

/** The state after the last commit. */
export function lastCheckpoint(sql: SqlStorage): Asset | null {
  const [row] = sql.exec<{ checkpoint: string }>('SELECT checkpoint FROM commits ORDER BY chunk_index DESC LIMIT 1').toArray();
  return row ? (JSON.parse(row.checkpoint) as Asset) : null;
}

export function appendEvent(sql: SqlStorage, event: VideoEvent, now_ms: number): RecordedEvent {
  const insert = 'INSERT INTO events (created_at_ms, event) VALUES (?, ?) RETURNING id';
  return { ...event, id: sql.exec<{ id: number }>(insert, now_ms, JSON.stringify(event)).one().id, created_at_ms: now_ms };
}

/** @param from the first id that is wanted */
export function listEvents(sql: SqlStorage, from = 0): RecordedEvent[] {
  const query = 'SELECT id, created_at_ms, event FROM events WHERE id >= ? ORDER BY id';
  const rows = sql.exec<{ id: number; created_at_ms: number; event: string }>(query, from);
  return rows.toArray().map(({ id, created_at_ms, event }) => ({ ...(JSON.parse(event) as VideoEvent), id, created_at_ms }));
}
