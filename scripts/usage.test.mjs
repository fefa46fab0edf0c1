/** What `npm run bench` and `npm run measure` say to who does not know it, or mistypes. Measures nothing. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';

const RUN = fileURLToPath(new URL('../bench/run.ts', import.meta.url));
const MEASURE = fileURLToPath(new URL('measure.mjs', import.meta.url));

function run(...args) {
  return spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 60_000 });
}

it('--help lists the benchmarks, and of one that is named tells what it measures and its options', () => {
  const { status, stdout } = run(RUN, '--help');
  assert.equal(status, 0);
  for (const name of ['engine', 'submit', 'mark']) assert.match(stdout, new RegExp(`^ {2}${name} +\\w`, 'm'));
  assert.match(run(RUN, 'endless', '--help').stdout, /^endless: One video without a break, `--frames 100,1000,10000 --threads 1`/);
  assert.match(run(MEASURE, '--help').stdout, /npm run measure -- <video\.mp4>/);
});

it('a mistyped name, option or number ends it with one sentence', () => {
  for (const [args, sentence] of [
    [[RUN, 'engines'], /^There is no benchmark engines\. There are: engine, /],
    [[RUN, 'endless', '--frame', '3'], /^Unknown option '--frame'\. Its options are: --frames 100,1000,10000 --threads 1\n$/],
    [[RUN, 'endless', '--frames', 'ten'], /^--frames takes whole numbers above 0, with commas between them; got 'ten'\.\n$/],
    [[RUN, 'endless', '--threads', '1,2'], /^--threads takes one number; got 1,2\.\n$/],
    [[MEASURE, '--frames', '3'], /^Unknown option '--frames'\. `npm run measure -- --help` says more\.\n$/],
    [[MEASURE], /^no video is named\./],
  ]) {
    const { status, stderr } = run(...args);
    assert.equal(status, 2, stderr);
    assert.match(stderr, sentence);
  }
});
