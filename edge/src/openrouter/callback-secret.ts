/** GET /v1/callback_secret: what signs the callbacks of an account's videos. It follows from KEY_PEPPER, so nothing stores it. */
import { hmacHex } from '@everframe/shared';
import type { Context } from 'hono';
import type { AppEnv } from '../env.ts';

export async function getCallbackSecret(c: Context<AppEnv>): Promise<Response> {
  const secret = await callbackSecret(c.get('settings').keyPepper, c.get('account_id'));
  return c.json({ object: 'callback_secret', secret });
}

/** Taken as UTF-8, as it stands. */
export async function callbackSecret(pepper: string, account_id: string): Promise<string> {
  // The label keeps this use of the pepper apart from the others.
  return `cbsec_${await hmacHex(pepper, `callbacks of ${account_id}`)}`;
}
