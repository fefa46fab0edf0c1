/**
 * The page at /verify in a real browser: files chosen by hand, a link, the keyboard, a phone's width. Needs Chromium, at
 * CHROMIUM_PATH or where distributions put it.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { type Harness, startHarness } from './harness.ts';
import { enlarge, makeFile, sign, strip } from './signed-file.ts';

const CHROMIUM = [process.env.CHROMIUM_PATH, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
  (path) => path && existsSync(path),
);
/** Above what the page hands to its library. */
const LARGE_BYTES = 65 * 1024 * 1024;
const skip = CHROMIUM === undefined && 'there is no Chromium here: install it, or name it in CHROMIUM_PATH';
if (skip) console.log(`SKIPPED: the page at /verify was not opened, since ${skip}`);

describe('the page at /verify', { skip }, () => {
  let harness: Harness;
  let browser: Browser;
  let folder: string;
  const at = (name: string) => join(folder, name);
  const faults: string[] = [];
  const asked: string[] = [];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'everframe-page-'));
    harness = await startHarness({ workers: 0 });
    const here = { signer_dir: join(harness.stack.data_dir, 'signer') };
    await makeFile(at('plain.mp4'), 'video/mp4');
    await makeFile(at('plain.jpg'), 'image/jpeg');
    await sign(at('plain.mp4'), at('ours.mp4'), 'video/mp4', { ...here, title: 'A red ball', thumbnail: at('plain.jpg') });
    await sign(at('plain.mp4'), at('edit.mp4'), 'video/mp4', { ...here, title: '<b>A blue ball</b>', parent: at('ours.mp4') });
    await sign(at('plain.mp4'), at('foreign.mp4'), 'video/mp4', { signer_dir: at('stranger'), title: 'A stranger’s ball' });
    await strip(at('ours.mp4'), at('stripped.mp4'));
    const bytes = await readFile(at('ours.mp4'));
    bytes[bytes.length - 50] = (bytes[bytes.length - 50] ?? 0) ^ 1;
    await writeFile(at('altered.mp4'), bytes);
    browser = await chromium.launch({ executablePath: CHROMIUM ?? '', args: ['--no-sandbox'] });
  });
  after(async () => {
    await browser?.close();
    await harness?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function open(options: BrowserContextOptions = {}): Promise<Page> {
    const page = await browser.newPage(options);
    page.on('pageerror', (error) => faults.push(String(error)));
    page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
    page.on('request', (request) => asked.push(`${request.method()} ${request.url()}`));
    await page.goto(`${harness.stack.url}/verify`);
    await page.getByText('Nothing checked yet.').waitFor();
    return page;
  }

  async function choose(page: Page, name: string): Promise<string | null> {
    await page.setInputFiles('#file', at(name));
    await page.locator('#result:not([hidden])').waitFor({ timeout: 60_000 });
    return page.locator('.verdict').getAttribute('data-verdict');
  }

  it('says in plain words whose a file is, without uploading it or asking another host; only a mark is looked up', async () => {
    const page = await open();
    asked.length = 0;
    for (const [name, verdict, title] of [
      ['ours.mp4', 'ours', 'Made by us, and unaltered'],
      ['foreign.mp4', 'unknown_signer', 'Unaltered, but the signer is unknown'],
      ['altered.mp4', 'altered', 'Altered'],
      ['stripped.mp4', 'no_credential', 'No credential'],
    ] as const) {
      assert.equal(await choose(page, name), verdict, name);
      assert.equal(await page.locator('.verdict h2').textContent(), title);
    }
    const { url } = harness.stack;
    const others = asked.filter((line) => !line.startsWith(`GET ${url}/`) && !line.startsWith(`GET blob:${url}/`));
    // What it reads out of a file without a credential: a few bytes, of one file.
    assert.deepEqual(others, [`POST ${url}/v1/c2pa/matches/byBinding`]);
    assert.deepEqual(faults, []);
    await page.close();
  });

  it('judges a file that it does not hold: ours, altered, of a stranger', async () => {
    await enlarge(at('plain.mp4'), at('large.mp4'), LARGE_BYTES);
    const signing = { signer_dir: join(harness.stack.data_dir, 'signer'), title: 'A long red ball' };
    await sign(at('large.mp4'), at('large-ours.mp4'), 'video/mp4', signing);
    await sign(at('large.mp4'), at('large-foreign.mp4'), 'video/mp4', { ...signing, signer_dir: at('stranger') });
    const bytes = await readFile(at('large-ours.mp4'));
    bytes[bytes.length - 500_000] = 8;
    await writeFile(at('large-altered.mp4'), bytes);
    const page = await open();
    for (const [name, verdict] of [
      ['large-ours.mp4', 'ours'],
      ['large-altered.mp4', 'altered'],
      ['large-foreign.mp4', 'unknown_signer'],
    ] as const) {
      assert.equal(await choose(page, name), verdict, name);
    }
    await page.close();
  });

  it('draws the lineage, and shows what a file says as text alone', async () => {
    const page = await open();
    await choose(page, 'edit.mp4');
    assert.deepEqual(await page.locator('.tree .node strong').allTextContents(), ['<b>A blue ball</b>', 'A red ball']);
    assert.deepEqual(await page.locator('.tree .role').allTextContents(), ['This file', 'Made from']);
    const drawn = await page
      .locator('.tree img')
      .first()
      .evaluate((image: { naturalWidth: number }) => image.naturalWidth);
    assert.ok(drawn > 0, 'the thumbnail was not drawn');
    assert.equal(await page.locator('.tree b').count(), 0);
    await page.close();
  });

  it('checks a link by way of the service where the other site does not let a page read it', async () => {
    const bytes = await readFile(at('ours.mp4'));
    const server = createServer((_, response) => response.end(bytes)).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const page = await open();
    await page.fill('#url', `http://127.0.0.1:${(server.address() as AddressInfo).port}/ours.mp4`);
    await page.keyboard.press('Enter');
    await page.locator('#result:not([hidden])').waitFor({ timeout: 60_000 });
    assert.equal(await page.locator('.verdict').getAttribute('data-verdict'), 'ours');
    await page.getByText('fetched and checked by this service').waitFor();
    await page.close();
    server.close();
  });

  it('can be used by keyboard, names each control, and puts the reader at the result', async () => {
    const page = await open();
    const stops = [];
    for (let i = 0; i < 3; i++) {
      await page.keyboard.press('Tab');
      stops.push(await page.evaluate('document.activeElement.id || document.activeElement.textContent'));
    }
    assert.deepEqual(stops, ['file', 'url', 'Check']);
    assert.equal(await page.getByLabel('Choose a file').count(), 1);
    assert.equal(await page.getByLabel('Or paste a link to a file').count(), 1);
    await choose(page, 'ours.mp4');
    assert.equal(await page.evaluate('document.activeElement.id'), 'result');
    assert.match((await page.getByRole('status').textContent()) ?? '', /^Checked: Made by this service/);
    await page.close();
  });

  it("fits a phone's width, in light and dark", async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      const page = await open({ viewport: { width: 360, height: 740 }, colorScheme });
      await choose(page, 'edit.mp4');
      assert.equal(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), true, colorScheme);
      assert.deepEqual(await page.evaluate(LOW_CONTRAST), [], colorScheme);
      await shoot(page, `phone-${colorScheme}`);
      await page.close();
    }
  });

  /** Pictures for a person to judge, where EVERFRAME_SCREENSHOTS names a folder. */
  async function shoot(page: Page, name: string): Promise<void> {
    const target = process.env.EVERFRAME_SCREENSHOTS;
    if (!target) return;
    await mkdir(target, { recursive: true });
    await page.screenshot({ path: join(target, `${name}.png`), fullPage: true });
    await page.setViewportSize({ width: 1000, height: 800 });
    await page.screenshot({ path: join(target, `${name}-wide.png`), fullPage: true });
  }
});

/** In the page: texts whose contrast with what lies behind them is under WCAG's 4.5 to 1. */
const LOW_CONTRAST = `(() => {
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((c) => ((c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  return [...document.querySelectorAll('main *')]
    .filter((node) => [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim()))
    .map((node) => {
      const [a, b] = [light(parse(getComputedStyle(node).color)), light(behind(node))].sort((x, y) => y - x);
      return [node.textContent.trim().slice(0, 40), (a + 0.05) / (b + 0.05)];
    })
    .filter(([, ratio]) => ratio < 4.5);
})()`;
