/**
 * How often a mark is found where there is none, `--windows 40 --first 1 --clips 4`: windows of 3 s by number, from the first on. A window is the
 * same in every run, so many processes can share them and their sums be added: `--windows 5000 --first 1` and `--windows 5000 --first 5001`.
 * The sum so far is on standard error after each hundred, for whoever goes on later with the next.
 */
import { createMarkReader, lumaOf } from '../shared/src/mark/index.ts';
import { FRAMES, makeClips } from './mark-clips.ts';
import { readNumbers, single } from './options.ts';
import { report, round } from './report.ts';
import { unmarkedWindow } from './unmarked-windows.ts';

/** 3 s of what our clips have a second. */
const WINDOW_FRAMES = 24;
const TOLD_EVERY = 100;

const asked = readNumbers({ windows: [40], first: [1], clips: [4] });
const [windows, first] = [single('windows', asked.windows), single('first', asked.first)];
const clips = (await makeClips(single('clips', asked.clips))).map(({ width, height, rgb }) => {
  const bytes = width * height * 3;
  const frames = Array.from({ length: FRAMES }, (_, frame) => lumaOf(rgb.subarray(frame * bytes, (frame + 1) * bytes), 3));
  return { width, height, frames };
});

const found_in: number[] = [];
let most_certain = 0;
const began = performance.now();
for (let number = first; number < first + windows; number++) {
  const { width, height, frames } = unmarkedWindow(clips, WINDOW_FRAMES, number);
  const reader = createMarkReader(width, height);
  for (const frame of frames) reader.add(frame);
  const { id, certainty } = reader.read();
  if (id !== null) found_in.push(number);
  most_certain = Math.max(most_certain, certainty);
  if ((number - first + 1) % TOLD_EVERY === 0)
    console.error(JSON.stringify({ through: number, found: found_in.length, most_certain: round(most_certain) }));
}
report('unmarked', {
  ...{ first, windows, found: found_in.length, found_in, most_certain: round(most_certain) },
  ms_a_window: round((performance.now() - began) / windows),
});
