/** Signed files damaged at random. The same number gives the same damage of the same file. */
import { mulberry32 } from '@everframe/shared/mulberry32';

const NUMBERS = [0, 1, 7, 8, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff];
/** Most damage is done where most is parsed. */
const HEAD_BYTES = 6000;
const RANGE_BYTES = 64;

/** @param number from 1 @param others from which pieces are taken over */
export function mutate(source: Uint8Array, others: readonly Uint8Array[], number: number): Uint8Array {
  const random = mulberry32(Math.imul(number, 0x9e3779b1));
  const below = (most: number) => Math.floor(random() * most);
  let bytes = Buffer.from(source);
  const place = () => below(random() < 0.7 ? Math.min(HEAD_BYTES, bytes.length) : bytes.length);
  for (let left = 1 + below(random() < 0.5 ? 1 : 8); left > 0 && bytes.length > 0; left--) {
    const at = place();
    const end = Math.min(bytes.length, at + 1 + below(RANGE_BYTES));
    switch (below(9)) {
      case 0:
      case 1:
        bytes[at] = (bytes[at] as number) ^ (1 << below(8));
        break;
      case 2:
        bytes[at] = below(256);
        break;
      case 3:
        if (at + 4 <= bytes.length) bytes.writeUInt32BE(NUMBERS[below(NUMBERS.length)] as number, at);
        break;
      case 4:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(end)]);
        break;
      case 5:
        bytes = Buffer.concat([bytes.subarray(0, end), bytes.subarray(at)]);
        break;
      case 6:
        bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from(Array.from({ length: end - at }, () => below(256))), bytes.subarray(at)]);
        break;
      case 7:
        bytes = Buffer.from(bytes.subarray(0, at));
        break;
      default: {
        const other = others[below(others.length)] as Uint8Array;
        const from = below(other.length);
        Buffer.from(other.subarray(from, from + end - at)).copy(bytes, at);
      }
    }
  }
  return bytes;
}
