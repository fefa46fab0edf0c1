/** What was asked for of one stream, and whether what came is that: the checks behind the loader for hls.js, without its manners. */
import { type CheckedInit, type CheckedSegment, equalBytes, SeekingVerifier } from '@everframe/shared/live-verification';
import type { TrustRoots, VerificationReport } from '@everframe/shared/verification';
import type { Fragment } from 'hls.js';
import { fetchTrust, readInWorker } from './read-in-worker.ts';
import { videoOf } from './video-of.ts';

export interface CheckedStreamOptions {
  /** Whose stream it must be. @default the video that the playlist's address names; of an address that names none, the first start's */
  readonly video_id?: string;
  /** @default what the service that this program came from trusts */
  readonly trust?: TrustRoots;
  /** Whose word counts: this service's own, that of others on its trust list, anybody's. @default ['ours'] */
  readonly signers?: readonly ('ours' | 'another' | 'unknown_signer')[];
  /** Hears of each start and segment that was checked, good or bad. */
  readonly onVerdict?: (verdict: Verdict | StartVerdict) => void;
  /** Hears of each that was refused, before hls.js does. */
  readonly onFault?: (fault: Fault) => void;
}

interface Told {
  readonly url: string;
  /** What the check took, without loading. */
  readonly check_ms: number;
}

export interface StartVerdict extends CheckedInit, Told {
  readonly sequence_number: null;
  readonly report: VerificationReport;
}

export interface Verdict extends CheckedSegment, Told {
  readonly report: null;
}

export type Fault = Verdict | StartVerdict;

/** `not_begun`: the start that it needs was not loaded, or refused, so nothing can be said of it. */
export type Outcome = 'good' | 'not_begun' | Fault;

interface Start {
  readonly check: (bytes: Uint8Array<ArrayBuffer>, frag: Fragment) => Promise<Outcome>;
  /** Whoever waits for it need not wait any longer. Harmless once it was checked. */
  readonly giveUp: () => void;
}

export class CheckedStream {
  readonly #options: CheckedStreamOptions;
  readonly #signers: readonly CheckedInit['verdict'][];
  #verifier: SeekingVerifier | undefined;
  /** By address: whether it can be relied on, once that is known. */
  readonly #starts = new Map<string, Promise<boolean>>();
  /** By address: what was found good, or is being checked. */
  readonly #checked_starts = new Map<string, { readonly bytes: Uint8Array; readonly outcome: Promise<Outcome> }>();
  /** What hls.js must not go past, by number: of a stream that grows it leaves out what it can't get, and plays on. */
  readonly #refused = new Map<number, Fault>();

  constructor(options: CheckedStreamOptions) {
    this.#options = options;
    this.#signers = options.signers ?? ['ours'];
  }

  expectStart(url: string): Start {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#starts.set(url, promise);
    let is_checked = false;
    return {
      check: async (bytes, frag) => {
        is_checked = true;
        try {
          const outcome = await this.#startOutcome(bytes, frag, url);
          resolve(outcome === 'good');
          return outcome;
        } finally {
          resolve(false);
        }
      },
      giveUp: () => {
        if (!is_checked) resolve(false);
      },
    };
  }

  async checkSegment(bytes: Uint8Array, frag: Fragment, url: string): Promise<Outcome> {
    const needed = frag.initSegment?.url;
    if (needed && (await this.#starts.get(needed)) === false) return 'not_begun';
    const media_sequence = Number(frag.sn);
    const [, fault_before] = [...this.#refused].find(([refused]) => refused < media_sequence) ?? [];
    if (fault_before) return fault_before;
    const begun_ms = performance.now();
    const checked = frag.encrypted ? ENCRYPTED : await this.#verifierFor(frag).check(bytes, media_sequence);
    const told = { ...checked, url, check_ms: performance.now() - begun_ms, report: null };
    const is_good = checked.verdict === 'valid';
    if (is_good) this.#refused.delete(media_sequence);
    else this.#refused.set(media_sequence, told);
    return this.#tell(told, is_good);
  }

  /** The same start comes again after a seek, or where hls.js lost patience; it was checked then. */
  #startOutcome(bytes: Uint8Array<ArrayBuffer>, frag: Fragment, url: string): Promise<Outcome> {
    const before = this.#checked_starts.get(url);
    if (before && !frag.encrypted && equalBytes(before.bytes, bytes)) return before.outcome;
    const outcome = this.#checkStart(bytes, frag, url);
    const forget = () => this.#checked_starts.delete(url);
    this.#checked_starts.set(url, { bytes: bytes.slice(), outcome });
    outcome.then((result) => result !== 'good' && forget(), forget);
    return outcome;
  }

  async #checkStart(init: Uint8Array<ArrayBuffer>, frag: Fragment, url: string): Promise<Outcome> {
    const trust = this.#options.trust ?? (await fetchTrust());
    const begun_ms = performance.now();
    const report = await readInWorker({ file: new Blob([init]), trust });
    const checked = frag.encrypted
      ? { verdict: 'no_session' as const, sentence: ENCRYPTED.sentence }
      : await this.#verifierFor(frag).begin(init, report);
    const told = { ...checked, sequence_number: null, url, check_ms: performance.now() - begun_ms, report };
    return this.#tell(told, this.#signers.includes(checked.verdict));
  }

  #verifierFor({ baseurl }: Fragment): SeekingVerifier {
    this.#verifier ??= new SeekingVerifier({ video_id: this.#options.video_id ?? videoOf(baseurl), signers: this.#signers });
    return this.#verifier;
  }

  #tell(told: Fault, is_good: boolean): Outcome {
    const { onVerdict, onFault } = this.#options;
    call(() => onVerdict?.(told));
    if (is_good) return 'good';
    call(() => onFault?.(told));
    return told;
  }
}

/** What goes wrong in the page's own code is the page's: it must not change what is played. */
function call(listener: () => void): void {
  try {
    listener();
  } catch (error) {
    reportError(error);
  }
}

/** What hls.js would make of it is not what was signed. */
const ENCRYPTED: CheckedSegment = {
  verdict: 'unreadable',
  sequence_number: null,
  sentence: 'The playlist wants it decrypted, and then it would not be what was signed.',
};
