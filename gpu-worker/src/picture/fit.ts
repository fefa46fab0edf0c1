/**
 * A picture of any size as one of the video's: the largest part in its middle that has the video's shape, over white, made
 * smaller by the mean of what each pixel covers, or larger by straight lines between pixels. One arithmetic on every machine.
 */
import type { RgbImage } from '../generation/family.ts';
import type { RgbaImage } from './png.ts';

export function fitPicture(image: RgbaImage, width: number, height: number): RgbImage {
  const scale = Math.min(image.width / width, image.height / height);
  const columns = taps((image.width - width * scale) / 2, scale, width, image.width);
  const rows = taps((image.height - height * scale) / 2, scale, height, image.height);
  const rgb = new Uint8Array(width * height * 3);
  const line = new Float64Array(image.width * 3);
  for (const [y, row] of rows.entries()) {
    line.fill(0);
    for (const [at, weight] of row) addRow(line, image, at, weight);
    for (const [x, column] of columns.entries()) {
      for (let channel = 0; channel < 3; channel++) {
        let sum = 0;
        for (const [at, weight] of column) sum += weight * (line[at * 3 + channel] as number);
        rgb[(y * width + x) * 3 + channel] = Math.round(Math.min(255, Math.max(0, sum)));
      }
    }
  }
  return { width, height, rgb };
}

/** Of which pixels each new one is made, and to which part. @param offset what rounding takes below zero is none */
function taps(offset: number, scale: number, count: number, size: number): (readonly (readonly [at: number, weight: number])[])[] {
  return Array.from({ length: count }, (_, index) => {
    const [begin, end] = [Math.max(0, offset) + index * scale, Math.max(0, offset) + (index + 1) * scale];
    if (scale < 1) return between((begin + end) / 2 - 0.5, size);
    const covered: (readonly [number, number])[] = [];
    for (let at = Math.floor(begin); at < Math.min(size, Math.ceil(end)); at++) {
      const share = Math.min(at + 1, end) - Math.max(at, begin);
      if (share > 0) covered.push([at, share / scale]);
    }
    return covered;
  });
}

function between(place: number, size: number): readonly (readonly [number, number])[] {
  const low = Math.min(size - 1, Math.max(0, Math.floor(place)));
  const share = Math.min(1, Math.max(0, place - low));
  return [
    [low, 1 - share],
    [Math.min(size - 1, low + 1), share],
  ];
}

function addRow(line: Float64Array, { width, rgba }: RgbaImage, row: number, weight: number): void {
  for (let x = 0, at = row * width * 4; x < width; x++, at += 4) {
    const alpha = (rgba[at + 3] as number) / 255;
    for (let channel = 0; channel < 3; channel++) {
      const over_white = 255 + alpha * ((rgba[at + channel] as number) - 255);
      line[x * 3 + channel] = (line[x * 3 + channel] as number) + weight * over_white;
    }
  }
}
