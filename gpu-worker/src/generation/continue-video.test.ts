/** Every continuation against the video that is made in one go, byte for byte, with and without a refiner. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { branchChunk, type GenerationCommand, type PromptSegment } from '@everframe/shared';
import { COMMAND, MODELS, make, standIn } from '../testing/toy-model.ts';
import { saveState } from './checkpoint.ts';
import { branchVideo, continueFrom, extendVideo, remixVideo } from './continue-video.ts';
import type { OpenedModel } from './family.ts';
import type { Chunk } from './generate.ts';

const PARENT: GenerationCommand = { ...COMMAND, seconds: 4, frames: 32, segments: [segment(9, 'a blue ball', 'keep', 2)] };

function segment(start_frame: number, prompt: string, anchor: PromptSegment['anchor'] = 'renew', blend_chunks = 0): PromptSegment {
  return { start_frame, prompt, anchor, blend_chunks };
}

/** The checkpoint that is stored with each chunk. */
function checkpoints(chunks: readonly Chunk[], opened: OpenedModel): Promise<Uint8Array[]> {
  return Promise.all(chunks.map(({ state }) => saveState(state, opened)));
}

/** What is delivered; states say how far the base is ahead, which the video's length decides. */
function delivered(chunks: readonly Chunk[]) {
  return chunks.map(({ state, ...chunk }) => ({ ...chunk, frames: Buffer.from(chunk.frames).toString('hex') }));
}

for (const [kind, model] of Object.entries(MODELS)) {
  test(`${kind}: a video made longer from any of its commits is the longer one, byte for byte`, async () => {
    const { opened } = standIn(model);
    const stored = await checkpoints(await make(opened, PARENT), opened);
    const longer = await make(opened, { ...PARENT, seconds: 6, frames: 48 });
    for (const [index, checkpoint] of stored.entries()) {
      const { command, state } = await extendVideo(PARENT, checkpoint, 6, opened);
      assert.deepEqual([command.seconds, command.frames], [6, 48]);
      assert.deepEqual(delivered(await make(opened, command, state)), delivered(longer.slice(index + 1)));
    }
  });

  test(`${kind}: a branch from any commit is the video that had its prompts all along, byte for byte`, async () => {
    const { opened } = standIn(model);
    const parent = await make(opened, PARENT);
    const stored = await checkpoints(parent, opened);
    let branches = 0;
    for (const [index, checkpoint] of stored.entries()) {
      const next_frame = 4 * (parent[index]?.state.next_chunk ?? Number.NaN);
      if (next_frame >= PARENT.frames) continue;
      const segments = [segment(next_frame, 'a fish')];
      const { command, state } = await branchVideo(PARENT, checkpoint, { segments }, opened);
      // The parent's own prompt stays where it had begun already.
      assert.deepEqual(command.segments, next_frame > 12 ? [...PARENT.segments, ...segments] : segments);
      const whole = await make(opened, command);
      assert.deepEqual(delivered(await make(opened, command, state)), delivered(whole.slice(index + 1)));
      assert.notDeepEqual(delivered(whole), delivered(parent));
      assert.deepEqual(delivered(whole.slice(0, index + 1)), delivered(parent.slice(0, index + 1)));
      branches++;
    }
    assert.ok(branches >= 3, `${branches} branches`);
  });

  test(`${kind}: the checkpoint that is named for a branch lets its prompt take effect at its border, and the next one does not`, async () => {
    const { opened } = standIn(model);
    const parent = await make(opened, PARENT);
    const stored = await checkpoints(parent, opened);
    let refused = 0;
    for (const start_frame of [17, 20, 24, 28]) {
      const chunk_index = branchChunk(start_frame, model);
      if (chunk_index === null) continue;
      const segments = [segment(start_frame, 'a fish')];
      const [checkpoint, next] = [stored[chunk_index], stored[chunk_index + 1]];
      assert.ok(checkpoint && next);
      const { command, state } = await branchVideo(PARENT, checkpoint, { segments }, opened);
      const applied = (await make(opened, command, state))
        .flatMap((chunk) => chunk.applied)
        .find((entry) => entry.start_frame === start_frame);
      assert.equal(applied?.applied_frame, Math.ceil(start_frame / 4) * 4);
      // At the video's end a refiner's base is no further ahead with the next checkpoint than with this one.
      if (parent[chunk_index + 1]?.state.next_chunk === state.next_chunk) continue;
      const late = branchVideo(PARENT, next, { segments }, opened);
      await assert.rejects(late, { name: 'CheckpointError', message: /Take the checkpoint of an earlier chunk/ });
      refused++;
    }
    assert.ok(refused >= 2, `${refused} refusals`);
  });

  test(`${kind}: a remix is the video of its prompt and the parent's seed, from the first frame on`, async () => {
    const { opened } = standIn(model);
    const { command, state } = await remixVideo(PARENT, { prompt: 'a fish' }, opened);
    assert.deepEqual(command, { ...PARENT, prompt: 'a fish', segments: [] });
    const remixed = await make(opened, command, state);
    assert.deepEqual(delivered(remixed), delivered(await make(opened, command)));
    assert.notDeepEqual(delivered(remixed)[0]?.frames, delivered(await make(opened, PARENT))[0]?.frames);
  });
}

test('an extension to fewer frames is refused', async () => {
  const { opened } = standIn();
  const [checkpoint] = await checkpoints(await make(opened, PARENT), opened);
  assert.ok(checkpoint);
  await assert.rejects(extendVideo(PARENT, checkpoint, 4, opened), {
    name: 'CheckpointError',
    message: /has 32 frames; it cannot be made longer to 32/,
  });
});

test('a chunk that was cut short cannot be gone on from; the one before it can', async () => {
  const { opened } = standIn();
  const short = { ...PARENT, frames: 30 };
  const stored = await checkpoints(await make(opened, short), opened);
  const [before, last] = stored.slice(-2);
  assert.ok(before && last);
  await assert.rejects(extendVideo(short, last, 6, opened), /was cut short at frame 30 of 32; take the checkpoint of the chunk before it/);
  const { command, state } = await extendVideo(short, before, 6, opened);
  const longer = await make(opened, { ...PARENT, seconds: 6, frames: 48 });
  assert.deepEqual(delivered(await make(opened, command, state)), delivered(longer.slice(7)));
});

test('a continuation under another past is refused, naming what differs and none of the prompts', async () => {
  const { opened } = standIn();
  const stored = await checkpoints(await make(opened, PARENT), opened);
  const checkpoint = stored[3];
  assert.ok(checkpoint);
  const cases: [Partial<GenerationCommand>, RegExp][] = [
    [{ seed: 6 }, /parent's seed: 5 is not 6/],
    [{ negative_prompt: 'secret' }, /parent's negative_prompt\. Make a remix/],
    [{ prompt: 'secret' }, /chunk 0 was made under another prompt .* free from frame 13 on/],
    [{ segments: [] }, /chunk 3 was made under another prompt/],
    [{ frames: 16 }, /stands at frame 16; a continuation to 16 adds nothing/],
  ];
  for (const [change, message] of cases) {
    const refused = continueFrom(PARENT, checkpoint, { ...PARENT, ...change }, opened);
    await assert.rejects(refused, (error: Error) => {
      assert.equal(error.name, 'CheckpointError');
      assert.match(error.message, message);
      assert.doesNotMatch(error.message, /secret/);
      return true;
    });
  }
});
