/**
 * `everframe generate` (`npm run video`): a prompt in, a signed and verified MP4 out. Talks to a stack over HTTP as
 * any client does: the one that runs, one named by --url, or one that is started for this video alone.
 */
import { rmSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiClient, type CreateVideo, type Video } from '../api-client.ts';
import { checkManifest } from '../check-manifest.ts';
import { readCommandLine } from '../command-line.ts';
import { Failure, usageFailure } from '../failure.ts';
import { manifestText } from '../manifest-text.ts';
import { curlLine, indent, sdkLines } from '../next-steps.ts';
import { ProgressLine } from '../progress.ts';
import { DEFAULT_DATA_DIR } from '../repository.ts';
import { openService, type Service } from '../service.ts';
import { readLocalTrustAnchors } from '../trust-anchors.ts';
import { waitForVideo } from '../wait-for-video.ts';

const HELP = `everframe generate "<prompt>": make a signed video.

  npm run video -- "<prompt>" [options]

  --seconds <number>   length of the video (default: the model's); "endless": until Ctrl-C, which ends and saves it
  --seed <number>      the same seed, prompt and model give the same video (default: random)
  --size <w>x<h>       in pixels, one that the model offers (default: its first)
  --model <name>       (default: the first that is served)
  --out <file>         where the MP4 goes (default: out/<id>.mp4)
  --data-dir <folder>  the local service's folder (default: .everframe)
  --url <address>      a running service instead of this machine's; also EVERFRAME_URL
  --api-key <key>      its key; also EVERFRAME_API_KEY
`;

const OPTIONS = {
  seconds: { type: 'string' },
  seed: { type: 'string' },
  size: { type: 'string' },
  model: { type: 'string' },
  out: { type: 'string' },
  'data-dir': { type: 'string' },
  url: { type: 'string' },
  'api-key': { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

const ABANDON_TIMEOUT_MS = 3000;
const FAILURE_DELAY_MS = 300;

export async function generate(args: readonly string[], interrupt: AbortSignal): Promise<number> {
  const { values, positionals } = readCommandLine('generate', args, OPTIONS);
  const [prompt, ...others] = positionals;
  if (values.help || prompt === undefined) {
    process.stdout.write(HELP);
    return values.help ? 0 : 2;
  }
  if (others.length > 0)
    throw usageFailure(
      `The prompt must be one argument; got ${positionals.length}. Put it in quotes, and options after "--": npm run video -- "a red balloon" --seconds 4`,
    );
  const { seconds, seed, size, model } = values;
  const fields: CreateVideo = {
    prompt,
    ...(seconds && { seconds }),
    ...(seed && { seed }),
    ...(size && { size }),
    ...(model && { model }),
  };
  const data_dir = values['data-dir'] ?? DEFAULT_DATA_DIR;
  const say = (line: string) => process.stderr.write(`${line}\n`);

  const service = await openService({
    url: values.url ?? process.env.EVERFRAME_URL,
    api_key: values['api-key'] ?? process.env.EVERFRAME_API_KEY,
    data_dir,
    interrupt,
    say,
  });
  try {
    // An endless video is saved after the interrupt; a second one ends the process.
    const is_endless = seconds === 'endless';
    const client = new ApiClient(service, is_endless ? new AbortController().signal : interrupt);
    const created = await client.createVideo(fields).catch(async (error: unknown) => {
      // An own service that broke down says why a moment later.
      await Promise.race([service.failure, sleep(FAILURE_DELAY_MS)]);
      throw error;
    });
    say(`${created.id}: ${is_endless ? 'endless' : `${created.seconds} s`} at ${created.size} by ${created.model}`);
    const watch_url = await client.watchUrl(created.id);
    if (watch_url) say(`Watch it while it is made: ${watch_url}`);
    const video = await (is_endless ? makeEndless : makeVideo)(client, created, service, interrupt).catch(async (error: unknown) => {
      if (interrupt.aborted && !is_endless) await abandon(created.id, service, say);
      throw error;
    });
    const path = resolve(values.out ?? join('out', `${video.id}.mp4`));
    await save(client, video.id, path);
    await report(path, service.is_local ? await readLocalTrustAnchors(data_dir) : undefined);
    process.stdout.write(nextSteps(service, data_dir));
    return 0;
  } finally {
    await service.close();
  }
}

/** Nobody waits for the video any more, so no worker should make it. */
async function abandon(id: string, service: Service, say: (line: string) => void): Promise<void> {
  try {
    await new ApiClient(service, AbortSignal.timeout(ABANDON_TIMEOUT_MS)).deleteVideo(id);
    say('\nStopped, and the video deleted.');
  } catch {
    // The server is gone or does not know the call: the person is told, and nothing else is to be done.
    say(`\nStopped. ${id} could not be deleted, so a worker may still make it.`);
  }
}

/** Until it ends by itself or is interrupted: then the service brings it to its end, and it is waited for. */
async function makeEndless(client: ApiClient, created: Video, service: Service, interrupt: AbortSignal): Promise<Video> {
  const video = await makeVideo(client, created, service, interrupt).catch((error: unknown) => {
    if (!interrupt.aborted) throw error;
  });
  if (video) return video;
  process.stderr.write('Ending the video with what is made of it; Ctrl-C again leaves it to the service.\n');
  const ending = await client.cancelVideo(created.id);
  return makeVideo(client, ending, service, new AbortController().signal);
}

async function makeVideo(client: ApiClient, created: Video, service: Service, interrupt: AbortSignal): Promise<Video> {
  const line = new ProgressLine(process.stderr);
  try {
    const video = await waitForVideo(client, created, service.failure, interrupt, (text) => line.show(text, Date.now()));
    if (video.status === 'failed') throw new Failure(`The video failed: ${video.error?.message ?? 'no reason was given.'}`);
    return video;
  } finally {
    line.end();
  }
}

/** Under a temporary name first: the name asked for never stands for half a file. */
async function save(client: ApiClient, id: string, path: string): Promise<void> {
  const part = `${path}.${process.pid}.part`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await client.download(id, part);
    await rename(part, path);
  } catch (error) {
    rmSync(part, { force: true });
    if (error instanceof Failure || !(error instanceof Error) || error.name === 'AbortError') throw error;
    throw new Failure(`The video could not be saved as ${path}: ${error.message}.`, { cause: error });
  }
}

async function report(path: string, trust_anchors_pem: string | undefined): Promise<void> {
  const manifest = await checkManifest(path, 'video/mp4', { own_roots_pem: trust_anchors_pem ?? '', trust_list_pem: '' });
  process.stdout.write(`\n${path}\n\n${indent(manifestText(manifest))}`);
  if (manifest.validation_state === 'invalid' || manifest.validation_state === 'not_present') {
    throw new Failure('The video that was served does not carry an intact credential. Do not pass it on as made by Everframe.');
  }
}

function nextSteps(service: Service, data_dir: string): string {
  const start = data_dir === DEFAULT_DATA_DIR ? 'npm start' : `npm start -- --data-dir ${data_dir}`;
  const intro = service.is_own ? `\`${start}\` keeps the service running; then` : 'The service is running;';
  return `\n${intro} another video is one request away:\n\n${indent([curlLine(service), '', ...sdkLines(service)])}\n`;
}
