/** The OpenAPI operations of OpenRouter's dialect. */
import { CallbackSecret, CreatedJob, CreateJob, OpenRouterJob, OpenRouterModels } from './openrouter-schemas.ts';
import type { Operation } from './operation.ts';
import { CONTENT_OPERATION, FIELD_ERRORS, MAKING_ERRORS, PICTURE_ERRORS } from './video-operations.ts';

const ID = `video_${'4f6c'.repeat(8)}`;
const JOB = { id: ID, polling_url: `http://127.0.0.1:8787/api/v1/videos/${ID}`, status: 'pending' } as const;
const dialect = { tag: 'OpenRouter', dialect: 'openrouter', auth: 'key' } as const;
const NAMED = { names: { id: { schema: { type: 'string' }, description: "The job's id.", refusal: 'video_not_found' } } } as const;

export const OPENROUTER_OPERATIONS: readonly Operation[] = [
  {
    ...{ method: 'post', path: '/api/v1/videos', id: 'createJob', ...dialect, scope: 'videos.write' },
    summary: 'Create a video',
    description: 'By the checks, the price and the limits of `POST /v1/videos`. What cannot be obeyed is refused, not ignored.',
    request_headers: ['idempotency_key'],
    body: {
      schema: CreateJob,
      example: {
        ...{ model: 'everframe-storybook-1', prompt: 'a red balloon rises over the sea', duration: 4, resolution: '128p', seed: 7 },
        provider: { options: { everframe: { segments: [{ start: 2, prompt: 'a blue balloon rises over the sea' }] } } },
      },
    },
    answers: [
      {
        ...{ status: 202, description: 'The job.', schema: CreatedJob, example: { ...JOB, warnings: [] } },
        headers: ['idempotency-replayed'],
      },
    ],
    errors: [
      ...FIELD_ERRORS.filter((code) => code !== 'invalid_multipart'),
      ...PICTURE_ERRORS,
      ...MAKING_ERRORS,
      ...(['url_not_allowed', 'video_not_found', 'video_not_ready', 'video_failed', 'unsupported_operation'] as const),
    ],
  },
  {
    ...{ method: 'get', path: '/api/v1/videos/models', id: 'listVideoModels', ...dialect },
    summary: 'List models',
    answers: [{ status: 200, description: 'What can be asked for.', schema: OpenRouterModels }],
  },
  {
    ...{ method: 'get', path: '/api/v1/videos/{id}', id: 'getJob', ...dialect, scope: 'videos.read', ...NAMED },
    summary: 'Poll a video',
    answers: [
      {
        ...{ status: 200, description: 'The job.', schema: OpenRouterJob },
        example: {
          ...{ ...JOB, status: 'completed', usage: { cost: 0.004, is_byok: false } },
          unsigned_urls: [`${JOB.polling_url}/content?index=0&token=1795449600.${'9e'.repeat(16)}`],
        },
      },
    ],
  },
  {
    ...{ method: 'get', path: '/api/v1/videos/{id}/content', id: 'getJobContent', ...dialect, scope: 'videos.read', ...NAMED },
    summary: 'Download a video',
    description: 'The signed file of a completed video, for a key or for an address of `unsigned_urls`. `HEAD` answers its headers.',
    query: {
      index: { schema: { const: '0', default: '0' }, description: 'A job makes one video.' },
      token: { schema: { type: 'string' }, description: 'Of `unsigned_urls`, in place of a key.' },
    },
    request_headers: CONTENT_OPERATION.request_headers,
    answers: CONTENT_OPERATION.answers.map((answer) => (answer.media ? { ...answer, media: ['video/mp4'] } : answer)),
    errors: ['invalid_value', 'invalid_stream_token', 'video_not_ready', 'video_failed', 'precondition_failed', 'range_not_satisfiable'],
  },
  {
    ...{ method: 'get', path: '/v1/callback_secret', id: 'getCallbackSecret', tag: 'OpenRouter', auth: 'key', scope: 'webhooks' },
    summary: 'Read what signs callbacks',
    description: 'Of all videos of the account that name a `callback_url`: the key of the HMAC in `X-OpenRouter-Signature`.',
    answers: [
      {
        ...{ status: 200, description: 'The secret.', schema: CallbackSecret },
        example: { object: 'callback_secret', secret: `cbsec_${'5c'.repeat(32)}` },
      },
    ],
  },
];
