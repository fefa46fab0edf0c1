/** One check: of a file here, in a worker; of a link, here where the other site allows it, else by the service. */

import { ASSET_MAX_BYTES } from '@everframe/shared';
import { lookUp, type Recovery } from '@everframe/shared/mark';
import { comparePublished, publishedText, type VerificationReport } from '@everframe/shared/verification';
import { fetchTrust, readInWorker } from './read-in-worker.ts';
import { readPictures } from './read-pictures.ts';

export interface Checked {
  readonly report: VerificationReport;
  readonly where: 'browser' | 'service';
  /** What the pictures of a file without a credential led to. */
  readonly recovery: Recovery | null;
  /** Whether it is byte for byte what this service published, as a sentence; null where there is nothing to say. */
  readonly published: string | null;
}

export async function checkFile(file: Blob): Promise<Checked> {
  const report = await readCredential(file);
  const recovery = report.verdict === 'no_credential' ? await recover(file) : null;
  return { report, where: 'browser', recovery, published: await askPublished(file, report) };
}

/** What the file itself says; nobody is asked about it. */
export async function readCredential(file: Blob): Promise<VerificationReport> {
  return readInWorker({ file, trust: await fetchTrust() });
}

/** Only a mark or a few hashes leave the browser. Null where nothing was found, or nobody could be asked. */
async function recover(file: Blob): Promise<Recovery | null> {
  const signs = await readPictures(file);
  if (!signs) return null;
  try {
    return await lookUp(signs, (path, init) => fetch(path, init));
  } catch {
    // The look-up has a bound for visitors, and the check itself has its answer without it.
    return null;
  }
}

/** Only the name of the manifest leaves the browser, and only of files that this service signed. */
async function askPublished(file: Blob, { verdict, manifest_label }: VerificationReport): Promise<string | null> {
  // Nothing larger is ever published.
  if (verdict !== 'ours' || manifest_label === null || file.size > ASSET_MAX_BYTES) return null;
  try {
    const response = await fetch(`/v1/publications/${manifest_label}`);
    if (!response.ok) return null;
    const { data } = (await response.json()) as { data: { sha256: string; bytes: number }[] };
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', await file.arrayBuffer()));
    const known = { sha256: [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join(''), bytes: file.size };
    return publishedText(comparePublished(data, known), data, known) ?? null;
  } catch {
    // The look-up has a bound for visitors, and the check itself has its answer without it.
    return null;
  }
}

/** @throws Error with the service's own sentence where neither way works */
export async function checkLink(url: string): Promise<Checked> {
  const file = await fetchHere(url);
  if (file) return checkFile(file);
  const response = await fetch('/v1/verify', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ url }),
  });
  const body: VerificationReport | { error: { message: string } } = await response.json();
  if ('error' in body) throw new Error(body.error.message);
  return { report: body, where: 'service', recovery: null, published: null };
}

/** Without a cookie. Undefined where the other site does not let this page read it. */
async function fetchHere(url: string): Promise<Blob | undefined> {
  try {
    const response = await fetch(url, { credentials: 'omit', referrerPolicy: 'no-referrer' });
    return response.ok ? await response.blob() : undefined;
  } catch {
    // The browser does not say why on purpose: another site's rules, or no such host.
    return undefined;
  }
}
