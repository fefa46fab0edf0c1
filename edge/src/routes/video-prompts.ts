/**
 * POST /v1/videos/{id}/prompts: a prompt for a video while it is made, recorded for its worker, which answers with the
 * commit of a chunk. GET lists the prompts with what became of them.
 */
import { borderBehind, EverframeError, type ModelPackage, parseLivePrompt, reviewPrompt, type VideoRecord } from '@everframe/shared';
import type { Context } from 'hono';
import { KNOWN_WORDS, NEAR_WORDS, PACKAGES } from '../catalogue.ts';
import type { AppEnv } from '../env.ts';
import { videoObject } from '../http/named-video.ts';
import { hashRequest } from '../idempotency/body-hash.ts';
import { readRepetition } from '../idempotency/idempotency-key.ts';
import { refuseHarmfulPrompts } from '../moderation/refuse-prompts.ts';
import type { PromptView } from '../openapi/answers.ts';
import { fromOutcome } from '../videos/outcome.ts';
import { videoNotFound } from '../videos/video-id.ts';
import { findVideo } from './find-video.ts';
import { newPromptView, promptViews } from './prompt-view.ts';
import { readCreateRequest } from './read-create-request.ts';

export async function steerVideo(c: Context<AppEnv>): Promise<Response> {
  const record = await findVideo(c);
  const request = await readCreateRequest(c.req.raw);
  const repetition = readRepetition(c.req.raw.headers);
  const model = modelOf(record);
  if (!model) {
    throw new EverframeError('model_not_found', `${record.command.model} is not served any more, so its videos cannot be steered.`);
  }
  const prompt = parseLivePrompt(request, record.command, model);
  await refuseHarmfulPrompts(c, { prompt: prompt.prompt });
  const mark = {
    key: repetition.kind === 'key' ? repetition.key : null,
    retry: repetition.kind === 'sdk' && repetition.retry,
    body_hash: await hashRequest(c.get('settings').keyPepper, request),
  };
  const border = prompt.start_frame === null ? null : borderBehind(prompt.start_frame, model);
  const steered = fromOutcome(await videoObject(c).video.steer({ prompt, border, mark }));
  if (steered.replayed) c.header('idempotency-replayed', 'true');
  const lists = { known: KNOWN_WORDS[model.name], near: NEAR_WORDS[model.name] };
  const warnings = reviewPrompt(prompt.prompt, model, { ...lists, strict: false, param: 'prompt' });
  return c.json({ ...newPromptView(record, steered.prompt), warnings }, 202);
}

export async function listVideoPrompts(c: Context<AppEnv>): Promise<Response> {
  const { id, account_id } = await findVideo(c);
  const found = await videoObject(c).video.prompts();
  if (!found || found.video.account_id !== account_id) throw videoNotFound(id);
  const { video, requested, sent } = found;
  const data: PromptView[] = promptViews(video, requested.segments, sent, modelOf(video));
  return c.json({ object: 'list', data, has_more: false });
}

function modelOf({ command }: VideoRecord): ModelPackage | undefined {
  return PACKAGES.find(({ name }) => name === command.model);
}
