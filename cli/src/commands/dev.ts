/** `everframe dev` (`npm start`): the whole service on this machine, until Ctrl-C. */
import { SECRET_MIN_CHARACTERS } from '@everframe/shared';
import { helpHint, readCommandLine, readWholeNumber } from '../command-line.ts';
import { usageFailure } from '../failure.ts';
import { aborted } from '../interrupt.ts';
import { curlLine, indent, sdkLines, watchLine } from '../next-steps.ts';
import { DEFAULT_DATA_DIR } from '../repository.ts';
import { lockFileOf } from '../stack/data-dir.ts';
import { choosePort } from '../stack/free-port.ts';
import { type Stack, startStack } from '../stack/stack.ts';
import { requireNoRunningStack } from '../stack/stack-lock.ts';
import { workerLogText } from '../worker-log-text.ts';

const HELP = `everframe dev: run the whole service on this machine.

  npm start -- [options]

  --port <number>      port on 127.0.0.1; 0 takes any free one (default: 8787, or the next free one)
  --data-dir <folder>  where everything is stored; deleting it resets the service (default: .everframe)
  --json               print one line of JSON, {"url","api_key"}, when it takes work; all else goes to standard error

With ADMIN_TOKEN in the environment the admin routes are open to whoever shows it (docs/operate.md).
`;

export async function dev(args: readonly string[], interrupt: AbortSignal): Promise<number> {
  const { values, positionals } = readCommandLine('dev', args, {
    port: { type: 'string' },
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

  const edge_vars = adminToken(process.env.ADMIN_TOKEN);
  if (!values.json) show('Everframe is starting ...\n');
  const data_dir = values['data-dir'] ?? DEFAULT_DATA_DIR;
  requireNoRunningStack(lockFileOf(data_dir));
  const { promise: failure, reject: fail } = Promise.withResolvers<never>();
  failure.catch(() => undefined);
  let stack: Stack;
  try {
    stack = await startStack({
      choosePort: () => choosePort(asked_port, say),
      data_dir,
      purpose: 'dev',
      keep_workers_alive: true,
      edge_vars,
      signal: interrupt,
      log: say,
      onFailure: fail,
      onWorkerLog(line) {
        const text = workerLogText(line, new Date());
        if (text !== undefined) show(`${text}\n`);
      },
    });
  } catch (error) {
    if (interrupt.aborted) return 0;
    throw error;
  }
  if (values.json) process.stdout.write(`${JSON.stringify({ url: stack.url, api_key: stack.api_key })}\n`);
  else show(banner(stack));
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

function banner(stack: Stack): string {
  const lines = [
    '',
    `Everframe runs at  ${stack.url}`,
    `API key            ${stack.api_key}`,
    `Data               ${stack.data_dir}`,
    '',
    'Make a video from another terminal:',
    '',
    `  ${curlLine(stack)}`,
    '',
    `Watch it while it is made: this answers an address for any player, and for ${stack.url}/watch`,
    '',
    `  ${watchLine(stack)}`,
    '',
    'or with the OpenAI SDK:',
    '',
  ];
  return `${lines.join('\n')}\n${indent(sdkLines(stack))}\nCtrl-C ends it. Below: what happens to videos.\n\n`;
}
