/**
 * The secrets of one local installation, made at its first start and kept readable by its owner only.
 * In production they are set by `wrangler secret put` and the worker's environment.
 */
import { randomBytes } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { createApiKey, parseApiKey } from '@everframe/shared';
import { errorCode, Failure } from '../failure.ts';

export interface LocalSecrets {
  readonly worker_token: string;
  readonly ticket_secret: string;
  readonly key_pepper: string;
  readonly aws_access_key_id: string;
  readonly aws_secret_access_key: string;
  /** The development account's key, kept so that it stays the same between runs. */
  readonly api_key: string;
}

const NAMES = ['worker_token', 'ticket_secret', 'key_pepper', 'aws_access_key_id', 'aws_secret_access_key', 'api_key'] as const;

export async function openSecrets(file: string): Promise<LocalSecrets> {
  const stored = await read(file);
  if (stored) return stored;
  const secrets: LocalSecrets = {
    worker_token: randomBytes(32).toString('hex'),
    ticket_secret: randomBytes(32).toString('hex'),
    key_pepper: randomBytes(32).toString('hex'),
    aws_access_key_id: `AKIALOCAL${randomBytes(6).toString('hex').toUpperCase()}`,
    aws_secret_access_key: randomBytes(30).toString('base64url'),
    api_key: createApiKey().text,
  };
  await writeFile(`${file}.new`, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
  return secrets;
}

async function read(file: string): Promise<LocalSecrets | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw new Failure(`${file} cannot be read: ${String(error)}`, { cause: error });
  }
  try {
    const value = JSON.parse(text) as LocalSecrets;
    if (NAMES.every((name) => typeof value[name] === 'string') && parseApiKey(value.api_key)) return value;
  } catch {
    // Not JSON: refused below like any other damage.
  }
  // New secrets would lock its owner out of what is stored, so this is never repaired silently.
  throw new Failure(`${file} is damaged. Delete the data folder to begin anew; its videos are lost with it.`);
}
