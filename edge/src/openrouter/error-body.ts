/** A refusal in OpenRouter's shape: its `code` is the HTTP status, and our words for what was wrong are the metadata. */
import type { EverframeError } from '@everframe/shared';

/** Whether a request's path belongs to this dialect. */
export function isOpenRouterPath(path: string): boolean {
  return path.startsWith('/api/');
}

export function toOpenRouterBody(refusal: EverframeError) {
  const { message, ...metadata } = refusal.toBody().error;
  return { error: { code: refusal.kind.status, message, metadata } };
}
