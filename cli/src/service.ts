/** The service that `generate` uses: one named by address, the local one that runs, or its own, ended afterwards. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure, usageFailure } from './failure.ts';
import { logText } from './log-text.ts';
import type { Address } from './next-steps.ts';
import { StepLine } from './progress.ts';
import { lockFileOf } from './stack/data-dir.ts';
import { choosePort } from './stack/free-port.ts';
import { findRunningStack, type RunningStack } from './stack/stack-lock.ts';

export interface Service extends Address {
  /** It signs with the local signer of the data folder. */
  readonly is_local: boolean;
  /** It was started here and ends with `close`. */
  readonly is_own: boolean;
  /** Rejects when an own service can no longer make videos. */
  readonly failure: Promise<never>;
  close(): Promise<void>;
}

export interface ServiceOptions {
  readonly url: string | undefined;
  readonly api_key: string | undefined;
  readonly data_dir: string;
  readonly interrupt: AbortSignal;
  readonly say: (line: string) => void;
}

const POLL_MS = 300;
const START_PATIENCE_MS = 120_000;

export async function openService(options: ServiceOptions): Promise<Service> {
  const { url, api_key } = options;
  if (url !== undefined) return borrowed(addressOfUrl(url, api_key), false);
  const running = await findUsableStack(options);
  return running ? borrowed(running, true) : startOwn(options);
}

/** @throws Failure with exit code 2 where an address or its key is none */
export function addressOfUrl(url: string, api_key: string | undefined): Address {
  if (!URL.canParse(url)) throw usageFailure(`--url must be an address such as https://videos.example.com; got '${url}'.`);
  if (api_key === undefined) throw usageFailure(`${url} needs a key: --api-key, or EVERFRAME_API_KEY.`);
  return { url: url.replace(/\/(v1\/?)?$/, ''), api_key };
}

function borrowed({ url, api_key }: Address, is_local: boolean): Service {
  return { url, api_key, is_local, is_own: false, failure: new Promise(() => undefined), close: async () => undefined };
}

/** Waits while another stack on this folder starts, or makes a video of its own. */
async function findUsableStack({ data_dir, interrupt, say }: ServiceOptions): Promise<Address | undefined> {
  let told = false;
  const deadline_ms = Date.now() + START_PATIENCE_MS;
  for (;;) {
    interrupt.throwIfAborted();
    const running = findRunningStack(lockFileOf(data_dir));
    if (!running) return undefined;
    const address = addressOf(running);
    if (address) return address;
    if (running.purpose === 'dev' && Date.now() > deadline_ms) {
      throw new Failure(`The service (process ${running.pid}) does not get ready. End it and try again.`);
    }
    if (!told)
      say(
        running.purpose === 'dev'
          ? 'Waiting for the service to be ready ...'
          : 'Waiting: another video is being made on this data folder ...',
      );
    told = true;
    await sleep(POLL_MS, undefined, { signal: interrupt });
  }
}

/** A stack that `generate` has started ends with its own video, so it is of no use to another. */
function addressOf({ purpose, url, api_key }: RunningStack): Address | undefined {
  return purpose !== 'generate' && url !== undefined && api_key !== undefined ? { url, api_key } : undefined;
}

async function startOwn({ data_dir, interrupt, say }: ServiceOptions): Promise<Service> {
  const steps = new StepLine(process.stderr, 'Starting the service for this video');
  const tell = (line: string) => {
    steps.clear();
    say(line);
  };
  steps.step('its programs');
  // Loaded only here: a remote service needs none of it.
  const { startStack } = await import('./stack/stack.ts');
  const { promise: failure, reject: fail } = Promise.withResolvers<never>();
  failure.catch(() => undefined);
  const stack = await startStack({
    // The one that `dev` would take, so that the address shown at the end is right there too.
    choosePort: () => choosePort(undefined, () => undefined),
    data_dir,
    purpose: 'generate',
    keep_workers_alive: true,
    signal: interrupt,
    log: tell,
    onStep: (part) => steps.step(part),
    onEdgeLog(line) {
      if (line.level !== 'info') tell(logText(line, new Date()) ?? line.message);
    },
    onWorkerLog(line) {
      if (line.level === 'error') tell(`worker: ${line.message}${typeof line.error === 'string' ? `: ${line.error}` : ''}`);
    },
    onFailure: fail,
  }).finally(() => steps.clear());
  return { url: stack.url, api_key: stack.api_key, is_local: true, is_own: true, failure, close: () => stack.stop() };
}
