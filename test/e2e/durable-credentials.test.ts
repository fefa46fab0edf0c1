/** A video that lost its manifest, and how it is found again: by the mark in its pictures, and by what they are like. */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createLumaCells, createMarkReader, FINGERPRINT_ALG, fingerprintOf, MARK_ALG } from '@everframe/shared/mark';
import { path as ffmpeg } from '@ffmpeg-installer/ffmpeg';
import { chromium } from 'playwright-core';
import { type Harness, startHarness } from './harness.ts';
import { strip } from './signed-file.ts';

const MAIN = fileURLToPath(new URL('../../cli/src/main.ts', import.meta.url));
const CHROMIUM = [process.env.CHROMIUM_PATH, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
  (path) => path && existsSync(path),
);

let harness: Harness;
let folder: string;
let video_id: string;
const at = (name: string) => join(folder, name);

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'everframe-durable-'));
  harness = await startHarness();
  const { id } = await harness.client.videos.create({
    prompt: 'a red car drives in the city at night',
    seconds: '4',
    // Ours: the same frames each time.
    seed: 7,
  } as Parameters<typeof harness.client.videos.create>[0]);
  video_id = id;
  await harness.finished(id);
  await writeFile(at('ours.mp4'), await harness.download(id));
  await strip(at('ours.mp4'), at('stripped.mp4'));
});
after(async () => {
  await harness?.stop();
  await rm(folder, { recursive: true, force: true });
});

function run(args: readonly string[]): Buffer {
  const { status, stdout, stderr } = spawnSync(ffmpeg, ['-v', 'error', '-y', ...args], { maxBuffer: 1 << 28 });
  assert.equal(status, 0, String(stderr));
  return stdout;
}

/** What a file's pictures say, with a decoder that is not ours. */
function readPictures(path: string, width: number, height: number, fps: number) {
  const luma = run(['-i', path, '-f', 'rawvideo', '-pix_fmt', 'gray', '-vsync', '0', 'pipe:1']);
  const reader = createMarkReader(width, height);
  const cells = createLumaCells();
  for (let frame = 0; (frame + 1) * width * height <= luma.length; frame++) {
    const picture = luma.subarray(frame * width * height, (frame + 1) * width * height);
    reader.add(picture);
    cells.add(picture, width, height, frame / fps);
  }
  return { mark: reader.read().id, fingerprint: fingerprintOf(cells.cells()).join('') };
}

