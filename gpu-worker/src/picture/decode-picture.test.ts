/** Pictures as cameras, browsers and programs write them, against FFmpeg's reading of the same files. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { crc32, deflateSync } from 'node:zlib';
import { JPEG_MAX_SCANS, PictureError, PNG_SIGNATURE, pictureFault, readPictureHeader } from '@everframe/shared';
import { path as ffmpeg } from '@ffmpeg-installer/ffmpeg';
import { encode } from 'jpeg-js';
import { decodePicture } from './decode-picture.ts';
import { fitPicture } from './fit.ts';
import { decodePng } from './png.ts';
import { readPicture } from './read-picture.ts';

const folder = await mkdtemp(join(tmpdir(), 'everframe-picture-'));
after(() => rm(folder, { recursive: true }));

const SOURCE = ['-f', 'lavfi', '-i', 'testsrc2=size=61x37:rate=1,format=rgba,geq=r=r(X\\,Y):g=g(X\\,Y):b=b(X\\,Y):a=255-4*X'];

/** A file that FFmpeg writes. */
async function written(name: string, args: readonly string[]): Promise<Buffer> {
  const path = join(folder, name);
  run([...SOURCE, '-frames:v', '1', ...args, path]);
  return readFile(path);
}

function run(args: readonly string[], input?: Uint8Array): Buffer {
  const options = { maxBuffer: 1 << 28, ...(input && { input }) };
  const { status, stdout, stderr } = spawnSync(ffmpeg, ['-hide_banner', '-loglevel', 'error', '-y', ...args], options);
  assert.equal(status, 0, String(stderr));
  return stdout;
}

function readByFfmpeg(file: Uint8Array, codec: string): Buffer {
  return run(['-f', 'image2pipe', '-c:v', codec, '-i', 'pipe:0', '-f', 'rawvideo', '-pix_fmt', 'rgba', 'pipe:1'], file);
}

for (const format of ['rgba', 'rgb24', 'gray', 'ya8', 'pal8', 'monob', 'rgb48be', 'rgba64be', 'gray16be', 'ya16be']) {
  for (const [kind, args] of [
    ['', ['-pred', 'mixed']],
    [', interlaced', ['-flags', '+ildct']],
  ] as const) {
    test(`a PNG of ${format}${kind} is read as FFmpeg reads it`, async () => {
      const file = await written(`${format}${kind}.png`, ['-pix_fmt', format, ...args]);
      const { width, height, rgba } = decodePng(file);
      assert.deepEqual([width, height], [61, 37]);
      const expected = readByFfmpeg(file, 'png');
      // FFmpeg takes 16 bits to 8 with another rounding, and dithers.
      const most = format.includes('16') || format.includes('48') || format.includes('64') ? 1 : 0;
      assert.ok(
        rgba.every((value, at) => Math.abs(value - (expected[at] ?? -9)) <= most),
        `${rgba.findIndex((value, at) => value !== expected[at])}`,
      );
    });
  }
}

test('a JPEG fits the video: its middle, as large as it can be, at its mean', async () => {
  // Left and right of the middle 48x48 other colours.
  const rgba = new Uint8Array(96 * 48 * 4).fill(255);
  for (let at = 0; at < 96 * 48; at++) {
    const x = at % 96;
    rgba.set(x < 24 ? [255, 0, 0] : x >= 72 ? [0, 0, 255] : [10, 200, 90], at * 4);
  }
  const { rgb } = decodePicture(encode({ data: rgba, width: 96, height: 48 }, 95).data, 16, 16);
  for (let at = 0; at < rgb.length; at += 3) {
    assert.ok(Math.abs((rgb[at] ?? 0) - 10) < 12 && Math.abs((rgb[at + 1] ?? 0) - 200) < 12, `${at}: ${rgb.subarray(at, at + 3)}`);
  }
});

test('smaller is the mean of what a pixel covers, larger the line between two, and what is clear is white', () => {
  const image = (width: number, height: number, values: number[][]) => ({ width, height, rgba: Uint8Array.from(values.flat()) });
  const [black, white, clear] = [
    [0, 0, 0, 255],
    [255, 255, 255, 255],
    [0, 0, 0, 0],
  ] as [number[], number[], number[]];
  assert.deepEqual([...fitPicture(image(2, 2, [black, white, white, white]), 1, 1).rgb], [191, 191, 191]);
  assert.deepEqual([...fitPicture(image(2, 2, [black, clear, clear, black]), 1, 1).rgb], [128, 128, 128]);
  assert.deepEqual([...fitPicture(image(3, 1, [black, white, black]), 1, 1).rgb], [255, 255, 255], 'the middle');
  const wide = fitPicture(image(2, 2, [black, white, black, white]), 4, 4).rgb;
  assert.deepEqual([wide[0], wide[3], wide[6], wide[9]], [0, 64, 191, 255]);
});

