/** The OpenAPI operations on webhook endpoints. */
import { CreateWebhookEndpoint, LIST_LIMITS, RotateWebhookSecret, TestWebhookEndpoint, UpdateWebhookEndpoint } from '@everframe/shared';
import {
  DeletedWebhookEndpoint,
  NewWebhookEndpoint,
  WebhookDeliveryList,
  WebhookEndpointList,
  WebhookEndpointView,
  WebhookEventTypes,
  WebhookTest,
} from './answers.ts';
import type { Operation } from './operation.ts';

const webhooks = { tag: 'Webhooks', auth: 'key', scope: 'webhooks' } as const;
const NAMED = {
  names: { id: { schema: { type: 'string' }, description: "The endpoint's id.", refusal: 'webhook_endpoint_not_found' } },
} as const;
const EVENTS = ['video.completed', 'video.failed'];
const ENDPOINT = {
  ...{ id: 'whe_1', object: 'webhook_endpoint', name: 'mine', url: 'https://example.com/hook', event_types: EVENTS },
  ...{ signing_secret_hint: 'whsec_…3f2a', created_at: 1795363200, updated_at: 1795363200 },
};
const PAGE = {
  limit: { schema: { type: 'integer', minimum: 1, maximum: LIST_LIMITS.max, default: LIST_LIMITS.default }, description: 'A page.' },
  after: { schema: { type: 'string' }, description: 'The id of the last that you have.' },
};

export const WEBHOOK_OPERATIONS: readonly Operation[] = [
  {
    ...{ method: 'get', path: '/v1/webhook_event_types', id: 'listWebhookEventTypes', ...webhooks },
    summary: 'List event types',
    answers: [{ status: 200, description: 'All of them.', schema: WebhookEventTypes, example: { object: 'list', data: EVENTS } }],
  },
  {
    ...{ method: 'post', path: '/v1/webhook_endpoints', id: 'createWebhookEndpoint', ...webhooks },
    summary: 'Create an endpoint',
    description: 'At most 20. Its URL must be HTTPS and lead to a public host.',
    body: { schema: CreateWebhookEndpoint, example: { name: 'mine', url: 'https://example.com/hook', event_types: EVENTS } },
    answers: [
      {
        ...{ status: 200, description: 'The endpoint, with the secret that signs its events.', schema: NewWebhookEndpoint },
        example: { ...ENDPOINT, signing_secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' },
      },
    ],
    errors: ['invalid_value', 'url_not_allowed'],
  },
  {
    ...{ method: 'get', path: '/v1/webhook_endpoints', id: 'listWebhookEndpoints', ...webhooks },
    summary: 'List endpoints',
    query: PAGE,
    answers: [
      {
        ...{ status: 200, description: 'A page, the newest first.', schema: WebhookEndpointList },
        example: { object: 'list', data: [ENDPOINT], first_id: 'whe_1', last_id: 'whe_1', has_more: false },
      },
    ],
    errors: ['invalid_value'],
  },
  {
    ...{ method: 'get', path: '/v1/webhook_endpoints/{id}', id: 'getWebhookEndpoint', ...webhooks, ...NAMED },
    summary: 'Retrieve an endpoint',
    answers: [{ status: 200, description: 'The endpoint.', schema: WebhookEndpointView, example: ENDPOINT }],
  },
  {
    ...{ method: 'post', path: '/v1/webhook_endpoints/{id}', id: 'updateWebhookEndpoint', ...webhooks, ...NAMED },
    summary: 'Change an endpoint',
    body: { schema: UpdateWebhookEndpoint, example: { name: 'mine, renamed' } },
    answers: [{ status: 200, description: 'The endpoint as it is now.', schema: WebhookEndpointView, example: ENDPOINT }],
    errors: ['invalid_value', 'url_not_allowed'],
  },
  {
    ...{ method: 'delete', path: '/v1/webhook_endpoints/{id}', id: 'deleteWebhookEndpoint', ...webhooks, ...NAMED },
    summary: 'Delete an endpoint',
    answers: [
      {
        ...{ status: 200, description: 'It is gone.', schema: DeletedWebhookEndpoint },
        example: { id: 'whe_1', object: 'webhook_endpoint.deleted', deleted: true },
      },
    ],
  },
  {
    ...{ method: 'post', path: '/v1/webhook_endpoints/{id}/rotate_secret', id: 'rotateWebhookSecret', ...webhooks, ...NAMED },
    summary: "Rotate an endpoint's secret",
    body: { schema: RotateWebhookSecret, example: { keep_old_secret_active_for_24_hours: true } },
    answers: [
      {
        ...{ status: 200, description: 'The endpoint, with its new secret.', schema: NewWebhookEndpoint },
        example: { ...ENDPOINT, signing_secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' },
      },
    ],
    errors: ['invalid_value'],
  },
  {
    ...{ method: 'post', path: '/v1/webhook_endpoints/{id}/test', id: 'testWebhookEndpoint', ...webhooks, ...NAMED },
    summary: 'Send an endpoint a test event',
    body: { schema: TestWebhookEndpoint, example: { event_type: 'video.completed' } },
    answers: [
      {
        ...{ status: 200, description: 'What it answered.', schema: WebhookTest },
        example: {
          ...{ object: 'webhook_endpoint.test', webhook_endpoint_id: 'whe_1', event_type: 'video.completed' },
          ...{ status_code: 204, success: true },
        },
      },
    ],
    errors: ['invalid_value', 'webhook_unreachable', 'url_not_allowed'],
  },
  {
    ...{ method: 'get', path: '/v1/webhook_endpoints/{id}/deliveries', id: 'listWebhookDeliveries', ...webhooks, ...NAMED },
    summary: "List an endpoint's deliveries",
    description: 'Of the last 30 days, with every attempt.',
    query: PAGE,
    answers: [
      {
        ...{ status: 200, description: 'A page, the newest first.', schema: WebhookDeliveryList },
        example: {
          ...{ object: 'list', first_id: 'whd_1', last_id: 'whd_1', has_more: false },
          data: [
            {
              ...{ id: 'whd_1', object: 'webhook_delivery', webhook_endpoint_id: 'whe_1', event_id: 'evt_1' },
              ...{ event_type: 'video.completed', status: 'delivered', created_at: 1795363200, next_attempt_at: null },
              attempts: [{ created_at: 1795363200, duration_ms: 31, status_code: 204, error: null }],
            },
          ],
        },
      },
    ],
    errors: ['invalid_value'],
  },
];
