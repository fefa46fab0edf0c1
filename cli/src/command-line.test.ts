/** What a wrong command line gets: one sentence and exit code 2, before anything is started. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';

const MAIN = join(import.meta.dirname, 'main.ts');

function everframe(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  // As from a shell, whoever runs this test.
  const { npm_lifecycle_event: _, EVERFRAME_LAUNCHER_PID: __, ...env } = process.env;
  return spawnSync(process.execPath, [MAIN, ...args], { env, encoding: 'utf8', timeout: 60_000 });
}

const REFUSALS: readonly [string, string[], RegExp][] = [
  ['an unknown command', ['make'], /There is no command 'make'/],
  ['an unknown option', ['generate', 'a boat', '--fast'], /Unknown option '--fast'.*everframe generate --help/],
  ['an option without its value', ['dev', '--port'], /--port.*argument missing/],
  ['a port that is no port', ['dev', '--port', '99999'], /--port must be a whole number from 0 to 65535; got '99999'/],
  [
    'a host that is not this machine',
    ['dev', '--host', 'example.com'],
    /--host must be 0\.0\.0\.0 or an IP address of this machine .*'example\.com'/,
  ],
  [
    'a public address without a scheme',
    ['dev', '--public-url', 'example.com'],
    /--public-url must be an address such as https.*'example\.com'/,
  ],
  [
    'a public address with a path',
    ['dev', '--public-url', 'https://example.com/videos'],
    /--public-url must be an address .*without a path; got 'https:\/\/example\.com\/videos'/,
  ],
  ['a prompt without quotes', ['generate', 'a', 'boat'], /one argument; got 2.*quotes/],
  ['an argument that dev does not take', ['dev', 'now'], /dev takes no arguments; got 'now'/],
  ['verify without a file', ['verify'], /verify needs a file/],
  ['an account without a name', ['keys', 'create'], /--name must have 1 to 100 characters; got 0/],
  ['a deed that keys does not know', ['keys', 'drop'], /keys knows one thing, create; got 'drop'/],
  ['an empty prompt', ['generate', '  '], /^The prompt must have at least 1 character that is not white space; got none\./],
  ['a length of nothing', ['generate', 'a boat', '--seconds', '0'], /^--seconds must be a whole number from 1 to 600 .*got "0"/],
  ['a length that is no number', ['generate', 'a boat', '--seconds', ''], /^--seconds must be a whole number/],
  ['a size that no model offers', ['generate', 'a boat', '--size', '1920x1080'], /^--size must be one of '128x128' .*got "1920x1080"/],
  ['a seed that is no number', ['generate', 'a boat', '--seed', 'x'], /^--seed must be a whole number from 0 to 4294967295; got "x"/],
  ['a model that is not here', ['generate', 'a boat', '--model', 'sora-3'], /^The model "sora-3" is not served here/],
  [
    'an empty prompt for another server',
    ['generate', '', '--url', 'http://127.0.0.1:1', '--api-key', 'k'],
    /^The prompt must have at least/,
  ],
  ['a server without a key', ['generate', 'a boat', '--url', 'http://127.0.0.1:1'], /needs a key/],
];

for (const [name, args, sentence] of REFUSALS) {
  it(`${name} is refused in one line`, () => {
    const { status, stdout, stderr } = everframe(...args);
    assert.equal(status, 2, stderr);
    assert.equal(stdout, '');
    assert.match(stderr, sentence);
    assert.equal(stderr.trim().split('\n').length, 1, stderr);
  });
}

for (const command of ['dev', 'generate', 'verify']) {
  it(`${command} --help lists its options`, () => {
    const { status, stdout } = everframe(command, '--help');
    assert.equal(status, 0);
    assert.match(stdout, /--data-dir/);
  });
}

it('started by npm or by the launcher of a checkout, a refusal names the npm script', () => {
  for (const [command, script] of [
    ['dev', 'npm start'],
    ['generate', 'npm run video'],
    ['verify', 'npm run verify'],
  ] as const) {
    for (const by of [{ npm_lifecycle_event: 'test' }, { npm_lifecycle_event: '', EVERFRAME_LAUNCHER_PID: '1' }]) {
      const env = { ...process.env, ...by };
      const { stderr } = spawnSync(process.execPath, [MAIN, command, '--fast'], { env, encoding: 'utf8', timeout: 60_000 });
      assert.match(stderr, new RegExp(`\`${script} -- --help\` says more`));
    }
  }
});

it('generate without a prompt shows the help', () => {
  const { status, stdout } = everframe('generate');
  assert.equal(status, 2);
  assert.match(stdout, /npm run video/);
});

it('verify says in one line that a file is missing or no media', () => {
  for (const [path, sentence] of [
    ['/nowhere/video.mp4', /There is no file \/nowhere\/video\.mp4\./],
    [MAIN, /is no MP4 or QuickTime video and no JPEG, PNG, WebP, GIF, HEIC or AVIF picture\./],
    [import.meta.dirname, /is a folder, not a file\./],
  ] as const) {
    const { status, stderr } = everframe('verify', path);
    assert.equal(status, 1);
    assert.match(stderr, sentence);
    assert.equal(stderr.trim().split('\n').length, 1, stderr);
  }
});

it('what cannot be checked is never called altered', () => {
  const folder = mkdtempSync(join(tmpdir(), 'everframe-verify-'));
  try {
    const picture = join(folder, 'picture.jpg');
    writeFileSync(picture, Buffer.from('ffd8ffe000104a46494600010100000100010000ffd9', 'hex'));
    const root = join(folder, 'root.pem');
    writeFileSync(root, '-----BEGIN CERTIFICATE-----\nbm90IG9uZQ==\n-----END CERTIFICATE-----\n');
    const refused = everframe('verify', picture, '--trust', root);
    assert.deepEqual([refused.status, refused.stdout], [1, '']);
    assert.equal(refused.stderr, `${root} holds no certificate in PEM form, so no signer can be trusted by it.\n`);

    process.env.C2PA_LIBRARY_PATH = join(folder, 'missing.node');
    const unable = everframe('verify', picture, '--data-dir', folder);
    assert.deepEqual([unable.status, unable.stdout], [1, '']);
    assert.match(
      unable.stderr,
      /^.*picture\.jpg could not be checked, so nothing is known of it: Cannot find module '.*missing\.node'\.\n$/,
    );
  } finally {
    delete process.env.C2PA_LIBRARY_PATH;
    rmSync(folder, { recursive: true });
  }
});

it('a server that is not there is named', () => {
  const { status, stderr } = everframe('generate', 'a boat', '--url', 'http://127.0.0.1:1', '--api-key', 'k');
  assert.equal(status, 1);
  assert.equal(stderr, 'http://127.0.0.1:1 does not answer.\n');
});
