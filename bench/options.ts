/** What a benchmark is told: numbers, `--rounds 3 --frames 100,1000`, and the provider. A wrong one ends it with exit code 2. */
import { parseArgs } from 'node:util';
import type { Provider } from '../gpu-worker/src/model/session.ts';

const PROVIDERS: readonly Provider[] = ['cpu', 'cuda', 'webgpu'];

/** @param defaults one number or several for each option */
export function readNumbers<Names extends string>(defaults: Readonly<Record<Names, readonly number[]>>): Record<Names, readonly number[]> {
  const names = Object.keys(defaults) as Names[];
  const values = parse(names, `Its options are: ${names.map((name) => `--${name} ${defaults[name].join(',')}`).join(' ')}`);
  const read = { ...defaults } as Record<Names, readonly number[]>;
  for (const name of names) {
    const value = values[name];
    if (value === undefined) continue;
    read[name] = value.split(',').map(Number);
    if (read[name].some((number) => !Number.isInteger(number) || number < 1)) {
      refuse(`--${name} takes whole numbers above 0, with commas between them; got '${value}'.`);
    }
  }
  return read;
}

/** The one number that an option was given. */
export function single(name: string, numbers: readonly number[]): number {
  const [number] = numbers;
  if (number === undefined || numbers.length !== 1) return refuse(`--${name} takes one number; got ${numbers.join(',')}.`);
  return number;
}

/** EVERFRAME_PROVIDER, as the worker reads it. */
export function readProvider(): Provider {
  const { EVERFRAME_PROVIDER: asked = 'cpu' } = process.env;
  return PROVIDERS.find((provider) => provider === asked) ?? refuse(`EVERFRAME_PROVIDER must be cpu, cuda or webgpu; got '${asked}'.`);
}

function parse(names: readonly string[], known: string): Readonly<Record<string, string | undefined>> {
  try {
    return parseArgs({ options: Object.fromEntries(names.map((name) => [name, { type: 'string' as const }])) }).values;
  } catch (error) {
    return refuse(`${error instanceof Error ? error.message.split('. ')[0] : String(error)}. ${known}`);
  }
}

function refuse(sentence: string): never {
  console.error(sentence);
  process.exit(2);
}
