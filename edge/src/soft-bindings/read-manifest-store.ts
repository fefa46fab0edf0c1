/** The manifest store inside a signed MP4, read from the bucket without the rest of the file (C2PA 2.4, appendix A.5). */

const UUID = 'd8fec3d61b0e483c92975828877ec481';
/** Enough for nearly every store at once. */
const FIRST_READ_BYTES = 64 * 1024;
/** As many boxes may lie before it; it is written right behind `ftyp`. */
const BOXES_MAX = 16;
const STORE_MAX_BYTES = 16 * 1024 * 1024;

/** @returns undefined where there is no such object */
export async function readManifestStore(bucket: R2Bucket, key: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  let at = 0;
  for (let boxes = 0; boxes < BOXES_MAX; boxes++) {
    const head = await readRange(bucket, key, at, FIRST_READ_BYTES);
    if (!head) return undefined;
    const box = new DataView(head.buffer);
    if (head.length < 16) break;
    const size = box.getUint32(0) === 1 ? Number(box.getBigUint64(8)) : box.getUint32(0);
    if (textOf(head, 4, 8) === 'uuid' && hexOf(head, 8, 24) === UUID) return storeOf(bucket, key, at, size, head);
    if (size < 8) break;
    at += size;
  }
  throw new Error(`${key} has no manifest store among its first boxes`);
}

/** Behind version and flags the purpose with its closing zero, then an offset, then the store, which says its own length. */
async function storeOf(
  bucket: R2Bucket,
  key: string,
  at: number,
  size: number,
  head: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  const start = head.indexOf(0, 28) + 1 + 8;
  const bytes = new DataView(head.buffer).getUint32(start);
  if (textOf(head, 28, start - 9) !== 'manifest' || bytes > size || bytes > STORE_MAX_BYTES)
    throw new Error(`${key} has a malformed manifest store`);
  if (start + bytes <= head.length) return head.slice(start, start + bytes);
  const whole = await readRange(bucket, key, at + start, bytes);
  if (whole?.length !== bytes) throw new Error(`${key} ends inside its manifest store`);
  return whole;
}

async function readRange(bucket: R2Bucket, key: string, offset: number, length: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const object = await bucket.get(key, { range: { offset, length } });
  return object ? new Uint8Array(await object.arrayBuffer()) : undefined;
}

function textOf(bytes: Uint8Array, start: number, end: number): string {
  return String.fromCharCode(...bytes.subarray(start, end));
}

function hexOf(bytes: Uint8Array, start: number, end: number): string {
  return [...bytes.subarray(start, end)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
