/**
 * One video without a break, `--frames 100,1000,10000 --threads 1`: the time of a chunk, memory and checkpoint where each of
 * those frames is reached. A chunk's time is the median of the last `WINDOW` chunks up to it. Of memory: what is resident, what
 * the heap holds, what V8 keeps for it, and what its objects hold outside of it.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { saveState } from '../gpu-worker/src/generation/checkpoint.ts';
import { generate } from '../gpu-worker/src/generation/generate.ts';
import { openModel } from '../gpu-worker/src/generation/open-model.ts';
import { startState } from '../gpu-worker/src/generation/state.ts';
import { readNumbers, single } from './options.ts';
import { median, report, round } from './report.ts';
import { never, readShipped, videoOf } from './shipped-model.ts';

const WINDOW = 12;
const asked = readNumbers({ frames: [100, 1000, 10_000], threads: [1] });
const threads = single('threads', asked.threads);
const marks = asked.frames.toSorted((a, b) => a - b);

// Memory that nobody holds is not what a video needs.
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const installed = await readShipped();
const opened = await openModel(installed, { provider: 'cpu', threads });
// Longer than the last mark, so that the video's end is in no figure.
const command = videoOf(installed.model, (marks.at(-1) ?? 0) + 100 * installed.model.fps);
const reached: Figures[] = [];
const chunk_ms: number[] = [];
let began = performance.now();
for await (const { first_frame, frame_count, state } of generate(command, opened, startState(command, opened), never)) {
  chunk_ms.push(performance.now() - began);
  const frame = first_frame + frame_count;
  const mark = marks[reached.length];
  if (mark !== undefined && frame >= mark) reached.push(await measure(mark, (await saveState(state, opened)).length));
  if (reached.length === marks.length) break;
  began = performance.now();
}
const [first] = reached;
report('endless', {
  at: reached,
  over_first:
    first &&
    reached.map((at) => ({
      frame: at.frame,
      chunk_ms: round(at.chunk_ms / first.chunk_ms),
      rss_bytes: round(at.rss_bytes / first.rss_bytes),
    })),
  window_chunks: WINDOW,
  threads,
  node_flags: process.execArgv,
});

interface Figures {
  readonly frame: number;
  readonly chunk_ms: number;
  readonly rss_bytes: number;
  readonly heap_bytes: number;
  readonly heap_reserved_bytes: number;
  readonly external_bytes: number;
  readonly checkpoint_bytes: number;
}

async function measure(frame: number, checkpoint_bytes: number): Promise<Figures> {
  // Buffers are let go of in a second collection, once their owners are gone.
  collectGarbage();
  await new Promise(setImmediate);
  collectGarbage();
  const { rss, heapTotal, heapUsed, external } = process.memoryUsage();

  return {
    frame,
    chunk_ms: round(median(chunk_ms.slice(-WINDOW))),
    rss_bytes: rss,
    heap_reserved_bytes: heapTotal,
    heap_bytes: heapUsed,
    external_bytes: external,
    checkpoint_bytes,
  };
}
