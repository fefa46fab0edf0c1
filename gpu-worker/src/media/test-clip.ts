/**
 * For tests: a cartoon-like clip made by arithmetic, and a decoder that shares no code with ours (the ffmpeg program
 * of @ffmpeg-installer, used by tests only).
 */
import { spawn } from 'node:child_process';
import { buffer } from 'node:stream/consumers';
import ffmpegInstaller from '@ffmpeg-installer/ffmpeg';

export const TEST_FFMPEG_PATH = ffmpegInstaller.path;

export interface ClipSize {
  readonly width: number;
  readonly height: number;
}

/** Frames [first, first + count) of an endless clip: a ball with an outline rolls over flat fields. [F, H, W, 3] */
export function makeClip({ width, height }: ClipSize, first: number, count: number): Uint8Array {
  const frames = new Uint8Array(count * width * height * 3);
  let at = 0;
  for (let frame = first; frame < first + count; frame++) {
    const centerX = width * (0.5 + 0.3 * Math.sin(frame / 6));
    const centerY = height * (0.45 + 0.1 * Math.cos(frame / 4));
    const radius = width * 0.18;
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const distance = Math.hypot(x - centerX, y - centerY);
        frames.set(distance < radius ? BALL : distance < radius + 2 ? OUTLINE : y < height * 0.65 ? SKY : GRASS, at);
        at += 3;
      }
    }
  }
  return frames;
}

/** Four patches, one colour each, side by side. */
export function makePatches(
  { width, height }: ClipSize,
  colours: readonly (readonly [number, number, number])[],
  count: number,
): Uint8Array {
  const frames = new Uint8Array(count * width * height * 3);
  for (let pixel = 0; pixel < count * width * height; pixel++) {
    const patch = Math.floor(((pixel % width) * colours.length) / width);
    frames.set(colours[patch] ?? [0, 0, 0], pixel * 3);
  }
  return frames;
}

/** All frames of a file as raw pixels; a decoder that complains of anything is an error. */
export async function decodeFile(path: string, pixels: 'yuv420p' | 'rgb24'): Promise<Uint8Array> {
  return runFfmpeg(['-v', 'warning', '-xerror', '-i', path, '-f', 'rawvideo', '-pix_fmt', pixels, '-vsync', '0', 'pipe:1']);
}

export async function runFfmpeg(args: readonly string[]): Promise<Uint8Array> {
  const child = spawn(TEST_FFMPEG_PATH, ['-threads', '1', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  const [output, complaints, status] = await Promise.all([buffer(child.stdout), buffer(child.stderr), ended]);
  if (status !== 0 || complaints.length > 0) throw new Error(`ffmpeg ended with status ${status}: ${complaints}`);
  return output;
}

/** Peak signal to noise ratio in decibels. */
export function psnr(left: Uint8Array, right: Uint8Array): number {
  if (left.length !== right.length) throw new Error(`cannot compare ${left.length} bytes with ${right.length}`);
  let squares = 0;
  for (const [index, value] of left.entries()) squares += (value - (right[index] ?? 0)) ** 2;
  return 10 * Math.log10(255 ** 2 / (squares / left.length));
}

const BALL = [226, 52, 40];
const OUTLINE = [24, 18, 20];
const SKY = [150, 205, 250];
const GRASS = [96, 170, 72];
