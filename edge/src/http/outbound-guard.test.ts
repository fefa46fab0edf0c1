import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { EverframeError } from '@everframe/shared';
import { isPublicAddress } from './address.ts';
import { checkUrl, fetchOutside, type OutboundRules } from './outbound-guard.ts';

const RECORDS: Readonly<Record<string, { type: number; data: string }[]>> = {
  'public.example.com A': [{ type: 1, data: '93.184.215.14' }],
  'public.example.com AAAA': [{ type: 28, data: '2606:2800:21f:cb07:6820:80da:af6b:8b2c' }],
  'alias.example.com A': [
    { type: 5, data: 'public.example.com.' },
    { type: 1, data: '93.184.215.14' },
  ],
  'intranet.example.com A': [{ type: 1, data: '10.1.2.3' }],
  'mixed.example.com A': [{ type: 1, data: '93.184.215.14' }],
  'mixed.example.com AAAA': [{ type: 28, data: '::1' }],
};

let resolver: Server;
let production: OutboundRules;
let development: OutboundRules;

before(async () => {
  resolver = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://x');
    if (pathname === '/redirect') return response.writeHead(302, { location: '/dns-query' }).end();
    const name = searchParams.get('name') ?? '';
    if (name === 'broken.example.com') return response.writeHead(502).end();
    response.end(JSON.stringify({ Status: 0, Answer: RECORDS[`${name} ${searchParams.get('type')}`] }));
  });
  await new Promise<void>((resolve) => resolver.listen(0, '127.0.0.1', resolve));
  const resolver_url = `http://127.0.0.1:${(resolver.address() as AddressInfo).port}/dns-query`;
  production = { loopback: false, resolver_url };
  development = { loopback: true, resolver_url };
});
after(() => {
  resolver.closeAllConnections();
  resolver.close();
});

async function allowed(url: string, rules: OutboundRules): Promise<boolean> {
  try {
    await checkUrl(url, rules);
    return true;
  } catch (error) {
    assert.ok(error instanceof EverframeError && error.code === 'url_not_allowed', String(error));
    return false;
  }
}

test('only HTTPS to public hosts is allowed', async () => {
  for (const url of [
    'https://public.example.com/hook',
    'https://alias.example.com:8443/',
    'https://8.8.8.8/',
    'https://[2606:4700::1111]/',
  ]) {
    assert.equal(await allowed(url, production), true, url);
  }
  for (const url of ['', 'hook', '/hook', 'http://public.example.com/', 'ftp://public.example.com/', 'https://u:p@public.example.com/']) {
    assert.equal(await allowed(url, production), false, url);
  }
});

test('no spelling of a private, link-local, loopback or special address is allowed', async () => {
  const hosts = [
    ...[
      '127.0.0.1',
      '127.1',
      '2130706433',
      '0x7f.0.0.1',
      '0177.0.0.1',
      '0.0.0.0',
      '10.0.0.1',
      '172.16.0.1',
      '172.31.255.255',
      '192.168.1.1',
    ],
    ...['169.254.169.254', '100.64.0.1', '198.18.0.1', '224.0.0.1', '255.255.255.255', '192.0.2.1', '203.0.113.9', '１２７.0.0.1'],
    ...['[::1]', '[::]', '[fe80::1]', '[fc00::1]', '[fd12:3456::1]', '[ff02::1]', '[::ffff:127.0.0.1]', '[::ffff:8.8.8.8]', '[::7f00:1]'],
    ...['[64:ff9b::a00:1]', '[2002:7f00:1::]', '[2001:db8::1]', '[2001:0:1::]', '[fec0::1]'],
    ...[
      'localhost',
      'localhost.',
      'a.localhost',
      'printer.local',
      'metadata.google.internal',
      'intranet',
      'db.lan',
      '1.0.0.127.in-addr.arpa',
    ],
  ];
  for (const host of hosts) assert.equal(await allowed(`https://${host}/`, production), false, host);
});

test('a name is judged by every address that it has', async () => {
  for (const host of ['intranet.example.com', 'mixed.example.com', 'nothing.example.com', 'broken.example.com']) {
    assert.equal(await allowed(`https://${host}/`, production), false, host);
    assert.equal(await allowed(`https://${host}/`, development), false, host);
  }
  assert.equal(
    await allowed('https://intranet.example.com/', { ...production, resolver_url: null }),
    true,
    'without a resolver, by its name only',
  );
});

test('development adds loopback, and nothing else', async () => {
  for (const url of ['http://127.0.0.1:3000/', 'http://localhost:3000/', 'https://[::1]/', 'http://127.0.0.2/']) {
    assert.equal(await allowed(url, development), true, url);
  }
  for (const url of [
    'http://10.0.0.1/',
    'https://169.254.169.254/',
    'http://public.example.com/',
    'ftp://127.0.0.1/',
    'http://[::ffff:127.0.0.1]/',
  ]) {
    assert.equal(await allowed(url, development), false, url);
  }
});

test('a redirect is brought back, not followed', async () => {
  const url = (development.resolver_url ?? '').replace('dns-query', 'redirect');
  const response = await fetchOutside(url, { signal: AbortSignal.timeout(5000) }, development);
  assert.equal(response.status, 302);
});

test('what is no address is not public', () => {
  for (const text of ['', ':', ':::', '1.2.3', '1.2.3.4.5', '256.1.1.1', '1::2::3', 'g::1', '1:2:3:4:5:6:7:8:9', '2606:4700:1.2.3.4::']) {
    assert.equal(isPublicAddress(text), false, text);
  }
  assert.equal(isPublicAddress('2606:4700::1.2.3.4'), true);
});
