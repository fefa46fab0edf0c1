/** The address that the edge's port is opened on: this machine alone, or others too. */
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { usageFailure } from '../failure.ts';

export const LOOPBACK = '127.0.0.1';
const ALL = ['0.0.0.0', '::'];

export function isLoopback(host: string): boolean {
  return host === '::1' || host.startsWith('127.');
}

/** As this machine reaches it: an address that stands for all of a machine is reached at its loopback address. */
export function localUrl(host: string, port: string): string {
  const reached = host === '0.0.0.0' ? LOOPBACK : host === '::' ? '::1' : host;
  return `http://${reached.includes(':') ? `[${reached}]` : reached}:${port}`;
}

/** @throws Failure with exit code 2 where it is no address of this machine */
export function readHost(text: string | undefined): string {
  if (text === undefined || text === 'localhost') return LOOPBACK;
  if (isIP(text) !== 0 && (ALL.includes(text) || isLoopback(text) || ownAddresses().includes(text))) return text;
  throw usageFailure(`--host must be 0.0.0.0 or an IP address of this machine (${ownAddresses().join(', ')}); got '${text}'.`);
}

function ownAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((addresses = []) => addresses.map(({ address }) => address));
}
