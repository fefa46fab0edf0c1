/**
 * The generation state at rest. Latents stay float32, so that a resumed video equals an uninterrupted one bit for bit.
 *
 * "EVFC", uint32 length of the header, the header as JSON, then every tensor that the header gives dimensions of, in the
 * header's order, as float32; little-endian throughout.
 */
import { z } from 'zod';
import { type Dims, type Float32Tensor, float32, sizeOf } from '../model/tensor.ts';
import { CheckpointError } from './checkpoint-error.ts';
import type { OpenedModel, SavedMemory } from './family.ts';
import { type GenerationState, Identity, type IdentityFields, requireSameVideo, requireShapes } from './state.ts';

const SCHEMA_VERSION = 5;
/** 3 is without the family's latents of chunks that are not delivered, both without what was shown last. */
const OLDER_VERSIONS = [4, 3] as const;
const MAGIC = 'EVFC';
const PREFIX_BYTES = MAGIC.length + 4;

const Count = z.int().nonnegative();
const ImageDims = z.array(Count).length(4);
const LatentDims = z.array(Count).length(5);
const StepHeader = z.object({ next_chunk: Count, latents: LatentDims, base: LatentDims, tail: LatentDims });
const Header = z.object({
  schema_version: z.union([z.literal(SCHEMA_VERSION), ...OLDER_VERSIONS.map((version) => z.literal(version))]),
  identity: Identity,
  next_chunk: z.int().positive(),
  delivered_chunks: Count,
  /** By name, in the order of their values. */
  memory: z.array(z.tuple([z.string(), z.array(Count)])),
  thumbnail: ImageDims.nullable(),
  wavefront: z.tuple([StepHeader], StepHeader).nullable(),
  finished: LatentDims,
  base: LatentDims.nullable().default(null),
  shown: ImageDims.nullable().default(null),
});
type Header = z.infer<typeof Header>;

/** What the bytes hold, the family's memory as it was saved. */
export type StoredState = Omit<GenerationState, 'memory'> & { readonly memory: SavedMemory };

/** @throws Error before the first chunk, when there is nothing to save */
export async function saveState(state: GenerationState, { family }: Pick<OpenedModel, 'family'>): Promise<Uint8Array> {
  const { identity, next_chunk, delivered_chunks, base, thumbnail, shown, wavefront, finished } = state;
  if (next_chunk === 0) throw new Error('there is no state to save before the first chunk');
  const memory = await family.save(state.memory);
  const tensors: Float32Tensor[] = [];
  const put = (tensor: Float32Tensor): number[] => {
    tensors.push(tensor);
    return [...tensor.dims];
  };
  const header = {
    schema_version: SCHEMA_VERSION,
    identity,
    next_chunk,
    delivered_chunks,
    memory: Object.entries(memory).map(([name, tensor]) => [name, put(tensor)]),
    thumbnail: thumbnail && put(thumbnail),
    wavefront:
      wavefront?.map((step) => ({
        next_chunk: step.next_chunk,
        latents: put(step.latents),
        base: put(step.base),
        tail: put(step.tail),
      })) ?? null,
    finished: put(finished),
    base: base && put(base),
    shown: shown && put(shown),
  };
  return toBytes(new TextEncoder().encode(JSON.stringify(header)), tensors);
}

/** The state of any video, as far as the bytes are sound. @throws CheckpointError */
export function readState(bytes: Uint8Array): StoredState {
  const { header, payload } = readHeader(bytes);
  let offset = 0;
  const take = (dims: Dims): Float32Tensor => {
    const begin = offset;
    offset += 4 * sizeOf(dims);
    if (offset > payload.byteLength) throw new CheckpointError(`the checkpoint ends within its latents, at byte ${bytes.length}`);
    return float32(
      dims,
      Float32Array.from({ length: sizeOf(dims) }, (_, index) => payload.getFloat32(begin + 4 * index, true)),
    );
  };
  const takeStep = (step: z.infer<typeof StepHeader>) => ({
    next_chunk: step.next_chunk,
    latents: take(step.latents),
    base: take(step.base),
    tail: take(step.tail),
  });
  const { identity, next_chunk, delivered_chunks } = header;
  const memory = Object.fromEntries(header.memory.map(([name, dims]) => [name, take(dims)]));
  const thumbnail = header.thumbnail && take(header.thumbnail);
  const [first, ...rest] = header.wavefront ?? [];
  const wavefront = first ? ([takeStep(first), ...rest.map(takeStep)] as const) : null;
  const finished = take(header.finished);
  const base = header.base && take(header.base);
  const shown = header.shown && take(header.shown);
  if (offset !== payload.byteLength) {
    throw new CheckpointError(`the checkpoint holds ${payload.byteLength} bytes of latents; its header asks for ${offset}`);
  }
  return { identity, next_chunk, delivered_chunks, memory, base, thumbnail, shown, wavefront, finished };
}

/** The state from which `command` continues. @throws CheckpointError naming what differs */
export async function loadState(bytes: Uint8Array, command: IdentityFields, opened: OpenedModel): Promise<GenerationState> {
  const stored = readState(bytes);
  requireSameVideo(stored, command);
  requireShapes(stored, opened);
  return { ...stored, memory: await opened.family.load(stored.memory) };
}

function toBytes(header: Uint8Array, tensors: readonly Float32Tensor[]): Uint8Array {
  let offset = PREFIX_BYTES + header.length;
  const bytes = new Uint8Array(offset + tensors.reduce((sum, { values }) => sum + 4 * values.length, 0));
  const view = new DataView(bytes.buffer);
  new TextEncoder().encodeInto(MAGIC, bytes);
  view.setUint32(MAGIC.length, header.length, true);
  bytes.set(header, PREFIX_BYTES);
  for (const { values } of tensors) {
    for (const value of values) {
      view.setFloat32(offset, value, true);
      offset += 4;
    }
  }
  return bytes;
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
  if (!parsed.success) {
    throw new CheckpointError(`the checkpoint's header is not of version ${SCHEMA_VERSION}: ${z.prettifyError(parsed.error)}`);
  }
  return { header: parsed.data, payload: new DataView(bytes.buffer, bytes.byteOffset + end, bytes.length - end) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new CheckpointError("the checkpoint's header is not JSON", { cause });
  }
}
