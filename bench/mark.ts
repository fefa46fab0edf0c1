/**
 * What the mark lives through, `--clips 4`: generated clips of 4 s at their own size and the same at 720p with grain, marked,
 * coded by the worker's encoder (x264 at 720p), then cut, cropped, scaled and coded again by ffmpeg. For each attack how many
 * identifiers came back, with what certainty, and how many of their coded bits were read wrong before they were corrected; what the mark costs in
 * decibels and milliseconds; and how far fingerprints of the same and of other videos are apart, in bits of 96. MARK_FILM names
 * filmed footage of two seconds or more, at best of 720 lines: its middle square is put through the same, at 720x720 and at 128x128.
 */
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runFfmpeg } from '../gpu-worker/src/media/test-clip.ts';
import { createLumaCells, createMarker, createMarkReader, fingerprintOf, hammingDistance } from '../shared/src/mark/index.ts';
import { type Clip, FRAMES, makeClips } from './mark-clips.ts';
import { readNumbers, single } from './options.ts';
import { median, report, round } from './report.ts';

const RAW_OUTPUT = ['-f', 'rawvideo', '-pix_fmt'];
const CODED = ['-c:v', 'libx264', '-preset', 'medium', '-crf', '22'];
/** By name: what is done to the file, and what becomes of each side of its frames. */
const ATTACKS: Readonly<Record<string, { readonly args: readonly string[]; readonly share?: number }>> = {
  none: { args: ['-c', 'copy'] },
  three_seconds: { args: ['-ss', '0.6', '-t', '3', ...CODED] },
  crop_10_percent: { args: ['-vf', 'crop=2*floor(iw*0.455):2*floor(ih*0.455):6:8', ...CODED], share: 0.91 },
  three_quarters: { args: ['-vf', 'scale=iw*3/4:ih*3/4', ...CODED], share: 0.75 },
  half_size: { args: ['-vf', 'scale=iw/2:ih/2', ...CODED], share: 0.5 },
  three_quarters_of_three_seconds: { args: ['-ss', '0.6', '-t', '3', '-vf', 'scale=iw*3/4:ih*3/4', ...CODED], share: 0.75 },
  other_frame_rate: { args: ['-vf', 'fps=12', ...CODED] },
  mirrored: { args: ['-vf', 'hflip', ...CODED] },
  brighter: { args: ['-vf', 'eq=brightness=0.06:contrast=1.15', ...CODED] },
  half_bitrate: { args: [] },
  crf_28: { args: ['-c:v', 'libx264', '-preset', 'medium', '-crf', '28'] },
  crf_34: { args: ['-c:v', 'libx264', '-preset', 'medium', '-crf', '34'] },
};

const asked = readNumbers({ clips: [4] });
const film = process.env.MARK_FILM;
const folder = await mkdtemp(join(tmpdir(), 'everframe-mark-bench-'));
try {
  const own = await makeClips(single('clips', asked.clips));
  const large: Clip[] = [];
  for (const clip of own.slice(0, 2)) large.push(await enlarge(clip));
  report('mark', {
    own_size: await attack(own),
    at_720p: await attack(large),
    ...(film && { filmed_720: await attack([await readFilm(film, 720)]), filmed_128: await attack([await readFilm(film, 128)]) }),
  });
} finally {
  await rm(folder, { recursive: true, force: true });
}

/** Its first two seconds. */
async function readFilm(path: string, side: number): Promise<Clip> {
  const filter = `fps=${FRAMES / 2},crop='min(iw,ih)':'min(iw,ih)',scale=${side}:${side}:flags=area`;
  const rgb = await runFfmpeg(['-v', 'error', '-i', path, '-vf', filter, '-frames:v', `${FRAMES}`, ...RAW_OUTPUT, 'rgb24', 'pipe:1']);
  const frames = rgb.length / (3 * side * side);
  if (frames < FRAMES) throw new Error(`${path} has ${frames} frames at ${FRAMES / 2} a second; ${FRAMES} are needed`);
  return { width: side, height: side, rgb };
}

/** With grain, since nothing of 1280 pixels is as smooth as a small picture made large. */
async function enlarge({ width, height, rgb }: Clip): Promise<Clip> {
  const path = join(folder, 'small.rgb');
  await writeFile(path, rgb);
  const filter = 'crop=iw:ih*9/16,scale=1280:720:flags=bicubic,noise=alls=6:allf=t';
  return {
    width: 1280,
    height: 720,
    rgb: await runFfmpeg(['-v', 'error', ...rawInput(path, width, height), '-vf', filter, ...RAW_OUTPUT, 'rgb24', 'pipe:1']),
  };
}

