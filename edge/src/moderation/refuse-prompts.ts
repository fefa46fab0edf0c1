/**
 * Refuses a request for what its prompts ask, and records that it was: categories, rules and an HMAC of the prompt, so
 * that an operator can count and compare and answer an appeal without ever having read the text.
 */
import { describeError, EverframeError, hmacHex } from '@everframe/shared';
import type { Context } from 'hono';
import type { AppEnv } from '../env.ts';
import { log } from '../log.ts';
import { insertModerationAudit, type ModerationAudit } from '../store/moderation-audits.ts';
import { isBlocked } from './categories.ts';
import { moderate } from './moderate.ts';

/** @param prompts by the name of the parameter that brought them */
export async function refuseHarmfulPrompts(c: Context<AppEnv>, prompts: Readonly<Record<string, string>>): Promise<void> {
  const { moderation, keyPepper } = c.get('settings');
  for (const [param, prompt] of Object.entries(prompts)) {
    const { categories: found, source, rules } = await moderate(prompt, moderation);
    const categories = found.filter(isBlocked);
    if (source === null || categories.length === 0) continue;

    const audit: ModerationAudit = {
      id: `modr_${crypto.randomUUID().replaceAll('-', '')}`,
      account_id: c.get('account_id'),
      request_id: c.get('request_id'),
      created_at_ms: Date.now(),
      source,
      categories,
      rules,
      prompt_hmac: await hmacHex(keyPepper, `moderation\n${prompt}`),
    };
    await record(c, audit);
    throw new EverframeError(
      'moderation_blocked',
      `The prompt was refused by the safety rules (${categories.join(', ')}). Nothing was made or charged. ` +
        `Change it, or if it is harmless, name ${audit.id} to the operator.`,
      { param, details: { moderation_details: { moderation_stage: 'input', categories, audit_id: audit.id } } },
    );
  }
}

async function record(c: Context<AppEnv>, audit: ModerationAudit): Promise<void> {
  const { categories, rules, source, account_id, request_id, prompt_hmac } = audit;
  log('warn', 'a prompt was refused', { audit_id: audit.id, account_id, request_id, source, categories, rules, prompt_hmac });
  try {
    await insertModerationAudit(c.env.DB, audit);
  } catch (error) {
    // The log line has it too; a prompt is not let through because a row could not be written.
    log('error', 'a moderation audit was not stored', { audit_id: audit.id, error: describeError(error) });
  }
}