async function find(alg: string, hex: string): Promise<{ manifestId: string; similarityScore: number }[]> {
  const response = await fetch(`${harness.stack.url}/v1/c2pa/matches/byBinding`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${harness.stack.api_key}` },
    body: JSON.stringify({ alg, value: Buffer.from(hex, 'hex').toString('base64') }),
  });
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return JSON.parse(text).matches;
}

function fetchManifest(id: string): Promise<Response> {
  return fetch(`${harness.stack.url}/v1/c2pa/manifests/${id}`, { headers: { authorization: `Bearer ${harness.stack.api_key}` } });
}

async function activeManifest(): Promise<string> {
  const { report } = (await (
    await fetch(`${harness.stack.url}/v1/videos/${video_id}/provenance`, { headers: { authorization: `Bearer ${harness.stack.api_key}` } })
  ).json()) as { report: { manifest_label: string; verdict: string } };
  assert.equal(report.verdict, 'ours');
  return report.manifest_label;
}

it('a stripped file is found by its mark, and its manifest is the one that was taken off', async () => {
  const { mark } = readPictures(at('stripped.mp4'), 128, 128, 8);
  assert.ok(mark, 'the mark was read');
  const [match, ...others] = await find(MARK_ALG, mark);
  assert.deepEqual(others, []);
  assert.equal(match?.manifestId, await activeManifest());
  const response = await fetchManifest(match?.manifestId ?? '');
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('content-type'), 'application/c2pa');
  const store = Buffer.from(await response.arrayBuffer());
  assert.ok((await readFile(at('ours.mp4'))).includes(store), 'byte for byte as in the file');
  assert.ok(store.length > 1000 && store.includes(match?.manifestId ?? ''));
});

const ATTACKS: readonly (readonly [name: string, args: readonly string[], width: number, height: number])[] = [
  ['three seconds of it, coded again', ['-ss', '1', '-t', '3', '-crf', '22'], 128, 128],
  ['three quarters of its size', ['-vf', 'scale=96:96', '-crf', '20'], 96, 96],
  ['a tenth cropped away on each axis', ['-vf', 'crop=116:116:5:7', '-crf', '20'], 116, 116],
];

for (const [name, args, width, height] of ATTACKS) {
  it(`found by its mark: ${name}`, async () => {
    run(['-i', at('stripped.mp4'), ...args, '-c:v', 'libx264', at('attacked.mp4')]);
    const { mark } = readPictures(at('attacked.mp4'), width, height, 8);
    assert.equal(mark, readPictures(at('stripped.mp4'), 128, 128, 8).mark);
  });
}

it('a file whose mark cannot be read any more is found by its fingerprint', async () => {
  run(['-i', at('stripped.mp4'), '-vf', 'gblur=sigma=3,scale=64:64', '-crf', '22', '-c:v', 'libx264', at('blurred.mp4')]);
  const { mark, fingerprint } = readPictures(at('blurred.mp4'), 64, 64, 8);
  assert.equal(mark, null);
  const [match, ...others] = await find(FINGERPRINT_ALG, fingerprint);
  assert.deepEqual(others, []);
  assert.equal(match?.manifestId, await activeManifest());
  assert.ok((match?.similarityScore ?? 0) >= 80);
});

function verify(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = { FFMPEG_PATH: ffmpeg },
): Promise<{ code: number; out: string }> {
  const all = [MAIN, 'verify', '--data-dir', at('none'), ...args];
  return new Promise((resolve) => {
    execFile(process.execPath, all, { env: { ...process.env, ...environment } }, (error, out) => {
      resolve({ code: error ? Number(error.code) : 0, out });
    });
  });
}

it('`everframe verify` reads the mark of a stripped file here, and asks the service that is named whose it is', async () => {
  const { mark } = readPictures(at('stripped.mp4'), 128, 128, 8);
  const alone = await verify([at('stripped.mp4')]);
  assert.equal(alone.code, 4);
  assert.match(alone.out, new RegExp(`^No credential was found.*\\nIts pictures carry the mark ${mark}\\.`));
  const asked = await verify([at('stripped.mp4'), '--service', harness.stack.url]);
  assert.equal(asked.code, 4, 'it still has no credential');
  assert.match(asked.out, new RegExp(`its pictures carry our mark ${mark}`));
  assert.ok(asked.out.includes(await activeManifest()), asked.out);
  const json = JSON.parse((await verify([at('stripped.mp4'), '--service', harness.stack.url, '--json'])).out);
  assert.deepEqual([json.mark, json.recovery.found_by, json.recovery.manifest], [mark, 'mark', 'present']);
});

it('`everframe verify` finds a decoder in the packages of the checkout where the machine has none', async () => {
  const { code, out } = await verify([at('stripped.mp4')], { FFMPEG_PATH: '', PATH: at('no-programs') });
  assert.equal(code, 4);
  assert.match(out, /Its pictures carry the mark [0-9a-f]+\./);
});

it('`everframe verify` says what it lacks where the decoder that is named does not run, and which page needs none', async () => {
  const { code, out } = await verify([at('stripped.mp4'), '--service', harness.stack.url], { FFMPEG_PATH: at('no-ffmpeg') });
  assert.equal(code, 4);
  assert.match(out, /no-ffmpeg, which FFMPEG_PATH names, does not run here\. Install ffmpeg/);
  assert.ok(out.includes(`${harness.stack.url}/verify, which needs none`), out);
});

const no_browser = CHROMIUM === undefined && 'there is no Chromium here: install it, or name it in CHROMIUM_PATH';
it('the page says whose a stripped file is, and offers its manifest', { skip: no_browser }, async () => {
  const browser = await chromium.launch({ executablePath: CHROMIUM ?? '', args: ['--no-sandbox'] });
  try {
    const page = await browser.newPage();
    const faults: string[] = [];
    page.on('pageerror', (error) => faults.push(String(error)));
    page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
    await page.goto(`${harness.stack.url}/verify`);
    await page.getByText('Nothing checked yet.').waitFor();
    await page.setInputFiles('#file', at('stripped.mp4'));
    await page.locator('#result:not([hidden])').waitFor({ timeout: 120_000 });
    assert.deepEqual(faults, []);
    assert.equal(await page.locator('.verdict').getAttribute('data-verdict'), 'no_credential');
    assert.equal(await page.locator('[data-found-by]').getAttribute('data-found-by'), 'mark');
    assert.ok((await page.locator('[data-found-by]').textContent())?.includes(await activeManifest()));
    assert.match((await page.locator('[data-found-by] a').getAttribute('href')) ?? '', /^\/v1\/c2pa\/manifests\/urn:c2pa:/);
  } finally {
    await browser.close();
  }
});

it('once its owner has deleted the video, the look-up says that the manifest is gone', async () => {
  const { mark, fingerprint } = readPictures(at('stripped.mp4'), 128, 128, 8);
  const [match] = await find(MARK_ALG, mark ?? '');
  await harness.client.videos.delete(video_id);
  for (;;) {
    const response = await fetchManifest(match?.manifestId ?? '');
    if (response.status === 410) break;
    await response.arrayBuffer();
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  assert.deepEqual(await find(FINGERPRINT_ALG, fingerprint), []);
});
