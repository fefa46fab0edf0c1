/** What an account used: its captures and refunds, summed by UTC day, key and model. */
import type { Sql } from './ledger.ts';

export interface UsageRow {
  /** `YYYY-MM-DD`, UTC, of the charge. */
  readonly day: string;
  readonly key_id: string;
  readonly model: string;
  readonly videos: number;
  /** Delivered seconds of video. */
  readonly seconds: number;
  readonly charged_micro_usd: number;
  readonly refunded_micro_usd: number;
}

/** Entries made in [from_ms, to_ms). */
export function usageBetween(sql: Sql, from_ms: number, to_ms: number): UsageRow[] {
  const rows = sql.exec<Record<keyof UsageRow, SqlStorageValue>>(
    `SELECT strftime('%Y-%m-%d', created_at_ms / 1000, 'unixepoch') AS day, key_id, model,
       SUM(kind = 'capture') AS videos,
       SUM(CASE kind WHEN 'capture' THEN seconds ELSE 0 END) AS seconds,
       SUM(CASE kind WHEN 'capture' THEN -micro_usd ELSE 0 END) AS charged_micro_usd,
       SUM(CASE kind WHEN 'refund' THEN micro_usd ELSE 0 END) AS refunded_micro_usd
     FROM ledger WHERE kind IN ('capture', 'refund') AND created_at_ms >= ? AND created_at_ms < ?
     GROUP BY day, key_id, model ORDER BY day, key_id, model`,
    ...[from_ms, to_ms],
  );
  return rows.toArray() as unknown as UsageRow[];
}
