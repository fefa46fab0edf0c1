/**
 * `node scripts/fuzz-api.mjs [--examples 20] [--seed 1] [--minutes 10]`: schemathesis (`pip install schemathesis`, on the PATH or named by
 * SCHEMATHESIS) asks a real edge whatever its OpenAPI document allows, and what it does not. It fails on any 5xx and on any
 * answer that is not documented. Not part of `npm test`: it is Python, and takes minutes.
 */
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import { ADMIN_TOKEN, startEdge } from '../edge/src/testing/edge.ts';

const CHECKS = [
  ...['not_a_server_error', 'status_code_conformance', 'content_type_conformance', 'response_headers_conformance'],
  ...['response_schema_conformance', 'ignored_auth', 'use_after_free'],
];

const { values } = parseArgs({
  options: {
    /** Of each operation. */
    examples: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
    /** For each of the two runs. */
    minutes: { type: 'string', default: '10' },
  },
});
const program = process.env.SCHEMATHESIS ?? 'schemathesis';
const edge = await startEdge({ OUTBOUND_LOOPBACK: 'refuse', DNS_RESOLVER_URL: '' });
await edge.setAccount('account_a', { billing: 'unlimited', max_concurrent_videos: null });
try {
  const failed = [
    await fuzz('the public API', edge.key.text, ['--exclude-path-regex', '^/admin/']),
    await fuzz("the operator's routes", ADMIN_TOKEN, ['--include-path-regex', '^/admin/']),
  ].filter(Boolean);
  console.log(failed.length === 0 ? 'schemathesis found nothing.' : `schemathesis found something in ${failed.join(' and ')}.`);
  process.exitCode = failed.length;
} finally {
  await edge.close();
}

/** @returns what was asked, where something was found */
async function fuzz(what, token, filter) {
  const options = [
    ...['run', `${edge.address}openapi.json`, '--header', `Authorization: Bearer ${token}`, ...filter],
    ...['--checks', CHECKS.join(','), '--max-examples', values.examples, '--seed', values.seed, '--continue-on-failure'],
    ...['--max-time', String(Math.ceil(60 * Number(values.minutes)))],
  ];
  const child = spawn(program, options, { stdio: 'inherit', cwd: tmpdir() });
  const code = await new Promise((resolve, reject) => {
    child.on('error', () => reject(new Error(`${program} cannot be run: 'pip install schemathesis', or name it by SCHEMATHESIS.`)));
    child.on('close', resolve);
  });
  return code === 0 ? undefined : what;
}
