/** Edited videos through the whole loop, with both families: what they keep, what they change, and that nothing is lost on a resume. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GenerationCommand } from '@everframe/shared';
import { CAUSAL_COMMAND, Device, openCausal } from '../testing/causal-family.ts';
import { COMMAND, MODELS, never, standIn } from '../testing/toy-model.ts';
import { loadState, saveState } from './checkpoint.ts';
import { latentsToBytes, type SourceLatents, sourceLatents } from './chunk-latents.ts';
import type { OpenedModel } from './family.ts';
import { type Chunk, generate } from './generate.ts';
import { type GenerationState, startState } from './state.ts';

/** What is delivered, and what is stored with it while its memory is good. */
type Kept = Omit<Chunk, 'state'> & { readonly checkpoint: Uint8Array };

async function make(
  command: GenerationCommand,
  opened: OpenedModel,
  source: SourceLatents | null,
  start?: GenerationState,
): Promise<Kept[]> {
  const kept: Kept[] = [];
  for await (const { state, ...chunk } of generate(command, opened, start ?? startState(command, opened), never, undefined, source)) {
    kept.push({ ...chunk, checkpoint: await saveState(state, opened) });
  }
  return kept;
}

const framesOf = (chunks: readonly Kept[]) => chunks.map(({ frames }) => Buffer.from(frames).toString('hex'));

/** As it is stored with each commit, and copied for an edit. */
function stored(chunks: readonly Kept[], { family }: OpenedModel): SourceLatents {
  const bytes = chunks.map(({ latents }) => {
    assert.ok(latents);
    return latentsToBytes(latents);
  });
  return sourceLatents(Buffer.concat(bytes), family.describe());
}

const edit = (command: GenerationCommand, strength: number, change: Partial<GenerationCommand> = {}): GenerationCommand => ({
  ...{ ...command, prompt: 'a long boat', ...change },
  edits: { video_id: 'video_1', strength },
});

const KINDS: Readonly<Record<string, readonly [GenerationCommand, () => OpenedModel]>> = {
  ...Object.fromEntries(Object.entries(MODELS).map(([kind, model]) => [kind, [COMMAND, () => standIn(model).opened]])),
  'another family': [CAUSAL_COMMAND, () => openCausal(new Device(), false)],
  'another family with a refiner': [CAUSAL_COMMAND, () => openCausal(new Device(), true)],
};

for (const [kind, [command, open]] of Object.entries(KINDS)) {
  test(`${kind}: strength 0 under the old prompt gives the very frames of its source, strength 1 those of a new video, and half neither`, async () => {
    const opened = open();
    const source = await make(command, opened, null);
    const latents = stored(source, opened);
    assert.deepEqual(framesOf(await make(edit(command, 0, { prompt: command.prompt }), opened, latents)), framesOf(source));
    const plain = framesOf(await make({ ...command, prompt: 'a long boat' }, opened, null));
    assert.deepEqual(framesOf(await make(edit(command, 1), opened, latents)), plain);
    const half = framesOf(await make(edit(command, 0.5), opened, latents));
    for (const [index, frames] of half.entries()) {
      assert.notEqual(frames, plain[index]);
      assert.notEqual(frames, framesOf(source)[index]);
    }
  });

  test(`${kind}: strength 0 under another prompt gives the source's latents, drawn by that prompt where the refiner reads it`, async () => {
    const opened = open();
    const source = await make(command, opened, null);
    const edited = await make(edit(command, 0), opened, stored(source, opened));
    assert.deepEqual(
      edited.map(({ latents }) => latents),
      source.map(({ latents }) => latents),
    );
    const reads_text = opened.model.refiner?.reads_text ?? false;
    const old = framesOf(source);
    for (const [index, frames] of framesOf(edited).entries()) assert.equal(frames === old[index], !reads_text);
  });

  test(`${kind}: an edit resumed at any of its chunks is the same, byte for byte, and can be edited in turn`, async () => {
    const opened = open();
    const command_of_edit = edit(command, 0.5);
    const source = stored(await make(command, opened, null), opened);
    const whole = await make(command_of_edit, opened, source);
    for (const [index, { checkpoint }] of whole.entries()) {
      const rest = await make(command_of_edit, opened, source, await loadState(checkpoint, command_of_edit, opened));
      assert.deepEqual(rest, whole.slice(index + 1));
    }
    const again = await make(edit(command, 0), opened, stored(whole, opened));
    assert.deepEqual(framesOf(again), framesOf(whole));
  });

  test(`${kind}: behind the end of its source a video is made from noise`, async () => {
    const opened = open();
    const short = await make(command, opened, null);
    const chunk_frames = short[0]?.frame_count ?? 0;
    const frames = command.frames + 2 * chunk_frames;
    const longer = await make(edit(command, 0, { prompt: command.prompt, frames }), opened, stored(short, opened));
    // Frames of the source as they are, then those that a longer source has.
    assert.deepEqual(framesOf(longer), framesOf(await make({ ...command, frames }, opened, null)));
  });
}

test('an edit without the latents of its source is refused, and so are latents that nobody asked for or that are of another model', async () => {
  const { opened } = standIn();
  const source = stored(await make(COMMAND, opened, null), opened);
  await assert.rejects(make(edit(COMMAND, 0.5), opened, null), { name: 'CommandError', message: /edits video_1; begin with its latents/ });
  await assert.rejects(make(COMMAND, opened, source), { name: 'CommandError', message: /edits no video/ });
  const description = opened.family.describe();
  for (const bytes of [0, 31, 33]) {
    assert.throws(() => sourceLatents(new Uint8Array(bytes), description), {
      name: 'CheckpointError',
      message: new RegExp(`holds ${bytes} bytes; chunks of .* have 32 each`),
    });
  }
});
