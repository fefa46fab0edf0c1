/** A video that is led elsewhere while it is made, on the real parts: whatever dies on the way, it is the video that had its prompts from the start. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeVideo } from './decode.ts';
import { type Harness, startHarness } from './harness.ts';

interface PromptView {
  readonly id: string;
  readonly status: 'pending' | 'scheduled' | 'applied' | 'refused';
  readonly takes_effect: { readonly frame: number; readonly seconds: number; readonly chunk: number } | null;
  readonly refusal: { readonly code: string } | null;
}

const PROMPT = 'a red balloon rises over the sea';
const NEXT = 'a blue fish swims to the left';
const SECONDS = 12;
const PATIENCE_MS = 240_000;

let harness: Harness;

before(async () => {
  // The mark is each video's own; frames of two videos are compared here.
  harness = await startHarness({ edge_vars: { INVISIBLE_MARK: 'off' } });
});
after(() => harness?.stop());

async function create(fields: object = {}): Promise<string> {
  const { id } = await harness.client.videos.create({ prompt: PROMPT, seconds: String(SECONDS) as '4', ...{ seed: 11 }, ...fields });
  return id;
}

function steer(id: string, body: object): Promise<PromptView> {
  return harness.client.post(`/videos/${id}/prompts`, { body });
}

async function prompts(id: string): Promise<PromptView[]> {
  return ((await harness.client.get(`/videos/${id}/prompts`)) as { data: PromptView[] }).data;
}

/** The only prompt, once it is of that status. */
async function promptOnce(id: string, status: PromptView['status']): Promise<PromptView> {
  const deadline_ms = Date.now() + PATIENCE_MS;
  for (;;) {
    const [prompt] = await prompts(id);
    if (prompt?.status === status) return prompt;
    if (Date.now() > deadline_ms) throw new Error(`waited for ${status}: ${JSON.stringify(prompt)}`);
    await sleep(50);
  }
}

async function framesOf(id: string): Promise<string> {
  await harness.finished(id);
  const { frames, sha256 } = await decodeVideo(await harness.save(await harness.download(id)));
  assert.equal(frames, SECONDS * 8);
  return sha256;
}

async function killWorker(): Promise<void> {
  harness.livingWorker()?.kill('SIGKILL');
  await harness.stack.startWorker();
}

/** The frames of a video whose request had the prompt at that time. */
function asRequested(seconds: number): Promise<string> {
  return create({ segments: [{ start: seconds, prompt: NEXT }] }).then(framesOf);
}

test('a prompt that was accepted survives its worker, and the frames are those of a video that had it from the start', async () => {
  const id = await create();
  await harness.event(id, 'committed', 1);
  const sent = await steer(id, { prompt: NEXT });
  assert.deepEqual([sent.status, sent.takes_effect], ['pending', null]);
  const scheduled = await promptOnce(id, 'scheduled');
  await killWorker();
  const frames = await framesOf(id);

  const [applied] = await prompts(id);
  assert.deepEqual([applied?.id, applied?.status, applied?.takes_effect], [sent.id, 'applied', scheduled.takes_effect]);
  const { seconds = 0, frame, chunk } = applied?.takes_effect ?? {};
  assert.ok(seconds > 0 && seconds < SECONDS && frame === 8 * seconds && chunk === seconds);
  assert.ok((await harness.events(id)).some(({ type }) => type === 'lease_expired'));
  assert.equal(frames, await asRequested(seconds));
  assert.notEqual(frames, await framesOf(await create()));

  const provenance = (await harness.client.get(`/videos/${id}/provenance`)) as { prompt_key: string };
  const hash = createHmac('sha256', Buffer.from(provenance.prompt_key, 'hex')).update(NEXT).digest('hex');
  const file = await harness.download(id);
  assert.ok(file.includes(hash), 'the manifest names the prompt that the video was led by');
});

test('a prompt whose worker dies before it has answered is obeyed by the next', async () => {
  const id = await create();
  await harness.event(id, 'committed', 1);
  await steer(id, { prompt: NEXT });
  await killWorker();
  const frames = await framesOf(id);
  const [applied] = await prompts(id);
  assert.equal(applied?.status, 'applied');
  assert.equal(frames, await asRequested(applied?.takes_effect?.seconds ?? -1));
});

test('a prompt for a waiting video holds from its first frame, and the segments of a request say where they took effect', async () => {
  await harness.stopWorkers();
  const segments = [{ start: 2.5, prompt: 'a boat sails on the sea' }];
  const id = await create({ segments, seconds: '4' });
  await steer(id, { prompt: NEXT });
  await harness.stack.startWorker();
  await harness.finished(id);
  assert.deepEqual(
    (await prompts(id)).map(({ status, takes_effect }) => [status, takes_effect?.frame]),
    [
      ['applied', 24],
      ['applied', 0],
    ],
  );
});
