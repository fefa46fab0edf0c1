/** The OpenAPI operations on videos. */
import { EDIT_STRENGTH_DEFAULT, LIST_LIMITS } from '@everframe/shared';
import { CONTENT_VARIANTS } from '../routes/get-content.ts';
import { CreatedVideo, DeletedVideo, VideoEstimate, VideoList, VideoView } from './answers.ts';
import { CreateVideo, EditVideo, ExtendVideo, RemixVideo } from './create-request.ts';
import type { Operation } from './operation.ts';
import { STEER_OPERATIONS } from './steer-operations.ts';

const ID = `video_${'4f6c'.repeat(8)}`;
export const VIDEO_EXAMPLE = {
  ...{ id: ID, object: 'video', model: 'everframe-storybook-1', status: 'in_progress', progress: 62, created_at: 1795363200 },
  ...{ completed_at: null, expires_at: null, prompt: 'a red balloon rises over the sea', size: '128x128', seconds: '4' },
  ...{
    remixed_from_video_id: null,
    extended_from_video_id: null,
    edited_from_video_id: null,
    strength: null,
    error: null,
    negative_prompt: '',
    segments: [],
    prompt_disclosure: 'hash',
    seed: 7,
    fps: 8,
    frames: { done: 20, total: 32 },
    ended_by: null,
  },
  usage: { estimated_micro_usd: 4000, charged_micro_usd: null },
} as const;
const QUEUED = { ...VIDEO_EXAMPLE, status: 'queued', progress: 0, frames: { done: 0, total: 32 } };

const read = { tag: 'Videos', auth: 'key', scope: 'videos.read' } as const;
const write = { tag: 'Videos', auth: 'key', scope: 'videos.write' } as const;
const NAMED = {
  names: { id: { schema: { type: 'string' }, description: "The video's id.", refusal: 'video_not_found' } },
} as const;

/** What the fields of a create are refused for. */
export const FIELD_ERRORS = [
  ...(['missing_required_parameter', 'invalid_type', 'invalid_value', 'string_too_short', 'string_too_long'] as const),
  ...(['unknown_parameter', 'unsupported_parameter', 'model_not_found', 'invalid_multipart', 'unsupported_media_type'] as const),
] as const;
/** What the picture of a create is refused for. */
export const PICTURE_ERRORS = ['unsupported_file', 'url_not_allowed', 'url_unreachable'] as const;
/** What stands between sound fields and a video. */
export const MAKING_ERRORS = [
  ...(['prompt_too_long', 'moderation_blocked', 'moderation_unavailable', 'insufficient_credits', 'key_budget_exceeded'] as const),
  ...(['reservation_expired', 'idempotency_key_reused', 'idempotency_key_in_use'] as const),
] as const;
/** Why nothing can be made out of another video's own pictures. */
const PARENT_ERRORS = ['video_not_found', 'video_not_ready', 'video_failed', 'unsupported_operation', 'unsupported_file'] as const;

const CONTENT_HEADERS = ['etag', 'accept-ranges', 'content-disposition'] as const;

export const CONTENT_OPERATION: Operation = {
  ...{ method: 'get', path: '/v1/videos/{id}/content', id: 'getVideoContent', ...read, ...NAMED },
  summary: 'Download a video',
  description: 'The signed file of a completed video. `HEAD` answers its headers.',
  query: {
    variant: {
      schema: { enum: [...CONTENT_VARIANTS], default: 'video' },
      description: '`thumbnail`: one frame. `spritesheet`: sixteen frames at even distances, four in a row.',
    },
  },
  request_headers: ['range', 'if_match', 'if_none_match'],
  answers: [
    { status: 200, description: 'The whole.', media: ['video/mp4', 'image/jpeg'], headers: [...CONTENT_HEADERS, 'content-length'] },
    {
      ...{ status: 206, description: 'The range.', media: ['video/mp4', 'image/jpeg'] },
      headers: [...CONTENT_HEADERS, 'content-length', 'content-range'],
    },
    { status: 304, description: 'As the client has it.', headers: ['etag', 'accept-ranges'] },
  ],
  errors: [
    ...(['invalid_value', 'asset_not_found', 'video_not_ready', 'video_failed'] as const),
    ...(['precondition_failed', 'range_not_satisfiable'] as const),
  ],
};

