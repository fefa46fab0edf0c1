/**
 * The encoders of an `ffmpeg` program, one process for each chunk: I420 goes in over stdin, an H.264 byte stream comes
 * out of stdout. x264 runs on one thread, because its bytes change with the number of threads.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { parseByteStream } from './annex-b.ts';
import type { EncodedChunk, Encoder, EncoderSettings } from './encoder.ts';
import { requireChunk, splitFrames } from './frames.ts';
import { rgbToI420 } from './pixels.ts';

/** One chunk's encoding may take this long. */
const CHUNK_TIMEOUT_MS = 120_000;
/** Bytes of ffmpeg's complaints that an error quotes. */
const STDERR_TAIL_BYTES = 2_000;

const CODEC_ARGUMENTS = {
  // crf 16: cartoons of 128 x 128 show every lost edge, and cost little even so.
  'ffmpeg-x264': ['libx264', '-threads', '1', '-preset', 'veryfast', '-crf', '16', '-sc_threshold', '0', '-x264-params', 'aud=1'],
  'ffmpeg-nvenc': ['h264_nvenc', '-preset', 'p4', '-rc', 'vbr', '-cq', '18', '-b:v', '0', '-forced-idr', '1', '-aud', '1'],
} as const;

export function openFfmpegEncoder(name: keyof typeof CODEC_ARGUMENTS, ffmpeg_path: string): Encoder {
  return {
    name,
    async encode(frames, settings) {
      const count = requireChunk(frames, settings);
      const stream = await run(name, ffmpeg_path, frames, settings);
      return requireSamples(parseByteStream(stream), count);
    },
  };
}

async function run(name: keyof typeof CODEC_ARGUMENTS, path: string, frames: Uint8Array, settings: EncoderSettings): Promise<Uint8Array> {
  const { width, height, fps, signal } = settings;
  signal?.throwIfAborted();
  const input = ['-f', 'rawvideo', '-pix_fmt', 'yuv420p', '-s', `${width}x${height}`, '-r', `${fps}`, '-i', 'pipe:0'];
  const colour = ['-color_primaries', 'bt709', '-color_trc', 'bt709', '-colorspace', 'bt709', '-color_range', 'tv'];
  // No B-frames: decoding order is showing order. The only key frame is the first.
  const codec = ['-c:v', ...CODEC_ARGUMENTS[name], '-bf', '0', '-g', '100000', '-profile:v', 'high'];
  const output = ['-pix_fmt', 'yuv420p', '-f', 'h264', 'pipe:1'];
  // Not spawn's own timeout: its timer goes on where the program could not be started.
  const timeout = AbortSignal.timeout(CHUNK_TIMEOUT_MS);
  const child = spawn(path, ['-v', 'error', ...input, '-an', ...colour, ...codec, ...output], {
    signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    killSignal: 'SIGKILL',
  });
  function* pictures(): Generator<Uint8Array> {
    for (const frame of splitFrames(frames, settings)) yield rgbToI420(frame, width, height);
  }
  const fed = pipeline(Readable.from(pictures(), { objectMode: true, highWaterMark: 1 }), child.stdin).catch(() => {
    // ffmpeg stopped reading: its exit says why.
  });
  const [stream, ended] = await Promise.allSettled([buffer(child.stdout), exit(child), fed]);
  signal?.throwIfAborted();
  if (timeout.aborted) throw new Error(`ffmpeg must encode a chunk within ${CHUNK_TIMEOUT_MS} ms`, { cause: timeout.reason });
  if (ended.status === 'rejected') throw ended.reason;
  if (stream.status === 'rejected') throw stream.reason;
  return stream.value;
}

/** Settles when the program is gone. Where it ended badly, the error quotes the end of what it complained of. */
function exit(child: ChildProcessWithoutNullStreams): Promise<void> {
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints = (complaints + text).slice(-STDERR_TAIL_BYTES);
  });
  return new Promise((resolve, reject) => {
    let failure: Error | undefined;
    child.on('error', (error) => {
      failure = error;
    });
    child.on('close', (code, killed_by) => {
      if (failure) reject(failure);
      else if (code === 0) resolve();
      else reject(new Error(`ffmpeg ended with ${killed_by ?? `status ${code}`}: ${complaints.trim() || 'it said nothing'}`));
    });
  });
}

function requireSamples(chunk: EncodedChunk, count: number): EncodedChunk {
  if (chunk.samples.length !== count || !chunk.samples[0]?.key || chunk.samples.some(({ bytes }) => bytes.length === 0)) {
    throw new Error(`ffmpeg must give ${count} pictures, the first a key frame; it gave ${chunk.samples.length}`);
  }
  return chunk;
}
