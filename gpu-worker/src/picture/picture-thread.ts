/** A thread that decodes one picture and ends: seconds of work, and memory that is given back. */
import { parentPort, workerData } from 'node:worker_threads';
import { PictureError } from '@everframe/shared';
import { decodePicture } from './decode-picture.ts';

export interface PictureTask {
  readonly bytes: Uint8Array;
  readonly width: number;
  readonly height: number;
}

const { bytes, width, height } = workerData as PictureTask;
try {
  parentPort?.postMessage({ image: decodePicture(bytes, width, height) });
} catch (error) {
  if (!(error instanceof PictureError)) throw error;
  parentPort?.postMessage({ fault: error.message });
}
