/** The frame of the first chunk that shows what a video is of, with what its decoder sees beside it. */
import { type Float32Tensor, framesFirst, sliceFrames, splitBatches } from '../model/tensor.ts';
import type { VaeDecoder } from '../model/vae-decoder.ts';

/**
 * @param finished the first chunk as it is decoded, [1, C, F, H, W]
 * @returns [1, C, H, W], or [2, C, H, W] with the latent frame before it
 */
export function keepThumbnail(finished: Float32Tensor, frame: number): Float32Tensor {
  return framesFirst(sliceFrames(finished, Math.max(0, frame - 1), frame + 1));
}

/** RGB bytes of its frames, as they are in the video. */
export function decodeThumbnail({ decode }: VaeDecoder, thumbnail: Float32Tensor): Promise<Uint8Array> {
  const [first = thumbnail, second] = splitBatches(thumbnail);
  return second ? decode(second, first) : decode(first, null);
}
