/** The mean of each pixel's neighbourhood: the only filter that the mark needs, in time that does not grow with its size. */

/** @param radius pixels to each side; at the borders the neighbourhood is what there is of it */
export function boxBlur(source: Uint8Array | Float32Array, width: number, height: number, radius: number): Float32Array {
  // One kind of array: a loop over either is compiled for neither.
  return blur(source instanceof Float32Array ? source : Float32Array.from(source), width, height, radius);
}

function blur(source: Float32Array, width: number, height: number, radius: number): Float32Array {
  const rows = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    const row = y * width;
    let sum = 0;
    for (let x = 0; x < Math.min(radius, width); x++) sum += source[row + x] as number;
    for (let x = 0; x < width; x++) {
      if (x + radius < width) sum += source[row + x + radius] as number;
      if (x - radius - 1 >= 0) sum -= source[row + x - radius - 1] as number;
      rows[row + x] = sum / (Math.min(width - 1, x + radius) - Math.max(0, x - radius) + 1);
    }
  }
  const blurred = new Float32Array(width * height);
  const sums = new Float64Array(width);
  for (let y = 0; y < Math.min(radius, height); y++)
    for (let x = 0; x < width; x++) sums[x] = (sums[x] as number) + (rows[y * width + x] as number);
  for (let y = 0; y < height; y++) {
    const enters = y + radius < height ? (y + radius) * width : -1;
    const leaves = y - radius - 1 >= 0 ? (y - radius - 1) * width : -1;
    const share = 1 / (Math.min(height - 1, y + radius) - Math.max(0, y - radius) + 1);
    for (let x = 0; x < width; x++) {
      let sum = sums[x] as number;
      if (enters >= 0) sum += rows[enters + x] as number;
      if (leaves >= 0) sum -= rows[leaves + x] as number;
      sums[x] = sum;
      blurred[y * width + x] = sum * share;
    }
  }
  return blurred;
}
