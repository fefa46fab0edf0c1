import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfig } from './config.ts';

const COMPLETE = {
  EVERFRAME_EDGE_URL: 'http://127.0.0.1:8787/',
  EVERFRAME_WORKER_TOKEN: 'a-token-of-at-least-16',
  SQS_QUEUE_URL: 'http://127.0.0.1:4566/000000000000/jobs',
  AWS_REGION: 'us-east-1',
  EVERFRAME_PACKAGES_DIR: 'models/packages',
  EVERFRAME_SCRATCH_DIR: 'scratch',
  EVERFRAME_SIGNER_DIR: 'signer',
};

test('defaults are filled where a variable may be left out', () => {
  const config = readConfig({ ...COMPLETE, SQS_ENDPOINT: '' });
  assert.equal(config.edge_url, 'http://127.0.0.1:8787');
  assert.equal(config.provider, 'cpu');
  assert.equal(config.encoder, 'auto');
  assert.equal(config.queue.endpoint, undefined);
});

test('every missing or wrong variable is named at once', () => {
  const { AWS_REGION, ...rest } = COMPLETE;
  assert.throws(
    () => readConfig({ ...rest, EVERFRAME_PROVIDER: 'tpu', EVERFRAME_WORKER_TOKEN: 'short' }),
    (error: Error) => {
      for (const name of ['AWS_REGION', 'EVERFRAME_PROVIDER', 'EVERFRAME_WORKER_TOKEN']) assert.match(error.message, new RegExp(name));
      return true;
    },
  );
});

test('a variable that is missing or wrong is told with what it must be, a secret without its value', () => {
  const { EVERFRAME_EDGE_URL, ...rest } = COMPLETE;
  assert.throws(() => readConfig(rest), /: EVERFRAME_EDGE_URL is not set: it must be the http:\/\/ or https:\/\/ address of the edge$/);
  for (const [name, value, sentence] of [
    ['EVERFRAME_PROVIDER', 'tpu', /EVERFRAME_PROVIDER must be cpu, cuda or webgpu; got 'tpu'$/],
    ['EVERFRAME_THREADS', 'many', /EVERFRAME_THREADS must be .* from 1 to 64; got 'many'$/],
    ['EVERFRAME_EDGE_URL', 'edge', /EVERFRAME_EDGE_URL must be the http.*; got 'edge'$/],
    ['EVERFRAME_WORKER_TOKEN', 'short', /EVERFRAME_WORKER_TOKEN must be .*; got 5 characters$/],
    ['EVERFRAME_TIME_STAMP_URLS', 'one.test,two.test', /EVERFRAME_TIME_STAMP_URLS must be at most 3 .*; got 'one\.test,two\.test'$/],
  ] as const) {
    assert.throws(() => readConfig({ ...COMPLETE, [name]: value }), sentence);
  }
});

test('time-stamp authorities keep their order, and one that is no URL is refused', () => {
  assert.deepEqual(readConfig(COMPLETE).time_stamp_urls, []);
  const urls = (list: string) => readConfig({ ...COMPLETE, EVERFRAME_TIME_STAMP_URLS: list }).time_stamp_urls;
  assert.deepEqual(urls('http://one.test/a, https://two.test'), ['http://one.test/a', 'https://two.test']);
  assert.throws(() => urls('one.test'), /EVERFRAME_TIME_STAMP_URLS/);
  assert.throws(() => urls('http://a,http://b,http://c,http://d'), /EVERFRAME_TIME_STAMP_URLS/);
});

test('a signer without what it needs stops the start with the other faults', () => {
  const { AWS_REGION, ...rest } = COMPLETE;
  assert.throws(() => readConfig({ ...rest, EVERFRAME_SIGNER: 'pkcs8' }), /AWS_REGION.*EVERFRAME_SIGNER_CERTIFICATES is not set/);
  assert.deepEqual(readConfig(COMPLETE).signer, { kind: 'development', dir: 'signer' });
});
