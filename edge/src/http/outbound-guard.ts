/**
 * The only way to a URL that a customer named. HTTPS, to a public host, without redirects, within a time limit.
 * What holds: an address in the URL is judged as it is; a name is looked up over DNS first, and every address that it has
 * must be public. What does not: workerd looks the name up once more to connect, so a name that changes its address in
 * between is not caught here. On Cloudflare nothing private lies behind that: a Worker's requests leave from their
 * public network. Run elsewhere, the host's own firewall must close what the edge must not reach.
 */
import { EverframeError } from '@everframe/shared';
import { isAddress, isLoopbackAddress, isPublicAddress } from './address.ts';

export interface OutboundRules {
  /** Also this very machine, and by HTTP: for development. */
  readonly loopback: boolean;
  /** DNS over HTTPS (JSON); null: names are not looked up. */
  readonly resolver_url: string | null;
}

/** Names that only a local network resolves. */
const LOCAL_NAMES = /(^|\.)(localhost|local|internal|intranet|lan|home|corp|arpa|onion|invalid|test)$/;
const LOOKUP_TIMEOUT_MS = 3_000;
const RECORD_TYPES = { A: 1, AAAA: 28 } as const;

/** @throws EverframeError saying which rule the URL breaks */
export async function checkUrl(text: string, rules: OutboundRules): Promise<URL> {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url) throw notAllowed('must be an absolute URL');
  // The parser has made 0x7f.1 and 2130706433 plain addresses; a trailing dot names the same host.
  const host = url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  if (url.username !== '' || url.password !== '') throw notAllowed('must not carry a user name or password');
  if (rules.loopback && (host === 'localhost' || isLoopbackAddress(host))) {
    if (url.protocol === 'http:' || url.protocol === 'https:') return url;
  }
  if (url.protocol !== 'https:') throw notAllowed('must begin with https://');
  if (isAddress(host)) {
    if (!isPublicAddress(host)) throw notAllowed('must not lead to a private or special address');
    return url;
  }
  if (!host.includes('.') || LOCAL_NAMES.test(host)) throw notAllowed('must name a public host');
  if (rules.resolver_url !== null) await checkAddresses(host, rules.resolver_url);
  return url;
}

/** A request to a URL that was just checked. Redirects are brought back as they are, never followed. */
export async function fetchOutside(
  text: string,
  init: RequestInit & { readonly signal: AbortSignal },
  rules: OutboundRules,
): Promise<Response> {
  const url = await checkUrl(text, rules);
  return fetch(url, { ...init, redirect: 'manual' });
}

async function checkAddresses(host: string, resolver_url: string): Promise<void> {
  const found = (await Promise.all([lookUp(host, 'A', resolver_url), lookUp(host, 'AAAA', resolver_url)])).flat();
  if (found.length === 0) throw notAllowed('must name a host that exists');
  if (!found.every(isPublicAddress)) throw notAllowed('must not lead to a private or special address');
}

async function lookUp(name: string, type: keyof typeof RECORD_TYPES, resolver_url: string): Promise<string[]> {
  const url = new URL(resolver_url);
  url.searchParams.set('name', name);
  url.searchParams.set('type', type);
  let answer: { Answer?: { type: number; data: string }[] };
  try {
    const response = await fetch(url, { headers: { accept: 'application/dns-json' }, signal: AbortSignal.timeout(LOOKUP_TIMEOUT_MS) });
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    answer = await response.json();
  } catch (cause) {
    throw new EverframeError('url_not_allowed', "The URL's host could not be looked up. Try again in a while.", { param: 'url', cause });
  }
  return (answer.Answer ?? []).filter((record) => record.type === RECORD_TYPES[type]).map(({ data }) => data);
}

function notAllowed(rule: string): EverframeError {
  return new EverframeError('url_not_allowed', `The URL ${rule}.`, { param: 'url' });
}
