/** The outermost boxes of an MP4 on disk, whatever their size: only their heads are read. */
import type { FileHandle } from 'node:fs/promises';

export interface TopLevelBox {
  readonly type: string;
  readonly start: number;
  readonly end: number;
}

/** @throws Error at a box whose size does not fit into the file */
export async function* topLevelBoxes(file: FileHandle): AsyncGenerator<TopLevelBox> {
  const { size } = await file.stat();
  const head = Buffer.alloc(16);
  for (let start = 0; start < size; ) {
    const { bytesRead } = await file.read(head, 0, 16, start);
    const declared = bytesRead < 8 ? -1 : head.readUInt32BE(0);
    const length = declared === 1 ? Number(head.readBigUInt64BE(8)) : declared === 0 ? size - start : declared;
    if (length < 8 || start + length > size) throw new Error(`the box at ${start} has the size ${length}, which is not in the file`);
    yield { type: head.toString('latin1', 4, 8), start, end: start + length };
    start += length;
  }
}
