/** A picture's pixels at the video's size, while this process goes on renewing its lease. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { PictureError } from '@everframe/shared';
import type { RgbImage } from '../generation/family.ts';
import type { PictureTask } from './picture-thread.ts';

/** The largest JPEG takes some seconds, or a minute where ten others want the same core. */
const TIMEOUT_MS = 300_000;

/** @throws PictureError where it can't be read */
export async function readPicture(bytes: Uint8Array, size: Pick<RgbImage, 'width' | 'height'>, signal: AbortSignal): Promise<RgbImage> {
  const task: PictureTask = { bytes, width: size.width, height: size.height };
  const thread = new Worker(new URL('./picture-thread.ts', import.meta.url), { workerData: task, execArgv: [] });
  try {
    const [answer] = (await once(thread, 'message', { signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]) })) as [
      { image: RgbImage } | { fault: string },
    ];
    if ('image' in answer) return answer.image;
    throw new PictureError(answer.fault);
  } finally {
    await thread.terminate();
  }
}
