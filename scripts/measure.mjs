/**
 * `npm run measure -- <video.mp4> … [--chunk-frames 8]`: how finished videos hold together, a table and a last line of JSON.
 * What the columns mean: gpu-worker/src/quality/streaming-metrics.ts. Needs the test packages (their ffmpeg), as the contact sheet does.
 */
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { path as ffmpeg } from '@ffmpeg-installer/ffmpeg';
import { measureStreaming } from '../gpu-worker/src/quality/streaming-metrics.ts';

const HELP = `npm run measure: how finished videos hold together over their length.

  npm run measure -- <video.mp4> ... [--chunk-frames 8]

  --chunk-frames <number>   frames that each chunk of the model adds (default: those of the model that ships, 8)

Prints a table, a row for each video, and a last line of JSON. What the columns mean: gpu-worker/src/quality/streaming-metrics.ts.
`;

/** The frames that a chunk of the model that ships adds. */
const CHUNK_FRAMES = 8;
const MAX_BYTES = 2 ** 31;

const { videos, chunk_frames } = readArguments();
const results = videos.map((video) => {
  const film = decode(video);
  const seams = film.frames.flatMap((_, frame) => (frame > 0 && frame % chunk_frames === 0 ? [frame] : []));
  return { video, frames: film.frames.length, ...measureStreaming(film, seams) };
});
const columns = Object.keys(results[0]);
console.log(`| ${columns.join(' | ')} |\n|${' --- |'.repeat(columns.length)}`);
for (const result of results) console.log(`| ${columns.map((name) => shown(result[name])).join(' | ')} |`);
console.log(JSON.stringify({ chunk_frames, results }));

function readArguments() {
  try {
    const { values, positionals } = parseArgs({
      options: { 'chunk-frames': { type: 'string' }, help: { type: 'boolean', short: 'h' } },
      allowPositionals: true,
    });
    if (values.help) {
      process.stdout.write(HELP);
      process.exit(0);
    }
    const chunk_frames = Number(values['chunk-frames'] ?? CHUNK_FRAMES);
    if (positionals.length === 0) throw new Error('no video is named');
    if (!Number.isInteger(chunk_frames) || chunk_frames < 1) throw new Error('--chunk-frames takes a whole number from 1');
    return { videos: positionals, chunk_frames };
  } catch (error) {
    console.error(`${error.message.split('. ')[0]}. \`npm run measure -- --help\` says more.`);
    process.exit(2);
  }
}

function decode(video) {
  const { stdout, stderr } = run(['-i', video, '-vsync', '0', '-f', 'rawvideo', '-pix_fmt', 'rgb24', 'pipe:1'], video);
  const [, width, height, fps] =
    /Video: .*?, (\d+)x(\d+).*? ([\d.]+) fps/.exec(stderr) ?? fail(`${video} does not tell its size and frames a second`);
  const bytes = width * height * 3;
  const frames = Array.from({ length: stdout.length / bytes }, (_, index) => stdout.subarray(index * bytes, (index + 1) * bytes));
  return { width: Number(width), height: Number(height), fps: Number(fps), frames };
}

function run(args, video) {
  const { status, error, stdout, stderr } = spawnSync(ffmpeg, ['-hide_banner', '-nostdin', ...args], { maxBuffer: MAX_BYTES });
  if (error || status !== 0) fail(`${video}: ${error?.message ?? stderr.toString().slice(-400)}`);
  return { stdout, stderr: stderr.toString() };
}

function shown(value) {
  return typeof value === 'number' && !Number.isInteger(value) ? String(Number(value.toPrecision(3))) : String(value);
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
