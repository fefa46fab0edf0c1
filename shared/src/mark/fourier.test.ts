import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AREA, inverse, OPPOSITE, SIDE, transform } from './fourier.ts';

function square(at: (x: number, y: number) => number): Float64Array {
  return Float64Array.from({ length: AREA }, (_, index) => at(index % SIDE, Math.floor(index / SIDE)));
}

test('there and back gives the same numbers, 4096 times as large', () => {
  const values = square((x, y) => Math.sin(x * x + 3 * y));
  const spectrum = { re: values.slice(), im: values.toReversed() };
  transform(spectrum);
  inverse(spectrum);
  for (let index = 0; index < AREA; index++) {
    assert.ok(Math.abs((spectrum.re[index] as number) / AREA - (values[index] as number)) < 1e-12);
    assert.ok(Math.abs((spectrum.im[index] as number) / AREA - (values[AREA - 1 - index] as number)) < 1e-12);
  }
});

test('a wave is one frequency, and its conjugate the opposite one', () => {
  for (const [across, down] of [
    [0, 0],
    [3, 0],
    [0, 17],
    [63, 32],
    [21, 46],
  ] as const) {
    const phase = (x: number, y: number) => (2 * Math.PI * (across * x + down * y)) / SIDE;
    const places = [1, -1].map((direction) => {
      const wave = { re: square((x, y) => Math.cos(phase(x, y))), im: square((x, y) => direction * Math.sin(phase(x, y))) };
      transform(wave);
      const sizes = wave.re.map((value, index) => Math.hypot(value, wave.im[index] as number));
      const place = sizes.indexOf(Math.max(...sizes));
      assert.ok(Math.abs((wave.re[place] as number) - AREA) < 1e-6);
      assert.ok(sizes.every((size, index) => index === place || size < 1e-6));
      return place;
    });
    assert.equal(OPPOSITE[places[0] as number], places[1]);
  }
});

test('a product of spectra is a shift found', () => {
  const one = { re: square((x, y) => Math.sin(7 * x * y + x)), im: new Float64Array(AREA) };
  const moved = { re: square((x, y) => one.re[((y + 50) % SIDE) * SIDE + ((x + 11) % SIDE)] as number), im: new Float64Array(AREA) };
  for (const spectrum of [one, moved]) transform(spectrum);
  const product = {
    re: one.re.map((value, at) => value * (moved.re[at] as number) + (one.im[at] as number) * (moved.im[at] as number)),
    im: one.im.map((value, at) => value * (moved.re[at] as number) - (one.re[at] as number) * (moved.im[at] as number)),
  };
  inverse(product);
  assert.equal(product.re.indexOf(Math.max(...product.re)), 50 * SIDE + 11);
});
