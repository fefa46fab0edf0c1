/** A client that shows no key, known by its address: an IPv6 one by its /64, which is what one household or host is given. */
import type { Context } from 'hono';
import type { AppEnv } from '../env.ts';

/**
 * A hash, so that no address is kept. Cloudflare sets the header itself; where there is none, all visitors are one.
 * @param of what is counted by itself; default: all that the visitor asks
 */
export async function visitorOf(c: Context<AppEnv>, of = ''): Promise<string> {
  const address = c.req.header('cf-connecting-ip') ?? '';
  const network = address.includes(':') ? address.split('::')[0]?.split(':').slice(0, 4).join(':') : address;
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(of === '' ? network : `${network} ${of}`));
  return [...new Uint8Array(digest).subarray(0, 16)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
