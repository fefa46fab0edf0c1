/** The token of `Authorization: <scheme> <token>`, and a comparison whose time says nothing about the secret. */

/** @returns undefined where the header is absent, of another scheme, or empty */
export function readCredential(header: string | undefined, scheme: 'Bearer' | 'Ticket'): string | undefined {
  const [given, token, ...rest] = (header ?? '').trim().split(/ +/);
  if (given?.toLowerCase() !== scheme.toLowerCase() || rest.length > 0) return undefined;
  return token || undefined;
}

/** Equal texts, compared by their digests: those have one length, whatever was sent. */
export async function equalSecrets(a: string, b: string): Promise<boolean> {
  const encoder = new TextEncoder();
  const [left, right] = await Promise.all([a, b].map((text) => crypto.subtle.digest('SHA-256', encoder.encode(text))));
  if (!left || !right) throw new Error('SHA-256 gave no digest');
  return crypto.subtle.timingSafeEqual(left, right);
}
