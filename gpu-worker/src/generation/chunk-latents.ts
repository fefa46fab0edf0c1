/**
 * What a family made of each chunk, at rest, so that the video can be edited: [1, C, F, H, W] as float32, little-endian, the
 * chunks of a video one behind the other from its first on.
 */
import { type Float32Tensor, float32, sizeOf } from '../model/tensor.ts';
import { CheckpointError } from './checkpoint-error.ts';
import type { FamilyDescription } from './family.ts';

/** Clean latents of a video's chunk; null behind its last. */
export type SourceLatents = (chunk_index: number) => Float32Tensor | null;

export function latentsToBytes({ values }: Float32Tensor): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  const view = new DataView(bytes.buffer);
  for (const [index, value] of values.entries()) view.setFloat32(4 * index, value, true);
  return bytes;
}

/** @throws CheckpointError where the bytes are not whole chunks of the family's */
export function sourceLatents(
  bytes: Uint8Array,
  { latent: { channels, height, width }, latent_frames }: Pick<FamilyDescription, 'latent' | 'latent_frames'>,
): SourceLatents {
  const dims = [1, channels, latent_frames, height, width];
  const size = sizeOf(dims);
  if (bytes.length === 0 || bytes.length % (4 * size) !== 0) {
    throw new CheckpointError(`the source holds ${bytes.length} bytes; chunks of [${dims}] have ${4 * size} each`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return (chunk_index) => {
    const begin = 4 * size * chunk_index;
    if (begin >= bytes.length) return null;
    return float32(
      dims,
      Float32Array.from({ length: size }, (_, index) => view.getFloat32(begin + 4 * index, true)),
    );
  };
}
