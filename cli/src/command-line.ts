/** A command's options, read strictly: what is not known is refused by name. */
import { type ParseArgsConfig, type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { usageFailure } from './failure.ts';

type Parsed<T extends ParseArgsOptionsConfig> = ReturnType<typeof parseArgs<{ options: T; allowPositionals: true }>>;

/** @throws Failure with exit code 2 that names the option and points to the help */
export function readCommandLine<const T extends ParseArgsOptionsConfig>(command: string, args: readonly string[], options: T): Parsed<T> {
  const config = { args: [...args], options, allowPositionals: true } as const satisfies ParseArgsConfig;
  try {
    return parseArgs(config);
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split('. ')[0] ?? error.message) : String(error);
    throw usageFailure(`${reason.replace(/\.$/, '')}. ${helpHint(command)}`);
  }
}

/** The npm script of each command. */
const SCRIPTS: Readonly<Record<string, string>> = {
  dev: 'npm start',
  generate: 'npm run video',
  verify: 'npm run verify',
  keys: 'npm run keys',
};

/** Where a command's help is, in the words that the person started it with: the scripts of a checkout go through a launcher. */
export function helpHint(command: string): string {
  const { npm_lifecycle_event, EVERFRAME_LAUNCHER_PID } = process.env;
  const script = npm_lifecycle_event || EVERFRAME_LAUNCHER_PID ? SCRIPTS[command] : undefined;
  return `\`${script ? `${script} --` : `everframe ${command}`} --help\` says more.`;
}

/** An option that must be a whole number within bounds; undefined stays undefined. */
export function readWholeNumber(option: string, text: string | undefined, min: number, max: number): number | undefined {
  if (text === undefined) return undefined;
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max)) throw usageFailure(`${option} must be a whole number from ${min} to ${max}; got '${text}'.`);
  return value;
}
