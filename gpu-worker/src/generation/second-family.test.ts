/** The loop with a family that shares nothing with the shipped one: what it promises is promised to every family. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GenerationCommand, PromptSegment } from '@everframe/shared';
import { CAUSAL_COMMAND, Device, openCausal } from '../testing/causal-family.ts';
import { never } from '../testing/toy-model.ts';
import { loadState, saveState } from './checkpoint.ts';
import { branchVideo, extendVideo } from './continue-video.ts';
import type { OpenedModel } from './family.ts';
import { type Chunk, generate } from './generate.ts';
import { type GenerationState, startState } from './state.ts';
import { Timeline } from './timeline.ts';

/** What is delivered, and what is stored with it while its memory is good. */
type Kept = Omit<Chunk, 'state'> & { readonly checkpoint: Uint8Array };

async function make(
  opened: OpenedModel,
  change: Partial<GenerationCommand> = {},
  start?: GenerationState,
  signal = never,
): Promise<Kept[]> {
  const command = { ...CAUSAL_COMMAND, ...change };
  const kept: Kept[] = [];
  for await (const { state, ...chunk } of generate(command, opened, start ?? startState(command, opened), signal)) {
    kept.push({ ...chunk, checkpoint: await saveState(state, opened) });
  }
  return kept;
}

function delivered(chunks: readonly Kept[]) {
  return chunks.map(({ checkpoint: _checkpoint, ...chunk }) => chunk);
}

const CHANGE: PromptSegment = { start_frame: 7, prompt: 'a blue ball', anchor: 'renew', blend_chunks: 1 };

for (const with_refiner of [false, true]) {
  const kind = with_refiner ? 'with a refiner' : 'without refiner';

  test(`${kind}: a video is exactly its frames, and its prompts change at chunk borders`, async () => {
    const opened = openCausal(new Device(), with_refiner);
    for (const frames of [1, 2, 3, 4, 23, 24]) {
      const chunks = await make(opened, { frames, segments: [CHANGE] });
      assert.equal(
        chunks.reduce((sum, { frames }) => sum + frames.length / 6, 0),
        frames,
      );
    }
    const chunks = await make(opened, { segments: [CHANGE] });
    assert.deepEqual(
      chunks.flatMap(({ applied }) => applied),
      [{ start_frame: 7, applied_frame: 9, chunk_index: 3 }],
    );
    const plain = await make(opened);
    assert.notDeepEqual(chunks[4]?.frames, plain[4]?.frames);
    // The chunk before the change is refined together with those behind it.
    const untouched = with_refiner ? 2 : 3;
    assert.deepEqual(delivered(chunks.slice(0, untouched)), delivered(plain.slice(0, untouched)));
  });

  test(`${kind}: a video resumed at any of its chunks is the same, byte for byte`, async () => {
    const opened = openCausal(new Device(), with_refiner);
    const command = { ...CAUSAL_COMMAND, segments: [CHANGE] };
    const whole = await make(opened, command);
    assert.equal(whole.length, 8);
    for (const [index, { checkpoint }] of whole.entries()) {
      assert.deepEqual(await make(opened, command, await loadState(checkpoint, command, opened)), whole.slice(index + 1));
    }
  });

  test(`${kind}: a video is extended, branched and steered as any other is`, async () => {
    const opened = openCausal(new Device(), with_refiner);
    const [, second] = await make(opened);
    assert.ok(second);
    const extended = await extendVideo(CAUSAL_COMMAND, second.checkpoint, 6, opened);
    assert.deepEqual(
      delivered(await make(opened, extended.command, extended.state)),
      delivered((await make(opened, extended.command)).slice(2)),
    );
    const branched = await branchVideo(CAUSAL_COMMAND, second.checkpoint, { segments: [{ ...CHANGE, start_frame: 12 }] }, opened);
    assert.deepEqual(
      delivered(await make(opened, branched.command, branched.state)),
      delivered((await make(opened, branched.command)).slice(2)),
    );

    const timeline = new Timeline(CAUSAL_COMMAND, opened.family.describe());
    const answer = timeline.steer({ start_frame: 13, prompt: 'a fish', anchor: 'keep', blend_chunks: 0 });
    assert.ok(answer.outcome === 'accepted');
    const steered: Uint8Array[] = [];
    for await (const { frames } of generate(CAUSAL_COMMAND, opened, startState(CAUSAL_COMMAND, opened), never, timeline))
      steered.push(frames);
    const asked = await make(opened, { segments: [answer.segment] });
    assert.deepEqual(
      steered,
      asked.map(({ frames }) => frames),
    );
  });

  test(`${kind}: what lies on the device is let go of once, however a video ends`, async () => {
    const device = new Device();
    const opened = openCausal(device, with_refiner);
    const begin = (signal: AbortSignal, on = opened) => generate(CAUSAL_COMMAND, on, startState(CAUSAL_COMMAND, on), signal);
    const abort = new AbortController();
    const endings: (() => Promise<void>)[] = [
      // To its end.
      async () => {
        for await (const chunk of begin(never)) assert.equal(device.held, 1, `chunk ${chunk.chunk_index}`);
      },
      // By a consumer that has had enough.
      async () => {
        for await (const { chunk_index } of begin(never)) if (chunk_index === 1) break;
      },
      // By an abort within a step.
      async () => {
        const chunks = begin(abort.signal);
        await chunks.next();
        const next = chunks.next();
        setImmediate(() => abort.abort(new Error('enough')));
        await assert.rejects(next, /enough/);
      },
      // By an error behind the family.
      async () => {
        const decode = () => Promise.reject(new Error('the decoder failed'));
        await assert.rejects(begin(never, { ...opened, vae_decoder: { decode } }).next(), /the decoder failed/);
      },
      // By a command that does not fit.
      async () => {
        const chunks = generate({ ...CAUSAL_COMMAND, width: 4 }, opened, startState(CAUSAL_COMMAND, opened), never);
        await assert.rejects(chunks.next(), { name: 'CommandError' });
      },
    ];
    for (const [index, end] of endings.entries()) {
      await end();
      assert.deepEqual([device.disposals, device.held], [index + 1, 0], `ending ${index}`);
    }
  });

  test(`${kind}: a thousand chunks hold no more than ten`, async () => {
    const device = new Device();
    const opened = openCausal(device, with_refiner);
    const command = { ...CAUSAL_COMMAND, frames: 3000 };
    const sizes: number[] = [];
    for await (const { state, chunk_index } of generate(command, opened, startState(command, opened), never)) {
      if (chunk_index === 10 || chunk_index === 900) sizes.push((await saveState(state, opened)).length);
      assert.equal(device.held, 1);
    }
    // Counters have more digits.
    assert.ok(Math.abs((sizes[1] ?? 0) - (sizes[0] ?? 0)) < 16, `${sizes}`);
  });
}

test('a checkpoint of another window is refused by the family, naming both', async () => {
  const [first] = await make(openCausal(new Device(), false));
  assert.ok(first);
  const device = new Device();
  const refused = loadState(first.checkpoint, CAUSAL_COMMAND, openCausal(device, false, 2));
  await assert.rejects(refused, { name: 'CheckpointError', message: /cache is \[3\]; the model's is \[2\]/ });
  assert.equal(device.held, 0);
});
