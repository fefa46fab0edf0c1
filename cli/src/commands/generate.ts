/**
 * `everframe generate` (`npm run video`): a prompt in, a signed and verified MP4 out. Talks to a stack over HTTP as
 * any client does: the one that runs, one named by --url, or one that is started for this video alone.
 */
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { VerificationReport } from '@everframe/shared/verification';
import { ApiClient, type CreatedVideo, type CreateVideo, type Video } from '../api-client.ts';
import { checkManifest } from '../check-manifest.ts';
import { checkRequest } from '../check-request.ts';
import { readCommandLine } from '../command-line.ts';
import { completeVideo } from '../complete-video.ts';
import { Failure, usageFailure } from '../failure.ts';
import { manifestText } from '../manifest-text.ts';
import { indent } from '../next-steps.ts';
import { readImage } from '../read-image.ts';
import { DEFAULT_DATA_DIR } from '../repository.ts';
import { saveFile } from '../save-file.ts';
import { openService, type Service } from '../service.ts';
import { stopVideo } from '../stop-video.ts';
import { readLocalTrustAnchors } from '../trust-anchors.ts';

const HELP = `everframe generate "<prompt>": make a signed video.

  npm run video -- "<prompt>" [options]

  --seconds <number>   length of the video (default: the model's); "endless": until Ctrl-C
  --seed <number>      the same seed, prompt and model give the same video (default: random)
  --size <w>x<h>       in pixels, one that the model offers (default: its first)
  --model <name>       (default: the first that is served)
  --image <file>       a JPEG or PNG that the video begins with
  --out <file>         where the MP4 goes (default: out/<id>.mp4); folders that are missing are made
  --thumbnail <file>   where its signed thumbnail, a JPEG, goes too (default: nowhere)
  --json               print one line of JSON when it is saved: id, file, verdict, warnings and more
  --data-dir <folder>  the local service's folder (default: .everframe)
  --url <address>      a running service instead of this machine's; also EVERFRAME_URL
  --api-key <key>      its key; also EVERFRAME_API_KEY

  npm run video -- --stop <id>   ends a video of the running service with what is made of it

Ctrl-C ends the video and saves what is made of it; where that is nothing, the video is deleted. Ctrl-C again leaves at once, and
the service finishes what there is. What the shipped model can draw: models/README.md#what-it-knows
`;

const OPTIONS = {
  seconds: { type: 'string' },
  seed: { type: 'string' },
  size: { type: 'string' },
  model: { type: 'string' },
  image: { type: 'string' },
  out: { type: 'string' },
  thumbnail: { type: 'string' },
  json: { type: 'boolean' },
  stop: { type: 'string' },
  'data-dir': { type: 'string' },
  url: { type: 'string' },
  'api-key': { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

const FAILURE_DELAY_MS = 300;

export async function generate(args: readonly string[], interrupt: AbortSignal): Promise<number> {
  const { values, positionals } = readCommandLine('generate', args, OPTIONS);
  const [prompt, ...others] = positionals;
  if (values.help || (prompt === undefined && values.stop === undefined)) {
    process.stdout.write(HELP);
    return values.help ? 0 : 2;
  }
  const data_dir = values['data-dir'] ?? DEFAULT_DATA_DIR;
  const url = values.url ?? process.env.EVERFRAME_URL;
  const api_key = values['api-key'] ?? process.env.EVERFRAME_API_KEY;
  if (values.stop !== undefined) {
    process.stdout.write(`${await stopVideo({ id: values.stop, url, api_key, data_dir, interrupt })}\n`);
    return 0;
  }
  if (others.length > 0)
    throw usageFailure(
      `The prompt must be one argument; got ${positionals.length}. Put it in quotes, and options after "--": npm run video -- "a red balloon" --seconds 4`,
    );
  const { seconds, seed, size, model, image } = values;
  const input_reference = image === undefined ? undefined : await readImage(image);
  const asked = { prompt, seconds, seed, size, model, input_reference };
  const fields = Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined)) as unknown as CreateVideo;
  checkRequest(fields, url === undefined);
  const say = (line: string) => process.stderr.write(`${line}\n`);

  const service = await openService({ url, api_key, data_dir, interrupt, say });
  try {
    // What was made is saved after an interrupt too; a second one ends the process.
    const client = new ApiClient(service, new AbortController().signal);
    const created = await client.createVideo(fields).catch(async (error: unknown) => {
      // An own service that broke down says why a moment later.
      await Promise.race([service.failure, sleep(FAILURE_DELAY_MS)]);
      throw error;
    });
    for (const line of introduction(created)) say(line);
    const watch_url = await client.watchUrl(created.id);
    if (watch_url) say(`Watch it while it is made: ${watch_url}`);
    const options = [...(url ? [`--url ${url}`] : []), ...(values['data-dir'] ? [`--data-dir ${data_dir}`] : [])];
    const video = await completeVideo(created, {
      ...{ client, failure: service.failure, interrupt, say },
      stopCommand: (id) => ['npm run video --', ...options, '--stop', id].join(' '),
      leftBehind: (id) => leftBehind(id, service),
    });
    // Nobody waits for a file that is whole: an interrupt leaves it with the service.
    const saving = new ApiClient(service, interrupt.aborted ? new AbortController().signal : interrupt);
    const path = resolve(values.out ?? join('out', `${video.id}.mp4`));
    await saveFile(saving, video.id, 'video', path);
    const roots = service.is_local ? await readLocalTrustAnchors(data_dir) : undefined;
    const report = await requireIntact(path, 'video/mp4', roots);
    const thumbnail = values.thumbnail === undefined ? undefined : resolve(values.thumbnail);
    if (thumbnail !== undefined) {
      await saveFile(saving, video.id, 'thumbnail', thumbnail);
      await requireIntact(thumbnail, 'image/jpeg', roots);
    }
    process.stdout.write(
      values.json ? `${resultJson(created, video, report, path, thumbnail)}\n` : finishText(service, report, path, thumbnail),
    );
    return 0;
  } finally {
    await service.close();
  }
}

