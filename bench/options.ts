/** Numbers on a benchmark's command line: `--rounds 3 --frames 100,1000`. */
import { parseArgs } from 'node:util';

/** @param defaults one number or several for each option */
export function readNumbers<Names extends string>(defaults: Readonly<Record<Names, readonly number[]>>): Record<Names, readonly number[]> {
  const names = Object.keys(defaults) as Names[];
  const options = Object.fromEntries(names.map((name) => [name, { type: 'string' as const }]));
  const { values } = parseArgs({ options });
  const read = { ...defaults } as Record<Names, readonly number[]>;
  for (const name of names) {
    const value = values[name];
    if (value === undefined) continue;
    read[name] = String(value).split(',').map(Number);
    if (read[name].some((number) => !Number.isInteger(number) || number < 1)) {
      throw new RangeError(`--${name} takes whole numbers above 0, with commas between them; got ${value}`);
    }
  }
  return read;
}

/** The one number that an option was given. @throws RangeError where it was given several */
export function single(name: string, numbers: readonly number[]): number {
  const [number] = numbers;
  if (number === undefined || numbers.length !== 1) throw new RangeError(`--${name} takes one number; got ${numbers.join(', ')}`);
  return number;
}
