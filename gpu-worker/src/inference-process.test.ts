/** What comes out of the process that owns the networks: the same pictures each time, led elsewhere, resumed and ended early. */
import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { after, test } from 'node:test';
import type { GenerationCommand, PromptSegment } from '@everframe/shared';
import { type Beginning, InferenceError, startInference } from './inference-process.ts';
import { commandFor, copyPackage, firstThumbnailFrame, framesOf, optionsFor, picture } from './testing/shipped-model.ts';

const packages_dir = await copyPackage();
const inference = await startInference(optionsFor(packages_dir));
after(async () => {
  await inference.close();
  await rm(packages_dir, { recursive: true });
});

const never = new AbortController().signal;

async function generateAll(command: GenerationCommand, beginning: Beginning = {}) {
  const pictures: ReturnType<typeof picture>[] = [];
  for await (const chunk of inference.generate(command, beginning, never)) pictures.push(picture(chunk));
  return pictures;
}

test('a video is the same each time, and resumes from any checkpoint to the same bytes', async () => {
  const command = commandFor(framesOf(4) - 3);
  const whole = await generateAll(command);
  assert.deepEqual(
    whole.map(({ first_frame, frame_count }) => [first_frame, frame_count]),
    [
      [0, framesOf(1)],
      [framesOf(1), framesOf(2) - framesOf(1)],
      [framesOf(2), framesOf(3) - framesOf(2)],
      [framesOf(3), command.frames - framesOf(3)],
    ],
  );
  assert.deepEqual(await generateAll(command), whole);
  for (const [index, { checkpoint }] of whole.entries()) {
    assert.deepEqual(await generateAll(command, { checkpoint }), whole.slice(index + 1), `after chunk ${index}`);
  }
});

test('a video is extended and branched from a stored checkpoint to the bytes of one made in one go', async () => {
  const parent = commandFor(framesOf(4));
  const made = await generateAll(parent);
  const checkpoint = made[1]?.checkpoint;
  assert.ok(checkpoint);
  const shown = (pictures: typeof made) => pictures.map(({ chunk_index, applied, frames }) => ({ chunk_index, applied, frames }));
  const branch: PromptSegment = { start_frame: framesOf(4), prompt: 'a boat sails on a blue sea', anchor: 'blend', blend_chunks: 1 };
  for (const segments of [[], [branch]]) {
    const command = { ...parent, frames: framesOf(6), segments };
    assert.deepEqual(shown(await generateAll(command, { checkpoint, parent })), shown((await generateAll(command)).slice(2)));
  }
  const other = generateAll({ ...parent, frames: framesOf(6), prompt: 'a boat' }, { checkpoint, parent });
  await assert.rejects(
    other,
    (error) => error instanceof InferenceError && !error.retryable && /made under another prompt/.test(error.message),
  );
});

test('a prompt that comes while a video is made is answered, obeyed and reported; one for the past is refused', async () => {
  const command = commandFor(framesOf(8));
  const chunks = inference.generate(command, {}, never);
  const prompt = { prompt: 'a boat sails on a blue sea', anchor: 'renew' as const, blend_chunks: 0 };
  const first = await chunks.next();
  assert.ok(!first.done);
  const past = await chunks.steer({ ...prompt, start_frame: 0 });
  assert.ok(past.outcome === 'refused');
  assert.match(past.message, /frame 0 is made already/);
  const answer = await chunks.steer({ ...prompt, start_frame: null });
  assert.ok(answer.outcome === 'accepted');
  const steered = [picture(first.value)];
  for await (const chunk of chunks) steered.push(picture(chunk));
  assert.deepEqual(
    steered.flatMap(({ applied }) => applied),
    [answer.applied],
  );
  assert.deepEqual(await generateAll({ ...command, segments: [answer.segment] }), steered);
  await assert.rejects(chunks.steer({ ...prompt, start_frame: null }), /the video is not in hand any more/);
});

test('a prompt that comes before the first chunk knows what the checkpoint has made', async () => {
  const command = commandFor(framesOf(8));
  const prompt = { prompt: 'a boat sails on a blue sea', anchor: 'renew' as const, blend_chunks: 0 };
  const steerFirst = async (beginning: Beginning) => {
    const chunks = inference.generate(command, beginning, never);
    const answer = await chunks.steer({ ...prompt, start_frame: null });
    const pictures: ReturnType<typeof picture>[] = [];
    for await (const chunk of chunks) pictures.push(picture(chunk));
    assert.ok(answer.outcome === 'accepted');
    return { answer, pictures };
  };
  const fresh = await steerFirst({});
  assert.equal(fresh.answer.applied.applied_frame, 0);
  assert.deepEqual(fresh.pictures, await generateAll({ ...command, segments: [fresh.answer.segment] }));

  const checkpoint = (await generateAll(command))[1]?.checkpoint;
  const resumed = await steerFirst({ checkpoint });
  assert.ok(resumed.answer.applied.applied_frame >= framesOf(2));
  const whole = await generateAll({ ...command, segments: [resumed.answer.segment] });
  assert.deepEqual(resumed.pictures, whole.slice(2));
});

test('a video that is stopped ends behind what is made of it', async () => {
  const chunks = inference.generate(commandFor(framesOf(100)), {}, never);
  await chunks.next();
  const frames = await chunks.stop();
  assert.equal(frames % framesOf(1), 0);
  let delivered = framesOf(1);
  for await (const { frame_count } of chunks) delivered += frame_count;
  assert.equal(delivered, frames);
});

test('another seed is another video, and two videos at once do not disturb each other', async () => {
  const commands = [commandFor(framesOf(2)), commandFor(framesOf(2), { seed: 12 })] as const;
  const [first, second] = await Promise.all([generateAll(commands[0]), generateAll(commands[1])]);
  assert.notDeepEqual(first[0]?.frames, second[0]?.frames);
  assert.deepEqual(await generateAll(commands[1]), second);
});

test('the thumbnail is the anchor frame of the video', async () => {
  const [chunk] = await generateAll(commandFor(framesOf(1)));
  assert.ok(chunk);
  const { rgb, width, height } = await inference.thumbnail(chunk.checkpoint);
  const size = width * height * 3;
  const start = firstThumbnailFrame() * size;
  assert.deepEqual(Buffer.from(rgb), chunk.frames.subarray(start, start + size));
});

test('commands for a model or version that is not served are refused, naming what is', async () => {
  await assert.rejects(
    generateAll(commandFor(8, { model: 'sora-2' })),
    /the model sora-2 is not served here; served are: everframe-storybook-1/,
  );
  await assert.rejects(
    generateAll(commandFor(8, { model_version: '0.0.1' })),
    /asks for everframe-storybook-1 0\.0\.1; this is everframe-storybook-1 /,
  );
});

test('a missing version is worth another try elsewhere, a size that the model cannot make is not', async () => {
  const retryable = (value: boolean) => (error: unknown) => error instanceof InferenceError && error.retryable === value;
  await assert.rejects(generateAll(commandFor(8, { model_version: '0.0.1' })), retryable(true));
  await assert.rejects(generateAll(commandFor(8, { width: 8 })), retryable(false));
});

test('a checkpoint of another seed is refused, and not as retryable', async () => {
  const [chunk] = await generateAll(commandFor(8));
  assert.ok(chunk);
  await assert.rejects(generateAll(commandFor(16, { seed: 99 }), { checkpoint: chunk.checkpoint }), (error) => {
    assert.ok(error instanceof InferenceError && !error.retryable);
    assert.match(error.message, /checkpoint is of seed 11; the command asks for 99/);
    return true;
  });
});
