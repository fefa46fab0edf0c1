/** For tests: where a signed file is attacked, by the names of its regions. */
import assert from 'node:assert/strict';
import type { Box, Region } from './test-regions.ts';

/** Framing is tried at every byte, what a hash covers at every sixteenth and both ends. */
export function positionsIn({ name, start, end }: Region): number[] {
  const all = Array.from({ length: end - start }, (_, index) => start + index);
  if (!name.endsWith(': content')) return all;
  const stride = name.startsWith('mdat') ? 512 : 16;
  return all.filter((at) => (at - start) % stride === 0 || at === end - 1);
}

/** {'pad': h''}, null, then the signature with its two bytes of length. */
export function withSignatureCut(all: readonly Region[]): Region[] {
  return all.flatMap((region) => {
    if (region.name !== 'c2pa.signature: content') return [region];
    const signature = region.end - 66;
    const header = signature - 7;
    return [
      { ...region, end: header + 1 },
      { name: 'c2pa.signature: padding and absent payload', start: header + 1, end: signature },
      { ...region, start: signature },
    ];
  });
}

export function named(boxes: readonly Box[]) {
  const find = (type: string): Box => {
    const found = boxes.find((candidate) => candidate.type === type);
    assert.ok(found, type);
    return found;
  };
  return { ftyp: find('ftyp'), uuid: find('uuid'), moov: find('moov'), mdat: find('mdat') };
}

/** Taken out of the store whole, with every size around it made right. */
export function withoutIngredient(signed: Buffer, regions: readonly Region[]): Buffer {
  const found = regions.find(({ name }) => name === 'c2pa.ingredient.v3__1: size and type');
  assert.ok(found);
  const length = signed.readUInt32BE(found.start);
  const bytes = Buffer.concat([signed.subarray(0, found.start), signed.subarray(found.start + length)]);
  for (const name of ['uuid', 'store', 'manifest', 'c2pa.assertions']) {
    const around = regions.find((candidate) => candidate.name === `${name}: size and type`);
    assert.ok(around, name);
    bytes.writeUInt32BE(signed.readUInt32BE(around.start) - length, around.start);
  }
  return bytes;
}
