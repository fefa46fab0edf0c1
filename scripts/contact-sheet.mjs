/**
 * `node scripts/contact-sheet.mjs <out.jpg> <video.mp4> …`: a row for each video, eight frames evenly over its length.
 * Needs the test packages (their ffmpeg), which `npm install` brings.
 */
import { spawnSync } from 'node:child_process';
import { path as ffmpeg } from '@ffmpeg-installer/ffmpeg';

const COLUMNS = 8;
const FRAME_SIDE = 112;

const [out, ...videos] = process.argv.slice(2);
if (!out || videos.length === 0) {
  console.error('usage: node scripts/contact-sheet.mjs <out.jpg> <video.mp4> …');
  process.exit(2);
}
const rows = videos.map((video, row) => {
  const every = Math.max(1, Math.floor(countFrames(video) / COLUMNS));
  const side = `${FRAME_SIDE}:${FRAME_SIDE}:flags=lanczos`;
  return `[${row}:v]select='not(mod(n,${every}))',scale=${side},tile=${COLUMNS}x1:nb_frames=${COLUMNS}:padding=4:color=white[r${row}]`;
});
const stacked = videos.length === 1 ? '[r0]null' : `${videos.map((_, row) => `[r${row}]`).join('')}vstack=inputs=${videos.length}`;
run([
  '-y',
  ...videos.flatMap((video) => ['-i', video]),
  '-filter_complex',
  `${rows.join(';')};${stacked}`,
  '-frames:v',
  '1',
  '-vsync',
  '0',
  '-q:v',
  '2',
  out,
]);

function countFrames(video) {
  const { stderr } = run(['-i', video, '-f', 'null', '-'], 'info');
  const counts = [...stderr.matchAll(/frame=\s*(\d+)/g)];
  return Number(counts.at(-1)?.[1] ?? 0);
}

function run(args, level = 'error') {
  const result = spawnSync(ffmpeg, ['-hide_banner', '-nostdin', '-loglevel', level, ...args], { encoding: 'utf8' });
  if (result.status !== 0) {
    console.error(result.stderr);
    process.exit(1);
  }
  return result;
}
