/**
 * Damaged files through every reader, `--inputs 1000 --first 1`: signed videos, a live stream's start, its segments and a picture, by number. Files
 * go to c2pa-node by path, as at the worker and the terminal, to c2pa-wasm as at the edge and in the page, and through the pass that hashes large ones;
 * segments to the live verifier. A crash, a trap of the WebAssembly, an exception that is no answer, or more than a minute for
 * one input ends the process that reads and is counted; so is a damaged video or segment that is believed though a picture differs.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { writeSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { LiveVerifier } from '@everframe/shared/live-verification';
import { readerSettings, readStreamedFile, type StreamedFile, toVerificationReport, withBinding } from '@everframe/shared/verification';
import { makeSegment } from '../gpu-worker/src/media/segmenter.ts';
import { makeClip } from '../gpu-worker/src/media/test-clip.ts';
import { openWasmEncoder } from '../gpu-worker/src/media/wasm-encoder.ts';
import { openDevelopmentSigner } from '../gpu-worker/src/provenance/development-signer.ts';
import { LiveSession } from '../gpu-worker/src/provenance/live-session.ts';
import { readManifest } from '../gpu-worker/src/provenance/read-manifest.ts';
import { signAsset } from '../gpu-worker/src/provenance/sign-asset.ts';
import { makeTestPicture, makeTestVideo, TEST_FACTS } from '../gpu-worker/src/provenance/test-asset.ts';
import { readWith } from '../gpu-worker/src/provenance/test-reader.ts';
import { boxesOf } from '../gpu-worker/src/provenance/test-regions.ts';
import { mutate } from './mutate.ts';
import { readNumbers, single } from './options.ts';
import { report, round } from './report.ts';

const PATIENCE_MS = 60_000;

interface Answer {
  readonly number: number;
  /** `reader: state` of each reader. */
  readonly said: readonly string[];
  readonly is_believed: boolean;
}

const [mode, folder = '', from = '', to = ''] = process.argv.slice(2);
if (mode === 'read') await readAll(folder, Number(from), Number(to));
else await compare();

async function compare(): Promise<void> {
  const asked = readNumbers({ inputs: [1000], first: [1] });
  const [inputs, first] = [single('inputs', asked.inputs), single('first', asked.first)];
  const into = await mkdtemp(join(tmpdir(), 'everframe-bench-'));
  const began = performance.now();
  try {
    await makeSources(into);
    const crashes: object[] = [];
    const states: Record<string, number> = {};
    const believed: number[] = [];
    for (let next = first; next < first + inputs; ) {
      const { last, fault } = await readInChild(into, next, first + inputs, ({ number, said, is_believed }) => {
        for (const state of said) states[state] = (states[state] ?? 0) + 1;
        if (is_believed) believed.push(number);
      });
      if (fault) crashes.push({ input: last, fault });
      next = last + 1;
    }
    report('fuzz', {
      first,
      inputs,
      crashes: crashes.length,
      crashed_on: crashes,
      believed,
      states,
      ms_an_input: round((performance.now() - began) / inputs),
    });
  } finally {
    await rm(into, { recursive: true, force: true });
  }
}

/** Its lines are the number of each input before it is read, and what was answered after. @returns the input that it read last, and what it died of */
async function readInChild(
  into: string,
  next: number,
  end: number,
  onAnswer: (answer: Answer) => void,
): Promise<{ last: number; fault: string | undefined }> {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), 'read', into, String(next), String(end)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let last = next;
  let said = '';
  let hung = false;
  const hang = () => {
    hung = true;
    child.kill('SIGKILL');
  };
  let timer = setTimeout(hang, PATIENCE_MS);
  child.stderr.on('data', (text) => {
    said = `${said}${text}`.slice(-2000);
  });
  createInterface(child.stdout).on('line', (line) => {
    clearTimeout(timer);
    timer = setTimeout(hang, PATIENCE_MS);
    if (line.startsWith('{')) onAnswer(JSON.parse(line));
    else last = Number(line);
  });
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) => child.once('close', (...how) => resolve(how)));
  clearTimeout(timer);
  const fault = hung ? `no answer within ${PATIENCE_MS} ms` : code === 0 ? undefined : `${signal ?? code}: ${said}`;
  return { last, fault };
}

