/**
 * A video's live stream from this worker's side: the first segment of a claim begins a session with an init segment of
 * its own, and each segment is signed before it leaves. Tracks of all of a video's init segments are the same.
 */
import { type Asset, type ClaimAnswer, initKey } from '@everframe/shared';
import { activeManifest, withoutManifest } from '@everframe/shared/live-verification';
import { generationFacts } from './generation-facts.ts';
import type { GeneratedChunk } from './inference-process.ts';
import type { JobContext } from './job.ts';
import { step } from './job-error.ts';
import type { Lease } from './lease.ts';
import type { Encoder } from './media/encoder.ts';
import { FRAME_DURATION, sequenceNumber } from './media/segmenter.ts';
import { ownSegments, type Progress } from './progress.ts';
import { LiveSession } from './provenance/live-session.ts';
import { fetchReferencePicture } from './reference-picture.ts';
import { signingStep } from './signing-step.ts';

type Place = Pick<GeneratedChunk, 'chunk_index' | 'frame_count'>;

interface Published {
  readonly session: LiveSession;
  /** As uploaded. */
  readonly init: Asset;
}

export class LiveStream {
  readonly #context: JobContext;
  readonly #lease: Lease;
  readonly #claim: ClaimAnswer;
  readonly #encoder: Encoder;
  #published: Published | undefined;
  /** The init segment before it is signed. */
  #plain_init: Uint8Array | undefined;

  constructor(context: JobContext, lease: Lease, claim: ClaimAnswer, encoder: Encoder) {
    this.#context = context;
    this.#lease = lease;
    this.#claim = claim;
    this.#encoder = encoder;
  }

  /** @returns the segment as it is to be published, and the init segment that it is played with */
  async sign(
    made: { init: Uint8Array; media: Uint8Array },
    chunk: Place,
    progress: Progress,
  ): Promise<{ init: Asset; signed: Uint8Array }> {
    const last = await this.#lastInit(progress);
    await step('encoding_failed', () => this.#requireSameInit(made.init, last));
    if (!this.#published || this.#published.session.isOver()) {
      // What an extension has taken over was streamed as its parent's.
      const begun = this.#published !== undefined || ownSegments(this.#claim.command, progress.segments).length > 0;
      this.#published = await this.#begin(made.init, chunk, begun ? last : undefined);
    }
    const { session, init } = this.#published;
    const timescale = this.#claim.command.fps * FRAME_DURATION;
    const duration = chunk.frame_count * FRAME_DURATION;
    return { init, signed: await signingStep(() => session.sign({ media: made.media, timescale, duration })) };
  }

  /** @param before the init segment of the session that this one continues */
  async #begin(init: Uint8Array, { chunk_index }: Place, before: Uint8Array | undefined): Promise<Published> {
    const { signer, scratch_dir, edge } = this.#context;
    const { video_id, epoch, signal } = this.#lease;
    const reference_image = await fetchReferencePicture(this.#context, this.#lease, this.#claim.command);
    const session = await signingStep(() => {
      const continues_manifest = before && activeManifest(before)?.label;
      // The segments of this stream are all made here; what they follow is named by the finished file.
      const origin = { kind: 'created' } as const;
      const marks = this.#claim.mark === undefined ? [] : [{ mark: this.#claim.mark }];
      const about = { origin, reference_image, marks, frames: undefined, encoder: this.#encoder.name, continues_manifest };
      const facts = generationFacts(this.#context, this.#lease, this.#claim, about);
      return LiveSession.open({ signer, init, facts, first_sequence_number: sequenceNumber(chunk_index), scratch_dir });
    });
    const key = initKey(video_id, epoch, chunk_index);
    return { session, init: await edge.upload(() => this.#lease.ticket, key, session.init, 'video/mp4', signal) };
  }

  /** The init segment of the last segment that was committed, signed. */
  async #lastInit({ segments }: Progress): Promise<Uint8Array | undefined> {
    if (this.#published) return this.#published.session.init;
    const last = segments.at(-1);
    return last && this.#context.edge.download(() => this.#lease.ticket, last.init, this.#lease.signal);
  }

  /** The final file has one track, so this encoder must write the same as the one that the video was begun with. */
  #requireSameInit(init: Uint8Array, last: Uint8Array | undefined): void {
    this.#plain_init ??= last && withoutManifest(last);
    if (this.#plain_init && Buffer.compare(this.#plain_init, init) !== 0) {
      throw new Error(
        `the encoder ${this.#encoder.name} of this worker writes other parameter sets than the one that the video was begun with`,
      );
    }
  }
}
