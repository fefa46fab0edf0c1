/** The prompts that a video was sent while it was made: a table of its object, every statement on it. */
import type { DirectiveAnswer, LivePrompt, PromptSegment } from '@everframe/shared';

export interface StoredPrompt {
  readonly id: string;
  readonly created_at_ms: number;
  readonly prompt: LivePrompt;
  /** Null until a commit has brought the worker's answer. */
  readonly answer: DirectiveAnswer | null;
}

/** How a request is known again: by its key, or as a client's own retry by its body. */
export interface RequestMark {
  readonly key: string | null;
  readonly retry: boolean;
  readonly body_hash: string;
}

type Row = { id: string; created_at_ms: number; prompt: string; answer: string | null; request_key: string | null; body_hash: string };

export function insertPrompt(sql: SqlStorage, { id, created_at_ms, prompt }: StoredPrompt, { key, body_hash }: RequestMark): void {
  openPrompts(sql).exec(
    'INSERT INTO prompts (id, created_at_ms, prompt, characters, request_key, body_hash) VALUES (?, ?, ?, ?, ?, ?)',
    ...[id, created_at_ms, JSON.stringify(prompt), prompt.prompt.length, key, body_hash],
  );
}

/** In the order in which they came. */
export function listPrompts(sql: SqlStorage): StoredPrompt[] {
  return openPrompts(sql).exec<Row>('SELECT * FROM prompts ORDER BY number').toArray().map(toPrompt);
}

/** Those that no commit has answered yet. */
export function unansweredPrompts(sql: SqlStorage): StoredPrompt[] {
  return openPrompts(sql).exec<Row>('SELECT * FROM prompts WHERE answer IS NULL ORDER BY number').toArray().map(toPrompt);
}

/** The first answer counts. */
export function answerPrompts(sql: SqlStorage, answers: readonly DirectiveAnswer[]): void {
  for (const answer of answers) {
    openPrompts(sql).exec('UPDATE prompts SET answer = ? WHERE id = ? AND answer IS NULL', JSON.stringify(answer), answer.id);
  }
}

/** Of the accepted ones, as the video's command has them. */
export function acceptedSegments(sql: SqlStorage): PromptSegment[] {
  const rows = openPrompts(sql).exec<Row>("SELECT * FROM prompts WHERE answer ->> '$.outcome' = 'accepted' ORDER BY number").toArray();
  return rows.map(toPrompt).flatMap(({ prompt, answer }) => {
    return answer?.outcome === 'accepted' ? [{ ...prompt, start_frame: answer.start_frame }] : [];
  });
}

export function countPrompts(sql: SqlStorage): { in_all: number; unanswered: number; characters: number } {
  return openPrompts(sql)
    .exec<{ in_all: number; unanswered: number; characters: number }>(
      'SELECT COUNT(*) AS in_all, COUNT(*) - COUNT(answer) AS unanswered, COALESCE(SUM(characters), 0) AS characters FROM prompts',
    )
    .one();
}

/** The prompt of an earlier try of this request, with the hash of its body. */
export function findRepeated(
  sql: SqlStorage,
  { key, retry, body_hash }: RequestMark,
  since_ms: number,
): { prompt: StoredPrompt; body_hash: string } | undefined {
  if (key === null && !retry) return undefined;
  const [row] =
    key !== null
      ? openPrompts(sql).exec<Row>('SELECT * FROM prompts WHERE request_key = ?', key).toArray()
      : openPrompts(sql)
          .exec<Row>('SELECT * FROM prompts WHERE body_hash = ? AND created_at_ms >= ? ORDER BY number DESC LIMIT 1', body_hash, since_ms)
          .toArray();
  return row && { prompt: toPrompt(row), body_hash: row.body_hash };
}

const opened = new WeakSet<SqlStorage>();

/** Videos that were made before there were such prompts have no table. */
export function openPrompts(sql: SqlStorage): SqlStorage {
  if (opened.has(sql)) return sql;
  sql.exec(`
    CREATE TABLE IF NOT EXISTS prompts (
      number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, created_at_ms INTEGER NOT NULL, prompt TEXT NOT NULL,
      characters INTEGER NOT NULL, request_key TEXT UNIQUE, body_hash TEXT NOT NULL, answer TEXT
    )`);
  opened.add(sql);
  return sql;
}

export function forgetPrompts(sql: SqlStorage): void {
  opened.delete(sql);
}

function toPrompt({ id, created_at_ms, prompt, answer }: Row): StoredPrompt {
  return {
    id,
    created_at_ms,
    prompt: JSON.parse(prompt) as LivePrompt,
    answer: answer === null ? null : (JSON.parse(answer) as DirectiveAnswer),
  };
}
