/** A picture's pixels at the video's size, while this process goes on renewing its lease. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { PictureError } from '@everframe/shared';
import type { RgbImage } from '../generation/family.ts';
import type { PictureTask } from './picture-thread.ts';

/** The largest picture takes two seconds, or some more where ten others want the same core. */
const TIMEOUT_MS = 60_000;
/** Objects alone: samples and pixels are bounded by what the picture says of itself. */
const HEAP_MAX_MB = 512;

/**
 * @param timeout_ms what takes longer would take it again in every other worker
 * @throws PictureError where it can't be read
 */
export async function readPicture(
  bytes: Uint8Array,
  size: Pick<RgbImage, 'width' | 'height'>,
  signal: AbortSignal,
  timeout_ms = TIMEOUT_MS,
): Promise<RgbImage> {
  const task: PictureTask = { bytes, width: size.width, height: size.height };
  const thread = new Worker(new URL('./picture-thread.ts', import.meta.url), {
    workerData: task,
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MAX_MB },
  });
  const timeout = AbortSignal.timeout(timeout_ms);
  try {
    const [answer] = (await once(thread, 'message', { signal: AbortSignal.any([signal, timeout]) })) as [
      { image: RgbImage } | { fault: string },
    ];
    if ('image' in answer) return answer.image;
    throw new PictureError(answer.fault);
  } catch (cause) {
    if (cause instanceof PictureError || signal.aborted) throw cause;
    if (timeout.aborted) throw new PictureError(`takes more than ${timeout_ms / 1000} seconds to decode`, { cause });
    if (codeOf(cause) === 'ERR_WORKER_OUT_OF_MEMORY') throw new PictureError('takes too much memory to decode', { cause });
    throw cause;
  } finally {
    await thread.terminate();
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
