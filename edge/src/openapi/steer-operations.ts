/** The OpenAPI operations on the prompts of a video that is being made. */
import { PromptList, SteeredPrompt } from './answers.ts';
import { SteerVideo } from './create-request.ts';
import type { Operation } from './operation.ts';

const PROMPT = {
  ...{ id: `prompt_${'5a1d'.repeat(8)}`, object: 'video.prompt', video_id: `video_${'4f6c'.repeat(8)}`, created_at: 1795363202 },
  ...{ prompt: 'a blue balloon rises over the sea', anchor: 'renew', blend: 0, requested_at_seconds: null },
  ...{ status: 'pending', takes_effect: null, refusal: null },
} as const;

const NAMED = {
  names: { id: { schema: { type: 'string' }, description: "The video's id.", refusal: 'video_not_found' } },
} as const;

export const STEER_OPERATIONS: readonly Operation[] = [
  {
    ...{ method: 'post', path: '/v1/videos/{id}/prompts', id: 'steerVideo', tag: 'Videos', auth: 'key', scope: 'videos.write', ...NAMED },
    summary: 'Steer a video',
    description:
      'A prompt for a video that waits or is being made. The worker answers with a chunk; `GET` says which frame the prompt takes effect at, or why it does not.',
    request_headers: ['idempotency_key'],
    body: { schema: SteerVideo, form: true, example: { prompt: 'a blue balloon rises over the sea', at: 6, anchor: 'keep', blend: 1 } },
    answers: [
      {
        ...{ status: 202, description: 'The prompt, recorded for the worker.', schema: SteeredPrompt, headers: ['idempotency-replayed'] },
        example: { ...PROMPT, warnings: [] },
      },
    ],
    errors: [
      ...(['missing_required_parameter', 'invalid_type', 'invalid_value', 'string_too_short', 'string_too_long'] as const),
      ...(['unknown_parameter', 'model_not_found', 'invalid_multipart', 'unsupported_media_type'] as const),
      ...(['moderation_blocked', 'moderation_unavailable', 'idempotency_key_reused'] as const),
      ...(['video_finished', 'prompt_too_late', 'too_many_prompts'] as const),
    ],
  },
  {
    ...{
      method: 'get',
      path: '/v1/videos/{id}/prompts',
      id: 'listVideoPrompts',
      tag: 'Videos',
      auth: 'key',
      scope: 'videos.read',
      ...NAMED,
    },
    summary: 'List the prompts of a video',
    description: 'All of them: first the `segments` of the request that made the video, then those that it was sent, in order.',
    answers: [
      {
        ...{ status: 200, description: 'The prompts.', schema: PromptList },
        example: {
          ...{ object: 'list', has_more: false },
          data: [{ ...PROMPT, status: 'applied', takes_effect: { frame: 32, seconds: 4, chunk: 4 } }],
        },
      },
    ],
  },
];
