/**
 * From decoded frames to a manifest: what a file without a credential still says, and whose it is by the word of a service. The page
 * and the command line ask alike; how a request is sent is theirs.
 */
import { HASHES_MAX, HASHES_MIN } from '../limits.ts';
import { FINGERPRINT_ALG, fingerprintOf, NOTHING } from './fingerprint.ts';
import { MARK_ALG } from './layout.ts';
import { createLumaCells } from './luma-cells.ts';
import { createMarkReader } from './read-mark.ts';

/** Frames a second that are enough for both. */
export const PICTURES_A_SECOND = 8;
/** Seconds of a file that are looked at. */
export const PICTURE_SECONDS = 12;
/** A file may begin anywhere in a second of the whole. */
const BEGINNINGS = [0, 0.25, 0.5, 0.75];

export interface PictureSigns {
  /** 12 hex digits; null where none was found. */
  readonly mark: string | null;
  /** Of all beginnings. */
  readonly hashes: readonly string[];
}

export interface PictureReader {
  /** @param luma a byte a pixel @param seconds from the first frame */
  add(luma: Uint8Array, seconds: number): void;
  read(): PictureSigns;
}

export interface Recovery {
  readonly found_by: 'mark' | 'fingerprint';
  /** Also one that leads nowhere. */
  readonly mark: string | null;
  /** The label of the manifest; null where neither mark nor fingerprint leads to one. */
  readonly manifest_id: string | null;
  /** 0 to 100; null where nothing was found. */
  readonly similarity: number | null;
  /** Whether the manifest is still there. */
  readonly manifest: 'present' | 'gone' | 'unknown';
}

/** Sends a request to a service. @param path from the host on */
export type Ask = (path: string, init?: { method: string; headers: Record<string, string>; body: string }) => Promise<Response>;

export function createPictureReader(width: number, height: number): PictureReader {
  const reader = createMarkReader(width, height);
  const cells = BEGINNINGS.map(createLumaCells);
  return {
    add(luma, seconds) {
      reader.add(luma);
      for (const [index, beginning] of BEGINNINGS.entries()) cells[index]?.add(luma, width, height, seconds - beginning);
    },
    read: () => ({
      mark: reader.read().id,
      hashes: cells
        .flatMap((each) => fingerprintOf(each.cells()))
        .filter((hash) => hash !== NOTHING)
        .slice(0, HASHES_MAX),
    }),
  };
}

/**
 * A mark that the service has no manifest of, as of a recording of a live video, is no end: the fingerprint may have one.
 * @returns null where nothing in the pictures leads to this service @throws Error with the service's own sentence
 */
export async function lookUp({ mark, hashes }: PictureSigns, ask: Ask): Promise<Recovery | null> {
  const [marked] = mark === null ? [] : await matches(ask, MARK_ALG, mark);
  const found = marked ?? (hashes.length < HASHES_MIN ? undefined : (await matches(ask, FINGERPRINT_ALG, hashes.join('')))[0]);
  if (!found) return mark === null ? null : { found_by: 'mark', mark, manifest_id: null, similarity: null, manifest: 'unknown' };
  const { status } = await ask(`/v1/c2pa/manifests/${found.manifestId}`);
  return {
    found_by: marked ? 'mark' : 'fingerprint',
    mark,
    manifest_id: found.manifestId,
    similarity: found.similarityScore,
    manifest: status === 200 ? 'present' : status === 410 ? 'gone' : 'unknown',
  };
}

async function matches(ask: Ask, alg: string, hex: string): Promise<{ manifestId: string; similarityScore: number }[]> {
  const bytes = (hex.match(/../g) ?? []).map((pair) => String.fromCharCode(Number.parseInt(pair, 16))).join('');
  const body = JSON.stringify({ alg, value: btoa(bytes) });
  const response = await ask('/v1/c2pa/matches/byBinding', { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  const answer = (await response.json()) as { matches: { manifestId: string; similarityScore: number }[] } | { error: { message: string } };
  if ('error' in answer) throw new Error(answer.error.message);
  return answer.matches;
}

/** What was found as sentences, the most important first. */
export function recoveryText(recovery: Recovery): string[] {
  const { found_by, mark, manifest_id, similarity, manifest } = recovery;
  const leadsNowhere = `a mark of this kind, ${mark}, which leads to no finished video of this service`;
  if (manifest_id === null) {
    return [
      `No credential, but its pictures carry ${leadsNowhere}: it is of a video that was not finished, as a live one that was recorded, or another service's.`,
    ];
  }
  const by =
    found_by === 'mark'
      ? `No credential, but its pictures carry our mark ${mark}: they come from a video that this service made.`
      : `No credential${mark === null ? ' and no mark' : ` and ${leadsNowhere}`}, but its pictures are like a video that this service made (${similarity} of 100 bits agree).`;
  const where =
    manifest === 'gone'
      ? 'That video was deleted or has expired, and its manifest with it.'
      : `Its manifest is ${manifest_id}, at /v1/c2pa/manifests/${manifest_id}.`;
  const caution =
    found_by === 'mark'
      ? 'A mark can be copied to other pictures: compare what the manifest states with what you see.'
      : 'Likeness is no proof: compare what the manifest states with what you see.';
  return [by, where, caution];
}
