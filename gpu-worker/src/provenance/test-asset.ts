/** For tests: a small real video and picture, and facts to sign them with. */
import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { joinSegments } from '../media/final-file.ts';
import { encodeJpeg } from '../media/jpeg.ts';
import { makeSegment } from '../media/segmenter.ts';
import { makeClip } from '../media/test-clip.ts';
import { openWasmEncoder } from '../media/wasm-encoder.ts';
import type { GenerationFacts } from './assertions.ts';

export const TEST_FACTS: GenerationFacts = {
  video_id: 'video_7f3a',
  title: 'video_7f3a',
  origin: { kind: 'created' },
  model: { name: 'pocket', title: 'Everframe Pocket', version: '1.2.0', package_sha256: 'ab'.repeat(32) },
  seed: 4_294_967_295,
  frames: 24,
  fps: 8,
  width: 64,
  height: 64,
  provider: 'cpu',
  encoder: 'wasm',
  prompts: [{ start_frame: 0, disclosed: 'hash', hmac: 'cd'.repeat(32) }],
  created_at: new Date('2026-11-01T12:00:00Z'),
  generator_version: '0.1.0',
};

/** @param first where in the endless test clip it begins, so that two videos differ */
export async function makeTestVideo(folder: string, first = 0): Promise<string> {
  const into = await mkdtemp(join(folder, 'video-'));
  const size = { width: 64, height: 64 };
  const encoded = await openWasmEncoder().encode(makeClip(size, first, 24), { ...size, fps: 8 });
  const { init, media } = makeSegment(encoded, { ...size, fps: 8, chunk_index: 0, first_frame: 0 });
  await writeFile(join(into, 'segment.m4s'), media);
  await joinSegments(init, [join(into, 'segment.m4s')], join(into, 'video.mp4'));
  return join(into, 'video.mp4');
}

export async function makeTestPicture(folder: string): Promise<string> {
  const path = join(await mkdtemp(join(folder, 'picture-')), 'picture.jpg');
  await writeFile(path, encodeJpeg(makeClip({ width: 64, height: 64 }, 0, 1), 64, 64));
  return path;
}
