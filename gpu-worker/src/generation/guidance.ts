/** Classifier-free guidance (Ho and Salimans, 2022): away from what the network draws without a prompt. */
import { type Float32Tensor, float32 } from '../model/tensor.ts';

/** unconditional + guidance_scale * (conditional - unconditional); a scale of 1 is the conditional velocity. */
export function guide(conditional: Float32Tensor, unconditional: Float32Tensor, guidance_scale: number): Float32Tensor {
  const values = conditional.values.map((value, index) => {
    const base = unconditional.values[index] ?? 0;
    return base + guidance_scale * (value - base);
  });
  return float32(conditional.dims, values);
}
