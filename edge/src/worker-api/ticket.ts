/**
 * What lets a worker move bytes without asking the video's object: base64url(JSON) + '.' + base64url(HMAC-SHA-256).
 * It allows uploads below the video's epoch prefix and reads below its prefix, until the lease it came with ends.
 */
export interface Ticket {
  readonly video_id: string;
  readonly epoch: number;
  /** Unix milliseconds. */
  readonly expires_at_ms: number;
}

export async function signTicket(secret: string, { video_id, epoch, expires_at_ms }: Ticket): Promise<string> {
  const payload = new TextEncoder().encode(JSON.stringify({ video_id, epoch, expires_at_ms }));
  const signature = await crypto.subtle.sign('HMAC', await importKey(secret), payload);
  return `${toBase64Url(payload)}.${toBase64Url(new Uint8Array(signature))}`;
}

/** @returns undefined where the text is no ticket, was changed, or has expired */
export async function readTicket(secret: string, text: string, now_ms: number): Promise<Ticket | undefined> {
  const [payload, signature, ...rest] = text.split('.').map(fromBase64Url);
  if (!payload || !signature || rest.length > 0) return undefined;
  const genuine = await crypto.subtle.verify('HMAC', await importKey(secret), signature, payload);
  if (!genuine) return undefined;
  const ticket = JSON.parse(new TextDecoder().decode(payload)) as Ticket;
  return ticket.expires_at_ms > now_ms ? ticket : undefined;
}

function importKey(secret: string): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', new TextEncoder().encode(secret), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign', 'verify']);
}

function toBase64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}

function fromBase64Url(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (!/^[\w-]+$/.test(text) || text.length % 4 === 1) return undefined;
  return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (character) => character.charCodeAt(0));
}
