/**
 * All that one chunk hands to the next, and its form at rest. Little enough to be stored with every commit:
 * who the video is, which chunk comes next, the overlap and the anchor. Latents stay float32, so that a resumed video
 * equals an uninterrupted one bit for bit.
 *
 * A checkpoint: "EVFC", uint32 length of the header, the header as JSON, then overlap and anchor latents as float32;
 * little-endian throughout.
 */
import type { GenerationCommand } from '@everframe/shared';
import { z } from 'zod';
import { type Float32Tensor, float32, sizeOf } from '../model/tensor.ts';

/**
 * What must be the same for a checkpoint to be continued. The length may differ: a video can be made longer.
 * Nothing of the prompt, not even its digest, with which a reader of stored files could try prompts: it is the claim
 * that binds a checkpoint to its video.
 */
const Identity = z.object({
  model: z.string(),
  model_version: z.string(),
  seed: z.int().nonnegative(),
});
type Identity = z.infer<typeof Identity>;

export interface GenerationState {
  readonly identity: Identity;
  readonly next_chunk: number;
  /** The last frames of the chunk before, clean: [1, C, overlap, H, W]. Null before the first chunk. */
  readonly overlap: Float32Tensor | null;
  /** The anchor frame, clean: [1, C, H, W]. Null before the first chunk. */
  readonly anchor: Float32Tensor | null;
}

/** A checkpoint that can't be continued: damaged, or of another video. */
export class CheckpointError extends Error {
  override readonly name = 'CheckpointError';
}

const SCHEMA_VERSION = 1;
const MAGIC = 'EVFC';
const PREFIX_BYTES = MAGIC.length + 4;

const Dims = z.array(z.int().positive());
const Header = z.object({
  schema_version: z.literal(SCHEMA_VERSION),
  identity: Identity,
  next_chunk: z.int().positive(),
  overlap: Dims.length(5),
  anchor: Dims.length(4),
});
type Header = z.infer<typeof Header>;

type IdentityFields = Pick<GenerationCommand, 'model' | 'model_version' | 'seed'>;

/** Before the first chunk. */
export function startState(command: IdentityFields): GenerationState {
  return { identity: identify(command), next_chunk: 0, overlap: null, anchor: null };
}

/** @throws Error before the first chunk, when there is nothing to save */
export function saveState({ identity, next_chunk, overlap, anchor }: GenerationState): Uint8Array {
  if (!overlap || !anchor) throw new Error('there is no state to save before the first chunk');
  const header: Header = { schema_version: SCHEMA_VERSION, identity, next_chunk, overlap: [...overlap.dims], anchor: [...anchor.dims] };
  const text = new TextEncoder().encode(JSON.stringify(header));
  const bytes = new Uint8Array(PREFIX_BYTES + text.length + 4 * (overlap.values.length + anchor.values.length));
  const view = new DataView(bytes.buffer);
  new TextEncoder().encodeInto(MAGIC, bytes);
  view.setUint32(MAGIC.length, text.length, true);
  bytes.set(text, PREFIX_BYTES);
  let offset = PREFIX_BYTES + text.length;
  for (const value of [...overlap.values, ...anchor.values]) {
    view.setFloat32(offset, value, true);
    offset += 4;
  }
  return bytes;
}

/** The state of any video, as far as the bytes are sound. @throws CheckpointError */
export function readState(bytes: Uint8Array): GenerationState {
  const { header, payload } = readHeader(bytes);
  const overlap_size = sizeOf(header.overlap);
  const size = overlap_size + sizeOf(header.anchor);
  if (payload.byteLength !== 4 * size) {
    throw new CheckpointError(`the checkpoint holds ${payload.byteLength} bytes of latents; its header asks for ${4 * size}`);
  }
  const values = Float32Array.from({ length: size }, (_, index) => payload.getFloat32(4 * index, true));
  return {
    identity: header.identity,
    next_chunk: header.next_chunk,
    overlap: float32(header.overlap, values.slice(0, overlap_size)),
    anchor: float32(header.anchor, values.slice(overlap_size)),
  };
}

/** The state from which `command` continues. @throws CheckpointError naming what differs */
export function loadState(bytes: Uint8Array, command: IdentityFields): GenerationState {
  const state = readState(bytes);
  requireSameVideo(state, command);
  return state;
}

/** @throws CheckpointError naming what differs */
export function requireSameVideo({ identity: found }: GenerationState, command: IdentityFields): void {
  for (const field of ['model', 'model_version', 'seed'] as const) {
    if (found[field] !== command[field]) {
      throw new CheckpointError(`the checkpoint is of ${field} ${found[field]}; the command asks for ${command[field]}`);
    }
  }
}

function identify({ model, model_version, seed }: IdentityFields): Identity {
  return { model, model_version, seed };
}

function readHeader(bytes: Uint8Array): { header: Header; payload: DataView } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const decoder = new TextDecoder();
  if (bytes.length < PREFIX_BYTES || decoder.decode(bytes.subarray(0, MAGIC.length)) !== MAGIC) {
    throw new CheckpointError(`the checkpoint does not begin with ${MAGIC}`);
  }
  const end = PREFIX_BYTES + view.getUint32(MAGIC.length, true);
  if (end > bytes.length) throw new CheckpointError(`the checkpoint ends at byte ${bytes.length}, within its header of ${end}`);
  const parsed = Header.safeParse(parseJson(decoder.decode(bytes.subarray(PREFIX_BYTES, end))));
  if (!parsed.success)
    throw new CheckpointError(`the checkpoint's header is not of version ${SCHEMA_VERSION}: ${z.prettifyError(parsed.error)}`);
  return { header: parsed.data, payload: new DataView(bytes.buffer, bytes.byteOffset + end, bytes.length - end) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new CheckpointError("the checkpoint's header is not JSON", { cause });
  }
}