async function attack(clips: readonly Clip[]) {
  const outcomes = new Map<string, { certainty: number; bit_errors: number | null; is_right: boolean }[]>(
    Object.keys(ATTACKS).map((name) => [name, []]),
  );
  const [psnr_db, embed_ms, add_ms, read_ms, same_bits]: number[][] = [[], [], [], [], []];
  const prints: string[][] = [];
  for (const [index, clip] of clips.entries()) {
    const { width, height } = clip;
    const id = (0x5e1f00c0ffee + index).toString(16);
    const marked = Uint8Array.from(clip.rgb);
    const began = performance.now();
    createMarker(id, width, height).embed(marked);
    embed_ms?.push((performance.now() - began) / FRAMES);
    psnr_db?.push(psnrOf(clip.rgb, marked));
    await writeFile(join(folder, 'marked.rgb'), marked);
    const file = join(folder, 'marked.mp4');
    await runFfmpeg([
      '-v',
      'error',
      '-y',
      ...rawInput(join(folder, 'marked.rgb'), width, height),
      '-c:v',
      'libx264',
      '-preset',
      'veryfast',
      '-crf',
      '16',
      '-bf',
      '0',
      '-pix_fmt',
      'yuv420p',
      file,
    ]);
    const kilobits = await bitrateOf(file);
    prints.push(await printOf(file, width, height));
    for (const [name, { args, share = 1 }] of Object.entries(ATTACKS)) {
      const out = join(folder, 'attacked.mp4');
      const done = name === 'half_bitrate' ? ['-c:v', 'libx264', '-preset', 'medium', '-b:v', `${Math.round(kilobits / 2)}k`] : args;
      await runFfmpeg(['-v', 'error', '-y', '-i', file, ...done, out]);
      const size = { width: even(width, share), height: even(height, share) };
      const luma = await runFfmpeg(['-v', 'error', '-i', out, ...RAW_OUTPUT, 'gray', '-vsync', '0', 'pipe:1']);
      const reader = createMarkReader(size.width, size.height);
      const adding = performance.now();
      const bytes = size.width * size.height;
      for (let frame = 0; (frame + 1) * bytes <= luma.length; frame++) reader.add(luma.subarray(frame * bytes, (frame + 1) * bytes));
      const reading = performance.now();
      const { id: found, certainty, bit_errors } = reader.read();
      add_ms?.push((reading - adding) / (luma.length / bytes));
      read_ms?.push(performance.now() - reading);
      outcomes.get(name)?.push({ certainty, bit_errors, is_right: found === id });
      if (name === 'crf_28' || name === 'three_quarters' || name === 'crop_10_percent') {
        const other = await printOf(out, size.width, size.height);
        same_bits?.push(...other.map((hash, second) => hammingDistance(hash, prints.at(-1)?.[second] ?? hash)));
      }
    }
  }
  const other_bits = prints.flatMap((one, index) =>
    prints.flatMap((other, at) => (at === index ? [] : one.flatMap((hash) => other.map((against) => hammingDistance(hash, against))))),
  );
  return {
    clips: clips.length,
    read: Object.fromEntries([...outcomes].map(([name, all]) => [name, `${all.filter(({ is_right }) => is_right).length}/${all.length}`])),
    certainty: Object.fromEntries([...outcomes].map(([name, all]) => [name, round(median(all.map(({ certainty }) => certainty)))])),
    // Of those that were found: in percent of the coded bits.
    bit_errors_percent: Object.fromEntries(
      [...outcomes].map(([name, all]) => {
        const known = all.flatMap(({ bit_errors }) => bit_errors ?? []);
        return [name, known.length === 0 ? null : round(100 * median(known))];
      }),
    ),
    psnr_db: (psnr_db ?? []).map(round),
    ms_a_frame: { embed: round(median(embed_ms ?? [])), add: round(median(add_ms ?? [])) },
    read_ms: round(median(read_ms ?? [])),
    fingerprint_bits: {
      same: round(median(same_bits ?? [])),
      same_most: Math.max(...(same_bits ?? [])),
      other_least: Math.min(...other_bits),
    },
  };
}

async function printOf(path: string, width: number, height: number): Promise<string[]> {
  const luma = await runFfmpeg(['-v', 'error', '-i', path, ...RAW_OUTPUT, 'gray', '-vsync', '0', 'pipe:1']);
  const cells = createLumaCells();
  const bytes = width * height;
  for (let frame = 0; (frame + 1) * bytes <= luma.length; frame++)
    cells.add(luma.subarray(frame * bytes, (frame + 1) * bytes), width, height, frame / 8);
  return fingerprintOf(cells.cells());
}

async function bitrateOf(path: string): Promise<number> {
  const { size } = await stat(path);
  return (size * 8) / (FRAMES / 8) / 1000;
}

function psnrOf(one: Uint8Array, other: Uint8Array): number {
  let squares = 0;
  for (let at = 0; at < one.length; at++) squares += ((one[at] ?? 0) - (other[at] ?? 0)) ** 2;
  return 10 * Math.log10(255 ** 2 / (squares / one.length));
}

function even(side: number, share: number): number {
  return share === 0.91 ? 2 * Math.floor(side * 0.455) : side * share;
}

function rawInput(path: string, width: number, height: number): string[] {
  return ['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-s', `${width}x${height}`, '-r', '8', '-i', path];
}
