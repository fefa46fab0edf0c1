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

/** The label of a good one's manifest. */
type CheckedStart = { readonly label: string } | Fault;

interface Start {
  readonly check: (bytes: Uint8Array<ArrayBuffer>) => Promise<Outcome>;
  /** Whoever waits for it need not wait any longer. Harmless once it was checked. */
  readonly giveUp: () => void;
}

export class CheckedStream {
  readonly #options: CheckedStreamOptions;
  readonly #signers: readonly CheckedInit['verdict'][];
  #verifier: SeekingVerifier | undefined;
  /** By address: the label of its manifest, or that it can't be relied on, once that is known. */
  readonly #starts = new Map<string, Promise<string | false>>();
  /** By address: what was found good, or is being checked. */
  readonly #checked_starts = new Map<string, { readonly bytes: Uint8Array; readonly checked: Promise<CheckedStart> }>();
  /** What hls.js must not go past, by number: of a stream that grows it leaves out what it can't get, and plays on. */
  readonly #refused = new Map<number, Fault>();

  constructor(options: CheckedStreamOptions) {
    this.#options = options;
    this.#signers = options.signers ?? ['ours'];
  }

  expectStart(start: Fragment): Start {
    const { promise, resolve } = Promise.withResolvers<string | false>();
    this.#starts.set(addressOf(start), promise);
    let is_checked = false;
    return {
      check: async (bytes) => {
        is_checked = true;
        try {
          const checked = await this.#checkOnce(bytes, start);
          if (!('label' in checked)) return checked;
          resolve(checked.label);
          return 'good';
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
    const start = await (frag.initSegment && this.#starts.get(addressOf(frag.initSegment)));
    if (start === false) return 'not_begun';
    const media_sequence = Number(frag.sn);
    const [, fault_before] = [...this.#refused].find(([refused]) => refused < media_sequence) ?? [];
    if (fault_before) return fault_before;
    const begun_ms = performance.now();
    const checked = frag.encrypted ? ENCRYPTED : await this.#verifierFor(frag).check(bytes, media_sequence, start ?? undefined);
    const told = { ...checked, url, check_ms: performance.now() - begun_ms, report: null };
    const is_good = checked.verdict === 'valid';
    if (is_good) this.#refused.delete(media_sequence);
    else this.#refused.set(media_sequence, told);
    this.#tell(told, is_good);
    return is_good ? 'good' : told;
  }

  /** The same start comes again after a seek, or where hls.js lost patience; it was checked then. */
  #checkOnce(bytes: Uint8Array<ArrayBuffer>, frag: Fragment): Promise<CheckedStart> {
    const address = addressOf(frag);
    const before = this.#checked_starts.get(address);
    if (before && !frag.encrypted && equalBytes(before.bytes, bytes)) return before.checked;
    const checked = this.#checkStart(bytes, frag);
    const forget = () => this.#checked_starts.delete(address);
    this.#checked_starts.set(address, { bytes: bytes.slice(), checked });
    checked.then((result) => 'label' in result || forget(), forget);
    return checked;
  }

  async #checkStart(init: Uint8Array<ArrayBuffer>, frag: Fragment): Promise<CheckedStart> {
    const trust = this.#options.trust ?? (await fetchTrust());
    const begun_ms = performance.now();
    const report = await readInWorker({ file: new Blob([init]), trust });
    const checked = frag.encrypted
      ? { verdict: 'no_session' as const, sentence: ENCRYPTED.sentence }
      : await this.#verifierFor(frag).begin(init, report);
    const told = { ...checked, sequence_number: null, url: frag.url, check_ms: performance.now() - begun_ms, report };
    const is_good = this.#signers.includes(checked.verdict);
    this.#tell(told, is_good);
    return is_good && report.manifest_label !== null ? { label: report.manifest_label } : told;
  }

  #verifierFor({ baseurl }: Fragment): SeekingVerifier {
    this.#verifier ??= new SeekingVerifier({ video_id: this.#options.video_id ?? videoOf(baseurl), signers: this.#signers });
    return this.#verifier;
  }

  #tell(told: Fault, is_good: boolean): void {
    const { onVerdict, onFault } = this.#options;
    call(() => onVerdict?.(told));
    if (!is_good) call(() => onFault?.(told));
  }
}

/** Of one file a playlist can name several parts. */
function addressOf({ url, byteRange }: Fragment): string {
  return [url, ...byteRange].join(' ');
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
