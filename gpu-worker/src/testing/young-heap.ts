/** For tests: how much space the V8 of a child takes for young objects, after many have passed through it. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MOST_BYTES = 4 * 2 ** 20;

/** @param run starts a child with these `NODE_OPTIONS`, and waits for its end */
export async function assertYoungHeapStaysSmall(run: (node_options: string) => Promise<unknown>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'everframe-heap-'));
  try {
    // Half of what is young lives on for a while, which is what V8 takes more space for.
    const script = `
      import { writeFileSync } from 'node:fs';
      import { getHeapSpaceStatistics } from 'node:v8';
      let kept = [];
      for (let index = 0; index < 1e6; index++) {
        kept.push({ index });
        if (kept.length === 1e5) kept = kept.slice(5e4);
      }
      const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space');
      writeFileSync(${JSON.stringify(join(folder, 'young.json'))}, JSON.stringify(young));`;
    await writeFile(join(folder, 'churn.mjs'), script);
    await run(`${process.env.NODE_OPTIONS ?? ''} --import=${join(folder, 'churn.mjs')}`);
    const { space_size } = JSON.parse(await readFile(join(folder, 'young.json'), 'utf8'));
    assert.ok(space_size <= MOST_BYTES, `${space_size} bytes for young objects`);
  } finally {
    await rm(folder, { recursive: true });
  }
}