/** What will be made, and what of the prompt will not. */
function introduction({ id, seconds, size, model, seed, warnings = [] }: CreatedVideo): string[] {
  const length = seconds === 'endless' ? seconds : `${seconds} s`;
  return [
    `${id}: ${length} at ${size} by ${model}${seed === undefined ? '' : `, seed ${seed}`}`,
    ...warnings.map(({ message }) => `Warning: ${message}`),
    ...(warnings.some(({ param }) => param === 'prompt') ? ['What the shipped model knows: models/README.md#what-it-knows'] : []),
  ];
}

function leftBehind(id: string, { url, is_own }: Service): string {
  return is_own
    ? 'the next start of the service on this folder (npm start) finishes the video.'
    : `the service finishes the video, and ${url}/v1/videos/${id}/content has it.`;
}

/** @throws Failure where what was served is not as it was signed */
async function requireIntact(path: string, type: 'video/mp4' | 'image/jpeg', roots_pem: string | undefined): Promise<VerificationReport> {
  const report = await checkManifest(path, type, { own_roots_pem: roots_pem ?? '', trust_list_pem: '' });
  if (report.validation_state !== 'invalid' && report.validation_state !== 'not_present') return report;
  process.stderr.write(`\n${path}\n\n${indent(manifestText(report))}`);
  throw new Failure('The file that was served does not carry an intact credential. Do not pass it on as made by Everframe.');
}

function resultJson(
  { warnings = [] }: CreatedVideo,
  { id, model, seconds, size, seed, frames, ended_by }: Video,
  { verdict, summary }: VerificationReport,
  file: string,
  thumbnail: string | undefined,
): string {
  return JSON.stringify({ id, file, thumbnail, verdict, summary, model, seconds, size, seed, frames: frames?.done, ended_by, warnings });
}

function finishText(service: Service, { summary }: VerificationReport, path: string, thumbnail: string | undefined): string {
  const files = [path, ...(thumbnail === undefined ? [] : [thumbnail])];
  const use = service.is_own ? '`npm start` runs the service for your own code' : `for your own code the service is at ${service.url}`;
  return `\n${indent([...files, summary])}\nAny player shows it; \`npm run verify -- ${quoted(path)}\` says who made it; ${use}.\n`;
}

/** As a shell takes it. */
function quoted(path: string): string {
  return /^[\w./@:+,-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}
