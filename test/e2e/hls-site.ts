/** For the test of the loader for hls.js: a site that plays with it as docs/signing.md says, and a proxy that attacks streams. */
import { readFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';

export interface TestServer {
  readonly url: string;
  /** Paths that were asked for. */
  readonly asked: readonly string[];
  /** Those of them that were refused on purpose. */
  readonly refused: readonly string[];
  close(): Promise<void>;
}

export interface Attack {
  /** Paths that are attacked. */
  readonly on: RegExp;
  readonly change?: (bytes: Uint8Array, path: string) => Uint8Array;
  /** Which path's answer is given in its place. */
  readonly instead?: (path: string) => string;
  readonly refuse_first?: boolean;
}

/** `/<attack>/<path>` of it is `/<path>` of the edge, attacked. */
export async function startAttackProxy(edge_url: string, attacks: Readonly<Record<string, Attack>>): Promise<TestServer> {
  const refused: string[] = [];
  return listen(refused, async (request, response) => {
    response.setHeader('access-control-allow-origin', '*');
    const [, name = '', path = ''] = /^\/([^/]+)(\/.*)$/.exec(request.url ?? '') ?? [];
    if (!path) return response.end(new Uint8Array(16));
    const attack = attacks[name];
    const is_hit = attack?.on.test(path) ?? false;
    if (is_hit && attack?.refuse_first && !refused.includes(path)) {
      refused.push(path);
      return response.writeHead(503).end();
    }
    const answer = await fetch(edge_url + (is_hit && attack?.instead ? attack.instead(path) : path));
    const bytes = new Uint8Array(await answer.arrayBuffer());
    response.setHeader('content-type', answer.headers.get('content-type') ?? '');
    return response.writeHead(answer.status).end(is_hit && attack?.change ? attack.change(bytes, path) : bytes);
  });
}

/** With the security policy that the documentation names, and nothing more; with a copy of the loader at `/copy/`. */
export async function startSite(edge_url: string, ...stream_urls: string[]): Promise<TestServer> {
  const document = await readFile(new URL('../../docs/signing.md', import.meta.url), 'utf8');
  const [, example = ''] = /```js\n([^`]*createVerifyingLoader[^`]*)```/.exec(document) ?? [];
  const files: Readonly<Record<string, [type: string, text: string]>> = {
    '/': ['text/html', PAGE],
    '/?bare': ['text/html', PAGE.replace(/.*player\.js.*/, '')],
    '/hls.js': ['text/javascript', await readFile(createRequire(import.meta.url).resolve('hls.js/dist/hls.min.js'), 'utf8')],
    '/set-up.js': ['text/javascript', SET_UP],
    '/player.js': ['text/javascript', example.replace('https://edge.example', edge_url)],
  };
  const policy = [
    ...["default-src 'none'", `script-src 'self' ${edge_url} 'wasm-unsafe-eval'`, "worker-src 'self' blob:", 'media-src blob:'],
    `connect-src ${[edge_url, ...stream_urls].join(' ')}`,
  ].join('; ');
  return listen([], async (request, response) => {
    const [, copied] = /^\/copy\/([a-z0-9-]+\.(?:js|wasm))$/.exec(request.url ?? '') ?? [];
    if (copied) {
      const type = copied.endsWith('.js') ? 'text/javascript' : 'application/wasm';
      return response.setHeader('content-type', type).end(await readFile(new URL(copied, LOADER_FOLDER)));
    }
    const [type, text] = files[request.url ?? ''] ?? ['text/plain', ''];
    response.writeHead(text ? 200 : 204, { 'content-type': type, 'content-security-policy': policy }).end(text);
  });
}

const LOADER_FOLDER = new URL('../../verify-page/public/verify/', import.meta.url);

const PAGE = `<!doctype html>
<script src="/hls.js"></script>
<script src="/set-up.js"></script>
<video id="video" muted autoplay></video>
<p id="notice"></p>
<script type="module" src="/player.js"></script>`;

/** What the example takes as given, and a look into what it makes. */
const SET_UP = `
const { stream_url, video_id, config } = JSON.parse(decodeURIComponent(location.hash.slice(1)));
const fatal = [];
window.Hls = class extends Hls {
  constructor(given) {
    super({ ...given, ...config });
    // A site that does not care.
    if (config.never_stops) this.stopLoad = () => {};
    this.on(Hls.Events.ERROR, (_, { fatal: is_fatal, details }) => is_fatal && fatal.push(details));
  }
};`;

async function listen(refused: string[], answer: RequestListener): Promise<TestServer> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    return answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    refused,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
