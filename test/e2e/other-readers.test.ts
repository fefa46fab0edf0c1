/**
 * What the service gives out, before two readers that sign nothing here: the `c2pa` package for Python, and `encypher-c2pa`, an
 * implementation of its own. Needs a Python that has both: `python3`, or the program that EVERFRAME_PYTHON names; without one it is skipped aloud.
 */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { copyFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startHarness } from './harness.ts';

const PYTHON = process.env.EVERFRAME_PYTHON ?? 'python3';
const has_readers = spawnSync(PYTHON, ['-c', 'import c2pa, encypher_c2pa']).status === 0;
const skip =
  !has_readers && `${PYTHON} has no packages 'c2pa-python' and 'encypher-c2pa': install them, or name another in EVERFRAME_PYTHON`;
if (skip) console.log(`SKIPPED: other C2PA readers were not asked, since ${skip}`);

test('two readers of others trust a video, its extension and its pictures, and find one changed byte', { skip }, async () => {
  const harness = await startHarness();
  try {
    const first = await harness.client.videos.create({ prompt: 'a red balloon rises over the sea', seconds: '2' as '4' });
    await harness.finished(first.id);
    const second = await harness.client.videos.extend({ video: { id: first.id }, prompt: 'it snows', seconds: '1' as '4' });
    await harness.finished(second.id);
    const video = await harness.download(first.id);
    const changed = video.map((byte, at) => (at === video.length - 50 ? byte ^ 1 : byte));
    const files: readonly [string, Buffer, string][] = [
      ['video', video, 'mp4'],
      ['extension', await harness.download(second.id), 'mp4'],
      ['thumbnail', await harness.download(first.id, 'thumbnail'), 'jpg'],
      ['spritesheet', await harness.download(first.id, 'spritesheet'), 'jpg'],
      ['changed', Buffer.from(changed), 'mp4'],
    ];
    const paths = new Map<string, string>();
    for (const [name, bytes, extension] of files) {
      const path = await harness.save(bytes);
      await copyFile(path, `${path}.${extension}`);
      paths.set(name, `${path}.${extension}`);
    }
    const script = fileURLToPath(new URL('other_readers.py', import.meta.url));
    const { stdout } = await promisify(execFile)(PYTHON, [script, harness.stack.root_certificate_path, ...paths.values()]);
    const said: Record<string, { c2pa: string; encypher: string; failures: string[] }> = JSON.parse(stdout);
    for (const [name, path] of paths) {
      const state = name === 'changed' ? 'Invalid' : 'Trusted';
      const failures = name === 'changed' ? ['assertion.bmffHash.mismatch'] : [];
      assert.deepEqual(said[path], { c2pa: state, encypher: state, failures }, name);
    }
  } finally {
    await harness.stop();
  }
});
