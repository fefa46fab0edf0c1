/** For measuring: the page at /verify in Chromium (CHROMIUM_PATH, or where distributions put it), one file, and what memory that took. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { chromium } from 'playwright-core';

const SAMPLE_MS = 100;
const PATIENCE_MS = 1_200_000;

export interface PageFigures {
  readonly verdict: string | null;
  readonly ms: number;
  /** Of the process that has the page and its worker: before the file was chosen, and at most. */
  readonly rss_before_mb: number;
  readonly rss_peak_mb: number;
}

/** @returns undefined where there is no Chromium */
export async function measurePage(service: string, path: string): Promise<PageFigures | undefined> {
  const executablePath = [process.env.CHROMIUM_PATH, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
    (path) => path && existsSync(path),
  );
  if (!executablePath) return undefined;
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  try {
    const page = await browser.newPage();
    await page.goto(`${service}/verify`);
    await page.getByText('Nothing checked yet.').waitFor();
    const session = await browser.newBrowserCDPSession();
    const { processInfo } = (await session.send('SystemInfo.getProcessInfo')) as { processInfo: { type: string; id: number }[] };
    const renderers = processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => id);
    const memory = sampleMemory(renderers);
    const began = performance.now();
    await page.setInputFiles('#file', path);
    await page.locator('#result:not([hidden])').waitFor({ timeout: PATIENCE_MS });
    const ms = performance.now() - began;
    return { verdict: await page.locator('.verdict').getAttribute('data-verdict'), ms, ...(await memory.end()) };
  } finally {
    await browser.close();
  }
}

export interface MemorySample {
  end(): Promise<{ readonly rss_before_mb: number; readonly rss_peak_mb: number }>;
}

/** What processes hold together, looked at ten times a second, on Linux. */
export function sampleMemory(pids: readonly number[]): MemorySample {
  const is_over = new AbortController();
  const watch = async () => {
    const before = await residentMb(pids);
    let peak = before;
    while (!is_over.signal.aborted) {
      await sleep(SAMPLE_MS);
      peak = Math.max(peak, await residentMb(pids));
    }
    return { rss_before_mb: before, rss_peak_mb: peak };
  };
  const watched = watch();
  return {
    end() {
      is_over.abort();
      return watched;
    },
  };
}

async function residentMb(pids: readonly number[]): Promise<number> {
  const sizes = await Promise.all(
    pids.map(async (pid) => Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, 'utf8').catch(() => ''))?.[1] ?? 0)),
  );
  return sizes.reduce((sum, kilobytes) => sum + kilobytes / 1024, 0);
}
