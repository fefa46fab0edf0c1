/** What an API key may be allowed to do. A key without a list may do all of it; no key may use the admin routes. */
export const SCOPES = ['videos.read', 'videos.write', 'webhooks', 'usage.read'] as const;
export type Scope = (typeof SCOPES)[number];
