/** Who calls, and what they may do: `Authorization: Bearer ef_live_…` to an account. A mistyped key is refused without a look-up. */
import { EverframeError, hashApiKey, parseApiKey, type Scope } from '@everframe/shared';
import type { MiddlewareHandler } from 'hono';
import type { AppEnv } from '../env.ts';
import { equalSecrets, readCredential } from '../http/credential.ts';
import { findApiKey } from '../store/api-keys.ts';
import { countRequest } from './count-request.ts';

/** @param scope what the key must be allowed to do; every key may use a route without one */
export function authenticate(scope?: Scope): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const header = c.req.header('authorization');
    if (!header) throw new EverframeError('missing_api_key', 'No API key was sent. Send it as `Authorization: Bearer ef_live_…`.');
    const text = readCredential(header, 'Bearer');
    const key = text === undefined ? undefined : parseApiKey(text);
    if (!key) throw invalidKey('The API key is mistyped or incomplete: its checksum does not fit. Copy it again.');

    const [hash, row] = await Promise.all([hashApiKey(c.get('settings').keyPepper, key), findApiKey(c.env.DB, key.id)]);
    if (!row || !(await equalSecrets(row.hash, hash))) throw invalidKey('The API key is unknown. Make a new one.');
    if (row.revoked_at_ms !== null && row.revoked_at_ms <= Date.now()) throw invalidKey('The API key was revoked. Make a new one.');
    if (row.expires_at_ms !== null && row.expires_at_ms <= Date.now()) throw invalidKey('The API key has expired. Make a new one.');

    c.set('account_id', row.account_id);
    c.set('api_key', row);
    await countRequest(c, row);
    if (scope && row.scopes && !row.scopes.includes(scope)) {
      throw new EverframeError(
        'insufficient_scope',
        `This needs a key with the scope '${scope}'; this one has: ${row.scopes.map((own) => `'${own}'`).join(', ') || 'none'}.`,
      );
    }
    await next();
  };
}

function invalidKey(message: string): EverframeError {
  return new EverframeError('invalid_api_key', message);
}
