/** Classifier-free guidance (Ho and Salimans, 2022): away from what the network draws without a prompt. */
import { combine, type Float32Tensor } from '../model/tensor.ts';

/** unconditional + guidance_scale * (conditional - unconditional); a scale of 1 is the conditional prediction. */
export function guide(conditional: Float32Tensor, unconditional: Float32Tensor, guidance_scale: number): Float32Tensor {
  return combine(conditional, unconditional, (value, base) => base + guidance_scale * (value - base));
}

/**
 * Text and anchor each by their own scale (StreamingT2V, arXiv 2403.14773, section 4.2). Where both are equal, the
 * prediction from text alone falls out, and `guide` with that scale is the same.
 */
export function guideApart(
  text_and_anchor: Float32Tensor,
  text_alone: Float32Tensor,
  unconditional: Float32Tensor,
  guidance_scale: number,
  anchor_guidance_scale: number,
): Float32Tensor {
  const by_anchor = combine(text_and_anchor, text_alone, (both, text) => anchor_guidance_scale * (both - text));
  const by_text = guide(text_alone, unconditional, guidance_scale);
  return combine(by_text, by_anchor, (text, anchor) => text + anchor);
}
