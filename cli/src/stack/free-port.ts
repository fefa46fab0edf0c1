/** Whether a port can be had, and the first that can. */
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../failure.ts';

const DEFAULT_PORT = 8787;
const TRIES = 50;
const PATIENCE_MS = 1500;

/** The port asked for, or one clear refusal; without one, the default or the next that is free. */
export async function choosePort(asked: number | undefined, say: (line: string) => void, host = '127.0.0.1'): Promise<number> {
  if (asked !== undefined) {
    if (asked === 0 || (await isPortSoonFree(asked, host))) return asked;
    throw new Failure(`Port ${asked} is taken by another program. Choose another with --port, or leave it out to get a free one.`);
  }
  for (let port = DEFAULT_PORT; port < DEFAULT_PORT + TRIES; port++) {
    if (!(await (port === DEFAULT_PORT ? isPortSoonFree(port, host) : isPortFree(port, host)))) continue;
    if (port !== DEFAULT_PORT) say(`Port ${DEFAULT_PORT} is taken by another program; using ${port}.`);
    return port;
  }
  throw new Failure(`Ports ${DEFAULT_PORT} to ${DEFAULT_PORT + TRIES - 1} are all taken. Choose another with --port.`);
}

/** A service that has just ended may hold its port for a moment longer. */
async function isPortSoonFree(port: number, host: string): Promise<boolean> {
  const deadline_ms = Date.now() + PATIENCE_MS;
  while (!(await isPortFree(port, host))) {
    if (Date.now() > deadline_ms) return false;
    await sleep(100);
  }
  return true;
}

function isPortFree(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
