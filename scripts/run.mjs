/**
 * `npm start`, `npm run video`, `npm test` and the others begin here, under whatever Node (18 or newer) the machine has.
 * Finds a Node that runs TypeScript, installs the packages when the lockfile has changed, then becomes the program:
 * same output, same exit code, signals passed on. Depends on nothing that has to be installed first.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureNode } from './ensure-node.mjs';
import { ensurePackages } from './ensure-packages.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * `own_group`: a Ctrl-C reaches us only, and we pass it on, so the program can end its parts in order. `flags`: the file with what
 * Node itself is told.
 */
const COMMANDS = {
  dev: { program: ['cli/src/main.ts', 'dev'], own_group: true },
  generate: { program: ['cli/src/main.ts', 'generate'], own_group: true },
  verify: { program: ['cli/src/main.ts', 'verify'], own_group: true },
  keys: { program: ['cli/src/main.ts', 'keys'] },
  test: { program: ['scripts/test.mjs'] },
  check: { program: ['scripts/check.mjs'] },
  bench: { program: ['bench/run.ts'] },
  measure: { program: ['scripts/measure.mjs'], own_group: true },
  worker: { program: ['gpu-worker/src/main.ts'], own_group: true, flags: 'gpu-worker/node-flags.json' },
  pages: { program: ['verify-page/build.ts'] },
  wrangler: { program: ['node_modules/wrangler/bin/wrangler.js'] },
};

const [name, ...rest] = process.argv.slice(2);
const command = Object.hasOwn(COMMANDS, name ?? '') ? COMMANDS[name] : undefined;
if (!command) {
  console.error(`Usage: node scripts/run.mjs ${Object.keys(COMMANDS).join('|')} [options]`);
  process.exit(2);
}

try {
  const node = await ensureNode(root);
  await ensurePackages(root, node);
  run(node, command);
} catch (error) {
  console.error(error.message);
  process.exit(error.exit_code ?? 1);
}

function run(node, { program: [file, ...args], own_group, flags }) {
  const node_flags = flags ? JSON.parse(readFileSync(join(root, flags), 'utf8')) : [];
  const child = spawn(node, [...node_flags, join(root, file), ...args, ...rest], {
    stdio: 'inherit',
    // npm moves to the root; a file that a person names lies where that person is.
    cwd: own_group ? (process.env.INIT_CWD ?? process.cwd()) : root,
    detached: own_group === true && process.platform !== 'win32',
    env: { ...process.env, PATH: dirname(node) + delimiter + (process.env.PATH ?? ''), EVERFRAME_LAUNCHER_PID: String(process.pid) },
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  watchParent(() => child.kill('SIGTERM'));
  child.on('error', (error) => {
    console.error(`${node} could not be started: ${error.message}`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => {
    if (signal !== null && signal !== 'SIGINT' && signal !== 'SIGTERM') console.error(`The program was ended by ${signal}.`);
    process.exit(code ?? 128 + constants.signals[signal]);
  });
}

/** npm that gets a SIGTERM ends without passing it on; then our parent is another one. */
function watchParent(onGone) {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    onGone();
  }, 500);
  timer.unref();
}
