#!/usr/bin/env node
/**
 * everframe dev|generate|verify|keys. Chooses the command and turns its outcome into an exit code:
 * 0 done, 1 did not work, 2 wrong command line, 130 interrupted.
 */
import { Failure } from './failure.ts';
import { createInterrupt } from './interrupt.ts';

const HELP = `Everframe: the Videos API as open software.

  everframe dev                  run the whole service on this machine
  everframe generate "<prompt>"  make a signed video
  everframe verify <file>        say who made a file, and whether it was altered
  everframe keys create          make an account and its key for a deployed service

Each has --help. In a checkout: npm start, npm run video -- "<prompt>", npm run verify -- <file>, npm run keys -- create.
`;

process.exit(await main(process.argv.slice(2)));

async function main([command, ...args]: string[]): Promise<number> {
  const interrupt = createInterrupt();
  try {
    switch (command) {
      case 'dev':
        return await (await import('./commands/dev.ts')).dev(args, interrupt);
      case 'generate':
        return await (await import('./commands/generate.ts')).generate(args, interrupt);
      case 'verify':
        return await (await import('./commands/verify.ts')).verify(args);
      case 'keys':
        return await (await import('./commands/keys.ts')).keys(args);
      case undefined:
      case 'help':
      case '--help':
      case '-h':
        process.stdout.write(HELP);
        return command === undefined ? 2 : 0;
      default:
        process.stderr.write(
          `There is no command '${command}'. There are dev, generate, verify and keys; \`everframe --help\` says more.\n`,
        );
        return 2;
    }
  } catch (error) {
    // What failed after an interrupt, as the end of a video may, is told as well.
    if (interrupt.aborted && !(error instanceof Failure)) return 130;
    if (error instanceof Failure) {
      process.stderr.write(`${error.message}\n`);
      return error.exit_code;
    }
    process.stderr.write(`This is a fault in Everframe: ${error instanceof Error ? error.stack : String(error)}\n`);
    return 1;
  }
}
