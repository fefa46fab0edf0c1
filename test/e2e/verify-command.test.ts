/** `everframe verify` as a person or a script runs it: words first, an exit code for each verdict, and whom it trusts. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { rootCertificatePath } from '@everframe/gpu-worker/development-chain';
import type { VerificationReport } from '@everframe/shared/verification';
import { makeFile, sign, strip } from './signed-file.ts';

const MAIN = fileURLToPath(new URL('../../cli/src/main.ts', import.meta.url));

let folder: string;
const at = (name: string) => join(folder, name);

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'everframe-verify-'));
  // The data folder of a local service, whose signer is in `signer`.
  await makeFile(at('plain.mp4'), 'video/mp4');
  await sign(at('plain.mp4'), at('ours.mp4'), 'video/mp4', { signer_dir: at('data/signer'), title: 'A red ball' });
  await sign(at('plain.mp4'), at('edit.mp4'), 'video/mp4', { signer_dir: at('data/signer'), title: 'A blue ball', parent: at('ours.mp4') });
  await sign(at('plain.mp4'), at('foreign.mp4'), 'video/mp4', { signer_dir: at('stranger'), title: 'A ball' });
  await strip(at('ours.mp4'), at('stripped.mp4'));
  const bytes = await readFile(at('ours.mp4'));
  bytes[bytes.length - 50] = (bytes[bytes.length - 50] ?? 0) ^ 1;
  await writeFile(at('altered.mp4'), bytes);
  await writeFile(at('text.mp4'), 'This is no video at all.');
});
after(() => rm(folder, { recursive: true, force: true }));

function verify(args: readonly string[], env: Record<string, string> = {}): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    const all = [MAIN, 'verify', '--data-dir', at('data'), ...args];
    execFile(process.execPath, all, { env: { ...process.env, ...env } }, (error, out, err) => {
      resolve({ code: error ? Number(error.code) : 0, out, err });
    });
  });
}

it('each verdict has its words and its exit code', async () => {
  for (const [name, code, words] of [
    ['ours.mp4', 0, /^Made by this service \(Everframe development signer\), and unaltered since\./],
    ['altered.mp4', 3, /^ALTERED\. .*assertion\.bmffHash\.mismatch/],
    ['stripped.mp4', 4, /^No credential was found/],
    ['foreign.mp4', 5, /^Unaltered since it was signed, but nobody here vouches/],
  ] as const) {
    const result = await verify([at(name)]);
    assert.equal(result.code, code, `${name}: ${result.out}${result.err}`);
    assert.match(result.out, words);
  }
});

it('what could not be checked ends with 1, a wrong command line with 2', async () => {
  for (const [args, code, words] of [
    [[at('text.mp4')], 1, /is no MP4/],
    [[at('nothing.mp4')], 1, /There is no file/],
    [[at('ours.mp4'), '--own', at('plain.mp4')], 1, /holds no certificate/],
    [[], 2, /needs a file/],
    [[at('ours.mp4'), '--nonsense'], 2, /nonsense/],
  ] as const) {
    const result = await verify(args);
    assert.equal(result.code, code, result.err);
    assert.match(result.err, words);
    assert.equal(result.out, '');
  }
});

it('a stranger whose root is named is another, never this service', async () => {
  const { code, out } = await verify([at('foreign.mp4'), '--trust', rootCertificatePath(at('stranger'))]);
  assert.equal(code, 0);
  assert.match(out, /^Made or edited by another: signed by/);
});

it('in production the root of a development chain is not trusted, by default or by name', async () => {
  const production = { NODE_ENV: 'production' };
  assert.equal((await verify([at('ours.mp4')], production)).code, 5);
  for (const option of ['--own', '--trust']) {
    const named = await verify([at('ours.mp4'), option, rootCertificatePath(at('data/signer'))], production);
    assert.equal(named.code, 1);
    assert.match(named.err, /development chain/);
  }
});

it('tells what a file was made from, and the whole report in JSON', async () => {
  assert.match((await verify([at('edit.mp4')])).out, /^made from A red ball, signed by Everframe development signer$/m);
  const report: VerificationReport = JSON.parse((await verify([at('edit.mp4'), '--json'])).out);
  assert.deepEqual([report.verdict, report.lineage?.ingredients[0]?.title], ['ours', 'A red ball']);
});
