/** `limit` of a list, as OpenAI's lists take it. */
import { EverframeError, LIST_LIMITS } from '@everframe/shared';

export function parseLimit(value: string | undefined): number {
  if (value === undefined) return LIST_LIMITS.default;
  const limit = /^\d{1,4}$/.test(value) ? Number(value) : 0;
  if (limit >= 1 && limit <= LIST_LIMITS.max) return limit;
  throw new EverframeError('invalid_value', `'limit' must be a whole number from 1 to ${LIST_LIMITS.max}; got '${value.slice(0, 60)}'.`, {
    param: 'limit',
  });
}
