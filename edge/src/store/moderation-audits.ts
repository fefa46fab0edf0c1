/** D1: refused prompts, without their text. */

export interface ModerationAudit {
  readonly id: string;
  readonly account_id: string;
  readonly request_id: string;
  readonly created_at_ms: number;
  readonly source: 'rules' | 'second_opinion';
  readonly categories: readonly string[];
  readonly rules: readonly string[];
  /** HMAC-SHA-256 of the prompt, lower-case hex. */
  readonly prompt_hmac: string;
}

export async function insertModerationAudit(db: D1Database, audit: ModerationAudit): Promise<void> {
  await db
    .prepare(
      `INSERT INTO moderation_audits (id, account_id, request_id, created_at_ms, source, categories, rules, prompt_hmac)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    .bind(
      audit.id,
      audit.account_id,
      audit.request_id,
      audit.created_at_ms,
      audit.source,
      JSON.stringify(audit.categories),
      JSON.stringify(audit.rules),
      audit.prompt_hmac,
    )
    .run();
}

export async function deleteModerationAudits(db: D1Database, before_ms: number): Promise<void> {
  await db.prepare('DELETE FROM moderation_audits WHERE created_at_ms < ?').bind(before_ms).run();
}
