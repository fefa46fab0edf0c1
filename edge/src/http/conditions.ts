/**
 * Which part of an object a request is to get: RFC 9110, sections 13 (conditions) and 14 (ranges), for an object with
 * a strong ETag and no modification date. R2 would answer a range that it cannot satisfy with the whole object, so
 * ranges are decided here.
 */

export type Selection =
  | { readonly status: 200 }
  /** Bytes [offset, offset + length). */
  | { readonly status: 206; readonly offset: number; readonly length: number }
  | { readonly status: 304 | 412 | 416 };

/** @param etag with its quotes */
export function selectBytes(headers: Headers, etag: string, bytes: number): Selection {
  const if_match = headers.get('if-match');
  if (if_match !== null && !listsTag(if_match, etag, 'strong')) return { status: 412 };
  const if_none_match = headers.get('if-none-match');
  if (if_none_match !== null && listsTag(if_none_match, etag, 'weak')) return { status: 304 };

  const range = headers.get('range');
  const if_range = headers.get('if-range');
  if (range === null || (if_range !== null && if_range.trim() !== etag)) return { status: 200 };
  return selectRange(range, bytes);
}

/** A list of ranges or an unknown unit may be ignored (14.2), and is: the whole object is a right answer to it. */
function selectRange(range: string, bytes: number): Selection {
  const [, first = '', last = ''] = /^bytes=\s*(\d*)\s*-\s*(\d*)\s*$/i.exec(range) ?? [];
  if (first === '' && last === '') return { status: 200 };
  if (first === '') {
    const length = Math.min(Number(last), bytes);
    return length === 0 ? { status: 416 } : { status: 206, offset: bytes - length, length };
  }
  const offset = Number(first);
  const end = last === '' ? bytes : Math.min(Number(last) + 1, bytes);
  if (last !== '' && Number(last) < offset) return { status: 200 };
  return offset >= bytes ? { status: 416 } : { status: 206, offset, length: end - offset };
}

function listsTag(header: string, etag: string, comparison: 'strong' | 'weak'): boolean {
  if (header.trim() === '*') return true;
  const tags = header.split(',').map((tag) => tag.trim());
  return tags.some((tag) => tag === etag || (comparison === 'weak' && tag === `W/${etag}`));
}
