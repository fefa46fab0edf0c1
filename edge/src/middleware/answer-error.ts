/**
 * Every refusal in the shape of its dialect, with the headers that stock clients obey.
 * What is not an EverframeError is our own fault: the caller learns the request id, the log the rest.
 */
import { describeError, EverframeError } from '@everframe/shared';
import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { AppEnv } from '../env.ts';
import { publicOrigin } from '../http/public-origin.ts';
import { log } from '../log.ts';
import { isOpenRouterPath, toOpenRouterBody } from '../openrouter/error-body.ts';
import { PROBLEM_TYPE, toProblem, wantsProblem } from './problem.ts';

export function answerError(error: unknown, c: Context<AppEnv>): Response {
  const refusal = error instanceof EverframeError ? error : internalError(error, c);
  const { status, retryable } = refusal.kind;
  // Stock clients repeat 408, 409, 429 and 5xx unless told otherwise.
  if (status === 409 || status === 429) c.header('x-should-retry', String(retryable));
  if (status === 401) c.header('www-authenticate', 'Bearer');
  const body = isOpenRouterPath(c.req.path) ? toOpenRouterBody(refusal) : refusal.toBody();
  if (wantsProblem(c.req.header('accept'))) {
    return c.body(JSON.stringify(toProblem(refusal, body)), status as ContentfulStatusCode, { 'content-type': PROBLEM_TYPE });
  }
  return c.json(body, status as ContentfulStatusCode);
}

export function unknownRoute(c: Context<AppEnv>): Response {
  return answerError(
    new EverframeError(
      'unknown_route',
      `There is no route ${c.req.method} ${c.req.path.slice(0, 200)}. Routes are those of ${publicOrigin(c)}/docs: a client's base URL ends with /v1, in OpenRouter's dialect with /api/v1.`,
    ),
    c,
  );
}

function internalError(error: unknown, c: Context<AppEnv>): EverframeError {
  const request_id = c.get('request_id');
  log('error', 'request failed', { request_id, method: c.req.method, path: c.req.path, error: describeError(error) });
  return new EverframeError('internal_error', `The request failed on our side. Try again; if it stays so, name request ${request_id}.`);
}
