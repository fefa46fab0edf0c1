/** What a prompt can be flagged for: OpenAI's thirteen categories and one of ours, and which of them a video is refused for. */

export const CATEGORIES = [
  'harassment',
  'harassment/threatening',
  'hate',
  'hate/threatening',
  'illicit',
  'illicit/violent',
  'self-harm',
  'self-harm/instructions',
  'self-harm/intent',
  'sexual',
  'sexual/minors',
  'violence',
  'violence/graphic',
  /** Ours: a real person shown nude, in sexual acts, killed, or saying what was never said. */
  'impersonation',
] as const;
export type Category = (typeof CATEGORIES)[number];

/** A fight, a battle and a rude word are no reason to refuse a film. */
const ALLOWED: readonly Category[] = ['harassment', 'violence'];

export function isBlocked(category: Category): boolean {
  return !ALLOWED.includes(category);
}

export function isCategory(name: string): name is Category {
  return (CATEGORIES as readonly string[]).includes(name);
}
