/** For tests: boxes of a media file that no encoder would write. */

export function box(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(8, `\0\0\0\0${type}`, 'latin1');
  head.writeUInt32BE(8 + body.length);
  return Buffer.concat([head, body]);
}

export function many(type: string, count: number): Buffer {
  return Buffer.alloc(count * 8, box(type, Buffer.alloc(0)));
}

export function large(type: string, size: bigint): Buffer {
  const head = Buffer.alloc(16, `\0\0\0\u0001${type}`, 'latin1');
  head.writeBigUInt64BE(size, 8);
  return head;
}

export function nested(type: string, depth: number): Buffer {
  let inner = Buffer.alloc(0);
  for (let level = 0; level < depth; level++) inner = Buffer.from(box(type, inner));
  return inner;
}
