/** What a chunk is told: one prompt, or several while one turns into the next. */
import { combine, float32 } from '../model/tensor.ts';
import type { TextEncoding } from '../model/text-encoder.ts';

/** Weights are above 0 and sum to 1; no prompt comes twice. */
export type PromptMix = readonly { readonly prompt: string; readonly weight: number }[];

/** @param weight of `prompt`; from 1 on there is nothing else */
export function blendPrompts(from: PromptMix, prompt: string, weight: number): PromptMix {
  if (weight >= 1) return [{ prompt, weight: 1 }];
  const known = from.find((entry) => entry.prompt === prompt)?.weight ?? 0;
  const others = from.filter((entry) => entry.prompt !== prompt);
  if (others.length === 0) return from;
  return [...others.map((entry) => ({ ...entry, weight: (1 - weight) * entry.weight })), { prompt, weight: weight + (1 - weight) * known }];
}

/** Weighted sum of the texts, token by token. Where only one has a token, the other adds nothing. */
export function mixTexts(texts: readonly { readonly encoding: TextEncoding; readonly weight: number }[]): TextEncoding {
  const [first, ...others] = texts;
  if (!first) throw new RangeError('there is no text to mix');
  if (others.length === 0) return first.encoding;
  return others.reduce<TextEncoding>(
    (mixed, { encoding, weight }) => {
      const { text, text_mask } = weigh(encoding, weight);
      return {
        text: combine(mixed.text, text, (sum, value) => sum + value),
        text_mask: combine(mixed.text_mask, text_mask, (one, other) => Math.max(one, other)),
      };
    },
    weigh(first.encoding, first.weight),
  );
}

/** Padding has numbers too; they count for nothing. */
function weigh({ text, text_mask }: TextEncoding, weight: number): TextEncoding {
  const width = text.values.length / text_mask.values.length;
  const values = text.values.map((value, index) => weight * value * (text_mask.values[Math.floor(index / width)] ?? 0));
  return { text: float32(text.dims, values), text_mask };
}