test('white stays white to the edge, however the sizes are rounded', () => {
  for (const [from_width, from_height, width, height] of [
    [93, 186, 90, 160],
    [186, 93, 160, 90],
    [187, 353, 90, 160],
  ] as const) {
    const rgba = new Uint8Array(from_width * from_height * 4).fill(255);
    const { rgb } = fitPicture({ width: from_width, height: from_height, rgba }, width, height);
    assert.equal(
      rgb.findIndex((value) => value !== 255),
      -1,
      `${from_width}x${from_height} to ${width}x${height}`,
    );
  }
});

test('a picture is turned as its EXIF asks', () => {
  // Left half black, right half white.
  const rgba = new Uint8Array(32 * 32 * 4).fill(255);
  for (let at = 0; at < 32 * 32; at++) if (at % 32 < 16) rgba.fill(0, at * 4, at * 4 + 3);
  const plain = encode({ data: rgba, width: 32, height: 32 }, 100).data;
  /** Mean of left, right, upper and lower half, as black or white. */
  const seen = (orientation: number): string => {
    const { rgb } = decodePicture(withOrientation(plain, orientation), 2, 2);
    const at = (x: number, y: number) => ((rgb[(y * 2 + x) * 3] ?? 0) > 127 ? 'w' : 'b');
    return at(0, 0) + at(1, 0) + at(0, 1) + at(1, 1);
  };
  assert.deepEqual([1, 2, 3, 4, 5, 6, 7, 8].map(seen), ['bwbw', 'wbwb', 'wbwb', 'bwbw', 'bbww', 'bbww', 'wwbb', 'wwbb']);
});

/** With an EXIF segment that has this tag alone, big-endian. */
function withOrientation(jpeg: Uint8Array, orientation: number): Buffer {
  const tiff = Buffer.from('4d4d002a00000008000101120003000000010000000000000000', 'hex');
  tiff.writeUInt16BE(orientation, 18);
  const content = Buffer.concat([Buffer.from('Exif\0\0'), tiff]);
  const head = Buffer.from([0xff, 0xe1, 0, content.length + 2]);
  return Buffer.concat([jpeg.subarray(0, 2), head, content, jpeg.subarray(2)]);
}

test('a PNG that unfolds to more than its size, or less, is refused before it is held', async () => {
  for (const bytes of [64 * 1024 * 1024, 10]) {
    assert.throws(() => decodePng(png(16, 16, new Uint8Array(bytes))), PictureError);
  }
  assert.equal(decodePng(png(16, 16, new Uint8Array(16 * 17))).rgba.length, 16 * 16 * 4);
});

test('a PNG has one header, and it comes first: two sizes in one file are refused by whoever looks first', () => {
  const [small, large] = [chunk('IHDR', headerOf(16, 16)), chunk('IHDR', headerOf(8000, 6000))];
  const rest = [chunk('IDAT', deflateSync(new Uint8Array(16 * 17))), chunk('IEND', new Uint8Array(0))];
  for (const headers of [
    [chunk('none', headerOf(16, 16)), large],
    [chunk('tEXt', new Uint8Array(5)), small],
    [small, large],
    [large, small],
  ]) {
    const file = Buffer.concat([SIGNATURE, ...headers, ...rest]);
    assert.throws(() => readPictureHeader(file), PictureError);
    assert.throws(() => decodePng(file), PictureError);
  }
});

test('a PNG of more pixels than there may be is not unfolded, whoever asks', () => {
  assert.throws(() => decodePng(png(8000, 6000, new Uint8Array(8001 * 6000))), { name: 'PictureError', message: /8000x6000/ });
});

/** Grey, of 8 bits. */
function png(width: number, height: number, raw: Uint8Array): Buffer {
  const header = chunk('IHDR', headerOf(width, height));
  return Buffer.concat([SIGNATURE, header, chunk('IDAT', deflateSync(raw)), chunk('IEND', new Uint8Array(0))]);
}

const SIGNATURE = Buffer.from(PNG_SIGNATURE);

function headerOf(width: number, height: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 8;
  return header;
}

function chunk(type: string, content: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type), content]);
  const [head, tail] = [Buffer.alloc(4), Buffer.alloc(4)];
  head.writeUInt32BE(content.length);
  tail.writeUInt32BE(crc32(body));
  return Buffer.concat([head, body, tail]);
}

/** Its parts: up to the frame, the frame, up to the scan, the scan with its data. */
function jpegParts(width = 16, height = 16) {
  const file = Buffer.from(encode({ data: new Uint8Array(width * height * 4).fill(128), width, height }, 90).data);
  const [frame, scan] = [file.indexOf(Buffer.of(0xff, 0xc0)), file.indexOf(Buffer.of(0xff, 0xda))];
  const behind = frame + 2 + file.readUInt16BE(frame + 2);
  return {
    before: file.subarray(0, frame),
    frame: file.subarray(frame, behind),
    tables: file.subarray(behind, scan),
    scan: file.subarray(scan, -2),
    end: file.subarray(-2),
  };
}

