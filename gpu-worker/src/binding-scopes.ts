/**
 * Which part of a finished video carries which mark, and which its fingerprint covers. An extension's first frames have the mark of its
 * parent, or none; and a video may have been gone on with by a worker that was told to write none. Its manifest says so.
 */
import type { ClaimAnswer, GenerationCommand, Segment } from '@everframe/shared';
import { growFingerprint, wholeFingerprint } from '@everframe/shared/mark';
import { framesDone, ownSegments } from './progress.ts';
import type { Fingerprint, MarkedPart, Timespan } from './provenance/soft-bindings.ts';

/** @param segments all of the video's, in order. Of those whose worker did not say what it wrote, nothing is said. */
export function markedParts(command: Pick<GenerationCommand, 'fps' | 'continues'>, segments: readonly Segment[]): MarkedPart[] {
  const own = new Set(ownSegments(command, segments));
  const frames = framesDone({ segments });
  const runs: { mark: string; taken_over: boolean; first: number; end: number }[] = [];
  for (const segment of segments) {
    const { mark, first_frame } = segment;
    if (!mark) continue;
    const [taken_over, end] = [!own.has(segment), first_frame + segment.frames];
    const last = runs.at(-1);
    if (last?.end === first_frame && last.mark === mark && last.taken_over === taken_over) last.end = end;
    else runs.push({ mark, taken_over, first: first_frame, end });
  }
  return runs.map(({ mark, taken_over, first, end }) => ({
    mark,
    taken_over,
    timespan: first === 0 && end === frames ? undefined : timespanOf(first, end, command.fps),
  }));
}

/** The mark of the frames that were made for this video. */
export function ownMark(parts: readonly MarkedPart[]): string | undefined {
  return parts.find(({ taken_over }) => !taken_over)?.mark;
}

/**
 * Goes on with what the claim knows. Undefined where an older worker made a segment, which left nothing to make it from, or for
 * less than a second.
 * @param segments all of the video's, in order
 */
export function fingerprintOfVideo(claim: KnownAtClaim, segments: readonly Segment[]): Fingerprint | undefined {
  // An older edge tells it segment by segment.
  const { fingerprint: known = { hashes: [], cells: [] } } = claim;
  const others = claim.fingerprint === undefined ? segments : segments.slice(claim.segments.length);
  if (known === null || others.some(({ luma_cells }) => luma_cells === undefined)) return undefined;
  const grown = growFingerprint(
    known,
    others.flatMap(({ luma_cells = [] }) => luma_cells),
  );
  const hashes = wholeFingerprint(grown);
  if (hashes.length === 0) return undefined;
  const is_whole = hashes.length * claim.command.fps >= framesDone({ segments });
  return { hashes, timespan: is_whole ? undefined : { start: 0, end: hashes.length * 1000 } };
}

type KnownAtClaim = Pick<ClaimAnswer, 'fingerprint' | 'segments'> & { readonly command: Pick<GenerationCommand, 'fps'> };

function timespanOf(first_frame: number, end_frame: number, fps: number): Timespan {
  return { start: Math.round((first_frame * 1000) / fps), end: Math.round((end_frame * 1000) / fps) };
}
