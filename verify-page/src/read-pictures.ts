/** The pictures of a file in the browser: its own decoder shows them one after the other, and they are read from a canvas. */
import { createPictureReader, lumaOf, PICTURE_SECONDS, PICTURES_A_SECOND, type PictureSigns } from '@everframe/shared/mark';

/** Larger frames are made this wide: the mark lives through it. */
const WIDTH_MAX = 1280;
const PATIENCE_MS = 10_000;

/** @returns undefined where this browser does not play the file */
export async function readPictures(file: Blob): Promise<PictureSigns | undefined> {
  const url = URL.createObjectURL(file);
  const video = document.createElement('video');
  video.muted = true;
  video.preload = 'auto';
  try {
    video.src = url;
    await happens(video, 'loadeddata');
    const share = Math.min(1, WIDTH_MAX / video.videoWidth);
    const [width, height] = [Math.round(video.videoWidth * share), Math.round(video.videoHeight * share)];
    const canvas = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
    if (!canvas) return undefined;
    const reader = createPictureReader(width, height);
    const end = Math.min(video.duration, PICTURE_SECONDS);
    for (let frame = 0; frame / PICTURES_A_SECOND < end; frame++) {
      // The middle of a frame's time: at its edge some decoders show the one before.
      video.currentTime = Math.min(video.duration, (frame + 0.5) / PICTURES_A_SECOND);
      await happens(video, 'seeked');
      canvas.drawImage(video, 0, 0, width, height);
      reader.add(lumaOf(canvas.getImageData(0, 0, width, height).data, 4), frame / PICTURES_A_SECOND);
    }
    return reader.read();
  } catch {
    // A codec that this browser lacks, or a damaged file: nothing is known of its pictures.
    return undefined;
  } finally {
    video.removeAttribute('src');
    video.load();
    URL.revokeObjectURL(url);
  }
}

function happens(video: HTMLVideoElement, event: 'loadeddata' | 'seeked'): Promise<void> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    signal.addEventListener('abort', () => reject(new Error(`no ${event} within ${PATIENCE_MS} ms`)), { once: true });
    video.addEventListener(event, () => resolve(), { once: true });
    video.addEventListener('error', () => reject(new Error('the video cannot be played')), { once: true });
  });
}
