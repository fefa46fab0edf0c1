/** For tests: OpenRouter's stock SDK on the edge, whose every answer is held to the document, and what it makes of a refusal. */
import type { ApiKey } from '@everframe/shared';
import { OpenRouter } from '@openrouter/sdk';
import { HTTPClient } from '@openrouter/sdk/lib/http.js';
import type { VideoGenerationRequest } from '@openrouter/sdk/models';
import * as errors from '@openrouter/sdk/models/errors';
import { unrecognized } from '@openrouter/sdk/types/unrecognized.js';
import { PACKAGES } from '../catalogue.ts';
import { assertDocumented } from './assert-documented.ts';
import type { TestEdge } from './edge.ts';

export const MODEL = PACKAGES[0]?.name ?? '';
/** As the SDK wants what is in none of its lists. */
export const R128 = unrecognized('128p');

export interface Refused {
  readonly error: { readonly code: number; readonly message: string; readonly metadata: { readonly param: string; readonly code: string } };
}

/** A refusal is not repeated here, as it is by default for an hour where it is ours. */
export function clientOf({ address }: Pick<TestEdge, 'address'>, key: Pick<ApiKey, 'text'>): OpenRouter {
  const httpClient = new HTTPClient({
    fetcher: async (input, init) => {
      const request = new Request(input, init);
      const { method, url } = request;
      const response = await fetch(request);
      await assertDocumented(method, url, response);
      return response;
    },
  });
  return new OpenRouter({ apiKey: key.text, serverURL: `${address}api/v1`, httpClient, retryConfig: { strategy: 'none' } });
}

export function generate(by: OpenRouter, fields: Partial<VideoGenerationRequest> = {}) {
  return by.videoGeneration.generate({ videoGenerationRequest: { model: MODEL, prompt: 'a red ball', ...fields } });
}

export function poll(by: OpenRouter, jobId: string) {
  return by.videoGeneration.getGeneration({ jobId });
}

export async function download(by: OpenRouter, jobId: string): Promise<string> {
  return new Response(await by.videoGeneration.getVideoContent({ jobId })).text();
}

/** In JSON, for what the SDK does not send. */
export function post(edge: TestEdge, fields: object, headers: Record<string, string> = {}): Promise<Response> {
  return edge.asOwner('/api/v1/videos', {
    ...{ method: 'POST', headers: { 'content-type': 'application/json', ...headers } },
    body: JSON.stringify({ model: MODEL, prompt: 'a red ball', ...fields }),
  });
}

export async function refusalOf(call: Promise<unknown>): Promise<errors.OpenRouterError & Refused> {
  try {
    await call;
  } catch (error) {
    if (error instanceof errors.OpenRouterError) return error as errors.OpenRouterError & Refused;
    throw error;
  }
  throw new Error('not refused');
}
