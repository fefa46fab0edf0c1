/** A key made for a deployed service, tried on the real edge over a local database. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { unstable_splitSqlQuery as splitSqlQuery } from 'wrangler';
import { startStack } from '../stack/stack.ts';

const MAIN = join(import.meta.dirname, '..', 'main.ts');
const KEY_PEPPER = 'the-pepper-of-this-test-has-32-characters';
const NAME = `O'Neil "$(touch here)" \`x\` !1 \\`;

it('the printed command makes the printed key work, whatever the name holds', { timeout: 120_000 }, async () => {
  const { status, stdout, stderr } = createKey({ KEY_PEPPER });
  assert.equal(status, 0, stderr);
  const [key = ''] = /ef_live_\w+/.exec(stderr) ?? [];
  assert.ok(!stdout.includes(key), 'the key itself is not in the command');
  const folder = await mkdtemp(join(tmpdir(), 'everframe-keys-'));
  const stack = await startStack({ data_dir: folder, workers: 0, edge_vars: { KEY_PEPPER } });
  try {
    assert.equal(await statusWith(stack.url, key), 401);
    for (const sql of splitSqlQuery(lastArgument(stdout))) await stack.db.prepare(sql).bind().run();
    assert.equal(await statusWith(stack.url, key), 404);
    const row = await stack.db.prepare(`SELECT name FROM accounts WHERE id = 'acct_${key.slice(8, 16)}'`).first<{ name: string }>();
    assert.equal(row?.name, NAME);
  } finally {
    await stack.stop();
    await rm(folder, { recursive: true, force: true });
  }
});

it('a pepper that is missing or short is refused in one line, and no key is made', () => {
  for (const [env, sentence] of [
    [{ KEY_PEPPER: undefined }, /KEY_PEPPER must be .* at least 32 characters; it is not set\./],
    [{ KEY_PEPPER: 'short' }, /KEY_PEPPER must be .* at least 32 characters; it has 5\./],
  ] as const) {
    const { status, stdout, stderr } = createKey(env);
    assert.deepEqual([status, stdout], [2, '']);
    assert.match(stderr, sentence);
    assert.doesNotMatch(stderr, /ef_live_/);
  }
});

function createKey(env: { readonly KEY_PEPPER: string | undefined }): { status: number | null; stdout: string; stderr: string } {
  const args = [MAIN, 'keys', 'create', '--name', NAME];
  return spawnSync(process.execPath, args, { encoding: 'utf8', env: { ...process.env, ...env } });
}

/** What a shell hands to the program. */
function lastArgument(command: string): string {
  const { stdout } = spawnSync('sh', ['-c', `npx() { for last; do :; done; printf %s "$last"; }\n${command}`], { encoding: 'utf8' });
  return stdout;
}

/** 401 without a good key, 404 with one. */
async function statusWith(url: string, key: string): Promise<number> {
  return (await fetch(`${url}/v1/videos/video_unknown`, { headers: { authorization: `Bearer ${key}` } })).status;
}
