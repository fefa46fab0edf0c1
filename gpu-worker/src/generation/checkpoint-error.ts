/** How a checkpoint is refused. */
import type { Dims, Float32Tensor } from '../model/tensor.ts';

/** A checkpoint that can't be continued: damaged, of another video, of another model, or as the command has it. */
export class CheckpointError extends Error {
  override readonly name = 'CheckpointError';
}

/** Latents may be sound and still not this model's. @throws CheckpointError naming both shapes */
export function requireDims(name: string, tensor: Float32Tensor | null, wanted: Dims): void {
  if (tensor && String(tensor.dims) !== String(wanted)) {
    throw new CheckpointError(`the checkpoint's ${name} is [${tensor.dims}]; the model's is [${wanted}]`);
  }
}
