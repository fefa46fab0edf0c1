/**
 * The stock `openai` package for Python against the whole stack. Needs a Python that has it: `python3`, or the program that
 * EVERFRAME_PYTHON names; without one it is skipped aloud.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startHarness } from './harness.ts';

const PYTHON = process.env.EVERFRAME_PYTHON ?? 'python3';
const has_openai = spawnSync(PYTHON, ['-c', 'import openai; openai.resources.videos.Videos.create_and_poll']).status === 0;
const skip = !has_openai && `${PYTHON} has no package 'openai' with videos: install it, or name another in EVERFRAME_PYTHON`;
if (skip) console.log(`SKIPPED: the SDK for Python was not tried, since ${skip}`);

test('the unmodified SDK for Python makes, polls, downloads, lists and deletes videos, and knows the refusals', { skip }, async () => {
  const harness = await startHarness();
  try {
    const seen = JSON.parse(
      await run(fileURLToPath(new URL('python_sdk.py', import.meta.url)), {
        OPENAI_BASE_URL: `${harness.stack.url}/v1`,
        OPENAI_API_KEY: harness.stack.api_key,
      }),
    );
    assert.deepEqual(seen.polled, { status: 'completed', progress: 100, seconds: '4', object: 'video' });
    const { data } = await harness.client.videos.list({ order: 'asc', limit: 1 });
    const file = await harness.download(data[0]?.id ?? '');
    assert.deepEqual(seen.content, { sha256: createHash('sha256').update(file).digest('hex'), type: 'video/mp4' });
    assert.deepEqual([seen.thumbnail, seen.spritesheet], ['ffd8ff', 'ffd8ff']);
    assert.deepEqual(seen.cancelled, { status: 'failed', code: 'cancelled' });
    assert.equal(seen.poll_of_cancelled, 'failed');
    assert.deepEqual(seen.remix, { of: true, status: 'queued' });
    for (const edit of [seen.edit, seen.edit_of_file]) assert.deepEqual(edit, { of: true, seconds: '4' });
    assert.deepEqual([seen.deleted, seen.listed, seen.moderation, seen.model], [true, true, false, true]);
    assert.deepEqual(seen.refusals, [
      ['BadRequestError', 400, 'invalid_value', 'seconds', true],
      ['BadRequestError', 400, 'model_not_found', 'model', true],
      ['NotFoundError', 404, 'video_not_found', 'video_id', true],
      ['ConflictError', 409, 'video_failed', null, true],
      ['BadRequestError', 400, 'unsupported_operation', null, true],
      ['BadRequestError', 400, 'unsupported_operation', null, true],
      ['BadRequestError', 400, 'unsupported_parameter', 'characters', true],
      ['AuthenticationError', 401, 'invalid_api_key', null, true],
    ]);
  } finally {
    await harness.stop();
  }
});

function run(script: string, env: Record<string, string>): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(PYTHON, [script], { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (part: Buffer) => (stdout += part));
    child.stderr.on('data', (part: Buffer) => (stderr += part));
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0 ? resolve(stdout) : reject(new Error(`${script} exited with ${code}: ${stderr.slice(-2000)}`)),
    );
  });
}
