/** Plays a file with a decoder that we did not write: frames come back as raw RGB. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { path as ffmpeg } from '@ffmpeg-installer/ffmpeg';

export interface DecodedVideo {
  readonly width: number;
  readonly height: number;
  readonly frames: number;
  /** Bytes [frames, height, width, 3]. */
  readonly rgb: Buffer;
  /** SHA-256 of all frames' RGB bytes in order. */
  readonly sha256: string;
  /** Mean absolute difference of neighbouring frames, 0 to 255: 0 is a still picture. */
  readonly motion: number;
}

/** @throws with the decoder's words when the file is damaged */
export async function decodeVideo(path: string): Promise<DecodedVideo> {
  const { stdout, stderr } = await run(['-xerror', '-i', path, '-f', 'rawvideo', '-pix_fmt', 'rgb24', 'pipe:1']);
  const size = /Video: h264.*yuv420p.*?, (\d+)x(\d+)/.exec(stderr);
  if (!size) throw new Error(`no H.264 yuv420p video in ${path}: ${stderr.slice(-400)}`);
  const [width, height] = [Number(size[1]), Number(size[2])];
  const frame_bytes = width * height * 3;
  let difference = 0;
  for (let i = frame_bytes; i < stdout.length; i++) difference += Math.abs((stdout[i] ?? 0) - (stdout[i - frame_bytes] ?? 0));
  return {
    width,
    height,
    frames: stdout.length / frame_bytes,
    rgb: stdout,
    sha256: createHash('sha256').update(stdout).digest('hex'),
    motion: difference / (stdout.length - frame_bytes),
  };
}

/** @returns bytes [height, width, 3] */
export async function decodePicture(path: string): Promise<Buffer> {
  return (await run(['-xerror', '-i', path, '-f', 'rawvideo', '-pix_fmt', 'rgb24', 'pipe:1'])).stdout;
}

function run(args: readonly string[]): Promise<{ stdout: Buffer; stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(ffmpeg, ['-hide_banner', '-nostdin', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    const stdout: Buffer[] = [];
    let stderr = '';
    child.stdout.on('data', (part: Buffer) => stdout.push(part));
    child.stderr.on('data', (part: Buffer) => (stderr += part));
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0
        ? resolve({ stdout: Buffer.concat(stdout), stderr })
        : reject(new Error(`ffmpeg exited with ${code}: ${stderr.slice(-600)}`)),
    );
  });
}
