/** GET /v1/models and /v1/models/{model}: the packages that are served, the default first. */
import { EverframeError, type ModelPackage } from '@everframe/shared';
import type { Context } from 'hono';
import { PACKAGES, RELEASED_AT } from '../catalogue.ts';
import type { AppEnv } from '../env.ts';
import type { ModelView } from '../openapi/answers.ts';

export function listModels(c: Context<AppEnv>): Response {
  return c.json({ object: 'list', data: PACKAGES.map(toModelView) });
}

export function getModel(c: Context<AppEnv>): Response {
  const name = c.req.param('model') ?? '';
  const model = PACKAGES.find((candidate) => candidate.name === name);
  if (model) return c.json(toModelView(model));
  throw new EverframeError('unknown_model', `The model '${name.slice(0, 60)}' is not served here. GET /v1/models lists those that are.`, {
    param: 'model',
  });
}

/** The four members of OpenAI's contract, and what a request needs to know. */
function toModelView(model: ModelPackage): ModelView {
  return {
    id: model.name,
    object: 'model',
    created: RELEASED_AT[model.name] ?? 0,
    owned_by: 'everframe',
    title: model.title,
    description: model.description,
    version: model.version,
    licence: model.licence,
    fps: model.fps,
    sizes: model.sizes,
    seconds: model.seconds,
    prompt_max_tokens: model.text.max_tokens,
    input_modalities: model.files.vae_encoder ? ['text', 'image'] : ['text'],
    price_micro_usd_per_second: model.price_micro_usd_per_second,
  };
}
