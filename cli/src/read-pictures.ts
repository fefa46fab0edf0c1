/** The pictures of a file at a terminal: `ffmpeg` decodes, and what is looked for is found here. Nothing leaves this machine. */
import { spawn } from 'node:child_process';
import { createPictureReader, PICTURE_SECONDS, PICTURES_A_SECOND, type PictureReader, type PictureSigns } from '@everframe/shared/mark';

/** Larger frames are made this wide: the mark lives through it. */
const WIDTH_MAX = 1280;
const TIMEOUT_MS = 120_000;

/**
 * @param ffmpeg program that runs, by path or by its name in the PATH
 * @returns a sentence that says why there are none, where it takes the file for no video
 */
export async function readPictures(path: string, ffmpeg: string): Promise<PictureSigns | string> {
  const input = ['-v', 'error', '-nostdin', '-i', path, '-t', `${PICTURE_SECONDS}`, '-r', `${PICTURES_A_SECOND}`];
  const scale = [
    '-vf',
    `scale='2*trunc(min(iw,${WIDTH_MAX})/2)':-2`,
    '-pix_fmt',
    'gray',
    '-an',
    '-f',
    'yuv4mpegpipe',
    '-strict',
    '-1',
    'pipe:1',
  ];
  const child = spawn(ffmpeg, [...input, ...scale], { stdio: ['ignore', 'pipe', 'pipe'], timeout: TIMEOUT_MS });
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints = (complaints + text).slice(-300);
  });
  const ended = new Promise<string | undefined>((resolve) => {
    child.on('error', (error) => resolve(`Its pictures could not be decoded: ${error.message}`));
    child.on('close', (code) => resolve(code === 0 ? undefined : `Its pictures could not be decoded: ${complaints.trim().split('\n')[0]}`));
  });
  const signs = await readStream(child.stdout);
  return (await ended) ?? signs ?? 'It has no pictures that could be decoded.';
}

/** A stream of YUV4MPEG2: one line of header, then each frame behind a line `FRAME`. */
async function readStream(stream: AsyncIterable<Buffer>): Promise<PictureSigns | undefined> {
  let waiting: Buffer = Buffer.alloc(0);
  let reader: PictureReader | undefined;
  let bytes = 0;
  let frames = 0;
  for await (const part of stream) {
    waiting = Buffer.concat([waiting, part]);
    for (;;) {
      const line = waiting.indexOf(10);
      if (line < 0) break;
      if (!reader) {
        const [, width, height] = /^YUV4MPEG2 W(\d+) H(\d+) /.exec(waiting.toString('latin1', 0, line)) ?? [];
        if (!width || !height) return undefined;
        reader = createPictureReader(Number(width), Number(height));
        bytes = Number(width) * Number(height);
        waiting = waiting.subarray(line + 1);
        continue;
      }
      if (waiting.length < line + 1 + bytes) break;
      reader.add(waiting.subarray(line + 1, line + 1 + bytes), frames++ / PICTURES_A_SECOND);
      waiting = waiting.subarray(line + 1 + bytes);
    }
  }
  return frames > 0 ? reader?.read() : undefined;
}
