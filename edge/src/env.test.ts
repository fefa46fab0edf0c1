import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SECRET_MIN_CHARACTERS } from '@everframe/shared';
import { type Env, readSettings } from './env.ts';

const SECRET = 's'.repeat(SECRET_MIN_CHARACTERS);
const VARIABLES = {
  ...{ AWS_REGION: 'eu-central-1', AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'key', LEASE_SECONDS: '30' },
  SQS_QUEUE_URL: 'https://sqs.eu-central-1.amazonaws.com/000000000000/jobs',
  ...{ WORKER_TOKEN: SECRET, TICKET_SECRET: SECRET, KEY_PEPPER: SECRET },
};

function settings(overrides: Record<string, string> = {}) {
  return readSettings({ ...VARIABLES, ...overrides } as unknown as Env);
}

test("messages go to the queue's own origin unless another endpoint is set", () => {
  assert.equal(settings().queue.endpoint, 'https://sqs.eu-central-1.amazonaws.com');
  assert.equal(settings({ SQS_ENDPOINT: '' }).queue.endpoint, 'https://sqs.eu-central-1.amazonaws.com');
  assert.equal(settings({ SQS_ENDPOINT: 'http://127.0.0.1:9324' }).queue.endpoint, 'http://127.0.0.1:9324');
});

test('a variable that is missing or wrong is named with its rule', () => {
  for (const name of Object.keys(VARIABLES)) {
    assert.throws(() => settings({ [name]: '' }), new RegExp(`^Error: ${name} is not set`));
  }
  for (const name of ['SQS_QUEUE_URL', 'SQS_ENDPOINT', 'PUBLIC_URL']) {
    assert.throws(() => settings({ [name]: 'sqs.local' }), new RegExp(`^Error: ${name} must be an absolute URL; got 'sqs.local'`));
  }
  assert.throws(() => settings({ PUBLIC_URL: 'https://example.com/videos' }), /^Error: PUBLIC_URL must have no path/);
  assert.equal(settings({ PUBLIC_URL: 'https://example.com/' }).publicUrl, 'https://example.com');
  for (const value of ['0', '-1', 'x', 'Infinity']) {
    assert.throws(() => settings({ LEASE_SECONDS: value }), /^Error: LEASE_SECONDS must be a number above 0/);
  }
  assert.deepEqual([settings().endlessSeconds, settings({ ENDLESS_MAX_SECONDS: '14400' }).endlessSeconds], [3600, 14_400]);
  for (const value of ['0', '14401', '1.5', 'x']) {
    assert.throws(() => settings({ ENDLESS_MAX_SECONDS: value }), /^Error: ENDLESS_MAX_SECONDS must be a whole number from 1 to 14400/);
  }
});

test('a secret that is too short is named, and never shown', () => {
  for (const name of ['WORKER_TOKEN', 'TICKET_SECRET', 'KEY_PEPPER']) {
    const short = 'q'.repeat(SECRET_MIN_CHARACTERS - 1);
    assert.throws(
      () => settings({ [name]: short }),
      ({ message }: Error) =>
        message.startsWith(`${name} must have at least ${SECRET_MIN_CHARACTERS} characters; it has 31`) && !message.includes(short),
    );
  }
});

test('a second opinion needs nothing where there is none, and all of its variables where there is one', () => {
  assert.deepEqual(settings({ MODERATION_ON_FAILURE: 'x' }).moderation, { secondOpinion: null, onFailure: 'allow' });
  const complete = {
    ...{ MODERATION_URL: 'https://moderation.example/v1', MODERATION_MODEL: 'm', MODERATION_TIMEOUT_MS: '2000' },
    ...{ MODERATION_ON_FAILURE: 'refuse' },
  };
  const { secondOpinion, onFailure } = settings(complete).moderation;
  assert.deepEqual([secondOpinion?.timeoutMs, secondOpinion?.apiKey, onFailure], [2000, null, 'refuse']);
  assert.throws(() => settings({ ...complete, MODERATION_URL: 'x' }), /^Error: MODERATION_URL must be an absolute URL/);
  assert.throws(() => settings({ ...complete, MODERATION_MODEL: '' }), /^Error: MODERATION_MODEL is not set/);
  assert.throws(() => settings({ ...complete, MODERATION_TIMEOUT_MS: '-1' }), /^Error: MODERATION_TIMEOUT_MS must be a number above 0/);
  assert.throws(() => settings({ ...complete, MODERATION_ON_FAILURE: 'x' }), /^Error: MODERATION_ON_FAILURE must be 'allow' or 'refuse'/);
});

test('there are admin routes and calls to this machine only where the deployment says so', () => {
  const { adminToken, outbound } = settings();
  assert.deepEqual([adminToken, outbound], [null, { loopback: false, resolver_url: null }]);
  assert.equal(settings({ ADMIN_TOKEN: SECRET }).adminToken, SECRET);
  assert.throws(() => settings({ ADMIN_TOKEN: 'short' }), /^Error: ADMIN_TOKEN must have at least/);
  assert.equal(settings({ OUTBOUND_LOOPBACK: 'allow' }).outbound.loopback, true);
  assert.throws(() => settings({ OUTBOUND_LOOPBACK: 'yes' }), /^Error: OUTBOUND_LOOPBACK must be .*; got 'yes'/);
  assert.throws(() => settings({ DNS_RESOLVER_URL: 'dns' }), /^Error: DNS_RESOLVER_URL must be an absolute URL/);
});
