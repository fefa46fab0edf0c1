/** For tests: the parts of a signed MP4, down to single fields of its manifest, by name. */

export interface Region {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

export interface Box {
  readonly type: string;
  readonly start: number;
  readonly end: number;
}

/** The boxes of an MP4 from `start` to `end`; sizes of 32 bits only. */
export function boxesOf(bytes: Buffer, start = 0, end = bytes.length): Box[] {
  const found: Box[] = [];
  for (let at = start; at + 8 <= end; ) {
    const size = bytes.readUInt32BE(at);
    if (size < 8 || at + size > end) break;
    found.push({ type: bytes.toString('latin1', at + 4, at + 8), start: at, end: at + size });
    at += size;
  }
  return found;
}

/** All of the file, without gaps. */
export function regionsOf(bytes: Buffer): Region[] {
  return boxesOf(bytes).flatMap((box) => {
    const { type, start, end } = box;
    const header = { name: `${type}: size and type`, start, end: start + 8 };
    if (type === 'ftyp') return [header, { name: 'ftyp: brands', start: start + 8, end }];
    if (type === 'uuid') return [header, ...manifestRegions(bytes, box)];
    return [header, { name: `${type}: content`, start: start + 8, end }];
  });
}

/** C2PA 2.4, annex A.5: identifier, version and flags, purpose, offset, then the manifest store. */
function manifestRegions(bytes: Buffer, { start, end }: Box): Region[] {
  const purpose = start + 28;
  const offset = bytes.indexOf(0, purpose) + 1;
  return [
    { name: 'uuid: identifier', start: start + 8, end: start + 24 },
    { name: 'uuid: version and flags', start: start + 24, end: purpose },
    { name: 'uuid: purpose', start: purpose, end: offset },
    { name: 'uuid: offset of further boxes', start: offset, end: offset + 8 },
    ...boxesOf(bytes, offset + 8, end).flatMap((box) => jumbfRegions(bytes, box, 0)),
  ];
}

/** ISO 19566-5: a superbox has a description (type, toggles, label, perhaps salt), then contents. */
function jumbfRegions(bytes: Buffer, { type, start, end }: Box, depth: number): Region[] {
  const level = ['store', 'manifest', 'part of a manifest', 'assertion'][depth] ?? 'below';
  if (type !== 'jumb')
    return [
      { name: `${level}: content's size and type`, start, end: start + 8 },
      { name: `${level}: content`, start: start + 8, end },
    ];
  const [description, ...contents] = boxesOf(bytes, start + 8, end);
  if (!description) return [{ name: `${level}: not JUMBF`, start, end }];
  const toggles = description.start + 24;
  const label_end = bytes.indexOf(0, toggles + 1) + 1;
  const label = bytes.toString('latin1', toggles + 1, label_end - 1).replace(/^urn:.*/, 'manifest');
  const name = depth === 0 ? 'store' : label;
  return [
    { name: `${name}: size and type`, start, end: start + 8 },
    { name: `${name}: description's size and type`, start: description.start, end: description.start + 8 },
    { name: `${name}: description's type`, start: description.start + 8, end: toggles },
    { name: `${name}: description's toggles`, start: toggles, end: toggles + 1 },
    { name: `${name}: label`, start: toggles + 1, end: label_end },
    ...(label_end < description.end ? [{ name: `${name}: salt`, start: label_end, end: description.end }] : []),
    ...contents.flatMap((box) =>
      box.type === 'jumb'
        ? jumbfRegions(bytes, box, depth + 1)
        : [
            { name: `${name}: content's size and type`, start: box.start, end: box.start + 8 },
            { name: `${name}: content`, start: box.start + 8, end: box.end },
          ],
    ),
  ];
}
