/** The OpenAPI operations on models, moderation and usage, and those of the service itself. */
import { Health, ModelList, ModelView, Moderation, Usage } from './answers.ts';
import { ModerationRequest } from './create-request.ts';
import type { Operation } from './operation.ts';

export const SERVICE_OPERATIONS: readonly Operation[] = [
  {
    ...{ method: 'get', path: '/v1/models', id: 'listModels', tag: 'Models', auth: 'key' },
    summary: 'List models',
    description: 'The packages that are served, the default first.',
    answers: [{ status: 200, description: 'All of them.', schema: ModelList }],
  },
  {
    ...{ method: 'get', path: '/v1/models/{model}', id: 'getModel', tag: 'Models', auth: 'key' },
    summary: 'Retrieve a model',
    names: { model: { schema: { type: 'string' }, description: 'Its name.', refusal: 'unknown_model' } },
    answers: [{ status: 200, description: 'The model.', schema: ModelView }],
  },
  {
    ...{ method: 'post', path: '/v1/moderations', id: 'createModeration', tag: 'Safety', auth: 'key' },
    summary: 'Ask what the safety rules say of a text',
    description: 'Free, and kept nowhere.',
    body: { schema: ModerationRequest, example: { input: 'a killer whale jumps' } },
    answers: [{ status: 200, description: 'A result for each text.', schema: Moderation }],
    errors: ['invalid_type', 'string_too_long', 'unsupported_parameter', 'moderation_unavailable'],
  },
  {
    ...{ method: 'get', path: '/v1/usage', id: 'getUsage', tag: 'Usage', auth: 'key', scope: 'usage.read' },
    summary: 'Read what was charged',
    description: 'By UTC day, key and model. CSV by `format=csv` or `accept: text/csv`.',
    query: {
      start_date: { schema: { type: 'string', format: 'date' }, description: 'The first day; default 29 days before the last.' },
      end_date: { schema: { type: 'string', format: 'date' }, description: 'The last day; default today.' },
      format: { schema: { enum: ['json', 'csv'] }, description: 'Default: what `accept` asks for.' },
    },
    answers: [
      {
        ...{ status: 200, description: 'A row for each day, key and model.', schema: Usage, media: ['text/csv'] },
        example: {
          ...{ object: 'usage', start_date: '2026-11-01', end_date: '2026-11-30', currency: 'usd' },
          data: [
            {
              ...{ day: '2026-11-22', key_id: '5Kq0mW2x', model: 'everframe-storybook-1' },
              ...{ videos: 3, seconds: 10.5, charged_micro_usd: 10500, refunded_micro_usd: 0 },
            },
          ],
        },
      },
    ],
    errors: ['invalid_value'],
  },
  {
    ...{ method: 'get', path: '/healthz', id: 'getHealth', tag: 'Service', auth: 'none' },
    summary: 'Whether the edge answers',
    answers: [{ status: 200, description: 'It does.', schema: Health, example: { status: 'ok' } }],
  },
  {
    ...{ method: 'get', path: '/openapi.json', id: 'getDocument', tag: 'Service', auth: 'none' },
    summary: 'This document',
    answers: [{ status: 200, description: 'OpenAPI 3.1.', media: ['application/json'] }],
  },
  {
    ...{ method: 'get', path: '/docs', id: 'getDocs', tag: 'Service', auth: 'none' },
    summary: 'This document as a page',
    answers: [{ status: 200, description: 'HTML without scripts.', media: ['text/html'] }],
  },
];
