/** What a browser finds at the address that the service prints. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Harness, startHarness } from './harness.ts';

let harness: Harness;
before(async () => {
  harness = await startHarness({ workers: 0 });
});
after(async () => {
  await harness?.stop();
});

test('the front page leads to the documentation, the player and the verifier, and runs no script', async () => {
  const response = await fetch(`${harness.stack.url}/`);
  const page = await response.text();
  assert.deepEqual([response.status, response.headers.get('content-type')], [200, 'text/html; charset=utf-8']);
  assert.match(response.headers.get('content-security-policy') ?? '', /^default-src 'none'; style-src 'self'/);
  assert.doesNotMatch(page, /<script/);
  const leads = [...page.matchAll(/href="(\/[^"]*)"/g)].map(([, path]) => path);
  assert.deepEqual(new Set(leads), new Set(['/verify/style.css', '/docs', '/openapi.json', '/watch', '/verify']));
  for (const path of leads) assert.equal((await fetch(`${harness.stack.url}${path}`)).status, 200, path);
});

test('every page says what it may load, who may frame it, and that it is asked for over TLS and without a referrer', async () => {
  for (const path of ['/', '/verify', '/watch', '/docs']) {
    const { headers } = await fetch(`${harness.stack.url}${path}`);
    const policy = headers.get('content-security-policy')?.split('; ') ?? [];
    for (const rule of ["default-src 'none'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"]) {
      assert.ok(policy.includes(rule), `${path} has ${rule}`);
    }
    assert.ok(!policy.some((rule) => rule.includes("'unsafe-inline'") || rule.includes("'unsafe-eval'")), path);
    assert.equal(headers.get('x-content-type-options'), 'nosniff', path);
    assert.equal(headers.get('referrer-policy'), 'no-referrer', path);
    assert.equal(headers.get('strict-transport-security'), 'max-age=31536000; includeSubDomains', path);
  }
});

test('an address without a route names where the routes are told', async () => {
  for (const path of ['/v1', '/v1/images']) {
    const response = await fetch(`${harness.stack.url}${path}`);
    const { error } = (await response.json()) as { error: { code: string; message: string } };
    assert.deepEqual([response.status, error.code], [404, 'unknown_route']);
    assert.ok(error.message.includes(`${harness.stack.url}/docs`), error.message);
  }
});
