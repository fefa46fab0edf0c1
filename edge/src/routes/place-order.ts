/** From a sound command to a recorded video and its answer: its prompts judged, its price put aside, once for each request. */
import {
  type Callback,
  type CreateVideoRequest,
  type GenerationCommand,
  type InputReference,
  parseStrict,
  priceOf,
  type RequestWarning,
  reviewPrompt,
  type VideoRecord,
} from '@everframe/shared';
import type { Context } from 'hono';
import { reserveCredits } from '../accounts/reserve-credits.ts';
import { whileReserved } from '../accounts/while-reserved.ts';
import { KNOWN_WORDS, NEAR_WORDS, PACKAGES } from '../catalogue.ts';
import type { AppEnv } from '../env.ts';
import { createOnce } from '../idempotency/create-once.ts';
import { refuseHarmfulPrompts } from '../moderation/refuse-prompts.ts';
import { storePicture } from '../pictures/store-picture.ts';
import type { ReadPicture } from '../pictures/take-picture.ts';
import { fromOutcome } from '../videos/outcome.ts';
import type { NewVideo } from '../videos/video-state.ts';
import { toVideoView } from './video-view.ts';

export interface Order {
  readonly command: GenerationCommand;
  /** Texts to judge, by the name of the parameter that brought them. */
  readonly prompts: Readonly<Record<string, string>>;
  /** Reviewed, but not judged: it leads away from what it names, and people name there what they do not want to see. */
  readonly negative_prompt?: string;
  /** The fields that were sent: the same ones again are the same order. */
  readonly request: CreateVideoRequest;
  readonly remixed_from_video_id?: string | null;
  /** What the video begins with, read before anything is paid: a picture that is refused costs nothing. */
  readonly picture?: ReadPicture | undefined;
  /**
   * Stores what the video begins with, under the id that it will have. Safe to repeat with the same id; what is stored
   * for a video that is then not recorded is erased.
   */
  readonly prepare?: (id: string) => Promise<Prepared>;
  /** Beside those of the prompts. */
  readonly warnings?: readonly RequestWarning[];
  /** @default null */
  readonly callback?: Callback | null;
  /** What the caller reads. @default the video as `/v1` shows it, with the warnings */
  readonly answer?: Answer;
}

export type Answer = (c: Context<AppEnv>, video: VideoRecord, warnings: readonly RequestWarning[]) => Response | Promise<Response>;

/** What is stored of a video before it is recorded. */
export interface Prepared extends Pick<NewVideo, 'beginning' | 'parent_file' | 'source'> {
  /** In place of the command's: of the video's own. */
  readonly input_reference?: InputReference | undefined;
}

export async function placeOrder(c: Context<AppEnv>, order: Order): Promise<Response> {
  const { command, prompts, negative_prompt, request, remixed_from_video_id = null, callback = null, answer = answerVideo } = order;
  const reviewed = review({ ...prompts, ...(negative_prompt && { negative_prompt }) }, command.model, parseStrict(request));
  await refuseHarmfulPrompts(c, prompts);
  const identity = {
    ...request,
    ...(remixed_from_video_id !== null && { remixed_from_video_id }),
    ...(callback && { callback_url: callback.url }),
  };
  const video = await createOnce(c, identity, async (id) => {
    // Paid for, then stored, then recorded. Safe to repeat with the same id: what is reserved and recorded first stays.
    const picture = await order.picture?.();
    const price = priceOf(command, PACKAGES);
    const reserve = () => reserveCredits(c, id, command, price);
    let created_at_ms = Date.now();
    let turn = await reserve();
    let stored: Prepared = {};
    if (picture || order.prepare) {
      stored = await whileReserved(reserve, async () => ({
        ...(picture && { input_reference: await storePicture(c.env.MEDIA, picture, id) }),
        ...(await order.prepare?.(id)),
      }));
      created_at_ms = Date.now();
      turn = await reserve().catch((error) => abandon(c, id, error));
    }
    const { input_reference, ...prepared } = stored;
    const { account_id, request_id } = c.var;
    const own_command = { ...command, ...(input_reference && { input_reference }) };
    const made = { command: own_command, created_at_ms, price, request_id, held: turn === 'waiting' };
    const record = { id, account_id, ...made, remixed_from_video_id, callback, ...prepared };
    return fromOutcome(await c.env.VIDEO.getByName(id).create(record));
  });
  return answer(c, video, [...(order.warnings ?? []), ...reviewed]);
}

/** The reservation ended while things were stored, perhaps behind the account's own clearing away. */
async function abandon(c: Context<AppEnv>, id: string, error: unknown): Promise<never> {
  await c.env.ACCOUNT.getByName(c.var.account_id).abandon(id);
  throw error;
}

function answerVideo(c: Context<AppEnv>, video: VideoRecord, warnings: readonly RequestWarning[]): Response {
  return c.json({ ...toVideoView(video), warnings });
}

function review(prompts: Readonly<Record<string, string>>, name: string, strict: boolean): RequestWarning[] {
  const model = PACKAGES.find((candidate) => candidate.name === name);
  if (!model) throw new Error(`${name} is not served`);
  return Object.entries(prompts).flatMap(([param, prompt]) =>
    reviewPrompt(prompt, model, { known: KNOWN_WORDS[name], near: NEAR_WORDS[name], strict, param }),
  );
}
