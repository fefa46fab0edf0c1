/**
 * The verifying loader in a site's own hls.js, in a real browser: the site, the proxy that attacks the stream and the edge
 * are three origins. What the site runs is the example of docs/signing.md. Needs Chromium, at CHROMIUM_PATH or where
 * distributions put it.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Browser, chromium, type Page } from 'playwright-core';
import { type Harness, startHarness } from './harness.ts';
import { type Attack, startAttackProxy, startSite, type TestServer } from './hls-site.ts';

const CHROMIUM = [process.env.CHROMIUM_PATH, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
  (path) => path && existsSync(path),
);
const skip = CHROMIUM === undefined && 'there is no Chromium here: install it, or name it in CHROMIUM_PATH';
if (skip) console.log(`SKIPPED: no stream was checked in hls.js, since ${skip}`);
const PATIENCE_MS = 240_000;
const SECONDS = 8;
/** So little ahead that a seek has something to load. */
const SHORT_BUFFER = { maxBufferLength: 1, maxMaxBufferLength: 1, backBufferLength: 0 };

describe('the loader for hls.js', { skip }, () => {
  let harness: Harness;
  let browser: Browser;
  let proxy: TestServer;
  let site: TestServer;
  let video_id: string;
  let other_init: Uint8Array;
  const faults: string[] = [];

  before(async () => {
    harness = await startHarness();
    video_id = await create(`${SECONDS}`);
    const other_id = await create('4');
    for (const id of [video_id, other_id]) await harness.finished(id);
    const list = await (await fetch(await streamUrl(other_id))).text();
    const init = await fetch(new URL(/URI="([^"]+)"/.exec(list)?.[1] ?? '', await streamUrl(other_id)));
    other_init = new Uint8Array(await init.arrayBuffer());
    proxy = await startAttackProxy(harness.stack.url, ATTACKS);
    site = await startSite(harness.stack.url, proxy.url);
    browser = await chromium.launch({
      ...{ executablePath: CHROMIUM ?? '', args: ['--no-sandbox', '--autoplay-policy=no-user-gesture-required'] },
    });
  });
  after(async () => {
    await browser?.close();
    await site?.close();
    await proxy?.close();
    await harness?.stop();
  });

  async function create(seconds: string): Promise<string> {
    return (await harness.client.videos.create({ prompt: 'a red balloon rises over the sea', seconds: seconds as '8' })).id;
  }

  async function streamUrl(id: string): Promise<string> {
    return (await harness.client.post<{ url: string }>(`/videos/${id}/stream_url`)).url;
  }

  /** The same stream by way of the attacker. */
  async function attackedUrl(attack: string): Promise<string> {
    return (await streamUrl(video_id)).replace(harness.stack.url, `${proxy.url}/${attack}`);
  }

  interface Watched {
    readonly page: Page;
    /** As the example logs them. */
    readonly verdicts: string[];
    readonly notice: () => Promise<string | null>;
  }

  async function watch(
    stream_url: string,
    { id = video_id, ...config }: { id?: string; [option: string]: unknown } = {},
  ): Promise<Watched> {
    const page = await browser.newPage();
    const verdicts: string[] = [];
    page.on('pageerror', (error) => faults.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'log') verdicts.push(message.text());
      // A refused answer of the proxy is a line of the browser's own.
      else if (message.type() === 'error' && !/Failed to load resource/.test(message.text())) faults.push(message.text());
    });
    await page.goto(`${site.url}/#${encodeURIComponent(JSON.stringify({ stream_url, video_id: id, config }))}`);
    return { page, verdicts, notice: () => page.locator('#notice').textContent() };
  }

  /** Asked from outside: the page's security policy lets nothing that waits inside it evaluate text. */
  const untilTrue = ({ page, verdicts }: Watched, expression: string) =>
    until(
      () => page.evaluate(`Boolean(${expression})`),
      async () => `${expression}; ${verdicts}; ${await page.evaluate('String(fatal)')}`,
    );

  async function until(isTrue: () => unknown, what: () => Promise<string>): Promise<void> {
    const ends_at_ms = Date.now() + PATIENCE_MS;
    while (!(await isTrue())) {
      if (Date.now() > ends_at_ms) assert.fail(`never true: ${await what()}`);
      await sleep(100);
    }
  }

  const numbers = ({ verdicts }: Watched) =>
    verdicts.filter((line) => /^\d/.test(line)).map((line) => Number(/^(\d+) valid$/.exec(line)?.[1] ?? assert.fail(line)));

  it('plays a stream on a page of another origin to its end, and has a verdict for every segment', async () => {
    const watched = await watch(await streamUrl(video_id));
    await untilTrue(watched, 'video.ended || fatal.length');
    assert.deepEqual(watched.verdicts, ['start ours', ...Array.from({ length: SECONDS }, (_, index) => `${index + 1} valid`)]);
    assert.deepEqual(await watched.page.evaluate('[fatal.length, Math.round(video.currentTime), video.videoWidth]'), [0, SECONDS, 128]);
    assert.equal(await watched.notice(), '');
    assert.deepEqual(faults, []);

    await watched.page.close();
  });

  it('plays a video while it is made, and goes on over the change of its worker', async () => {
    const id = await create(`${SECONDS}`);
    const patient = { maxNumRetry: 1000, retryDelayMs: 1000, maxRetryDelayMs: 1000 };
    const policy = { default: { maxTimeToFirstByteMs: 20000, maxLoadTimeMs: 20000, timeoutRetry: patient, errorRetry: patient } };
    const live = await watch(await streamUrl(id), { id, manifestLoadPolicy: policy, playlistLoadPolicy: policy });
    await harness.event(id, 'committed', 2);
    harness.livingWorker()?.kill('SIGKILL');
    await harness.stack.startWorker();
    await untilTrue(live, 'video.ended || fatal.length');
    assert.equal(await live.page.evaluate('String(fatal)'), '');
    assert.deepEqual(
      numbers(live),
      Array.from({ length: SECONDS }, (_, index) => index + 1),
    );
    assert.equal(live.verdicts.filter((line) => line === 'start ours').length, 2);
    await live.page.close();
    // Its second start first, then what came before it.
    const backwards = await watch(await streamUrl(id), { id, ...SHORT_BUFFER, startPosition: SECONDS - 1.5 });
    await untilTrue(backwards, `video.currentTime > ${SECONDS - 1.5} || fatal.length`);
    await seek(backwards, 0.2);
    await seek(backwards, SECONDS - 0.5);
    assert.equal(await backwards.page.evaluate('String(fatal)'), '');
    assert.deepEqual(backwards.verdicts.slice(0, 2), ['start ours', `${SECONDS - 1} valid`]);
    assert.equal(backwards.verdicts.filter((line) => line === 'start ours').length, 2);
    assert.ok(numbers(backwards).includes(1));
    await backwards.page.close();
  });

  async function seek(watched: Watched, to_seconds: number): Promise<void> {
    await watched.page.evaluate(`void (video.currentTime = ${to_seconds}, video.play())`);
    await untilTrue(watched, `!video.seeking && video.currentTime > ${to_seconds} || fatal.length`);
  }

  it('takes a seek forward and back, and a segment that is asked for twice, for no fault', async () => {
    const watched = await watch(await attackedUrl('flaky'), SHORT_BUFFER);
    await untilTrue(watched, 'video.currentTime > 0 || fatal.length');
    for (const to_seconds of [6.2, 3.2, 0.2, 7.2]) await seek(watched, to_seconds);
    await untilTrue(watched, 'video.ended || fatal.length');
    assert.equal(await watched.page.evaluate('String(fatal)'), '');
    assert.equal(await watched.notice(), '');
    const played = numbers(watched);
    const [forward, back] = [played.indexOf(7), played.indexOf(4)];
    assert.ok(forward > 0 && back > forward, String(played));
    assert.ok(proxy.refused.length > 0 && new Set(played).size < played.length, String(played));
    assert.deepEqual(faults, []);
    await watched.page.close();
  });

  const flip = (bytes: Uint8Array) => bytes.with(bytes.length - 20, (bytes.at(-20) ?? 0) ^ 1);
  const edited = (list: Uint8Array, edit: (text: string) => string) => new TextEncoder().encode(edit(new TextDecoder().decode(list)));
  const NAMED = {
    flipped: ['3 changed', 'Segment 3 was changed after it was signed.', 2],
    exchanged: ['4 gap', 'Something is missing before segment 4.', 2],
    unlisted: ['3 gap', 'Something is missing before segment 3.', 1],
    replayed: ['2 replay', 'Segment 2 came a second time.', 3],
    unsigned: ['3 unsigned', 'Segment 3 carries no signature.', 2],
    'another-start': ['start foreign_stream', 'This is the start of another stream', 0],
    'changed-start': ['start not_trustworthy', "The start of the stream can't be relied on.", 0],
    'no-start': ['1 foreign_stream', 'Segment 1 belongs to another stream.', 0],
    encrypted: ['start no_session', 'The playlist wants it decrypted', 0],
  } as const;
  const ATTACKS: Readonly<Record<keyof typeof NAMED | 'flipped-live' | 'flaky', Attack>> = {
    flipped: { on: /\/2\.m4s/, change: flip },
    exchanged: { on: /\/[23]\.m4s/, instead: (path) => path.replace(/[23](?=\.m4s)/, (digit) => (digit === '2' ? '3' : '2')) },
    unlisted: { on: /\.m3u8/, change: (list) => edited(list, (text) => text.replace(/#EXTINF:.*\nsegments\/1\.m4s.*\n/, '')) },
    replayed: { on: /\/3\.m4s/, instead: (path) => path.replace('3.m4s', '1.m4s') },
    unsigned: { on: /\/2\.m4s/, change: (segment) => withoutBox(segment, 'emsg') },
    'another-start': { on: /\/init-/, change: () => other_init },
    'changed-start': { on: /\/init-/, change: flip },
    'no-start': { on: /\.m3u8/, change: (list) => edited(list, (text) => text.replace(/#EXT-X-MAP.*\n/, '')) },
    encrypted: {
      on: /\.m3u8/,
      change: (list) => edited(list, (text) => text.replace('#EXT-X-MAP', '#EXT-X-KEY:METHOD=AES-128,URI="/key"\n#EXT-X-MAP')),
    },
    'flipped-live': {
      on: /\/2\.m4s|\.m3u8/,
      change: (bytes, path) => (path.includes('m3u8') ? edited(bytes, (text) => text.replace('#EXT-X-ENDLIST', '')) : flip(bytes)),
    },
    flaky: { on: /\/[06]\.m4s|\/init-/, refuse_first: true },
  };
  it('becomes a fatal error of hls.js where the site does not stop, once hls.js has tried again as often as it was told to', async () => {
    const never = { maxNumRetry: 0, retryDelayMs: 0, maxRetryDelayMs: 0 };
    const policy = { default: { maxTimeToFirstByteMs: 20000, maxLoadTimeMs: 20000, timeoutRetry: never, errorRetry: never } };
    for (const [attack, line] of [
      ['flipped', '3 changed'],
      ['changed-start', 'start not_trustworthy'],
    ] as const) {
      const watched = await watch(await attackedUrl(attack), { never_stops: true, fragLoadPolicy: policy });
      await untilTrue(watched, 'fatal.length');
      assert.deepEqual(await watched.page.evaluate('[...new Set(fatal)]'), ['fragLoadError']);
      assert.equal(watched.verdicts.at(-1), line);
      await watched.page.close();
    }
  });

  it("works as a site's own copy, by the roots and signers that the site names", async () => {
    const trust = await (await fetch(`${harness.stack.url}/v1/verify/trust`)).json();
    const nobody = { own_roots_pem: '', trust_list_pem: '' };
    const CASES = [
      [{ trust }, 'ours', ''],
      [{ trust: nobody, signers: ['unknown_signer'] }, 'unknown_signer', ''],
      [{ trust: nobody }, 'unknown_signer', 'unknown_signer'],
      [{ trust, video_id: `video_${'0'.repeat(32)}` }, 'foreign_stream', 'foreign_stream'],
    ] as const;
    for (const [options, verdict, fault] of CASES) {
      const page = await browser.newPage();
      const asked: string[] = [];
      page.on('request', (request) => asked.push(request.url()));
      await page.goto(`${site.url}/?bare#${encodeURIComponent('{"config":{}}')}`);
      await page.evaluate(`(async () => {
        window.told = [];
        window.refused = [];
        const { createVerifyingLoader } = await import('/copy/hls-loader.js');
        const onVerdict = ({ verdict }) => told.push(verdict);
        const onFault = ({ verdict }) => (refused.push(verdict), hls.stopLoad());
        const fLoader = createVerifyingLoader({ ...${JSON.stringify(options)}, onVerdict, onFault });
        window.hls = new Hls({ fLoader, startPosition: 0 });
        hls.loadSource(${JSON.stringify(await streamUrl(video_id))});
        hls.attachMedia(video);
      })()`);
      await until(
        () => page.evaluate(`refused.length > 0 || told.length === ${SECONDS + 1}`),
        () => page.evaluate('String(told)'),
      );
      assert.deepEqual(await page.evaluate('[told[0], String(refused)]'), [verdict, fault]);
      assert.deepEqual(
        asked.filter((url) => url.startsWith(harness.stack.url) && !url.includes(`/v1/videos/${video_id}/`)),
        [],
      );
      await page.close();
    }
  });

  it('lets nothing past what it refused, though hls.js leaves that out of a stream that grows and the site goes on', async () => {
    const watched = await watch(await attackedUrl('flipped-live'), { never_stops: true });
    await until(
      () => proxy.asked.some((path) => /flipped-live.*\/5\.m4s/.test(path)),
      async () => `asked for: ${proxy.asked}`,
    );
    assert.deepEqual(watched.verdicts.slice(0, 4), ['start ours', '1 valid', '2 valid', '3 changed']);
    assert.ok(
      watched.verdicts.every((line) => !/^[4-8]/.test(line)),
      String(watched.verdicts),
    );
    assert.equal(await watched.page.evaluate('video.buffered.end(video.buffered.length - 1)'), 2);
    await watched.page.close();
  });

  for (const [attack, [line, told, seconds]] of Object.entries(NAMED)) {
    it(`names what is wrong, and does not play it: ${attack}`, async () => {
      const watched = await watch(await attackedUrl(attack));
      await untilTrue(watched, 'notice.textContent');
      assert.ok((await watched.notice())?.startsWith(told), `${await watched.notice()}`);
      assert.equal(watched.verdicts.at(-1), line);
      // What was good before it is played to its end, and nothing follows.
      const reached = 'video.buffered.length > 0 ? video.buffered.end(video.buffered.length - 1) : 0';
      await untilTrue(watched, `(${reached}) >= ${seconds}`);
      assert.equal(await watched.page.evaluate(reached), seconds);
      await watched.page.close();
    });
  }
});

function withoutBox(bytes: Uint8Array, type: string): Uint8Array {
  const buffer = Buffer.from(bytes);
  const at = buffer.indexOf(type) - 4;
  return Buffer.concat([buffer.subarray(0, at), buffer.subarray(at + buffer.readUInt32BE(at))]);
}
