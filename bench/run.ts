/**
 * `npm run bench [name …] [--option numbers …]`: each benchmark in a fresh process, one after the other; the last line is all of
 * their figures. Options go to every benchmark that is named; each says at its head which it has.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { NODE_FLAGS } from '../gpu-worker/src/node-flags.ts';

/** What each of them measures. */
const BENCHMARKS = {
  engine: 'the streaming loop over its networks alone, and seconds of video per second',
  endless: 'a chunk, the memory and the checkpoint of a video without a break',
  wavefront: 'the refiner as a wavefront against the whole video at once',
  gpu: 'the published StreamingT2V at random weights by network, against PyTorch; needs EVERFRAME_BENCH_PACKAGE',
  compare: 'the engine against PyTorch; needs EVERFRAME_BENCH_PYTHON',
  video: 'from the request to the first committed segment, and to the signed file',
  submit: 'POST /v1/videos against a bare Hono route with the same store and queue calls',
  content: 'GET of a finished file against a bare Hono route that reads the same object',
  many: 'lists and retrieval in an account of 100,000 videos against one of 100',
  events: 'how late the open event streams of a video hear of a commit',
  sign: 'signing and reading back a finished video, and a live stream',
  verify: 'checking files of 5 MB to 2 GB: the reference reader, the command, the edge, the page',
  fuzz: 'damaged files through every reader: crashes, and what was believed',
  mark: 'what the invisible mark lives through, and what it costs',
  unmarked: 'how often a mark is found in windows that carry none; by number, so that many processes can share them',
};

/** These run the networks themselves, as the worker's inference child does. */
const LIKE_THE_CHILD: ReadonlySet<string> = new Set(['engine', 'gpu', 'endless']);

const HELP = `npm run bench: measure Everframe on this machine.

  npm run bench                                    all of them, one after the other, for an hour or more
  npm run bench -- <name> ... [--option numbers]   some of them
  npm run bench -- <name> --help                   what it measures, and its options

${Object.entries(BENCHMARKS)
  .map(([name, what]) => `  ${name.padEnd(10)} ${what}`)
  .join('\n')}

Each runs in a fresh process and ends in one line of JSON; the last line is all of those.
`;

const NAMES = Object.keys(BENCHMARKS);
const args = process.argv.slice(2);
const first_option = args.findIndex((arg) => arg.startsWith('-'));
const asked = first_option === -1 ? args : args.slice(0, first_option);
const options = first_option === -1 ? [] : args.slice(first_option);
const unknown = asked.filter((name) => !NAMES.includes(name));
if (unknown.length > 0) {
  console.error(`There is no benchmark ${unknown.join(', ')}. There are: ${NAMES.join(', ')}. \`npm run bench -- --help\` says more.`);
  process.exit(2);
}
if (options.includes('--help') || options.includes('-h')) {
  console.log(asked.length > 0 ? asked.map((name) => `${name}: ${headOf(name)}`).join('\n\n') : HELP);
  process.exit(0);
}
const results = (asked.length > 0 ? asked : NAMES).map((name) => {
  const flags = LIKE_THE_CHILD.has(name) ? NODE_FLAGS : [];
  const { status, stdout } = spawnSync(process.execPath, [...flags, pathOf(name), ...options], {
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  });
  process.stdout.write(stdout);
  if (status !== 0) process.exit(status ?? 1);
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
});
console.log(JSON.stringify(results));

function pathOf(name: string): string {
  return fileURLToPath(new URL(`${name}.ts`, import.meta.url));
}

/** The comment that the file of a benchmark begins with. */
function headOf(name: string): string {
  const [, head = ''] = /^\/\*\*(.*?)\*\//s.exec(readFileSync(pathOf(name), 'utf8')) ?? [];
  return head.replaceAll(/^ *\* ?/gm, '').trim();
}
