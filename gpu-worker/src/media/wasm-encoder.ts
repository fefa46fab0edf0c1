/**
 * The encoder that works everywhere: minih264 in WebAssembly. It writes an MP4 into the module's memory; samples and
 * parameter sets are taken from there. Runs on this thread, so it lets others go on after every frame.
 */
import { setImmediate } from 'node:timers/promises';
import type { H264MP4Encoder } from 'h264-mp4-encoder';
import { NAL, nalType, toSample } from './annex-b.ts';
import type { EncodedChunk, Encoder, EncoderSettings } from './encoder.ts';
import { requireChunk, splitFrames } from './frames.ts';
import { findBox, readBoxes, view } from './isobmff.ts';
import { rgbToI420 } from './pixels.ts';
import { tagColour } from './sps-colour.ts';

/** minih264's quantiser for cartoons of 128 x 128: 10 is the best it has, 51 the worst. */
const QUANTISER = 16;

export function openWasmEncoder(): Encoder {
  return {
    name: 'wasm',
    async encode(frames, settings) {
      const count = requireChunk(frames, settings);
      settings.signal?.throwIfAborted();
      loading ??= loadModule();
      const encoder = await (await loading).createH264MP4Encoder();
      const file = `chunk-${runs++}.mp4`;
      try {
        await encodeFile(encoder, file, frames, settings, count);
        return parseFile(encoder.FS.readFile(file), count);
      } finally {
        // The file system is shared by all encoders of the process and lives in memory.
        if (encoder.FS.readdir('/').includes(file)) encoder.FS.unlink(file);
        encoder.delete();
      }
    },
  };
}

let loading: ReturnType<typeof loadModule> | undefined;
let runs = 0;

/**
 * Loading adds listeners that turn any unhandled rejection of the process into an abort of the module: they are taken
 * off again.
 */
async function loadModule(): Promise<Pick<typeof import('h264-mp4-encoder'), 'createH264MP4Encoder'>> {
  const events = ['uncaughtException', 'unhandledRejection'] as const;
  const before = events.map((event) => process.listeners(event as 'uncaughtException'));
  const { default: module } = await import('h264-mp4-encoder');
  for (const [index, event] of events.entries()) {
    for (const listener of process.listeners(event as 'uncaughtException')) {
      if (!before[index]?.includes(listener)) process.off(event, listener);
    }
  }
  return module;
}

async function encodeFile(
  encoder: H264MP4Encoder,
  file: string,
  frames: Uint8Array,
  { width, height, fps, signal }: EncoderSettings,
  count: number,
): Promise<void> {
  encoder.outputFilename = file;
  encoder.width = width;
  encoder.height = height;
  encoder.frameRate = fps;
  encoder.quantizationParameter = QUANTISER;
  encoder.speed = 0;
  encoder.groupOfPictures = count;
  encoder.initialize();
  try {
    for (const frame of splitFrames(frames, { width, height })) {
      signal?.throwIfAborted();
      encoder.addFrameYuv(rgbToI420(frame, width, height));
      await setImmediate();
    }
  } finally {
    // Also after an abort: deleting an encoder that was not finalized brings the whole module down.
    encoder.finalize();
  }
}

/** The file's `mdat` holds one length-prefixed slice for each frame, its `avcC` one parameter set of each kind. */
function parseFile(file: Uint8Array, count: number): EncodedChunk {
  const entries = findBox(file, ['moov', 'trak', 'mdia', 'minf', 'stbl', 'stsd']);
  const [entry] = readBoxes(file, entries.start + 8, entries.end);
  if (!entry) throw new Error('the encoder wrote no sample entry');
  const { start } = findBox(file, ['avcC'], entry.start + 78, entry.end);
  const [sps, afterSps] = readUnit(file, start + 6, 2);
  const [pps] = readUnit(file, afterSps + 1, 2);
  if (nalType(sps) !== NAL.SEQUENCE_PARAMETER_SET || nalType(pps) !== NAL.PICTURE_PARAMETER_SET) {
    throw new Error('the encoder wrote no parameter sets');
  }

  const media = findBox(file, ['mdat']);
  const samples: EncodedChunk['samples'] = [];
  for (let at = media.start; at < media.end; ) {
    const [slice, next] = readUnit(file, at, 4);
    samples.push(toSample([slice]));
    at = next;
  }
  if (samples.length !== count || !samples[0]?.key) {
    throw new Error(`the encoder must give ${count} pictures, the first a key frame; it gave ${samples.length}`);
  }
  return { sps: tagColour(sps), pps: pps.slice(), samples };
}

/** A NAL unit behind its length of `lengthBytes`, and where the next byte is. */
function readUnit(file: Uint8Array, at: number, lengthBytes: 2 | 4): [unit: Uint8Array, next: number] {
  const length = lengthBytes === 2 ? view(file).getUint16(at) : view(file).getUint32(at);
  const start = at + lengthBytes;
  if (start + length > file.length) throw new Error(`the encoder's file ends inside a NAL unit of ${length} bytes`);
  return [file.subarray(start, start + length), start + length];
}
