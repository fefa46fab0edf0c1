/** A video that goes on from a picture, and how one is refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Networks } from '../model/load-networks.ts';
import { float32 } from '../model/tensor.ts';
import { COMMAND, MODEL, MODELS, make, standIn } from '../testing/toy-model.ts';
import { loadState, saveState } from './checkpoint.ts';
import { remixVideo } from './continue-video.ts';
import type { RgbImage } from './family.ts';
import { openedStreamingT2v } from './open-model.ts';
import { startState, startStateFromImage } from './state.ts';

const FROM_PICTURE = { ...COMMAND, input_reference: { key: 'pictures/one', sha256: '0'.repeat(64), bytes: 48 } };

function picture(value: number, width = 4): RgbImage {
  return { width, height: 4, rgb: new Uint8Array(width * 4 * 3).fill(value) };
}

/** Sees the first pixel and nothing else. */
const encoder: Networks['vae_encoder'] = {
  async encode({ rgb }) {
    return float32([1, 2, 1, 2], new Float32Array(4).fill((rgb[0] ?? 0) / 100));
  },
};

function seeing(model = MODEL) {
  const { networks, asked } = standIn(model);
  return { opened: openedStreamingT2v({ ...networks, vae_encoder: encoder }), asked };
}

test('the first chunk remembers the picture as frames that stood still, and has it for its anchor', async () => {
  const { opened, asked } = seeing();
  await make(opened, FROM_PICTURE, await startStateFromImage(FROM_PICTURE, opened, picture(50)));
  assert.deepEqual([...(asked.denoiser[0]?.memory_present.values ?? [])], [1]);
  assert.deepEqual([...(asked.overlaps[0]?.values ?? [])], [0.5, 0.5, 0.5, 0.5]);
  assert.deepEqual([...(asked.anchors[0]?.anchor.values ?? [])], [0.5, 0.5, 0.5, 0.5]);
  assert.deepEqual([...(asked.anchors[0]?.anchor_present.values ?? [])], [1]);
});

for (const [kind, model] of Object.entries(MODELS)) {
  test(`${kind}: a picture changes the video, and the video resumes at any chunk without it`, async () => {
    const { opened } = seeing(model);
    const videos = await Promise.all(
      [50, 200].map(async (value) => make(opened, FROM_PICTURE, await startStateFromImage(FROM_PICTURE, opened, picture(value)))),
    );
    const [whole = [], other] = videos;
    assert.notDeepEqual(whole[0]?.frames, other?.[0]?.frames);
    assert.notDeepEqual(whole[0]?.frames, (await make(opened))[0]?.frames);
    for (const [index, { state }] of whole.entries()) {
      const loaded = await loadState(await saveState(state, opened), FROM_PICTURE, opened);
      assert.deepEqual(await make(opened, FROM_PICTURE, loaded), whole.slice(index + 1));
    }
  });
}

test('a remix goes on from the picture of its parent', async () => {
  const { opened } = seeing();
  const { command, state } = await remixVideo(FROM_PICTURE, { prompt: 'a fish' }, opened, picture(50));
  const remixed = await make(opened, command, state);
  assert.deepEqual(remixed, await make(opened, command, await startStateFromImage(command, opened, picture(50))));
  await assert.rejects(remixVideo(FROM_PICTURE, { prompt: 'a fish' }, opened), { name: 'CommandError' });
});

test('a package without an encoder of pictures refuses them, and says what to do', async () => {
  const { opened } = standIn();
  const message =
    /has an input_reference; toy 1\.0\.0 has no vae_encoder and cannot see pictures\. Leave it out, or take a model that has one/;
  await assert.rejects(startStateFromImage(FROM_PICTURE, opened, picture(50)), { name: 'CommandError', message });
  assert.throws(() => startState(FROM_PICTURE, opened), { name: 'CommandError', message });
});

test('a picture of another size, a missing one and one that nobody asked for are refused', async () => {
  const { opened } = seeing();
  await assert.rejects(startStateFromImage(FROM_PICTURE, opened, picture(50, 8)), {
    name: 'CommandError',
    message: /input_reference is 8x4; the video is 4x4/,
  });
  assert.throws(() => startState(FROM_PICTURE, opened), { name: 'CommandError', message: /begin with its picture/ });
  await assert.rejects(startStateFromImage(COMMAND, opened, picture(50)), { name: 'CommandError', message: /no input_reference/ });
});
