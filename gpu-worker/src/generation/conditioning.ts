/**
 * What StreamingT2V's networks read of text and anchor: one entry for each branch of guidance, made once for each prompt and
 * anchor. Every branch of one chunk goes through the denoiser as one batch.
 */
import type { ModelPackage } from '@everframe/shared';
import type { Context } from '../model/anchor-encoder.ts';
import type { Networks } from '../model/load-networks.ts';
import { type Float32Tensor, float32, joinBatches, splitBatches } from '../model/tensor.ts';
import { joinTexts, type TextEncoder, type TextEncoding } from '../model/text-encoder.ts';
import type { ChunkPlan } from './chunk-plan.ts';
import { guide, guideApart } from './guidance.ts';
import { mixTexts } from './prompt-mix.ts';

/** What all chunks under one prompt and anchor read. */
export interface Conditioning {
  /** The plan's prompts and negative prompt. */
  readonly told: string;
  /** By prompt; null for the absence of one. */
  readonly texts: ReadonlyMap<string | null, TextEncoding>;
  /** [1, C, H, W]; null where the chunk is made without one. */
  readonly anchor: Float32Tensor | null;
  readonly guidance: Guidance;
  /** Of a batch with one entry for each branch. */
  readonly context: Context;
}

/** What a branch is shown. */
interface Branch {
  readonly text: boolean;
  readonly anchor: boolean;
}

interface Guidance {
  readonly branches: readonly [Branch, ...Branch[]];
  readonly guidance_scale: number;
  readonly anchor_guidance_scale: number;
}

const TEXT_AND_ANCHOR: Branch = { text: true, anchor: true };
const TEXT_ALONE: Branch = { text: true, anchor: false };
const ANCHOR_ALONE: Branch = { text: false, anchor: true };
const NOTHING: Branch = { text: false, anchor: false };

/** @param before of the chunk before; what has not changed is not encoded again */
export async function condition(
  { model, text_encoder, anchor_encoder }: Pick<Networks, 'model' | 'text_encoder' | 'anchor_encoder'>,
  { prompts, negative_prompt }: ChunkPlan,
  anchor: Float32Tensor | null,
  before: Conditioning | undefined,
): Promise<Conditioning> {
  const told = JSON.stringify([prompts, negative_prompt]);
  if (before?.told === told && before.anchor === anchor) return before;
  const negative = negative_prompt || null;
  const texts = await encodeAll(text_encoder, [...prompts.map(({ prompt }) => prompt), negative], before?.texts);
  const text = mixTexts(prompts.map(({ prompt, weight }) => ({ encoding: textOf(texts, prompt), weight })));
  const guidance = guidanceOf(model.schedule, anchor !== null);
  const { channels, height, width } = model.latent;
  const shown = guidance.branches.map((branch) => (branch.anchor ? anchor : null));
  const [first = null, ...others] = shown.map((frame) => frame ?? float32([1, channels, height, width]));
  if (!first) throw new Error('there is no branch to condition');
  const context = await anchor_encoder.encode({
    ...joinTexts(guidance.branches.map((branch) => (branch.text ? text : textOf(texts, negative)))),
    anchor: joinBatches([first, ...others]),
    anchor_present: float32(
      [shown.length],
      Float32Array.from(shown, (frame) => (frame ? 1 : 0)),
    ),
  });
  return { told, texts, anchor, guidance, context };
}

/** One prediction of the branches'. @param predicted [B, C, F, H, W], in the branches' order */
export function guideBranches({ guidance_scale, anchor_guidance_scale }: Guidance, predicted: Float32Tensor): Float32Tensor {
  const [first, second, third] = splitBatches(predicted);
  if (!first) throw new Error('the denoiser gave no prediction');
  if (!second) return first;
  if (!third) return guide(first, second, guidance_scale);
  return guideApart(first, second, third, guidance_scale, anchor_guidance_scale);
}

/**
 * As many branches as make a difference. Without a scale of its own, an anchor is in all of them; with one it is guided by
 * as well, and needs a third branch only where its scale is another than the text's.
 */
function guidanceOf(schedule: ModelPackage['schedule'], has_anchor: boolean): Guidance {
  const guidance_scale = has_anchor ? schedule.guidance_scale : schedule.first_chunk_guidance_scale;
  const anchor_guidance_scale = (has_anchor ? schedule.anchor_guidance_scale : undefined) ?? guidance_scale;
  const scales = { guidance_scale, anchor_guidance_scale };
  if (anchor_guidance_scale !== guidance_scale) return { ...scales, branches: [TEXT_AND_ANCHOR, TEXT_ALONE, NOTHING] };
  if (guidance_scale === 1) return { ...scales, branches: [TEXT_AND_ANCHOR] };
  const guided_by_anchor = schedule.anchor_guidance_scale !== undefined;
  return { ...scales, branches: [TEXT_AND_ANCHOR, guided_by_anchor ? NOTHING : ANCHOR_ALONE] };
}

/** Each once, and none that is known. What is no longer told is forgotten. */
async function encodeAll(
  text_encoder: TextEncoder,
  prompts: readonly (string | null)[],
  known: ReadonlyMap<string | null, TextEncoding> | undefined,
): Promise<ReadonlyMap<string | null, TextEncoding>> {
  const texts = new Map<string | null, TextEncoding>();
  for (const prompt of new Set(prompts)) texts.set(prompt, known?.get(prompt) ?? (await text_encoder.encode(prompt)));
  return texts;
}

function textOf(texts: ReadonlyMap<string | null, TextEncoding>, prompt: string | null): TextEncoding {
  const text = texts.get(prompt);
  if (!text) throw new Error('a text of the chunk was not encoded');
  return text;
}
