/** `everframe dev` (`npm start`): the whole service on this machine, until Ctrl-C. */
import { SECRET_MIN_CHARACTERS } from '@everframe/shared';
import { helpHint, readCommandLine, readWholeNumber } from '../command-line.ts';
import { usageFailure } from '../failure.ts';
import { aborted } from '../interrupt.ts';
import { logText } from '../log-text.ts';
import { curlLine, indent, sdkLines, watchLine } from '../next-steps.ts';
import { StepLine } from '../progress.ts';
import { DEFAULT_DATA_DIR } from '../repository.ts';
import { lockFileOf } from '../stack/data-dir.ts';
import { choosePort } from '../stack/free-port.ts';
import { isLoopback, readHost } from '../stack/host.ts';
import type { LogLine } from '../stack/log-line.ts';
import { type Stack, startStack } from '../stack/stack.ts';
import { requireNoRunningStack } from '../stack/stack-lock.ts';

const HELP = `everframe dev: run the whole service on this machine.

  npm start -- [options]

  --port <number>      0 takes any free one (default: 8787, or the next free one)
  --host <address>     0.0.0.0 opens the port to other machines, by plain HTTP (default: 127.0.0.1, this machine alone)
  --public-url <url>   what links in answers begin with, where a reverse proxy gives the service another address
  --data-dir <folder>  where everything is stored; deleting it resets the service (default: .everframe)
  --json               print one line of JSON, {"url","api_key"}, when it takes work; all else goes to standard error, the logs of edge
                       and worker as the JSON that they are

On a server of your own: --host 0.0.0.0 behind a reverse proxy for HTTPS that sets CF-Connecting-IP to the client's address, and --public-url
https://videos.example.com. Whoever reaches the port with a key can make videos; the queue, the stores and the worker stay on loopback.
With ADMIN_TOKEN in the environment the admin routes are open to whoever shows it (docs/operate.md).
`;

export async function dev(args: readonly string[], interrupt: AbortSignal): Promise<number> {
  const { values, positionals } = readCommandLine('dev', args, {
    port: { type: 'string' },
    host: { type: 'string' },
    'public-url': { type: 'string' },
    'data-dir': { type: 'string' },
    json: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  if (positionals.length > 0) throw usageFailure(`dev takes no arguments; got '${positionals[0]}'. ${helpHint('dev')}`);
  const asked_port = readWholeNumber('--port', values.port, 0, 65_535);
  const say = (line: string) => process.stderr.write(`${line}\n`);
  const show = values.json ? (text: string) => void process.stderr.write(text) : (text: string) => void process.stdout.write(text);

  const host = readHost(values.host);
  const public_url = readPublicUrl(values['public-url']);
  const edge_vars = { ...adminToken(process.env.ADMIN_TOKEN), ...(public_url !== undefined && { PUBLIC_URL: public_url }) };
  const steps = new StepLine(process.stderr, 'Everframe is starting');
  const tell = (line: string) => {
    steps.clear();
    say(line);
  };
  const showLog = (line: LogLine) => {
    const text = values.json ? JSON.stringify(line) : logText(line, new Date());
    if (text === undefined) return;
    steps.clear();
    show(`${text}\n`);
  };
  const data_dir = values['data-dir'] ?? DEFAULT_DATA_DIR;
  requireNoRunningStack(lockFileOf(data_dir));
  const { promise: failure, reject: fail } = Promise.withResolvers<never>();
  failure.catch(() => undefined);
  let stack: Stack;
  try {
    stack = await startStack({
      host,
      choosePort: () => choosePort(asked_port, tell, host),
      data_dir,
      purpose: 'dev',
      keep_workers_alive: true,
      edge_vars,
      signal: interrupt,
      log: tell,
      onStep: (part) => steps.step(part),
      onFailure: fail,
      onWorkerLog: showLog,
      onEdgeLog: showLog,
    }).finally(() => steps.clear());
  } catch (error) {
    if (interrupt.aborted) return 0;
    throw error;
  }
  if (values.json) process.stdout.write(`${JSON.stringify({ url: stack.url, api_key: stack.api_key })}\n`);
  else show(banner(stack, public_url ?? stack.url));
  if (!isLoopback(host)) say(openWarning(host, new URL(stack.url).port, public_url));
  try {
    await Promise.race([aborted(interrupt), failure]);
    return 0;
  } finally {
    if (!values.json) show('\nStopping ...\n');
    await stack.stop();
  }
}

/** The edge's secret of that name: with it, the admin routes are there. */
function adminToken(text: string | undefined): Record<string, string> {
  if (!text) return {};
  if (text.length >= SECRET_MIN_CHARACTERS) return { ADMIN_TOKEN: text };
  throw usageFailure(`ADMIN_TOKEN must have at least ${SECRET_MIN_CHARACTERS} characters; it has ${text.length}.`);
}

function readPublicUrl(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  // Links in answers begin at the root, so what a proxy serves below a path could not be reached by them.
  if (url && /^https?:$/.test(url.protocol) && url.href === `${url.origin}/`) return url.origin;
  throw usageFailure(`--public-url must be an address such as https://videos.example.com, without a path; got '${text}'.`);
}

function openWarning(host: string, port: string, public_url: string | undefined): string {
  const links = public_url === undefined ? ' Links in answers begin with the address that a request was sent to (--public-url).' : '';
  return `WARNING: port ${port} is open on ${host}. Anyone who reaches it with the key can make videos, and the key travels unencrypted over plain HTTP: put a reverse proxy with HTTPS in front.${links}\n`;
}

/** @param url as people reach the service */
function banner({ api_key, data_dir }: Stack, url: string): string {
  const address = { url, api_key };
  const lines = [
    '',
    `Everframe runs at  ${url}`,
    `API key            ${api_key}`,
    `Data               ${data_dir}`,
    `Pages              ${url}/        what this service is`,
    `                   ${url}/docs    every route, to try out`,
    `                   ${url}/watch   a video while it is made`,
    `                   ${url}/verify  who made a file`,
    '',
    'Make a video from another terminal:',
    '',
    `  ${curlLine(address)}`,
    '',
    'Watch it while it is made: this answers an address for any player, and for the page /watch',
    '',
    `  ${watchLine(address)}`,
    '',
    'or with the OpenAI SDK:',
    '',
  ];
  return `${lines.join('\n')}\n${indent(sdkLines(address))}\nCtrl-C ends it. Below: what happens to videos.\n\n`;
}
