/** Watching a video over the real Worker: what its playlist says in every state of it, who may read, and the objects it names. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { initKey, STREAM_REQUESTS_PER_MINUTE, segmentKey } from '@everframe/shared';
import { KEY_PEPPER, sha256Hex, startEdge, type TestEdge, textBytes, uploadText } from '../testing/edge.ts';
import { exhaustToken } from '../testing/viewers.ts';
import { commitChunks, completedVideo, prepare } from '../testing/worker.ts';
import { signStreamToken } from './stream-token.ts';

let edge: TestEdge;

before(async () => {
  edge = await startEdge({ LEASE_SECONDS: '60' });
});
after(() => edge?.close());

const initName = (video_id: string, epoch = 1) =>
  `init-${sha256Hex(textBytes(`content of ${initKey(video_id, epoch, 0)}`)).slice(0, 16)}.mp4`;

async function playlist(video_id: string): Promise<string[]> {
  const answer = await edge.asOwner(`/v1/videos/${video_id}/stream.m3u8`);
  const text = await answer.text();
  assert.equal(answer.status, 200, text);
  assert.equal(answer.headers.get('content-type'), 'application/vnd.apple.mpegurl');
  assert.equal(answer.headers.get('cache-control'), 'private, no-store');
  return text.trimEnd().split('\n');
}

const HEAD = [
  ...['#EXTM3U', '#EXT-X-VERSION:7', '#EXT-X-TARGETDURATION:1', '#EXT-X-INDEPENDENT-SEGMENTS', '#EXT-X-MEDIA-SEQUENCE:0'],
  ...['#EXT-X-PLAYLIST-TYPE:EVENT', '#EXT-X-START:TIME-OFFSET=0'],
];
const listed = (chunk_index: number) => ['#EXTINF:0.500000,', `segments/${chunk_index}.m4s`];

test('the playlist is empty before the first segment, grows with every commit, and ends with the video', async () => {
  const video_id = await edge.create();
  assert.deepEqual(await playlist(video_id), HEAD);
  const claim = await edge.claim(video_id);
  assert.deepEqual(await playlist(video_id), HEAD);
  const map = `#EXT-X-MAP:URI="segments/${initName(video_id)}"`;
  const parent = await commitChunks(edge, claim, video_id, 0, 1);
  assert.deepEqual(await playlist(video_id), [...HEAD, map, ...listed(0)]);
  await commitChunks(edge, { ...claim, parent }, video_id, 1, 2);
  assert.deepEqual(await playlist(video_id), [...HEAD, map, ...listed(0), ...listed(1)]);

  const { video_id: completed } = await completedVideo(edge);
  assert.equal((await playlist(completed)).at(-1), '#EXT-X-ENDLIST');
});

test('a player is told where the init segment changes', async () => {
  const video_id = await edge.create();
  const claim = await edge.claim(video_id);
  const parent = await commitChunks(edge, claim, video_id, 0, 1);
  const { segment, checkpoint } = await prepare(edge, claim, video_id, 1);
  const init = await uploadText(edge, claim.ticket, `${segmentKey(video_id, 1, 1)}-init`, 'another init');
  const { status } = await edge.call(video_id, 'commit', { epoch: 1, parent, segment: { ...segment, init }, checkpoint });
  assert.equal(status, 200);
  const second = `segments/init-${init.sha256.slice(0, 16)}.mp4`;
  assert.deepEqual((await playlist(video_id)).slice(HEAD.length), [
    `#EXT-X-MAP:URI="segments/${initName(video_id)}"`,
    ...listed(0),
    '#EXT-X-DISCONTINUITY',
    `#EXT-X-MAP:URI="${second}"`,
    ...listed(1),
  ]);
  assert.equal(await (await edge.asOwner(`/v1/videos/${video_id}/${second}`)).text(), 'another init');
});

test('a failed video ends its playlist, or is refused where it has no segment; a deleted one is unknown', async () => {
  const video_id = await edge.create();
  const claim = await edge.claim(video_id);
  await commitChunks(edge, claim, video_id, 0, 1);
  await edge.call(video_id, 'fail', { epoch: claim.epoch, code: 'encoding_failed', message: '' });
  assert.deepEqual((await playlist(video_id)).slice(-2), ['segments/0.m4s', '#EXT-X-ENDLIST']);

  const empty = await edge.create();
  await edge.asOwner(`/v1/videos/${empty}/cancel`, { method: 'POST' });
  await assertRefused(`/v1/videos/${empty}/stream.m3u8`, 409, 'video_failed');

  await edge.asOwner(`/v1/videos/${video_id}`, { method: 'DELETE' });
  await assertRefused(`/v1/videos/${video_id}/stream.m3u8`, 404, 'video_not_found');
  await assertRefused(`/v1/videos/${video_id}/segments/0.m4s`, 404, 'video_not_found');
});

test('a segment is served whole, in part, conditionally and as head, for ever the same', async () => {
  const video_id = await edge.create();
  await commitChunks(edge, await edge.claim(video_id), video_id, 0, 1);
  const path = `/v1/videos/${video_id}/segments/0.m4s`;
  const text = `content of ${segmentKey(video_id, 1, 0)}`;
  const whole = await edge.asOwner(path);
  assert.equal(await whole.text(), text);
  assert.equal(whole.headers.get('content-type'), 'video/mp4');
  assert.match(whole.headers.get('cache-control') ?? '', /immutable/);
  const etag = whole.headers.get('etag') ?? '';
  assert.equal(etag, `"${sha256Hex(textBytes(text))}"`);
  const part = await edge.asOwner(path, { headers: { range: 'bytes=3-6' } });
  assert.deepEqual([part.status, await part.text()], [206, text.slice(3, 7)]);
  assert.equal((await edge.asOwner(path, { headers: { 'if-none-match': etag } })).status, 304);
  const head = await edge.asOwner(path, { method: 'HEAD' });
  assert.deepEqual([await head.text(), head.headers.get('content-length')], ['', String(text.length)]);
  for (const name of ['1.m4s', '00.mp4', `init-${'0'.repeat(16)}.mp4`, 'init.mp4', '..%2F1%2Fcheckpoint-0.bin', '%00', "0' OR 1"]) {
    await assertRefused(`/v1/videos/${video_id}/segments/${name}`, 404, 'segment_not_found');
  }
});

test('an address with a token opens one stream and its segments to any page, and nothing else', async () => {
  const video_id = await edge.create();
  await commitChunks(edge, await edge.claim(video_id), video_id, 0, 1);
  const made = await edge.asOwner(`/v1/videos/${video_id}/stream_url`, { method: 'POST' });
  const { url, expires_at } = (await made.json()) as { url: string; expires_at: number };
  assert.ok(Math.abs(expires_at - Date.now() / 1000 - 24 * 3600) < 60);
  const headers = { origin: 'https://app.example' };
  const answer = await edge.request(url, { headers });
  assert.equal(answer.headers.get('access-control-allow-origin'), '*');
  const lines = (await answer.text()).split('\n');
  const addresses = [/URI="([^"]+)"/.exec(lines.join('\n'))?.[1] ?? '', ...lines.filter((line) => line && !line.startsWith('#'))];
  assert.equal(addresses.length, 2);
  for (const address of addresses) {
    const segment = await edge.request(new URL(address, url).href, { headers });
    assert.equal(segment.status, 200, await segment.text());
    assert.equal(segment.headers.get('access-control-allow-origin'), '*');
  }

  const { search } = new URL(url);
  const other = await edge.create();
  for (const path of [`/v1/videos/${other}/stream.m3u8`, `/v1/videos/${other}/segments/0.m4s`]) {
    await assertRefused(path + search, 403, 'invalid_stream_token', null);
  }
  for (const path of [`/v1/videos/${video_id}`, `/v1/videos/${video_id}/content`, '/v1/videos']) {
    await assertRefused(path + search, 401, 'missing_api_key', null);
  }
});

test('a token that was altered or has expired is refused, whoever shows it', async () => {
  const video_id = await edge.create();
  const path = `/v1/videos/${video_id}/stream.m3u8`;
  const now = Math.floor(Date.now() / 1000);
  const good = await signStreamToken(KEY_PEPPER, video_id, now + 60);
  assert.equal((await edge.request(`${path}?token=${good}`)).status, 200);
  const later = good.replace(String(now + 60), String(now + 61));
  const expired = await signStreamToken(KEY_PEPPER, video_id, now - 1);
  const foreign = await signStreamToken('another pepper of thirty-two characters', video_id, now + 60);
  for (const token of ['', 'x', later, expired, foreign, `${good}0`, good.toUpperCase()]) {
    await assertRefused(`${path}?token=${token}`, 403, 'invalid_stream_token');
  }
});

test('a visitor that floods a stream with its token is refused, and nobody else is; a player at its pace never', async () => {
  const video_id = await edge.create();
  await commitChunks(edge, await edge.claim(video_id), video_id, 0, 1);
  const now = Math.floor(Date.now() / 1000);
  const token = await signStreamToken(KEY_PEPPER, video_id, now + 600);
  const ask = (address: string, shown = token) =>
    edge.request(`/v1/videos/${video_id}/stream.m3u8?token=${shown}`, { headers: { 'cf-connecting-ip': address } });
  // hls.js with segments of a second: at most two lists and one segment a second.
  for (let second = 0; second < 60; second += 10) {
    const answers = await Promise.all(Array.from({ length: 30 }, () => ask('2001:db8:1:2::3')));
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
  }
  await exhaustToken(edge, `/v1/videos/${video_id}/segments/0.m4s?token=${token}`, '2001:db8:1:2::4');
  const refused = await ask('2001:db8:1:2::5');
  assert.equal(refused.status, 429, 'the same /64');
  assert.ok(Number(refused.headers.get('retry-after')) >= 1);
  assert.equal(refused.headers.get('x-ratelimit-limit-requests'), String(STREAM_REQUESTS_PER_MINUTE));
  assert.match(await refused.text(), /one such address/);
  assert.equal((await ask('2001:db8:1:3::4')).status, 200, 'another visitor');
  assert.equal((await ask('2001:db8:1:2::4', await signStreamToken(KEY_PEPPER, video_id, now + 601))).status, 200, 'another address');
  assert.equal((await edge.asOwner(`/v1/videos/${video_id}/stream.m3u8`)).status, 200);
});

test('an address may live for the time asked for, within bounds', async () => {
  const video_id = await edge.create();
  const ask = (body: unknown) =>
    edge.asOwner(`/v1/videos/${video_id}/stream_url`, {
      ...{ method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) },
    });
  const { expires_at } = (await (await ask({ expires_in_seconds: 60 })).json()) as { expires_at: number };
  assert.ok(Math.abs(expires_at - Date.now() / 1000 - 60) < 30);
  for (const body of [{ expires_in_seconds: 59 }, { expires_in_seconds: 2_592_001 }, { expires_in_seconds: '60' }, { expires: 60 }]) {
    assert.equal((await ask(body)).status, 400, JSON.stringify(body));
  }
});

async function assertRefused(path: string, status: number, code: string, key: 'owner' | null = 'owner'): Promise<void> {
  const answer = key ? await edge.asOwner(path) : await edge.request(path);
  const text = await answer.text();
  assert.equal(answer.status, status, `${path}: ${text}`);
  assert.equal((JSON.parse(text) as { error: { code: string } }).error.code, code, path);
}
