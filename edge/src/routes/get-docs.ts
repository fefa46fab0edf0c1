/** GET /docs: the API, for people. The page has no script; its one style is named by its hash. */
import type { Context } from 'hono';
import type { AppEnv } from '../env.ts';
import { DOCS_STYLE, renderDocs } from '../openapi/docs-page.ts';
import { openApiDocument } from '../openapi/document.ts';

let page: Promise<{ readonly html: string; readonly policy: string }> | undefined;

export async function getDocs(c: Context<AppEnv>): Promise<Response> {
  page ??= makePage();
  const { html, policy } = await page;
  c.header('content-security-policy', policy);
  c.header('cache-control', 'public, max-age=300');
  return c.html(html);
}

async function makePage() {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(DOCS_STYLE)));
  const hash = btoa(String.fromCharCode(...digest));
  const policy = `default-src 'none'; style-src 'sha256-${hash}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'`;
  return { html: renderDocs(openApiDocument()), policy };
}
