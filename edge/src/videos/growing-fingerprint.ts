/**
 * What the segments of a video amount to of its fingerprint. Whoever goes on with the video is told this and not what each
 * segment said: a few bytes a second, and none behind the part of a video that has a fingerprint.
 */
import { FINGERPRINT_MAX_SECONDS, type GrowingFingerprint, type LumaCell } from '@everframe/shared';
import { growFingerprint } from '@everframe/shared/mark';

/** @param fps of the video @returns null where a segment says nothing of it */
export function growingFingerprint(sql: SqlStorage, fps: number): GrowingFingerprint | null {
  const rows = sql.exec<{ cells: string | null }>(
    "SELECT segment -> '$.luma_cells' AS cells FROM commits WHERE segment ->> '$.first_frame' < ? ORDER BY chunk_index",
    FINGERPRINT_MAX_SECONDS * fps,
  );
  const told: LumaCell[] = [];
  for (const { cells } of rows) {
    if (cells === null) return null;
    told.push(...(JSON.parse(cells) as LumaCell[]));
  }
  return growFingerprint({ hashes: [], cells: [] }, told);
}