async function makeSources(into: string): Promise<void> {
  const signer = await openDevelopmentSigner(join(into, 'keys'));
  const signTo = async (name: string, source_path: string, options: object = {}) => {
    const out_path = join(into, name);
    await signAsset({ signer, source_path, mime_type: 'video/mp4', out_path, facts: TEST_FACTS, ...options });
    return out_path;
  };
  const video = await makeTestVideo(into);
  const parent = { path: await signTo('1-video.mp4', video), mime_type: 'video/mp4', title: 'parent' };
  await signTo('2-extended.mp4', video, { facts: { ...TEST_FACTS, origin: { kind: 'extended', parent, parent_made_by_model: true } } });
  await signTo('3-picture.jpg', await makeTestPicture(into), { mime_type: 'image/jpeg' });
  const size = { width: 64, height: 64, fps: 8 };
  const encoded = await openWasmEncoder().encode(makeClip(size, 0, 8), size);
  const { init, media } = makeSegment(encoded, { ...size, chunk_index: 0, first_frame: 0 });
  const session = await LiveSession.open({ signer, init, facts: TEST_FACTS, first_sequence_number: 1, scratch_dir: into });
  await writeFile(join(into, '4-init.mp4'), session.init);
  await writeFile(join(into, '5-segment.m4s'), await session.sign({ media, timescale: 8000, duration: 8000 }));
  await writeFile(join(into, 'roots.pem'), signer.trust_anchors_pem);
}

async function readAll(into: string, first: number, end: number): Promise<void> {
  const own_roots_pem = await readFile(join(into, 'roots.pem'), 'utf8');
  const settings = readerSettings({ own_roots_pem, trust_list_pem: '' });
  const names = (await readdir(into)).filter((name) => /^\d-/.test(name)).sort();
  const sources = await Promise.all(names.map((name) => readFile(join(into, name))));
  const init = sources[names.indexOf('4-init.mp4')] as Buffer;
  const init_report = toVerificationReport(await readWith(init, 'video/mp4', settings), 'fuzz', () => undefined);
  for (let number = first; number < end; number++) {
    writeSync(1, `${number}\n`);
    const index = number % sources.length;
    const source = sources[index] as Buffer;
    const bytes = mutate(source, sources, number);
    const name = names[index] as string;
    const said: string[] = [];
    if (name.endsWith('.m4s')) {
      const verifier = new LiveVerifier();
      await verifier.begin(init, init_report);
      said.push(`live: ${(await verifier.check(bytes)).verdict}`);
    } else {
      const type = name.endsWith('.jpg') ? 'image/jpeg' : 'video/mp4';
      const path = join(into, 'damaged');
      await writeFile(path, bytes);
      said.push(`node: ${(await readManifest(path, type, own_roots_pem)).state}`, `wasm: ${await readAsEdge(bytes, type, settings)}`);
      if (type === 'video/mp4') said.push(`one pass: ${await readInOnePass(bytes, settings)}`);
    }
    const is_sound = said.some((state) => /: (trusted|valid)$/.test(state));
    const is_believed = is_sound && !name.endsWith('.jpg') && pictures(bytes) !== pictures(source);
    writeSync(1, `${JSON.stringify({ number, said, is_believed } satisfies Answer)}\n`);
  }
}

/** What it refuses with a sentence is an answer; a trap is not. */
async function readAsEdge(bytes: Uint8Array, type: string, settings: object, streamed?: StreamedFile): Promise<string> {
  try {
    const json: unknown = await readWith(bytes, type, settings);
    return toVerificationReport(streamed ? withBinding(json, streamed) : json, 'fuzz', () => undefined).validation_state ?? 'none';
  } catch (error) {
    if (error instanceof Error && error.name === 'RuntimeError') throw error;
    return 'refused';
  }
}

/** As the edge and the terminal check what is too large to be held. */
async function readInOnePass(bytes: Uint8Array, settings: object): Promise<string> {
  const streamed = await readStreamedFile(inPieces(bytes), createSha256);
  const { head, binding } = streamed;
  if (binding === 'none' || binding === 'unsupported') return binding;
  return readAsEdge(head, 'video/mp4', settings, streamed);
}

/** All that is shown, and when. */
function pictures(bytes: Uint8Array): string {
  const shown = boxesOf(Buffer.from(bytes)).filter(({ type }) => type === 'moov' || type === 'moof' || type === 'mdat');
  return shown.map(({ start, end }) => createHash('sha256').update(bytes.subarray(start, end)).digest('hex')).join();
}

async function* inPieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 4096) yield bytes.subarray(at, at + 4096);
}

function createSha256() {
  const hash = createHash('sha256');
  return { update: (bytes: Uint8Array) => hash.update(bytes), digest: async () => new Uint8Array(hash.digest()) };
}
