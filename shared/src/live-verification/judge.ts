/** What a start and a segment are by themselves, whatever their place: what every order of watching has in common. */
import type { VerificationReport } from '../verification/index.ts';
import { equalBytes, readSegmentInfo, type SegmentInfo, segmentHash, sequenceNumberOf } from './segment-info.ts';
import { type InitVerdict, initSentence, type SegmentVerdict } from './sentences.ts';
import { openSession, type Session, verifySign1 } from './session.ts';

export interface CheckedInit {
  readonly verdict: InitVerdict;
  /** The verdict in plain words. */
  readonly sentence: string;
}

export interface CheckedSegment {
  readonly verdict: SegmentVerdict;
  /** What the segment says its number is; null where that can't be read. */
  readonly sequence_number: number | null;
  readonly sentence: string;
}

/** What an init segment opens, by the word of its manifest. */
export interface Stream extends Session {
  readonly video_id: string | undefined;
  /** Label of the manifest of the init segment before it. */
  readonly continues_manifest: string | undefined;
}

/**
 * @param report what a C2PA reader says of the same bytes
 * @param video_id whose stream was asked for; another one, however well signed, is foreign
 * @returns no stream where its segments are not to be believed
 */
export async function openStream(
  init: Uint8Array,
  report: VerificationReport,
  video_id: string | undefined,
): Promise<{ checked: CheckedInit; stream?: Stream }> {
  const { verdict } = report;
  if (verdict !== 'ours' && verdict !== 'another' && verdict !== 'unknown_signer') return refuseInit('not_trustworthy', report);
  let session: Session;
  try {
    session = await openSession(init);
  } catch (error) {
    return refuseInit('no_session', report, error instanceof Error ? error.message : String(error));
  }
  // Two readers of one file must have read the same manifest in it.
  if (session.manifest_label !== report.manifest_label) return refuseInit('no_session', report, 'its manifest can be read in two ways');
  const stream = {
    ...session,
    video_id: parameterOf(report, 'video_id'),
    continues_manifest: parameterOf(report, 'continues_manifest'),
  };
  if (video_id !== undefined && stream.video_id !== video_id) return refuseInit('foreign_stream', report);
  return { checked: { verdict, sentence: initSentence(verdict, report.summary) }, stream };
}

export function refuseInit(verdict: InitVerdict, { summary }: VerificationReport, why?: string): { checked: CheckedInit } {
  return { checked: { verdict, sentence: initSentence(verdict, summary, why) } };
}

/**
 * @param streamOf whose keys may have signed it; undefined makes it foreign
 * @returns `whole` for a segment of its stream that is as it was signed, whose place is yet to be judged
 */
export async function judgeSegment(
  segment: Uint8Array,
  streamOf: (info: SegmentInfo) => Stream | undefined,
): Promise<{ verdict: 'whole'; sequence_number: number } | { verdict: Exclude<SegmentVerdict, 'valid'>; sequence_number: number | null }> {
  let info: SegmentInfo | undefined;
  let sequence_number: number;
  try {
    info = readSegmentInfo(segment);
    sequence_number = sequenceNumberOf(segment);
  } catch {
    return { verdict: 'unreadable', sequence_number: null };
  }
  if (!info) return { verdict: 'unsigned', sequence_number };
  const stream = streamOf(info);
  if (!stream) return { verdict: 'foreign_stream', sequence_number };
  const key = stream.keys.find(({ id }) => equalBytes(id, info.key_id));
  if (!key || !(await verifySign1(key.public_key, info.protected_header, info.payload, info.signature))) {
    return { verdict: 'foreign_key', sequence_number };
  }
  if (info.issued_at < Math.floor(key.valid_from) || info.issued_at > key.valid_until) return { verdict: 'expired_key', sequence_number };
  if (info.sequence_number !== sequence_number || !equalBytes(info.hash, await segmentHash(segment))) {
    return { verdict: 'changed', sequence_number };
  }
  // A key vouches for what comes after it was named, not before.
  return { verdict: sequence_number < key.min_sequence_number ? 'foreign_key' : 'whole', sequence_number };
}

/** Of the first segment that a stream's keys may sign. */
export function firstNumber({ keys }: Session): number {
  return Math.min(...keys.map((key) => key.min_sequence_number));
}

function parameterOf({ actions }: VerificationReport, name: string): string | undefined {
  const found = actions.map(({ parameters }) => parameters[`org.everframe.${name}`]).find((value) => value !== undefined);
  return found === undefined ? undefined : String(found);
}
