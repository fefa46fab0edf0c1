/**
 * `npm run bench [name …] [--option numbers …]`: each benchmark in a fresh process, one after the other; the last line is all of
 * their figures. Options go to every benchmark that is named; each says at its head which it has.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const NAMES = ['engine', 'endless', 'wavefront', 'compare', 'video', 'submit', 'events', 'sign', 'mark'];

const args = process.argv.slice(2);
const first_option = args.findIndex((arg) => arg.startsWith('--'));
const asked = first_option === -1 ? args : args.slice(0, first_option);
const options = first_option === -1 ? [] : args.slice(first_option);
const unknown = asked.filter((name) => !NAMES.includes(name));
if (unknown.length > 0) {
  console.error(`There is no benchmark ${unknown.join(', ')}. There are: ${NAMES.join(', ')}.`);
  process.exit(2);
}
const results = (asked.length > 0 ? asked : NAMES).map((name) => {
  const path = fileURLToPath(new URL(`${name}.ts`, import.meta.url));
  const { status, stdout } = spawnSync(process.execPath, [path, ...options], { stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' });
  process.stdout.write(stdout);
  if (status !== 0) process.exit(status ?? 1);
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
});
console.log(JSON.stringify(results));
