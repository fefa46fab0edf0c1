/** For tests of what runs inside a Durable Object: its SQL on a real SQLite in memory, and random numbers that can be repeated. */
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
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

/** mulberry32. @returns whole numbers in [0, below) */
export function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}
