/** What can still be said of a file without a credential: its mark, read here, and what a service knows of it. */
import { findFfmpeg, packagedFfmpeg } from '@everframe/gpu-worker/find-ffmpeg';
import { lookUp, type PictureSigns, type Recovery, recoveryText } from '@everframe/shared/mark';
import { readPictures } from './read-pictures.ts';

const ANSWER_TIMEOUT_MS = 15_000;

export interface Recovered {
  readonly mark: string | null;
  readonly recovery: Recovery | null;
  readonly lines: readonly string[];
}

/** @param service address to ask; undefined asks nobody */
export async function recover(path: string, service: string | undefined): Promise<Recovered> {
  const ffmpeg = await findFfmpeg(process.env.FFMPEG_PATH || undefined, packagedFfmpeg).catch(() => undefined);
  const signs = ffmpeg === undefined ? withoutFfmpeg(service) : await readPictures(path, ffmpeg);
  if (typeof signs === 'string') return { mark: null, recovery: null, lines: [signs] };
  const { mark } = signs;
  if (service === undefined) {
    const lines = mark === null ? [] : [`Its pictures carry the mark ${mark}. --service <address> asks whose it is.`];
    return { mark, recovery: null, lines };
  }
  return { mark, ...(await ask(signs, service)) };
}

function withoutFfmpeg(service: string | undefined): string {
  const { FFMPEG_PATH } = process.env;
  const page = service === undefined ? 'the page /verify of a running service (npm start)' : `the page ${new URL('/verify', service)}`;
  const what = FFMPEG_PATH ? `${FFMPEG_PATH}, which FFMPEG_PATH names, does not run here` : 'there is no ffmpeg here';
  return `Its pictures were not looked at: ${what}. Install ffmpeg, name one in FFMPEG_PATH, or use ${page}, which needs none.`;
}

async function ask(signs: PictureSigns, service: string): Promise<{ recovery: Recovery | null; lines: string[] }> {
  try {
    const recovery = await lookUp(signs, (path, init) =>
      fetch(new URL(path, service), { ...init, signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) }),
    );
    return { recovery, lines: recovery ? recoveryText(recovery) : [`Nothing in its pictures leads to ${service}.`] };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { recovery: null, lines: [`${service} could not say whose its pictures are: ${reason}`] };
  }
}
