/**
 * A live stream as one worker makes it: a key of its own, an init segment that names it, and one signature for each
 * number. The key never leaves the process, so a worker that takes a video over begins a session of its own, which
 * says which one it continues; what the dead one signed and did not commit stays without a place in the stream.
 */
import { sequenceNumberOf } from '@everframe/shared/live-verification';
import type { GenerationFacts } from './assertions.ts';
import { createSessionKey, type SessionKey, sessionKeysAssertion } from './session-key.ts';
import { signInit } from './sign-init.ts';
import { type SegmentToSign, signSegment } from './sign-segment.ts';
import type { Signer } from './signer.ts';

export interface LiveSessionOptions {
  readonly signer: Signer;
  /** As the segmenter wrote it. */
  readonly init: Uint8Array;
  readonly facts: GenerationFacts;
  readonly first_sequence_number: number;
  readonly scratch_dir: string;
}

export class LiveSession {
  /** Signed. */
  readonly init: Uint8Array;
  readonly manifest_label: string;
  readonly #key: SessionKey;
  #next: number;

  private constructor(key: SessionKey, signed: { init: Uint8Array; manifest_label: string }, first_sequence_number: number) {
    this.#key = key;
    this.init = signed.init;
    this.manifest_label = signed.manifest_label;
    this.#next = first_sequence_number;
  }

  /** Asks the signer once. @throws UntrustedError or Error as `signInit` does */
  static async open({ signer, init, facts, first_sequence_number, scratch_dir }: LiveSessionOptions): Promise<LiveSession> {
    const key = await createSessionKey();
    const sessionKeys = (certificate: Uint8Array) => sessionKeysAssertion(key, certificate, first_sequence_number);
    return new LiveSession(key, await signInit({ signer, init, facts, sessionKeys, scratch_dir }), first_sequence_number);
  }

  /** Whether the next segment needs a new session: a key that is half through its time is not begun with. */
  isOver(now = new Date()): boolean {
    return now.getTime() > (this.#key.created_at.getTime() + this.#key.ends_at.getTime()) / 2;
  }

  /** @throws Error when the segment is not the next one: no number is signed twice */
  async sign(segment: SegmentToSign): Promise<Uint8Array> {
    const sequence_number = sequenceNumberOf(segment.media);
    if (sequence_number !== this.#next) throw new Error(`segment ${this.#next} must be signed next; got ${sequence_number}`);
    this.#next += 1;
    return signSegment(this.#key, this.manifest_label, segment);
  }
}
