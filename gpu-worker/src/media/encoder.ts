/**
 * From pixel frames to H.264: one interface, three encoders, and which of them work on this machine.
 * Every call encodes one chunk as a closed group of pictures and remembers nothing, so a chunk can be encoded again
 * after a crash, or by another worker with the same encoder, and the bytes are the same.
 */
import type { EncoderName } from '@everframe/shared';
import { openFfmpegEncoder } from './ffmpeg-encoder.ts';
import { findFfmpeg } from './find-ffmpeg.ts';
import { openWasmEncoder } from './wasm-encoder.ts';

export interface EncodedChunk {
  /** Sequence and picture parameter set: NAL units without start code. */
  sps: Uint8Array;
  pps: Uint8Array;
  /** One for each frame, in order: NAL units with their lengths in front. The first is an IDR picture. */
  samples: { bytes: Uint8Array; key: boolean }[];
}

export interface EncoderSettings {
  /** Pixels; even. */
  width: number;
  height: number;
  /** Frames a second. */
  fps: number;
  /** Ends the work when it aborts. */
  signal?: AbortSignal;
}

export interface Encoder {
  readonly name: EncoderName;
  /** @param frames pixels of all frames, [F, H, W, 3] */
  encode(frames: Uint8Array, settings: EncoderSettings): Promise<EncodedChunk>;
}

/**
 * The encoders that work here, the preferred one first: each of ffmpeg's must pass a trial, the one in WebAssembly
 * works everywhere.
 * @param options.ffmpeg_path program to use; default: `ffmpeg` of the PATH, if there is one
 * @throws Error when a program is named and does not run, or encodes in none of the ways that are known here
 */
export async function findEncoders(options: { ffmpeg_path?: string | undefined }): Promise<ReadonlyMap<EncoderName, Encoder>> {
  const found = new Map<EncoderName, Encoder>();
  const ffmpeg = await findFfmpeg(options.ffmpeg_path);
  if (ffmpeg) {
    const failures: unknown[] = [];
    for (const name of ['ffmpeg-nvenc', 'ffmpeg-x264'] as const) {
      const encoder = openFfmpegEncoder(name, ffmpeg);
      const failure = await tryOut(encoder);
      if (failure) failures.push(failure);
      else found.set(name, encoder);
    }
    if (found.size === 0 && options.ffmpeg_path !== undefined) {
      const cause = new AggregateError(failures, failures.map(String).join('; '));
      throw new Error(`FFMPEG_PATH names ${ffmpeg}, which has neither h264_nvenc nor libx264 in working order`, { cause });
    }
  }
  found.set('wasm', openWasmEncoder());
  return found;
}

/**
 * The first encoder that takes frames of this size: NVENC refuses small ones.
 * @throws Error when there is none
 */
export function pickEncoder(encoders: ReadonlyMap<EncoderName, Encoder>, size: { width: number; height: number }): Encoder {
  for (const encoder of encoders.values()) {
    if (encoder.name !== 'ffmpeg-nvenc' || Math.min(size.width, size.height) >= NVENC_MIN_SIDE) return encoder;
  }
  throw new Error(`no encoder here takes frames of ${size.width}x${size.height}; have ${[...encoders.keys()].join(', ') || 'none'}`);
}

/**
 * A trial of two frames, 256 pixels wide because hardware encoders refuse less.
 * @returns why this build, driver or GPU can't; undefined when it can
 */
async function tryOut(encoder: Encoder): Promise<unknown> {
  try {
    await encoder.encode(new Uint8Array(2 * 256 * 256 * 3).fill(128), { width: 256, height: 256, fps: 16 });
    return undefined;
  } catch (failure) {
    return failure;
  }
}

/** Smallest side in pixels that every generation of NVENC takes for H.264. */
const NVENC_MIN_SIDE = 146;
