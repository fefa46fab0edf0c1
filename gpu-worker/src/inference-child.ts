/**
 * The process that owns the networks: a run of onnxruntime blocks its thread, and only a process can be killed in one.
 * Answers its parent's calls, makes at most one chunk ahead of them, and ends when the parent does.
 * Knows nothing of queues, leases and files but the packages.
 */
import type { GenerationCommand } from '@everframe/shared';
import { beginVideo } from './generation/begin-video.ts';
import { readState, saveState } from './generation/checkpoint.ts';
import { CheckpointError } from './generation/checkpoint-error.ts';
import { latentsToBytes, type SourceLatents, sourceLatents } from './generation/chunk-latents.ts';
import { CommandError } from './generation/command-error.ts';
import type { OpenedModel } from './generation/family.ts';
import { generate } from './generation/generate.ts';
import { openModel } from './generation/open-model.ts';
import { firstUnfinishedChunk, type GenerationState } from './generation/state.ts';
import { decodeThumbnail } from './generation/thumbnail.ts';
import { Timeline } from './generation/timeline.ts';
import { warmUp } from './generation/warm-up.ts';
import type { Call, Calls, GeneratedChunk, Reply, Thumbnail } from './inference-messages.ts';

/** A video in hand. */
interface Stream {
  readonly abort: AbortController;
  /** Lets go of what the video began with, where no chunk was ever asked for. */
  readonly dispose: () => void;
  begun: boolean;
  readonly timeline: Timeline;
  readonly chunks: AsyncGenerator<GeneratedChunk>;
  /** The chunk that is made while the parent is busy with the one before it. */
  ahead: Promise<IteratorResult<GeneratedChunk>> | undefined;
}

const models = new Map<string, OpenedModel>();
const streams = new Map<number, Stream>();

// A terminal sends its signals to the whole group; the parent alone decides when work ends.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined);
process.on('disconnect', () => process.exit(0));
process.on('message', (call: Call) => void reply(call));

async function reply(call: Call): Promise<void> {
  const { id } = call;
  try {
    await send({ id, result: await answer(call) });
    // Only now that the reply is on its way: a run would hold it back.
    if (call.call === 'next') makeAhead(call.stream);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    // The same command and checkpoint would be refused everywhere; memory, a device or a missing package would not.
    const retryable = !(error instanceof CommandError || error instanceof CheckpointError);
    await send({ id, error: { message, retryable } });
  }
}

async function answer(call: Call): Promise<Calls[keyof Calls]['result']> {
  switch (call.call) {
    case 'load':
      return load(call);
    case 'open':
      return open(call);
    case 'next':
      return next(call);
    case 'steer':
      return streamOf(call).timeline.steer(call.prompt);
    case 'stop':
      return streamOf(call).timeline.stop();
    case 'close':
      return close(call);
    case 'thumbnail':
      return makeThumbnail(call);
  }
}

async function load({ packages, options }: Calls['load']['args']): Promise<null> {
  for (const installed of packages) {
    const opened = await openModel(installed, options);
    if (options.provider !== 'cpu') await warmUp(opened, new AbortController().signal);
    models.set(installed.model.name, opened);
  }
  return null;
}

async function open({ stream, command, beginning }: Calls['open']['args']): Promise<null> {
  const abort = new AbortController();
  const opened = modelOf(command.model);
  const source = beginning.source ? sourceLatents(beginning.source, opened.family.describe()) : null;
  const start = await beginVideo(command, beginning, opened);
  const timeline = new Timeline(command, opened.family.describe());
  // Before anyone steers: what is made already is past.
  timeline.skipTo(start.next_chunk, firstUnfinishedChunk(start, opened));
  const chunks = timedChunks(command, opened, start, timeline, source, abort.signal);
  const dispose = () => opened.family.dispose(start.memory);
  streams.set(stream, { abort, timeline, chunks, dispose, begun: false, ahead: undefined });
  return null;
}

async function next(call: Calls['next']['args']): Promise<GeneratedChunk | null> {
  const opened = streamOf(call);
  opened.ahead ??= opened.chunks.next();
  opened.begun = true;
  const { value, done } = await opened.ahead;
  opened.ahead = undefined;
  return done ? null : value;
}

function makeAhead(stream: number): void {
  const opened = streams.get(stream);
  if (!opened || opened.ahead) return;
  opened.ahead = opened.chunks.next();
  // Whoever asks for this chunk gets the error.
  opened.ahead.catch(() => undefined);
}

async function close({ stream }: Calls['close']['args']): Promise<null> {
  const opened = streams.get(stream);
  streams.delete(stream);
  opened?.abort.abort();
  if (opened && !opened.begun) opened.dispose();
  // What was under way ends between two steps, with the abort or with a result that nobody wants any more.
  await opened?.ahead?.catch(() => undefined);
  return null;
}

async function makeThumbnail({ checkpoint }: Calls['thumbnail']['args']): Promise<Thumbnail> {
  const { identity, thumbnail } = readState(checkpoint);
  if (!thumbnail) throw new Error('the checkpoint holds no thumbnail: no chunk had been delivered');
  const { model, vae_decoder } = modelOf(identity.model);
  const { name, version, sizes } = model;
  if (identity.model_version !== version) {
    throw new Error(`the checkpoint is of ${name} ${identity.model_version}; version ${version} is served here`);
  }
  const [width = 0, height = 0] = (sizes[0] ?? '').split('x').map(Number);
  const frames = await decodeThumbnail(vae_decoder, thumbnail);
  return { rgb: frames.slice(0, width * height * 3), width, height };
}

/** `generate`, with the checkpoint at rest and the milliseconds that each chunk took. */
async function* timedChunks(
  command: GenerationCommand,
  untimed: OpenedModel,
  start: GenerationState,
  timeline: Timeline,
  source: SourceLatents | null,
  signal: AbortSignal,
): AsyncGenerator<GeneratedChunk> {
  let began_at_ms = performance.now();
  let decode_ms = 0;
  const decode: OpenedModel['vae_decoder']['decode'] = async (latents, before) => {
    const decode_began_at_ms = performance.now();
    const frames = await untimed.vae_decoder.decode(latents, before);
    decode_ms = performance.now() - decode_began_at_ms;
    return frames;
  };
  const timed = { ...untimed, vae_decoder: { decode } };
  for await (const { state, latents, ...chunk } of generate(command, timed, start, signal, timeline, source)) {
    const denoise_ms = performance.now() - began_at_ms - decode_ms;
    const checkpoint = await saveState(state, untimed);
    yield { ...chunk, latents: latents && latentsToBytes(latents), checkpoint, denoise_ms, decode_ms };
    began_at_ms = performance.now();
  }
}

function streamOf({ stream }: { readonly stream: number }): Stream {
  const found = streams.get(stream);
  if (!found) throw new Error(`stream ${stream} is not open`);
  return found;
}

function modelOf(model: string): OpenedModel {
  const found = models.get(model);
  if (!found) throw new Error(`the model ${model} is not served here; served are: ${[...models.keys()].join(', ')}`);
  return found;
}

/** Resolves when the message has left this process. */
function send(message: Reply): Promise<void> {
  return new Promise((resolve) => {
    // An error here means that the parent is gone, and `disconnect` ends this process.
    process.send?.(message, undefined, undefined, () => resolve());
  });
}
