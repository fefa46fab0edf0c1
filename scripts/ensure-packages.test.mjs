/** An installation that is interrupted, with an npm that does not want to end; and one that takes long. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { nextWords } from './show-elapsed.mjs';

/** Takes no notice of being asked to end, like a child of its own, and says when both run. */
const STUBBORN_NPM = `
const { spawn } = require('node:child_process');
const { writeFileSync } = require('node:fs');
const ignore = "for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, () => {}); setInterval(() => {}, 1000);";
eval(ignore);
const child = spawn(process.execPath, ['-e', ignore + "console.log('ready')"], { stdio: ['ignore', 'pipe', 'inherit'] });
child.stdout.once('data', () => writeFileSync('running.json', JSON.stringify([process.pid, child.pid])));
`;
const INSTALL = `
const { ensurePackages } = await import(process.env.ENSURE);
try {
  await ensurePackages(process.cwd(), process.execPath);
} catch (error) {
  console.error(error.message);
  process.exit(error.exit_code ?? 1);
}
`;

it('Ctrl-C is answered at once and ends npm with all that it started, and the next start installs again', { timeout: 60_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'everframe-install-'));
  try {
    mkdirSync(join(folder, 'node_modules'));
    writeFileSync(join(folder, 'package-lock.json'), '{}');
    writeFileSync(join(folder, 'npm-cli.js'), STUBBORN_NPM);
    const env = {
      ...process.env,
      npm_execpath: join(folder, 'npm-cli.js'),
      ENSURE: new URL('./ensure-packages.mjs', import.meta.url).href,
    };
    const child = spawn(process.execPath, ['--input-type=module', '-e', INSTALL], {
      cwd: folder,
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text) => {
      said += text;
    });
    while (!existsSync(join(folder, 'running.json'))) await new Promise((resolve) => setTimeout(resolve, 50));
    child.kill('SIGINT');
    const ended = once(child, 'close');
    while (!said.includes('Stopping the installation ...\n')) await once(child.stderr, 'data');
    assert.deepEqual(await ended, [130, null]);
    assert.match(said, /The installation was interrupted; the next start begins it again\.\n$/);
    for (const pid of JSON.parse(readFileSync(join(folder, 'running.json'), 'utf8'))) assert.ok(!runs(pid), `${pid} was left running`);
    assert.ok(!existsSync(join(folder, 'node_modules', '.stamp')));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

it('a terminal sees the seconds pass on one line, a log a line now and then', () => {
  assert.equal(nextWords({ isTTY: true, columns: 80 }, 'Installing', 7), '\r\x1b[2KInstalling 7 s');
  assert.equal(nextWords({ isTTY: true, columns: 12 }, 'Installing', 7).length, '\r\x1b[2K'.length + 11);
  assert.equal(nextWords({ isTTY: false }, 'Installing', 30), 'Still at it, 30 s ...\n');
});

/** A killed process whose parent is gone is nobody's for a moment, and no longer runs. */
function runs(pid) {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
