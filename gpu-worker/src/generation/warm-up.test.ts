import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MODELS, make, never, standIn } from '../testing/toy-model.ts';
import { warmUp } from './warm-up.ts';

/** Every shape in which the denoiser was asked, and how often anything else ran. */
function shapes({ asked }: ReturnType<typeof standIn>) {
  const seen = asked.denoiser.map(({ latents, memory_present }) => `${latents.dims}, memory ${memory_present.values[0]}`);
  return { seen: [...new Set(seen)], anchors: asked.anchors.length > 0, overlaps: asked.overlaps.length > 0 };
}

for (const [kind, model] of Object.entries(MODELS)) {
  test(`${kind}: what a warm-up has not run, no video runs`, async () => {
    const [warmed, used] = [standIn(model), standIn(model)];
    await warmUp(warmed.opened, never);
    await make(used.opened, { frames: 40 });
    assert.deepEqual(shapes(warmed), shapes(used));
  });
}

test('a warm-up can be aborted', async () => {
  const { opened, asked } = standIn();
  await assert.rejects(warmUp(opened, AbortSignal.abort(new Error('enough'))), /enough/);
  assert.equal(asked.denoiser.length, 0);
});
