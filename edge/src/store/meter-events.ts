/** D1: charges and refunds, one row each, for whatever sends invoices. */
import type { Entry } from '../accounts/ledger.ts';

/** Safe to repeat. */
export async function addMeterEvent(db: D1Database, account_id: string, entry: Entry): Promise<void> {
  const { subject, kind, key_id, model, seconds, micro_usd, created_at_ms } = entry;
  await db
    .prepare(
      `INSERT INTO meter_events (account_id, video_id, kind, key_id, model, seconds, micro_usd, created_at_ms)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    )
    .bind(account_id, subject, kind, key_id, model, seconds, Math.abs(micro_usd), created_at_ms)
    .run();
}
