/** What the decoder sees before a chunk, where one video goes on from another. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Networks } from '../model/load-networks.ts';
import { float32 } from '../model/tensor.ts';
import { MODELS, make, standIn } from '../testing/toy-model.ts';
import { openedStreamingT2v } from './open-model.ts';

test('behind a finished video the decoder sees what the longer one shows there', async () => {
  const { networks } = standIn(MODELS['exact refiner']);
  // By all its frames, so that a video's last ones are others where it goes on.
  const refiner: Networks['refiner'] = {
    async predict({ latents, base }) {
      const sum = latents.values.reduce((total, value) => total + value, 0);
      return float32(
        latents.dims,
        latents.values.map((value, index) => Math.sin(value + sum) - (base.values[index >> 1] ?? 0)),
      );
    },
  };
  const opened = openedStreamingT2v({ ...networks, refiner });
  const longer = await make(opened, { frames: 32 });
  const shorter = await make(opened, { frames: 16 });
  assert.notDeepEqual(shorter[3]?.frames, longer[3]?.frames);
  const added = await make(opened, { frames: 32 }, shorter.at(-1)?.state);
  assert.deepEqual(
    added.map(({ frames }) => frames),
    longer.slice(4).map(({ frames }) => frames),
  );
});
