/** What is refused in OpenRouter's dialect: as its stock SDK reads it, and with nothing stored. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CREATE_WITH_PICTURE_MAX_BYTES, URL_MAX_CHARACTERS } from '@everframe/shared';
import type { OpenRouter } from '@openrouter/sdk';
import type { VideoGenerationRequest } from '@openrouter/sdk/models';
import * as errors from '@openrouter/sdk/models/errors';
import { startEdge, type TestEdge } from '../testing/edge.ts';
import { clientOf, download, generate, poll, post, type Refused, refusalOf } from '../testing/openrouter-client.ts';

let edge: TestEdge;
let client: OpenRouter;

before(async () => {
  edge = await startEdge({ LEASE_SECONDS: '600', DNS_RESOLVER_URL: '' });
  client = clientOf(edge, edge.key);
});
after(() => edge?.close());

const countObjects = async () => (await edge.worker.listDurableObjectIds('VIDEO')).length;

test('what cannot be obeyed is refused in the typed classes of the SDK, and nothing is stored for it', async () => {
  const before_objects = await countObjects();
  const image = { type: 'image_url', imageUrl: { url: 'https://example.com/a.png' } } as const;
  const cases: readonly [Partial<VideoGenerationRequest>, string, string][] = [
    [{ prompt: undefined }, 'prompt', 'missing_required_parameter'],
    [{ prompt: 'a naked child' }, 'prompt', 'moderation_blocked'],
    [{ model: 'openai/sora-2' }, 'model', 'model_not_found'],
    [{ duration: 601 }, 'duration', 'invalid_value'],
    [{ resolution: '720p' }, 'resolution', 'invalid_value'],
    [{ aspectRatio: '16:9' }, 'aspect_ratio', 'invalid_value'],
    [{ size: '1280x720' }, 'size', 'invalid_value'],
    [{ seed: -1 }, 'seed', 'invalid_value'],
    [{ generateAudio: true }, 'generate_audio', 'unsupported_parameter'],
    [{ frameImages: [{ ...image, frameType: 'last_frame' }] }, 'frame_images', 'unsupported_parameter'],
    [
      {
        frameImages: [
          { ...image, frameType: 'first_frame' },
          { ...image, frameType: 'first_frame' },
        ],
      },
      'frame_images',
      'unsupported_parameter',
    ],
    [
      { frameImages: [{ ...image, imageUrl: { url: 'data:,' }, frameType: 'first_frame' }] },
      ...(['frame_images[0].image_url.url', 'invalid_value'] as const),
    ],
    [{ inputReferences: [image] }, 'input_references', 'unsupported_parameter'],
    [{ callbackUrl: 'https://10.0.0.1/hook' }, 'callback_url', 'url_not_allowed'],
    [{ callbackUrl: 'http://example.com/hook' }, 'callback_url', 'url_not_allowed'],
    [{ callbackUrl: `https://example.com/${'a'.repeat(URL_MAX_CHARACTERS)}` }, 'callback_url', 'string_too_long'],
    [{ upscaleFactor: 2 }, 'upscale_factor', 'unsupported_parameter'],
    [{ creativity: 1 }, 'creativity', 'unsupported_parameter'],
  ];
  for (const [fields, param, code] of cases) {
    const refused = await refusalOf(generate(client, fields));
    assert.ok(refused instanceof errors.BadRequestResponseError, JSON.stringify(fields));
    assert.deepEqual([refused.error.code, refused.error.metadata.param, refused.error.metadata.code], [400, param, code]);
    assert.doesNotMatch(refused.message, /'seconds'/);
  }
  for (const [fields, param, code] of [
    [{ prompts: [] }, 'prompts', 'unknown_parameter'],
    [{ model: undefined, size: '1280x720' }, 'size', 'invalid_value'],
    [{ model: undefined, resolution: 'banana' }, 'resolution', 'invalid_value'],
    [{ model: null, aspect_ratio: '16:9' }, 'aspect_ratio', 'invalid_value'],
    [{ callback_url: 7 }, 'callback_url', 'invalid_type'],
    [{ generate_audio: 'no' }, 'generate_audio', 'invalid_type'],
    [{ provider: 'fal' }, 'provider', 'invalid_type'],
    [{ provider: { options: { everframe: { prompt: 'a' } } } }, 'provider.options.everframe.prompt', 'unknown_parameter'],
    [{ provider: { options: { everframe: { segments: [{ start: 0, prompt: 'a' }] } } } }, 'segments[0].start', 'invalid_value'],
  ] as const) {
    const { error } = (await (await post(edge, fields)).json()) as Refused;
    assert.deepEqual([error.metadata.param, error.metadata.code], [param, code]);
  }
  const form = await edge.asOwner('/api/v1/videos', { method: 'POST', body: new FormData() });
  assert.equal(form.status, 415);
  assert.equal(await countObjects(), before_objects);
});

test('who may not ask, or has asked enough, reads it in the typed classes too', async () => {
  const { id } = await generate(client);
  const stranger = clientOf(edge, await edge.addKey('account_b'));
  const poor = await edge.addKey('account_poor');
  await edge.setAccount('account_poor', { billing: 'prepaid' });
  const exhausted = clientOf(edge, await edge.addKey('account_a', { requests_per_minute: 1 }));
  const reader = clientOf(edge, await edge.addKey('account_a', { scopes: '["videos.read"]' }));
  const broken = await startEdge({ LEASE_SECONDS: 'soon' });
  try {
    for (const [call, kind, status, code] of [
      [() => generate(clientOf(edge, { text: 'sk-or-v1-0' })), errors.UnauthorizedResponseError, 401, 'invalid_api_key'],
      [() => generate(clientOf(edge, poor)), errors.PaymentRequiredResponseError, 402, 'insufficient_credits'],
      [() => generate(reader), errors.ForbiddenResponseError, 403, 'insufficient_scope'],
      [() => poll(stranger, id), errors.NotFoundResponseError, 404, 'video_not_found'],
      [() => download(stranger, id), errors.NotFoundResponseError, 404, 'video_not_found'],
      [
        () => generate(client, { prompt: 'a'.repeat(CREATE_WITH_PICTURE_MAX_BYTES) }),
        errors.PayloadTooLargeResponseError,
        413,
        'body_too_large',
      ],
      [() => secondOf(exhausted), errors.TooManyRequestsResponseError, 429, 'rate_limit_exceeded'],
      [() => poll(clientOf(broken, edge.key), id), errors.InternalServerResponseError, 500, 'internal_error'],
    ] as const) {
      const refused = await refusalOf(call());
      assert.ok(refused instanceof kind, `${code}: ${refused.name}`);
      const { error } = JSON.parse(refused.body) as Refused;
      assert.deepEqual([refused.statusCode, error.code, error.metadata.code], [status, status, code]);
    }
  } finally {
    await broken.close();
  }
});

/** Its key may send one request a minute. */
async function secondOf(by: OpenRouter): Promise<unknown> {
  await by.videoGeneration.listVideosModels();
  return generate(by);
}
