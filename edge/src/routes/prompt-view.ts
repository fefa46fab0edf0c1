/** A prompt of a video as its owner sees it: what was asked for, and where it takes effect. */
import { borderBehind, insertSegment, isFinished, type ModelPackage, type PromptSegment, type VideoRecord } from '@everframe/shared';
import type { PromptView } from '../openapi/answers.ts';
import type { StoredPrompt } from '../videos/prompt-table.ts';

type ChunkedModel = Pick<ModelPackage, 'chunk' | 'latent'>;

/**
 * Those of the request that made the video, then those that it was sent.
 * @param requested `segments` of that request
 * @param model undefined where it is not served any more: then borders are as good as times
 */
export function promptViews(
  video: VideoRecord,
  requested: readonly PromptSegment[],
  sent: readonly StoredPrompt[],
  model: ChunkedModel | undefined,
): PromptView[] {
  const accepted = new Map<StoredPrompt, PromptSegment>();
  for (const stored of sent) {
    if (stored.answer?.outcome === 'accepted') accepted.set(stored, { ...stored.prompt, start_frame: stored.answer.start_frame });
  }
  // One by one as the worker took them, so that of two for one border the same one counts.
  const told = [...accepted.values()].reduce(insertSegment, [...requested]);
  const border = ({ start_frame }: PromptSegment) => (model ? borderBehind(start_frame, model) : start_frame);
  const settled = (segment: PromptSegment): Settled => {
    const frame = border(segment);
    const takes_effect = { frame, seconds: frame / video.command.fps, chunk: chunkAt(frame, model) };
    if (told.findLast((other) => border(other) === frame) !== segment) {
      return { status: 'refused', takes_effect: null, refusal: refusalOf('overtaken', 'A later prompt takes effect at the same chunk.') };
    }
    if (video.frames_done > frame) return { status: 'applied', takes_effect, refusal: null };
    return isFinished(video.status) ? VIDEO_ENDED : { status: 'scheduled', takes_effect, refusal: null };
  };
  return [
    ...requested.map((segment, i) => ({ ...about(video, `segment_${i}`, video.created_at_ms, segment), ...settled(segment) })),
    ...sent.map((stored) => {
      const segment = accepted.get(stored);
      return {
        ...about(video, stored.id, stored.created_at_ms, stored.prompt),
        ...(segment ? settled(segment) : unsettled(video, stored)),
      };
    }),
  ];
}

/** As it was when it was sent. */
export function newPromptView(video: VideoRecord, { id, created_at_ms, prompt }: StoredPrompt): PromptView {
  return { ...about(video, id, created_at_ms, prompt), status: 'pending', takes_effect: null, refusal: null };
}

type Settled = Pick<PromptView, 'status' | 'takes_effect' | 'refusal'>;

const refusalOf = (code: NonNullable<PromptView['refusal']>['code'], message: string) => ({ code, message });
const VIDEO_ENDED: Settled = {
  ...{ status: 'refused', takes_effect: null },
  refusal: refusalOf('video_ended', 'The video ended before the prompt could take effect.'),
};

function unsettled({ status, command }: VideoRecord, { answer }: StoredPrompt): Settled {
  if (answer?.outcome === 'refused') {
    const message =
      answer.reason === 'past'
        ? `Those frames were made already; the next chunk that was free began behind ${answer.first_free_frame / command.fps} s.`
        : "No chunk begins between the prompt's time and the end of the video.";
    return { status: 'refused', takes_effect: null, refusal: refusalOf(answer.reason, message) };
  }
  return isFinished(status) ? VIDEO_ENDED : { status: 'pending', takes_effect: null, refusal: null };
}

function about({ id: video_id, command }: VideoRecord, id: string, created_at_ms: number, asked: StoredPrompt['prompt']) {
  return {
    id,
    object: 'video.prompt' as const,
    video_id,
    created_at: Math.floor(created_at_ms / 1000),
    prompt: asked.prompt,
    anchor: asked.anchor,
    blend: asked.blend_chunks,
    requested_at_seconds: asked.start_frame === null ? null : asked.start_frame / command.fps,
  };
}

function chunkAt(frame: number, model: ChunkedModel | undefined): number | null {
  return model ? frame / (model.chunk.latent_frames * model.latent.frames_per_latent) : null;
}
