/**
 * `npm ci` in a folder, once for each lockfile and platform: a stamp in node_modules says for which it was done.
 * Two launchers never install into the same folder at once.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { withFolderLock } from './folder-lock.mjs';
import { showElapsed } from './show-elapsed.mjs';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];
/** npm that is asked to end may first wait for its downloads. */
const STOP_PATIENCE_MS = 5000;

/**
 * @param node the program that npm runs under
 * @param what named in the line that a person sees while waiting
 */
export async function ensurePackages(folder, node, what = 'the packages of Everframe') {
  if (isInstalled(folder)) return;
  await withFolderLock(join(folder, '.everframe', 'install.lock'), async () => {
    if (isInstalled(folder)) return;
    const size = what === 'Node 24' ? '190 MB' : '800 MB';
    const began = Date.now();
    const elapsed = showElapsed(`Installing ${what} (only this time; a minute or two, about ${size} on disk) ...`);
    forgetPackages(folder);
    try {
      await npmCi(folder, node, elapsed.end);
    } finally {
      elapsed.end();
    }
    writeFileSync(stampPath(folder), stampOf(folder));
    console.error(`Installed in ${Math.round((Date.now() - began) / 1000)} s.`);
  });
}

/** The next start installs again. */
export function forgetPackages(folder) {
  rmSync(stampPath(folder), { force: true });
}

function isInstalled(folder) {
  return existsSync(stampPath(folder)) && readFileSync(stampPath(folder), 'utf8') === stampOf(folder);
}

function stampPath(folder) {
  return join(folder, 'node_modules', '.stamp');
}

function stampOf(folder) {
  const lockfile = readFileSync(join(folder, 'package-lock.json'));
  return `${createHash('sha256').update(lockfile).digest('hex')} ${process.platform}-${process.arch}`;
}

/** @param onStop called before anything else is written */
function npmCi(folder, node, onStop) {
  const args = ['ci', '--no-progress', '--loglevel=error'];
  const env = { ...process.env, npm_config_ignore_scripts: 'true', PATH: dirname(node) + delimiter + (process.env.PATH ?? '') };
  // A group of its own, so that what npm has started ends with it.
  const options = { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'], detached: process.platform !== 'win32' };
  const npm_cli = process.env.npm_execpath;
  // npm names itself when it starts us; else it is looked up like any program.
  const child = npm_cli?.endsWith('npm-cli.js')
    ? spawn(node, [npm_cli, ...args], options)
    : spawn('npm', args, { ...options, shell: process.platform === 'win32' });
  const output = [];
  child.stdout.on('data', (bytes) => output.push(bytes));
  child.stderr.on('data', (bytes) => output.push(bytes));
  let killing;
  const stop = () => {
    if (killing) return;
    onStop();
    console.error('Stopping the installation ...');
    killGroup(child, 'SIGTERM');
    killing = setTimeout(() => killGroup(child, 'SIGKILL'), STOP_PATIENCE_MS);
  };
  for (const signal of SIGNALS) process.on(signal, stop);
  return new Promise((resolve, reject) => {
    child.on('error', (error) => reject(new Error(`npm could not be started: ${error.message}`)));
    child.on('close', (code, signal) => {
      clearTimeout(killing);
      for (const name of SIGNALS) process.off(name, stop);
      if (killing)
        return reject(Object.assign(new Error('The installation was interrupted; the next start begins it again.'), { exit_code: 130 }));
      if (code === 0) return resolve();
      onStop();
      process.stderr.write(Buffer.concat(output));
      const remedy = 'It needs the network (or a warm npm cache) and 1 GB of free disk, the first time only.';
      reject(
        new Error(`\`npm ci\` in ${folder} failed (${code === null ? signal : `exit code ${code}`}), see npm's words above. ${remedy}`),
      );
    });
  });
}

function killGroup(child, signal) {
  try {
    if (process.platform === 'win32') child.kill(signal);
    else process.kill(-child.pid, signal);
  } catch {
    // It has just ended, or never started.
  }
}
