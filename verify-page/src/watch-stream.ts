/** A stream from its start to its end or its first bad segment: fetched, checked, and only then given to the screen. */
import { type CheckedInit, type CheckedSegment, LiveVerifier } from '@everframe/shared/live-verification';
import type { VerificationReport } from '@everframe/shared/verification';
import { readCredential } from './check.ts';
import { type ListedSegment, type Playlist, parsePlaylist } from './playlist.ts';
import { retryAfterMs } from './retry-after.ts';
import { pause, type Screen } from './screen.ts';
import { videoOf } from './video-of.ts';

export interface StreamState {
  readonly phase: 'waiting' | 'playing' | 'ended' | 'stopped';
  /** What the last init segment's reader said, and what that makes of the stream. */
  readonly start: { readonly report: VerificationReport; readonly checked: CheckedInit } | undefined;
  /** The last ones, at most SEGMENTS_KEPT. */
  readonly segments: readonly CheckedSegment[];
  /** How many were checked in all. */
  readonly checked: number;
  /** Of what was checked and found good. */
  readonly seconds: number;
  /** Segments of the stream before the first that was listed. */
  readonly missed: number;
}

export interface WatchOptions {
  readonly url: string;
  /** Sent to this site alone. */
  readonly api_key: string;
  /** Undefined where this browser can't play. */
  readonly screen: Screen | undefined;
  readonly onChange: (state: StreamState) => void;
  readonly signal: AbortSignal;
}

/** @throws Error with a sentence for the viewer where the stream can't be had */
export async function watchStream(options: WatchOptions): Promise<void> {
  const { screen, onChange, signal } = options;
  let state: StreamState = { phase: 'waiting', start: undefined, segments: [], checked: 0, seconds: 0, missed: 0 };
  const change = (next: Partial<StreamState>) => {
    state = { ...state, ...next };
    if (!signal.aborted) onChange(state);
  };
  change({});
  let verifier: LiveVerifier | undefined;
  let init_url: string | undefined;
  for await (const { segment, first } of listed(options)) {
    if (!verifier) {
      verifier = new LiveVerifier({ joins_late: first > 0, video_id: videoOf(options.url) });
      change({ missed: first });
    }
    await screen?.hungry(signal);
    if (segment.init_url !== init_url) {
      const init = await fetchBytes(segment.init_url, options);
      // The start of a stream is no published file.
      const report = await readCredential(new Blob([init]));
      const checked = await verifier.begin(init, report);
      change({ start: { report, checked } });
      if (!GOOD_STARTS.includes(checked.verdict)) return change({ phase: 'stopped' });
      await screen?.begin(init);
      init_url = segment.init_url;
    }
    const bytes = await fetchBytes(segment.url, options);
    const checked = await verifier.check(bytes);
    const so_far = { segments: [...state.segments.slice(1 - SEGMENTS_KEPT), checked], checked: state.checked + 1 };
    if (checked.verdict !== 'valid') {
      // What came before it can still be seen again.
      if (state.seconds > 0) screen?.end();
      return change({ phase: 'stopped', ...so_far });
    }
    await screen?.show(bytes);
    change({ phase: 'playing', ...so_far, seconds: state.seconds + segment.seconds });
  }
  if (signal.aborted) return;
  screen?.end();
  change({ phase: 'ended' });
}

/** Each segment once, in order, until the playlist says that it was the last. */
async function* listed(options: WatchOptions): AsyncGenerator<{ segment: ListedSegment; first: number }> {
  let next: number | undefined;
  for (;;) {
    const playlist: Playlist = parsePlaylist(new TextDecoder().decode(await fetchBytes(options.url, options)), options.url);
    const { first, segments, is_ended, target_seconds } = playlist;
    next ??= first;
    if (next < first) throw new Error('This page fell so far behind that the stream has moved on. Load it again to go on from there.');
    for (; next < first + segments.length; next++) {
      const segment = segments[next - first];
      if (options.signal.aborted || !segment) return;
      yield { segment, first };
    }
    if (is_ended || options.signal.aborted) return;
    await pause(Math.min(target_seconds, LONGEST_PAUSE_SECONDS) * 1000, options.signal);
  }
}

async function fetchBytes(url: string, { api_key, signal }: WatchOptions): Promise<Uint8Array<ArrayBuffer>> {
  const own = new URL(url).origin === location.origin;
  const headers: Record<string, string> = api_key && own ? { authorization: `Bearer ${api_key}` } : {};
  for (let attempt = 0; ; attempt++) {
    let wait_ms = 1000;
    try {
      const response = await fetch(url, { headers, signal, credentials: 'omit', referrerPolicy: 'no-referrer' });
      if (response.ok) return new Uint8Array(await response.arrayBuffer());
      if (response.status < 500 && (response.status !== 429 || attempt >= RETRIES)) throw new Refused(await sentenceOf(response));
      if (response.status === 429) wait_ms = retryAfterMs(response.headers.get('retry-after'), Date.now());
    } catch (error) {
      if (error instanceof Refused || signal.aborted) throw error;
    }
    if (attempt >= RETRIES) throw new Error('The stream could not be reached. Check the address and your connection.');
    await pause(wait_ms, signal);
  }
}

class Refused extends Error {}

async function sentenceOf(response: Response): Promise<string> {
  const body = await response.json().catch(() => undefined);
  return body?.error?.message ?? `The stream was refused (${response.status}).`;
}

const GOOD_STARTS: readonly CheckedInit['verdict'][] = ['ours', 'another', 'unknown_signer'];
/** A stream may have no end; what a viewer can look at has one. */
export const SEGMENTS_KEPT = 1000;
const LONGEST_PAUSE_SECONDS = 2;
const RETRIES = 4;
