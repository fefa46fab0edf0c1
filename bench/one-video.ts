/** For compare.ts: one video of the shipped package after one that counts for nothing, in a process of its own; milliseconds as JSON. */
import { generate } from '../gpu-worker/src/generation/generate.ts';
import { openModel } from '../gpu-worker/src/generation/open-model.ts';
import { startState } from '../gpu-worker/src/generation/state.ts';
import { readNumbers, single } from './options.ts';
import { never, readShipped, videoOf } from './shipped-model.ts';

const asked = readNumbers({ frames: [96], threads: [1] });
const installed = await readShipped();
const opened = await openModel(installed, { provider: 'cpu', threads: single('threads', asked.threads) });
const command = videoOf(installed.model, single('frames', asked.frames));
let whole_ms = 0;
for (let round = 0; round < 2; round++) {
  const began = performance.now();
  for await (const { frame_count } of generate(command, opened, startState(command, opened), never)) {
    if (frame_count === 0) throw new Error('an empty chunk');
  }
  whole_ms = performance.now() - began;
}
console.log(JSON.stringify({ whole_ms }));
