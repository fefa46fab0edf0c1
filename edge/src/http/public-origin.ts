/** What an address of this service begins with in an answer: PUBLIC_URL where a proxy in front makes it another than the one that requests carry. */
import type { Context } from 'hono';
import type { AppEnv } from '../env.ts';

export function publicOrigin(c: Context<AppEnv>): string {
  return new URL(c.get('settings').publicUrl ?? c.req.url).origin;
}
