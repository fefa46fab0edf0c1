/**
 * The service's verdict against the reference reader's on public C2PA files. The reader is c2pa-rs 0.90.1, as c2pa-node
 * 0.8.0 ships it; the service has c2pa-rs 0.91.3. Verdicts differ between those two on what DIFFERENCES names.
 *
 * The files are large and not all under a licence that lets us ship them: C2PA_TEST_FILES names a folder of them (any
 * depth), with `test_cert_root_bundle.pem` of contentauth/c2pa-rs somewhere in it for trust.
 */
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Reader } from '@contentauth/c2pa-node';
import { mediaTypeOf, readerSettings, type VerificationReport } from '@everframe/shared/verification';
import { type Harness, startHarness } from './harness.ts';

/** By file name. */
const DIFFERENCES: Readonly<Record<string, string>> = {
  'legacy.mp4': '0.90.1 says Invalid (claimSignature.mismatch), 0.91.3 Valid',
};

const FOLDER = process.env.C2PA_TEST_FILES;
const skip = FOLDER ? false : 'C2PA_TEST_FILES names no folder of public C2PA test files';
if (skip) console.log(`SKIPPED: verdicts were not compared with the reference reader's, since ${skip}`);

describe('verdicts of the reference reader', { skip }, () => {
  let harness: Harness;
  let roots = '';
  let files: string[] = [];

  before(async () => {
    const entries = await readdir(FOLDER ?? '', { recursive: true });
    files = entries.filter((name) => /\.(mp4|m4s|jpe?g|png|webp|heic|avif)$/i.test(name)).map((name) => join(FOLDER ?? '', name));
    assert.ok(files.length >= 10, `${FOLDER} has ${files.length} media files; that is no test set`);
    const bundle = entries.find((name) => basename(name) === 'test_cert_root_bundle.pem');
    assert.ok(bundle, `${FOLDER} has no test_cert_root_bundle.pem`);
    roots = await readFile(join(FOLDER ?? '', bundle), 'utf8');
    harness = await startHarness({ workers: 0, trust_list_pem: roots });
  });
  after(() => harness?.stop());

  it('are those of the service, state and failures alike, but where the two versions are known to differ', async (t) => {
    const seen: Record<string, number> = {};
    for (const path of files) {
      await t.test(basename(path), async () => {
        const reference = await readReference(path);
        const service = await verify(path);
        seen[reference.state] = (seen[reference.state] ?? 0) + 1;
        if (basename(path) in DIFFERENCES) return assert.notDeepEqual(service, reference, 'no longer differs: take it off the list');
        assert.deepEqual(service, reference);
      });
    }
    // A set that is all of one kind would prove little.
    assert.ok(Object.keys(seen).length >= 4, JSON.stringify(seen));
    console.log(`compared ${files.length} files: ${JSON.stringify(seen)}`);
  });

  interface Judgement {
    readonly state: string;
    readonly failures: readonly string[];
  }

  async function readReference(path: string): Promise<Judgement> {
    const type = mediaTypeOf(await readFile(path));
    if (!type) return { state: 'refused', failures: [] };
    const settings = readerSettings({ own_roots_pem: '', trust_list_pem: roots });
    let reader: Reader | null;
    try {
      reader = await Reader.fromAsset({ path, mimeType: type }, settings);
    } catch {
      return { state: 'unreadable', failures: [] };
    }
    if (!reader) return { state: 'not_present', failures: [] };
    const { validation_state = '', validation_results } = reader.json();
    const failures = validation_results?.activeManifest?.failure ?? [];
    return { state: validation_state.toLowerCase(), failures: failures.map(({ code }: { code: string }) => code).sort() };
  }

  async function verify(path: string): Promise<Judgement> {
    const headers = { authorization: `Bearer ${harness.stack.api_key}` };
    const response = await fetch(`${harness.stack.url}/v1/verify`, { method: 'POST', headers, body: await readFile(path) });
    if (response.status !== 200) {
      const { error } = (await response.json()) as { error: { code: string } };
      return { state: error.code === 'unsupported_file' ? 'refused' : error.code, failures: [] };
    }
    const { verdict, validation_state, status } = (await response.json()) as VerificationReport;
    if (verdict === 'unreadable') return { state: 'unreadable', failures: [] };
    const failures = status.filter(({ outcome, about }) => outcome === 'failure' && about === 'file');
    return { state: validation_state, failures: failures.map(({ code }) => code).sort() };
  }
});