/** @param sampling across and down, of light and both colours */
function frameOf(width: number, height: number, sampling: readonly [number, number, number] = [0x11, 0x11, 0x11]): Buffer {
  const frame = Buffer.from(jpegParts().frame);
  frame.writeUInt16BE(height, 5);
  frame.writeUInt16BE(width, 7);
  for (const [index, factors] of sampling.entries()) frame[11 + 3 * index] = factors;
  return frame;
}

test('a JPEG has one frame, ahead of its scans; one inside of other segments is none', () => {
  const { before, frame, tables, scan, end } = jpegParts();
  const other = frameOf(4000, 4000);
  const exif = Buffer.concat([Buffer.of(0xff, 0xe1, 0, other.length + 2), other]);
  const parts = [before, exif, frame, tables, scan];
  assert.deepEqual(readPictureHeader(Buffer.concat([...parts, end])).width, 16);
  assert.deepEqual(decodePicture(Buffer.concat([...parts, end]), 16, 16).width, 16);
  for (const file of [
    [...parts, other, scan, end],
    [...parts, other, end],
    [before, frame, other, tables, scan, end],
    [before, tables, scan, frame, scan, end],
    [...parts],
    [before, tables, scan, end],
    [before, frame, tables, end],
  ]) {
    assert.throws(() => readPictureHeader(Buffer.concat(file)), PictureError);
    assert.throws(() => decodePicture(Buffer.concat(file), 16, 16), PictureError);
  }
});

test('a JPEG of more scans than a program writes is refused before it is decoded', () => {
  const { before, frame, tables, scan, end } = jpegParts();
  const of = (scans: number) => Buffer.concat([before, frame, tables, ...Array.from({ length: scans }, () => scan), end]);
  assert.ok(decodePicture(of(JPEG_MAX_SCANS), 16, 16));
  assert.throws(() => decodePicture(of(JPEG_MAX_SCANS + 1), 16, 16), { name: 'PictureError', message: /more than 64 scans/ });
});

test('a JPEG may have as many pixels as a PNG where its colours are coarse, and half as many where they are not', () => {
  const { before, tables, scan, end } = jpegParts();
  const faultOf = (frame: Buffer) => pictureFault(readPictureHeader(Buffer.concat([before, frame, tables, scan, end])));
  assert.equal(faultOf(frameOf(4096, 4096, [0x22, 0x11, 0x11])), undefined);
  assert.equal(faultOf(frameOf(3840, 2160)), undefined);
  assert.match(faultOf(frameOf(4096, 4096)) ?? '', /25165824 samples; it is 4096x4096 pixels with 50331648 samples/);
  assert.match(faultOf(frameOf(4096, 4096, [0x11, 0x22, 0x22])) ?? '', /37748736 samples/);
  assert.match(faultOf(frameOf(15, 200)) ?? '', /sides of at least 16/);
  for (const broken of [frameOf(0, 16), frameOf(16, 0), frameOf(16, 16, [0x10, 0x11, 0x11]), frameOf(16, 16, [0xf1, 0x11, 0x11])]) {
    assert.throws(() => faultOf(broken), PictureError);
  }
});

test('broken files are refused, whatever byte is wrong, and never by anything but a refusal', async () => {
  for (const file of [await written('whole.png', []), await written('whole.jpg', ['-pix_fmt', 'yuvj420p'])]) {
    assert.ok(decodePicture(file, 16, 16));
    for (let at = 0; at < file.length; at += 37) {
      const broken = Buffer.from(file);
      broken[at] = (broken[at] ?? 0) ^ 0x55;
      for (const bytes of [broken, file.subarray(0, at)]) {
        try {
          assert.equal(decodePicture(bytes, 16, 16).rgb.length, 16 * 16 * 3);
        } catch (error) {
          assert.ok(error instanceof PictureError, `byte ${at}: ${error}`);
        }
      }
    }
  }
});

test('the thread reads what the function reads, and hands its refusals on', async () => {
  const file = await written('thread.png', []);
  const never = new AbortController().signal;
  assert.deepEqual(await readPicture(file, { width: 32, height: 32 }, never), decodePicture(file, 32, 32));
  await assert.rejects(readPicture(file.subarray(0, 100), { width: 32, height: 32 }, never), PictureError);
});

test('a picture that takes too long is refused for good, and one whose lease is lost is not', async () => {
  const file = await written('slow.png', []);
  const size = { width: 32, height: 32 };
  // No thread starts within it.
  await assert.rejects(readPicture(file, size, new AbortController().signal, 1), {
    name: 'PictureError',
    message: /more than 0.001 seconds/,
  });
  await assert.rejects(readPicture(file, size, AbortSignal.abort(), 1), { name: 'AbortError' });
});
