/**
 * Applies edge/migrations with wrangler's own bookkeeping table, so that `wrangler d1 migrations` and this agree on
 * what has been done. Each file is one batch: applied whole or not at all.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { unstable_splitSqlQuery as splitSqlQuery } from 'wrangler';

/** What this file needs of a D1 database. */
interface Database<Statement> {
  prepare(
    sql: string,
  ): Statement & { bind(...values: unknown[]): Statement; all<Row>(): Promise<{ results: Row[] }>; run(): Promise<unknown> };
  batch(statements: Statement[]): Promise<unknown>;
}

const BOOKKEEPING = `CREATE TABLE IF NOT EXISTS d1_migrations (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT UNIQUE,
  applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL
)`;

/** @returns names of the files that were applied now */
export async function applyMigrations<Statement>(db: Database<Statement>, folder: string): Promise<string[]> {
  await db.prepare(BOOKKEEPING).run();
  const { results } = await db.prepare('SELECT name FROM d1_migrations').all<{ name: string }>();
  const done = new Set(results.map(({ name }) => name));
  const files = (await readdir(folder)).filter((name) => name.endsWith('.sql') && !done.has(name)).sort();
  for (const name of files) {
    const statements = splitSqlQuery(await readFile(join(folder, name), 'utf8')).map((sql) => db.prepare(sql));
    await db.batch([...statements, db.prepare('INSERT INTO d1_migrations (name) VALUES (?)').bind(name)]);
  }
  return files;
}
