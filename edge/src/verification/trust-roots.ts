/**
 * Which roots are trusted: two PEM files in the media bucket, so that a list longer than a variable may be fits, and a new
 * one needs no deployment. `trust/own-roots.pem`: who signs for this service. `trust/trust-list.pem`: whom else we know by
 * name, for example C2PA's own list. Both are public.
 */
import { ownRootsKey, trustListKey } from '@everframe/shared';
import type { TrustRoots } from '@everframe/shared/verification';
import type { Env } from '../env.ts';

const KEPT_MS = 60_000;
/** What every certificate of a development chain carries as its organisation; anyone who has the checkout can make one. */
const DEVELOPMENT_NAME = 'Everframe development';

let kept: { readonly env: Env; readonly at_ms: number; readonly roots: Promise<TrustRoots> } | undefined;

/** @throws Error where a file holds no certificate, or a development root in production */
export function trustRoots(env: Env, allow_development: boolean): Promise<TrustRoots> {
  if (kept && kept.env === env && Date.now() - kept.at_ms < KEPT_MS) return kept.roots;
  const roots = readRoots(env, allow_development);
  kept = { env, at_ms: Date.now(), roots };
  // What failed is tried again by the next request.
  roots.catch(() => {
    kept = undefined;
  });
  return roots;
}

async function readRoots(env: Env, allow_development: boolean): Promise<TrustRoots> {
  const [own_roots_pem, trust_list_pem] = await Promise.all([readPem(env, ownRootsKey()), readPem(env, trustListKey())]);
  for (const [key, pem] of [
    [ownRootsKey(), own_roots_pem],
    [trustListKey(), trust_list_pem],
  ] as const) {
    if (!allow_development && holdsDevelopmentRoot(pem)) {
      throw new Error(`${key} holds the root of a development chain: remove it, or set DEVELOPMENT_ROOT=allow where this is no production`);
    }
  }
  return { own_roots_pem, trust_list_pem };
}

async function readPem(env: Env, key: string): Promise<string> {
  const object = await env.MEDIA.get(key);
  if (!object) return '';
  const pem = await object.text();
  if (certificatesOf(pem).length === 0) throw new Error(`${key} holds no certificate in PEM form`);
  return pem;
}

/** Names in a certificate are plain bytes of its DER, so the name can be found without parsing ASN.1. */
export function holdsDevelopmentRoot(pem: string): boolean {
  return certificatesOf(pem).some((der) => der.includes(DEVELOPMENT_NAME));
}

/** Each certificate's DER, one character a byte. */
function certificatesOf(pem: string): string[] {
  return [...pem.matchAll(/-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/g)].map(([, base64 = '']) =>
    atob(base64.replaceAll(/\s/g, '')),
  );
}
