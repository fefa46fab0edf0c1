/**
 * Dense tensors in row-major order, and the few ways in which a chunk is cut and joined.
 * Axes of latents are [B, C, F, H, W]; the decoder wants frames first, [N, C, H, W].
 */

export type Dims = readonly number[];

export interface Float32Tensor {
  readonly dtype: 'float32';
  readonly dims: Dims;
  readonly values: Float32Array;
}

interface Int64Tensor {
  readonly dtype: 'int64';
  readonly dims: Dims;
  readonly values: BigInt64Array;
}

interface Uint8Tensor {
  readonly dtype: 'uint8';
  readonly dims: Dims;
  readonly values: Uint8Array;
}

export type Tensor = Float32Tensor | Int64Tensor | Uint8Tensor;

/** A float32 tensor over `values`, or of zeros. */
export function float32(dims: Dims, values: Float32Array = new Float32Array(sizeOf(dims))): Float32Tensor {
  if (values.length !== sizeOf(dims)) throw new RangeError(`[${dims}] holds ${sizeOf(dims)} values; got ${values.length}`);
  return { dtype: 'float32', dims, values };
}

/** Tensors of equal shape, one behind the other along the first axis. */
export function joinBatches(parts: readonly [Float32Tensor, ...Float32Tensor[]]): Float32Tensor {
  const [, ...rest] = parts[0].dims;
  const values = new Float32Array(parts.reduce((size, part) => size + part.values.length, 0));
  let offset = 0;
  let batch = 0;
  for (const part of parts) {
    if (String(part.dims.slice(1)) !== String(rest)) throw new RangeError(`cannot join [${parts[0].dims}] and [${part.dims}]`);
    values.set(part.values, offset);
    offset += part.values.length;
    batch += part.dims[0] ?? 0;
  }
  return float32([batch, ...rest], values);
}

/** The same place of both, one number at a time. @throws RangeError where the shapes differ */
export function combine(a: Float32Tensor, b: Float32Tensor, f: (a: number, b: number, index: number) => number): Float32Tensor {
  if (String(a.dims) !== String(b.dims)) throw new RangeError(`[${a.dims}] and [${b.dims}] do not fit`);
  return float32(
    a.dims,
    a.values.map((value, index) => f(value, b.values[index] ?? 0, index)),
  );
}

/** A batch of one, `count` times. */
export function repeatBatch(tensor: Float32Tensor, count: number): Float32Tensor {
  return count === 1 ? tensor : joinBatches([tensor, ...new Array<Float32Tensor>(count - 1).fill(tensor)]);
}

/** Each entry of the first axis as a batch of one; views, not copies. */
export function splitBatches(tensor: Float32Tensor): Float32Tensor[] {
  const [batch = 0, ...rest] = tensor.dims;
  const size = sizeOf(rest);
  return Array.from({ length: batch }, (_, index) => float32([1, ...rest], tensor.values.subarray(index * size, (index + 1) * size)));
}

/** Frames [first, end) of latents [1, C, F, H, W], as [1, C, end - first, H, W]. */
export function sliceFrames(latents: Float32Tensor, first: number, end: number): Float32Tensor {
  const { channels, frames, height, width } = latentDims(latents);
  if (first < 0 || first > end || end > frames) throw new RangeError(`frames [${first}, ${end}) are not within [0, ${frames})`);
  const cut = float32([1, channels, end - first, height, width]);
  copyFrames(latents, first, cut, 0, end - first);
  return cut;
}

/** Frames of `first`, then those of `second`; equal in all else. */
export function joinFrames(first: Float32Tensor, second: Float32Tensor): Float32Tensor {
  const { channels, frames, height, width } = latentDims(first);
  const more = latentDims(second);
  if (more.channels !== channels || more.height !== height || more.width !== width) {
    throw new RangeError(`cannot join frames of [${first.dims}] and [${second.dims}]`);
  }
  const joined = float32([1, channels, frames + more.frames, height, width]);
  copyFrames(first, 0, joined, 0, frames);
  copyFrames(second, 0, joined, frames, more.frames);
  return joined;
}

/** Frame `frame` of latents [1, C, F, H, W], as [1, C, H, W]. */
export function singleFrame(latents: Float32Tensor, frame: number): Float32Tensor {
  return framesFirst(sliceFrames(latents, frame, frame + 1));
}

/** [1, C, F, H, W] to [F, C, H, W]. */
export function framesFirst(latents: Float32Tensor): Float32Tensor {
  const { channels, frames, height, width } = latentDims(latents);
  const place = height * width;
  const turned = float32([frames, channels, height, width]);
  for (let channel = 0; channel < channels; channel++) {
    for (let frame = 0; frame < frames; frame++) {
      const from = (channel * frames + frame) * place;
      turned.values.set(latents.values.subarray(from, from + place), (frame * channels + channel) * place);
    }
  }
  return turned;
}

export function sizeOf(dims: Dims): number {
  return dims.reduce((size, dim) => size * dim, 1);
}

export function latentDims({ dims }: Float32Tensor): { channels: number; frames: number; height: number; width: number } {
  const [batch, channels, frames, height, width] = dims;
  if (batch !== 1 || !channels || frames === undefined || !height || !width || dims.length !== 5) {
    throw new RangeError(`latents must be [1, C, F, H, W]; got [${dims}]`);
  }
  return { channels, frames, height, width };
}

function copyFrames(from: Float32Tensor, from_frame: number, to: Float32Tensor, to_frame: number, count: number): void {
  const source = latentDims(from);
  const target = latentDims(to);
  const place = source.height * source.width;
  for (let channel = 0; channel < source.channels; channel++) {
    const start = (channel * source.frames + from_frame) * place;
    to.values.set(from.values.subarray(start, start + count * place), (channel * target.frames + to_frame) * place);
  }
}