export const VIDEO_OPERATIONS: readonly Operation[] = [
  {
    ...{ method: 'post', path: '/v1/videos', id: 'createVideo', ...write },
    summary: 'Create a video',
    description: 'Answers at once with the queued video. Nothing is stored or charged for a request that is refused.',
    request_headers: ['idempotency_key'],
    body: {
      schema: CreateVideo,
      form: true,
      example: {
        ...{ prompt: 'a red balloon rises over the sea', seconds: 4, seed: 7 },
        segments: [{ start: 2, prompt: 'a blue balloon rises over the sea', anchor: 'keep' }],
      },
    },
    answers: [
      {
        ...{ status: 200, description: 'The queued video, and what its model will not do with the prompt.', schema: CreatedVideo },
        ...{ headers: ['idempotency-replayed'], example: { ...QUEUED, warnings: [] } },
      },
    ],
    errors: [...FIELD_ERRORS, ...PICTURE_ERRORS, ...MAKING_ERRORS, 'video_not_found'],
  },
  {
    ...{ method: 'get', path: '/v1/videos', id: 'listVideos', ...read },
    summary: 'List videos',
    description: 'In order of creation. A cursor is a place in time: videos that come or go move no other.',
    query: {
      limit: { schema: { type: 'integer', minimum: 1, maximum: LIST_LIMITS.max, default: LIST_LIMITS.default }, description: 'A page.' },
      order: { schema: { enum: ['asc', 'desc'], default: 'desc' }, description: 'By creation.' },
      after: { schema: { type: 'string' }, description: 'The id of the last video that you have.' },
    },
    answers: [
      {
        ...{ status: 200, description: 'A page.', schema: VideoList },
        example: { object: 'list', data: [VIDEO_EXAMPLE], first_id: ID, last_id: ID, has_more: false },
      },
    ],
    errors: ['invalid_value', 'unknown_parameter'],
  },
  {
    ...{ method: 'post', path: '/v1/videos/estimate', id: 'estimateVideo', ...read },
    summary: 'Estimate a price',
    description: 'What a create with these fields would be charged for a full delivery. Makes nothing.',
    body: { schema: CreateVideo, form: true, example: { prompt: 'a red balloon rises over the sea', seconds: 8 } },
    answers: [
      {
        ...{ status: 200, description: 'The price.', schema: VideoEstimate },
        example: {
          ...{ object: 'video.estimate', model: 'everframe-storybook-1', seconds: '8', size: '128x128', currency: 'usd' },
          ...{ micro_usd: 8000, micro_usd_per_second: 1000 },
        },
      },
    ],
    errors: [...FIELD_ERRORS, ...PICTURE_ERRORS],
  },
  {
    ...{ method: 'get', path: '/v1/videos/{id}', id: 'getVideo', ...read, ...NAMED },
    summary: 'Retrieve a video',
    answers: [{ status: 200, description: 'The video.', schema: VideoView, example: VIDEO_EXAMPLE, headers: ['openai-poll-after-ms'] }],
  },
  {
    ...{ method: 'delete', path: '/v1/videos/{id}', id: 'deleteVideo', ...write, ...NAMED },
    summary: 'Delete a video',
    description: 'In any state. Its files are erased; work on it ends, and what was made until then is charged.',
    answers: [
      { status: 200, description: 'It is gone.', schema: DeletedVideo, example: { id: ID, object: 'video.deleted', deleted: true } },
    ],
  },
  CONTENT_OPERATION,
  {
    ...{ method: 'post', path: '/v1/videos/{id}/cancel', id: 'cancelVideo', ...write, ...NAMED },
    summary: 'Cancel a video',
    description:
      'Its worker finishes what it has in hand and completes the video: one signed file of what was made, which is all that is charged. A video that has no frame yet ends at once and costs nothing. Safe to repeat.',
    answers: [
      {
        ...{
          status: 200,
          description: 'The video on its way to `completed`, or, where it had no frame, `failed` with the code `cancelled`.',
          schema: VideoView,
        },
        example: {
          ...VIDEO_EXAMPLE,
          ended_by: 'owner',
        },
      },
    ],
    errors: ['video_finished'],
  },
  {
    ...{ method: 'post', path: '/v1/videos/{id}/remix', id: 'remixVideo', ...write, ...NAMED },
    summary: 'Remix a video',
    description:
      'The video once more under another prompt, from its first frame: its model, seed, length, size and negative prompt, and none of its timed prompts.',
    request_headers: ['idempotency_key'],
    body: { schema: RemixVideo, form: true, example: { prompt: 'a blue balloon rises over the sea' } },
    answers: [
      {
        ...{ status: 200, description: 'The new video, queued.', schema: CreatedVideo, headers: ['idempotency-replayed'] },
        example: {
          ...QUEUED,
          prompt: 'a blue balloon rises over the sea',
          remixed_from_video_id: `video_${'0b1e'.repeat(8)}`,
          warnings: [],
        },
      },
    ],
    errors: [...FIELD_ERRORS, ...MAKING_ERRORS],
  },
  ...STEER_OPERATIONS,
  {
    ...{ method: 'post', path: '/v1/videos/edits', id: 'editVideo', ...write },
    summary: 'Edit a video',
    description:
      'A new video that keeps the course of a completed one and changes what the new prompt names, as far as `strength` lets it. As long and as large as the video, of its seed and model, and charged as a create. The old video may be deleted at any time.',
    request_headers: ['idempotency_key'],
    body: {
      schema: EditVideo,
      form: true,
      example: { video: { id: ID }, prompt: 'a blue balloon rises over the sea', strength: EDIT_STRENGTH_DEFAULT },
    },
    answers: [
      {
        ...{ status: 200, description: 'The new video, queued.', schema: CreatedVideo, headers: ['idempotency-replayed'] },
        example: {
          ...QUEUED,
          ...{ prompt: 'a blue balloon rises over the sea', edited_from_video_id: ID, strength: EDIT_STRENGTH_DEFAULT },
          warnings: [],
        },
      },
    ],
    errors: [...FIELD_ERRORS, ...MAKING_ERRORS, ...PARENT_ERRORS],
  },
  {
    ...{ method: 'post', path: '/v1/videos/extensions', id: 'extendVideo', ...write },
    summary: 'Make a video longer',
    description:
      'A new video: all frames of a completed one, or those before `from_seconds`, and `seconds` more under the new prompt. Only these are charged. The old video may be deleted at any time.',
    request_headers: ['idempotency_key'],
    body: {
      schema: ExtendVideo,
      form: true,
      example: { video: { id: ID }, prompt: 'a red balloon falls into the sea', seconds: 4 },
    },
    answers: [
      {
        ...{ status: 200, description: 'The new video, queued.', schema: CreatedVideo, headers: ['idempotency-replayed'] },
        example: {
          ...QUEUED,
          ...{ prompt: 'a red balloon falls into the sea', seconds: '8', frames: { done: 32, total: 64 }, extended_from_video_id: ID },
          segments: [
            { start: 0, prompt: VIDEO_EXAMPLE.prompt, anchor: 'renew', blend: 0 },
            { start: 4, prompt: 'a red balloon falls into the sea', anchor: 'renew', blend: 0 },
          ],
          warnings: [],
        },
      },
    ],
    errors: [...FIELD_ERRORS, ...MAKING_ERRORS, ...PARENT_ERRORS],
  },
  refused('createCharacter', '/v1/videos/characters', 'Create a character'),
  {
    ...{ method: 'get', path: '/v1/videos/characters/{id}', id: 'getCharacter', ...read },
    summary: 'Retrieve a character',
    description: 'Always refused: no served model can do this yet. The message says what to do instead.',
    names: { id: { schema: { type: 'string' }, description: "The character's id.", refusal: 'unsupported_operation' } },
    answers: [],
  },
];

/** A call of OpenAI's contract that is there for its refusal. */
function refused(id: string, path: string, summary: string): Operation {
  return {
    ...{ method: 'post', path, id, summary, ...write },
    description: 'Always refused: no served model can do this yet. The message says what to do instead.',
    answers: [],
    errors: ['unsupported_operation'],
  };
}
