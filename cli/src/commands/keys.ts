/**
 * `everframe keys create` (`npm run keys -- create`): an account with its key for a deployed service. Reaches no
 * network: it prints what wrangler is to run.
 */
import { createApiKey } from '@everframe/shared';
import { helpHint, readCommandLine } from '../command-line.ts';
import { usageFailure } from '../failure.ts';
import { sqlText } from '../sql-text.ts';
import { accountIdOf, accountStatements } from '../stack/account.ts';

const NAME_MAX_LENGTH = 100;
/** As the edge demands of its secrets. */
const PEPPER_MIN_LENGTH = 32;

const HELP = `everframe keys create --name <account>: make an account and its API key for a deployed service.

  KEY_PEPPER=... npm run keys -- create --name <account>

  --name <account>     who the account is for, at most ${NAME_MAX_LENGTH} characters

KEY_PEPPER is the secret of that name that the edge has. The key goes to standard error and is shown only this once; the
command that makes it known goes to standard output. Without a network; nothing is stored.
`;

export async function keys(args: readonly string[]): Promise<number> {
  const { values, positionals } = readCommandLine('keys', args, {
    name: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const [action, ...others] = positionals;
  if (action !== 'create' || others.length > 0) {
    throw usageFailure(`keys knows one thing, create; got '${positionals.join(' ')}'. ${helpHint('keys')}`);
  }
  const name = readName(values.name);
  const key_pepper = readPepper(process.env.KEY_PEPPER);

  const key = createApiKey();
  const sql = sqlText(await accountStatements({ id: accountIdOf(key), name }, key, key_pepper));
  process.stderr.write(`API key, shown only now:\n\n  ${key.text}\n\nIt is known to the edge once this has run:\n\n`);
  process.stdout.write(`npx wrangler d1 execute everframe --remote --command "${sql}"\n`);
  return 0;
}

function readName(text: string | undefined): string {
  const name = text?.trim() ?? '';
  if (name === '' || name.length > NAME_MAX_LENGTH) {
    throw usageFailure(`--name must have 1 to ${NAME_MAX_LENGTH} characters; got ${name.length}.`);
  }
  return name;
}

function readPepper(text: string | undefined): string {
  if (text === undefined || text.length < PEPPER_MIN_LENGTH) {
    const got = text === undefined ? 'it is not set' : `it has ${text.length}`;
    throw usageFailure(`KEY_PEPPER must be the edge's secret of that name, at least ${PEPPER_MIN_LENGTH} characters; ${got}.`);
  }
  return text;
}
