/** From sound fields to a recorded video and its answer: its prompts judged, its price put aside, once for each request. */
import {
  type CreateVideoRequest,
  type GenerationCommand,
  type PromptWarning,
  parseStrict,
  priceOf,
  reviewPrompt,
  toGenerationCommand,
} from '@everframe/shared';
import type { Context } from 'hono';
import { reserveCredits } from '../accounts/reserve-credits.ts';
import { KNOWN_WORDS, PACKAGES } from '../catalogue.ts';
import type { AppEnv } from '../env.ts';
import { createOnce } from '../idempotency/create-once.ts';
import { refuseHarmfulPrompts } from '../moderation/refuse-prompts.ts';
import { toVideoView } from './video-view.ts';

/** @param remixed_from_video_id the video that this one is made after; null where it stands alone */
export async function makeVideo(
  c: Context<AppEnv>,
  request: CreateVideoRequest,
  remixed_from_video_id: string | null = null,
): Promise<Response> {
  const command = toGenerationCommand(request, PACKAGES, randomSeed(), c.get('settings').endlessSeconds);
  const prompts = promptsOf(command);
  const { negative_prompt } = command;
  const warnings = review({ ...prompts, ...(negative_prompt && { negative_prompt }) }, command.model, parseStrict(request));
  // The negative prompt is not judged: it leads away from what it names, and people name there what they do not want to see.
  await refuseHarmfulPrompts(c, prompts);
  const identity = remixed_from_video_id === null ? request : { ...request, remixed_from_video_id };
  const video = await createOnce(c, identity, async (id) => {
    // Paid for, then recorded. Safe to repeat with the same id: what is reserved and recorded first stays.
    const created_at_ms = Date.now();
    const price = priceOf(command, PACKAGES);
    const held = (await reserveCredits(c, id, command, price)) === 'waiting';
    const { account_id, request_id } = c.var;
    const record = { id, account_id, command, created_at_ms, price, request_id, held, remixed_from_video_id };
    return await c.env.VIDEO.getByName(id).create(record);
  });
  return c.json({ ...toVideoView(video), warnings });
}

/** All that the video will show, by the name of the parameter that brought it. */
function promptsOf({ prompt, segments }: GenerationCommand): Record<string, string> {
  return { prompt, ...Object.fromEntries(segments.map((segment, i) => [`segments[${i}].prompt`, segment.prompt])) };
}

function review(prompts: Readonly<Record<string, string>>, name: string, strict: boolean): PromptWarning[] {
  const model = PACKAGES.find((candidate) => candidate.name === name);
  if (!model) throw new Error(`${name} is not served`);
  return Object.entries(prompts).flatMap(([param, prompt]) => reviewPrompt(prompt, model, { known: KNOWN_WORDS[name], strict, param }));
}

function randomSeed(): number {
  const [seed] = crypto.getRandomValues(new Uint32Array(1));
  return seed ?? 0;
}
