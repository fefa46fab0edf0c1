/** The ticket of `authorization: Ticket <ticket>`, checked against the key that the request names. */
import { EverframeError, epochPrefix, videoPrefix } from '@everframe/shared';
import type { Context } from 'hono';
import type { AppEnv } from '../env.ts';
import { readCredential } from '../http/credential.ts';
import { readTicket } from './ticket.ts';

const FILE_NAME = /^[\w-][\w.-]{0,99}$/;

/** @returns the object key, which the ticket allows to write or to read */
export async function requireTicket(c: Context<AppEnv>, use: 'write' | 'read'): Promise<string> {
  const text = readCredential(c.req.header('authorization'), 'Ticket');
  const ticket = text && (await readTicket(c.get('settings').ticketSecret, text, Date.now()));
  if (!ticket) {
    throw new EverframeError(
      'invalid_ticket',
      'Send the newest ticket as `authorization: Ticket <ticket>`; each beat and commit brings one.',
    );
  }
  const key = c.req.param('key') ?? '';
  const prefix = use === 'write' ? epochPrefix(ticket.video_id, ticket.epoch) : videoPrefix(ticket.video_id);
  const names = key.slice(prefix.length).split('/');
  if (!key.startsWith(prefix) || !names.every((name) => FILE_NAME.test(name))) {
    throw new EverframeError('invalid_ticket', `This ticket allows to ${use} below '${prefix}'; the key is '${key.slice(0, 200)}'.`);
  }
  return key;
}
