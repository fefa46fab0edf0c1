/** For tests of what runs inside a Durable Object: its SQL on a real SQLite in memory, and random numbers that can be repeated. */
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { mulberry32 } from '@everframe/shared/mulberry32';
import type { Sql } from '../accounts/ledger.ts';

export function openSql(): Sql {
  const db = new DatabaseSync(':memory:');
  return {
    exec: <Row>(query: string, ...values: unknown[]) => {
      const rows = db.prepare(query).all(...(values as SQLInputValue[])) as Row[];
      return { toArray: () => rows };
    },
  };
}

/** @returns whole numbers in [0, below) */
export function randomNumbers(seed: number): (below: number) => number {
  const random = mulberry32(seed);
  return (below) => (random() * 2 ** 32) % below;
}
