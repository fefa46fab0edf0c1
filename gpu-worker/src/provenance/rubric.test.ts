/**
 * C2PA's conformance rubric over everything that leaves a worker. C2PA_RUBRIC names the file, for example
 * `asset-rubrics/asset-rubric-conformance0.2-spec2.4.yml` of c2pa-org/conformance-public.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { extensionOf, KEPT } from '../testing/extended-video.ts';
import { commandFor } from '../testing/inference.ts';
import { bytesOf, type Made, make } from '../testing/live-video.ts';
import type { SignedMimeType } from './assertions.ts';
import { openDevelopmentSigner } from './development-signer.ts';
import type { Signer } from './signer.ts';
import { readCrJson } from './test-reader.ts';
import { type Finding, openRubric } from './test-rubric.ts';

const RUBRIC = process.env.C2PA_RUBRIC;
const skip = RUBRIC ? false : 'C2PA_RUBRIC names no conformance rubric';
if (skip) console.log(`SKIPPED: files were not held against C2PA's conformance rubric, since ${skip}`);

const [PARENT, CHILD] = [`video_${'a'.repeat(32)}`, `video_${'b'.repeat(32)}`];
const [PARENTS_MARK, OWN_MARK] = ['a'.repeat(12), 'b'.repeat(12)];

describe("C2PA's conformance rubric", { skip }, () => {
  let folder: string;
  let signer: Signer;
  let rubric: (cr_json: object) => Finding[];
  let parent: Made;
  let child: Made;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'everframe-rubric-'));
    signer = await openDevelopmentSigner(join(folder, 'keys'));
    rubric = await openRubric(RUBRIC ?? '');
    parent = await make(PARENT, { folder, signer, claim: { command: commandFor(KEPT), mark: PARENTS_MARK } });
    child = await make(CHILD, { folder, signer, claim: { ...extensionOf(parent, PARENT), mark: OWN_MARK }, before: parent });
  });
  after(() => rm(folder, { recursive: true, force: true }));

  /** @returns how many statements there are */
  async function assertMet(bytes: Uint8Array, mime_type: SignedMimeType = 'video/mp4'): Promise<number> {
    const findings = rubric(await readCrJson(bytes, mime_type, signer.trust_anchors_pem));
    assert.deepEqual(
      findings.filter(({ is_met }) => !is_met),
      [],
    );
    return findings.length;
  }
  const initOf = ({ commits, ...made }: Made) => bytesOf({ commits, ...made }, commits[0]?.segment.init ?? assert.fail());

  it('is met by a generated video, its thumbnail and its spritesheet', async () => {
    assert.ok((await assertMet(parent.video)) >= 31);
    for (const picture of ['thumbnail.jpg', 'spritesheet.jpg']) {
      await assertMet([...parent.stored].find(([key]) => key.endsWith(picture))?.[1] ?? assert.fail(picture), 'image/jpeg');
    }
  });

  it('is met by an extension of it, with the marks of both', async () => {
    await assertMet(child.video);
  });

  it('is met by the start of a live stream, and by that of an extension', async () => {
    await assertMet(initOf(parent));
    await assertMet(initOf(child));
  });

  it('notices a file that was altered, and says which statement', async () => {
    const altered = Uint8Array.from(parent.video);
    altered[altered.length - 9] = (altered.at(-9) ?? 0) ^ 1;
    const findings = rubric(await readCrJson(altered, 'video/mp4', signer.trust_anchors_pem));
    assert.ok(findings.some(({ id, is_met }) => id === 'validation:valid_success' && !is_met));
  });
});
