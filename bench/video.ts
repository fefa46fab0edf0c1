/**
 * The main job as a client sees it, on this machine: time from the request to the first committed segment, and
 * seconds of video per second from the request to the signed file. One worker, the shipped package, fresh videos. The share of
 * signing is of that time: each segment as it leaves, then file, thumbnail and spritesheet, each read back.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startStack } from '@everframe/cli/stack';
import type { RecordedEvent } from '@everframe/shared';
import OpenAI from 'openai';
import { median, report, round } from './report.ts';

const ROUNDS = 5;
const SECONDS = 16;

const data_dir = await mkdtemp(join(tmpdir(), 'everframe-bench-'));
let signed_ms = 0;
const stack = await startStack({
  data_dir,
  onWorkerLog: ({ sign_ms }) => {
    if (typeof sign_ms === 'number') signed_ms += sign_ms;
  },
});
try {
  const client = new OpenAI({ baseURL: `${stack.url}/v1`, apiKey: stack.api_key });
  const first_segment_ms: number[] = [];
  const whole_ms: number[] = [];
  const signing_ms: number[] = [];
  for (let index = -1; index < ROUNDS; index++) {
    signed_ms = 0;
    const asked_at_ms = Date.now();
    const { id } = await client.videos.create({ prompt: 'a red balloon rises over the sea', seconds: String(SECONDS) as '4' });
    await finished(client, id);
    const events = await history(id);
    // The first video warms the networks up.
    if (index < 0) continue;
    first_segment_ms.push(timeOf(events, 'committed') - asked_at_ms);
    whole_ms.push(timeOf(events, 'completed') - asked_at_ms);
    if (signed_ms === 0) throw new Error('no worker said how long it signed');
    signing_ms.push(signed_ms);
  }
  report('video', {
    times_real_time: round((SECONDS * 1000) / median(whole_ms)),
    first_segment_ms: median(first_segment_ms),
    whole_ms: median(whole_ms),
    signing_share: round(median(signing_ms.map((signed, index) => signed / (whole_ms[index] ?? Number.NaN)))),
    seconds_of_video: SECONDS,
    rounds: { first_segment_ms, whole_ms, signing_ms },
  });
} finally {
  await stack.stop();
  await rm(data_dir, { recursive: true, force: true });
}

async function finished(client: OpenAI, id: string): Promise<void> {
  for (;;) {
    const { status, error } = await client.videos.retrieve(id);
    if (status === 'completed') return;
    if (status === 'failed') throw new Error(`the video failed: ${error?.message}`);
    await sleep(250);
  }
}

async function history(id: string): Promise<readonly RecordedEvent[]> {
  const headers = { authorization: `Bearer ${stack.worker_token}` };
  const response = await fetch(`${stack.url}/internal/v1/videos/${id}/events`, { headers });
  if (!response.ok) throw new Error(`the events of ${id}: ${response.status} ${await response.text()}`);
  return ((await response.json()) as { data: RecordedEvent[] }).data;
}

/** @throws Error where it never happened: a missing time must not become a figure */
function timeOf(events: readonly RecordedEvent[], type: RecordedEvent['type']): number {
  const event = events.find((candidate) => candidate.type === type);
  if (!event) throw new Error(`no event '${type}' among ${events.map((candidate) => candidate.type).join(', ') || 'none'}`);
  return event.created_at_ms;
}
