/**
 * Watching a video while it is made, over the whole stack: hls.js and Chromium's own player from a page of another origin,
 * and ffmpeg. The worker is stopped in the middle, so that what is seen then can only come from a video that is not there yet.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { EVENT_READERS_MAX } from '@everframe/shared';
import { EventSourceParserStream } from 'eventsource-parser/stream';
import { type Browser, chromium, type Page } from 'playwright-core';
import { decodeVideo } from './decode.ts';
import { type Harness, startHarness } from './harness.ts';

const CHROMIUM = [process.env.CHROMIUM_PATH, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
  (path) => path && existsSync(path),
);
const no_browser = CHROMIUM === undefined && 'there is no Chromium here: install it, or name it in CHROMIUM_PATH';
if (no_browser) console.log(`SKIPPED: no stream was watched in a browser, since ${no_browser}`);

const SECONDS = 12;
const FRAMES = SECONDS * 8;
const PATIENCE_MS = 240_000;

describe('watching a video', () => {
  let harness: Harness;

  before(async () => {
    // The worker is stopped for a while, and must find its lease alive.
    harness = await startHarness({ edge_vars: { LEASE_SECONDS: '300' } });
  });
  after(() => harness?.stop());

  async function create(): Promise<string> {
    const { id } = await harness.client.videos.create({ prompt: 'a red balloon rises over the sea', seconds: String(SECONDS) as '12' });
    return id;
  }

  /** With the stock SDK, which has a way to call what it does not know. */
  async function streamUrl(id: string): Promise<string> {
    const { url } = await harness.client.post<{ url: string }>(`/videos/${id}/stream_url`);
    return url;
  }

  /** Runs `look` on a video that is half made and goes no further meanwhile. */
  async function halfWay(id: string, look: () => Promise<void>): Promise<void> {
    await harness.event(id, 'committed', 3);
    const worker = harness.livingWorker();
    worker?.kill('SIGSTOP');
    try {
      await look();
      assert.equal((await harness.client.videos.retrieve(id)).status, 'in_progress');
    } finally {
      worker?.kill('SIGCONT');
    }
  }

  it('plays every frame that is listed, while it is made and afterwards, the same as the finished file', async () => {
    const id = await create();
    const url = await streamUrl(id);
    await halfWay(id, async () => {
      const text = await (await fetch(url)).text();
      const segments = text.match(/^segments\/\d+\.m4s/gm) ?? [];
      assert.ok(segments.length >= 3 && !text.includes('ENDLIST'), text);
      // What an interrupted viewer kept: the init segment and those listed, in a row.
      const addresses = [/URI="([^"]+)"/.exec(text)?.[1] ?? '', ...(text.match(/^segments\/\d.*$/gm) ?? [])];
      const parts = await Promise.all(
        addresses.map(async (address) => Buffer.from(await (await fetch(new URL(address, url))).arrayBuffer())),
      );
      const { frames } = await decodeVideo(await harness.save(Buffer.concat(parts)));
      assert.equal(frames, segments.length * 8);
    });
    await harness.finished(id);
    const [streamed, file] = [await decodeVideo(url), await decodeVideo(await harness.save(await harness.download(id)))];
    assert.equal(streamed.frames, FRAMES);
    assert.equal(streamed.sha256, file.sha256);
  });

  it('hears what happens to a video until it ends, and lets go of readers that have left', async () => {
    await harness.stopWorkers();
    const id = await create();
    const connect = async () => {
      const abort = new AbortController();
      const headers = { authorization: `Bearer ${harness.stack.api_key}` };
      const response = await fetch(`${harness.stack.url}/v1/videos/${id}/events`, { headers, signal: abort.signal });
      return { response, abort };
    };
    const readers = await Promise.all(Array.from({ length: EVENT_READERS_MAX.reader }, connect));
    assert.ok(readers.every(({ response }) => response.status === 200));
    assert.equal((await connect()).response.status, 429);
    for (const { abort } of readers) abort.abort();
    let reader = await connect();
    for (const deadline = Date.now() + PATIENCE_MS; reader.response.status === 429 && Date.now() < deadline; reader = await connect())
      await sleep(500);
    assert.equal(reader.response.status, 200);

    await harness.stack.startWorker();
    assert.ok(reader.response.body);
    const types: string[] = [];
    for await (const { event } of reader.response.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream()))
      types.push(event ?? '');
    assert.deepEqual([types.shift(), types.shift(), types.pop()], ['video.queued', 'video.in_progress', 'video.completed']);
    assert.deepEqual(types, Array.from({ length: SECONDS }, () => ['video.segment', 'video.progress']).flat());
  });

  describe('in a browser', { skip: no_browser }, () => {
    let browser: Browser;
    let server: Server;
    const faults: string[] = [];

    before(async () => {
      browser = await chromium.launch({
        ...{ executablePath: CHROMIUM ?? '', args: ['--no-sandbox', '--autoplay-policy=no-user-gesture-required'] },
      });
      const hls = await readFile(createRequire(import.meta.url).resolve('hls.js/dist/hls.min.js'));
      server = createServer((request, response) => {
        if (request.url === '/hls.js') response.setHeader('content-type', 'text/javascript').end(hls);
        else response.setHeader('content-type', 'text/html').end('<!doctype html><script src="/hls.js"></script><video muted></video>');
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    });
    after(async () => {
      await browser?.close();
      server?.closeAllConnections();
      server?.close();
    });

    async function open(script: string): Promise<Page> {
      const page = await browser.newPage();
      page.on('pageerror', (error) => faults.push(String(error)));
      await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
      await page.evaluate(script);
      return page;
    }

    const withHls = (url: string) => `
      window.video = document.querySelector('video');
      window.fatal = [];
      const retry = { maxNumRetry: 1000, retryDelayMs: 1000, maxRetryDelayMs: 1000 };
      const patient = { default: { maxTimeToFirstByteMs: 20000, maxLoadTimeMs: 20000, timeoutRetry: retry, errorRetry: retry } };
      window.hls = new Hls({ startPosition: 0, manifestLoadPolicy: patient, playlistLoadPolicy: patient });
      hls.on(Hls.Events.ERROR, (_, { fatal, details }) => fatal && window.fatal.push(details));
      hls.on(Hls.Events.MANIFEST_PARSED, () => video.play());
      hls.loadSource(${JSON.stringify(url)});
      hls.attachMedia(video);`;

    async function seen(page: Page, what: string): Promise<void> {
      await page.waitForFunction(what, undefined, { timeout: PATIENCE_MS });
    }

    it('hls.js waits for the first segment, plays a video that is not finished, and goes on to its end', async () => {
      const id = await create();
      const page = await open(withHls(await streamUrl(id)));
      await halfWay(id, async () => {
        await seen(page, 'video.currentTime > 1.5 || fatal.length > 0');
        assert.deepEqual(await page.evaluate('fatal'), []);
        assert.equal(await page.evaluate('hls.levels[0].details.live'), true);
        assert.ok(Number(await page.evaluate('video.videoWidth')) === 128);
      });
      await seen(page, 'video.ended || fatal.length > 0');
      assert.deepEqual(await page.evaluate('fatal'), []);
      assert.ok(Math.abs(Number(await page.evaluate('video.duration')) - SECONDS) < 0.05);
      assert.equal(await page.evaluate('video.getVideoPlaybackQuality().totalVideoFrames'), FRAMES);
      assert.deepEqual(faults, []);
      await page.close();
    });

    it('the address alone plays where the browser knows HLS', async (t) => {
      const id = await create();
      const url = await streamUrl(id);
      const page = await open(`window.video = document.querySelector('video');`);
      if ((await page.evaluate(`video.canPlayType('application/vnd.apple.mpegurl')`)) === '') return t.skip('this Chromium plays no HLS');
      await halfWay(id, async () => {
        await page.evaluate(`video.src = ${JSON.stringify(url)}; void video.play();`);
        await seen(page, 'video.currentTime > 1 || video.error');
        assert.equal(await page.evaluate('video.error?.message ?? null'), null);
      });
      await seen(page, `video.ended || video.error`);
      assert.equal(await page.evaluate('video.error?.message ?? null'), null);
      await page.close();
    });
  });
});
