/** A list that has moved on: what RFC 8216 asks of a playlist whose first segments are gone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Asset, Segment } from '@everframe/shared';
import type { Sql } from '../accounts/ledger.ts';
import { openSql } from '../testing/sqlite.ts';
import { findInit, findMedia, lastSegments } from '../videos/stream-tables.ts';
import { parseSegmentName, writePlaylist } from './playlist.ts';

const asset = (key: string, digit: string): Asset => ({ key, sha256: digit.repeat(64), bytes: 1 });

/** Segments with these inits, by one digit each. */
function commits(inits: string) {
  const sql = openSql();
  sql.exec('CREATE TABLE commits (chunk_index INTEGER PRIMARY KEY, segment TEXT NOT NULL, checkpoint TEXT NOT NULL)');
  for (const [chunk_index, digit] of [...inits].entries()) insertSegment(sql, chunk_index, digit);
  return sql;
}

function insertSegment(sql: Sql, chunk_index: number, digit: string): void {
  const segment: Segment = {
    ...{ chunk_index, first_frame: chunk_index * 8, frames: 8, encoder: 'wasm' },
    ...{ init: asset(`init-${digit}`, digit), media: asset(`media-${chunk_index}`, '0') },
  };
  sql.exec('INSERT INTO commits VALUES (?, ?, ?)', chunk_index, JSON.stringify(segment), '{}');
}

function windowOf(inits: string, limit: number): string[] {
  const settings = { fps: 8, longest_frames: 8, is_whole: false, is_ended: false, query: '?token=a' };
  return writePlaylist({ segments: lastSegments(commits(inits), limit, 0), ...settings })
    .trimEnd()
    .split('\n');
}

test('a list that has moved on counts what it left behind, and names the init segment of its first one', () => {
  const [first, ...rest] = windowOf('aabbac', 3).slice(4);
  assert.equal(first, '#EXT-X-MEDIA-SEQUENCE:3');
  assert.deepEqual(rest, [
    '#EXT-X-DISCONTINUITY-SEQUENCE:1',
    `#EXT-X-MAP:URI="segments/init-${'b'.repeat(16)}.mp4?token=a"`,
    ...['#EXTINF:1.000000,', 'segments/3.m4s?token=a', '#EXT-X-DISCONTINUITY'],
    `#EXT-X-MAP:URI="segments/init-${'a'.repeat(16)}.mp4?token=a"`,
    ...['#EXTINF:1.000000,', 'segments/4.m4s?token=a', '#EXT-X-DISCONTINUITY'],
    `#EXT-X-MAP:URI="segments/init-${'c'.repeat(16)}.mp4?token=a"`,
    ...['#EXTINF:1.000000,', 'segments/5.m4s?token=a'],
  ]);
});

test('every segment keeps its discontinuity number, wherever the list begins', () => {
  const inits = 'aabbbacca';
  /** Of each segment listed, by its number. */
  const numbers = (limit: number): Map<number, number> => {
    const found = new Map<number, number>();
    let discontinuity = 0;
    for (const line of windowOf(inits, limit)) {
      const [, start] = /^#EXT-X-DISCONTINUITY-SEQUENCE:(\d+)/.exec(line) ?? [];
      if (start !== undefined) discontinuity = Number(start);
      else if (line === '#EXT-X-DISCONTINUITY') discontinuity++;
      const [, segment] = /^segments\/(\d+)\.m4s/.exec(line) ?? [];
      if (segment !== undefined) found.set(Number(segment), discontinuity);
    }
    return found;
  };
  const whole = numbers(inits.length);
  assert.deepEqual([...whole.values()], [0, 0, 1, 1, 1, 2, 3, 3, 4]);
  for (let limit = 1; limit < inits.length; limit++) {
    for (const [segment, number] of numbers(limit)) assert.equal(number, whole.get(segment), `segment ${segment} of the last ${limit}`);
  }
});

test('what a video took over from another is not listed', () => {
  const segments = lastSegments(commits('aabb'), 10, 16);
  assert.deepEqual(
    segments.map(({ chunk_index, discontinuity }) => [chunk_index, discontinuity]),
    [
      [2, 1],
      [3, 1],
    ],
  );
});

test('what was committed since a list was read is in the next one, as if all had been read at once', () => {
  const sql = openSql();
  sql.exec('CREATE TABLE commits (chunk_index INTEGER PRIMARY KEY, segment TEXT NOT NULL, checkpoint TEXT NOT NULL)');
  const inits = 'aabbca';
  for (const [chunk_index, digit] of [...inits].entries()) {
    insertSegment(sql, chunk_index, digit);
    assert.deepEqual(lastSegments(sql, 3, 0), lastSegments(commits(inits.slice(0, chunk_index + 1)), 3, 0));
  }
});

test('a target duration holds the longest segment, even one that is longer than was said', () => {
  const settings = { fps: 8, longest_frames: 4, is_whole: true, is_ended: true, query: '' };
  const segments = lastSegments(commits('a'), 1, 0);
  assert.match(writePlaylist({ ...settings, segments: [] }), /#EXT-X-TARGETDURATION:1\n/);
  const long = segments.map((segment) => ({ ...segment, frames: 17 }));
  assert.match(writePlaylist({ ...settings, segments: long }), /#EXT-X-TARGETDURATION:3\n/);
});

test('the names of a playlist lead to what it means, and no others lead anywhere', () => {
  const sql = commits('ab');
  assert.deepEqual(parseSegmentName('12.m4s'), { chunk_index: 12 });
  assert.deepEqual(parseSegmentName(`init-${'b'.repeat(16)}.mp4`), { init: 'b'.repeat(16) });
  for (const name of ['', '-1.m4s', '1.m4s/', '1.mp4', 'init-b.mp4', '1e3.m4s']) assert.equal(parseSegmentName(name), undefined, name);
  assert.equal(findMedia(sql, 1)?.key, 'media-1');
  assert.equal(findMedia(sql, 2), null);
  assert.equal(findInit(sql, 'b'.repeat(16))?.key, 'init-b');
  assert.equal(findInit(sql, 'c'.repeat(16)), null);
});
