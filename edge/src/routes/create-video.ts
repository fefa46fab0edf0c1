/** POST /v1/videos: raw body, validated command, its prompts judged, record, answer. The record's outbox rings the queue after the answer. */
import {
  type GenerationCommand,
  type PromptWarning,
  parseStrict,
  priceOf,
  reviewPrompt,
  toGenerationCommand,
  type VideoRecord,
} from '@everframe/shared';
import type { Context } from 'hono';
import { reserveCredits } from '../accounts/reserve-credits.ts';
import { KNOWN_WORDS, PACKAGES } from '../catalogue.ts';
import type { AppEnv } from '../env.ts';
import { createOnce } from '../idempotency/create-once.ts';
import { refuseHarmfulPrompts } from '../moderation/refuse-prompts.ts';
import { readCreateRequest } from './read-create-request.ts';
import { toVideoView } from './video-view.ts';

export async function createVideo(c: Context<AppEnv>): Promise<Response> {
  const request = await readCreateRequest(c.req.raw);
  const command = toGenerationCommand(request, PACKAGES, randomSeed());
  const prompts = promptsOf(command);
  const warnings = review(prompts, command.model, parseStrict(request));
  await refuseHarmfulPrompts(c, prompts);
  const video = await createOnce(c, request, (id) => recordVideo(c, id, command));
  return c.json({ ...toVideoView(video), warnings });
}

/** All that will steer the video, by the name of the parameter that brought it. */
function promptsOf({ prompt, segments }: GenerationCommand): Record<string, string> {
  return Object.fromEntries([['prompt', prompt], ...segments.map((segment, i) => [`segments[${i}].prompt`, segment.prompt])]);
}

function review(prompts: Readonly<Record<string, string>>, name: string, strict: boolean): PromptWarning[] {
  const model = PACKAGES.find((candidate) => candidate.name === name);
  if (!model) throw new Error(`${name} is not served`);
  return Object.entries(prompts).flatMap(([param, prompt]) => reviewPrompt(prompt, model, { known: KNOWN_WORDS[name], strict, param }));
}

/** Paid for, then recorded. Safe to repeat with the same id: what is reserved and recorded first stays. */
async function recordVideo(c: Context<AppEnv>, id: string, command: GenerationCommand): Promise<VideoRecord> {
  const created_at_ms = Date.now();
  const price = priceOf(command, PACKAGES);
  const turn = await reserveCredits(c, id, command, price);
  const { account_id, request_id } = c.var;
  return await c.env.VIDEO.getByName(id).create({ id, account_id, command, created_at_ms, price, request_id, held: turn === 'waiting' });
}

function randomSeed(): number {
  const [seed] = crypto.getRandomValues(new Uint32Array(1));
  return seed ?? 0;
}
