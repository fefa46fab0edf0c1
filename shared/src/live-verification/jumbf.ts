/**
 * Superboxes of JUMBF (ISO/IEC 19566-5, section A.2; C2PA 2.4, section 11.1), in the one form that leaves nothing to the reader. Readers
 * differ in what they pass over: unknown types and boxes, further fields of a description, sizes that don't fit. Whoever looks at a file
 * beside a C2PA reader must see the same bytes in it, so whatever could be passed over is refused here.
 */
import { type Box, boxesIn } from './boxes.ts';

export interface Superbox {
  /** Four letters, such as `c2ma`; hexadecimal where the type is not one of C2PA's. */
  readonly type: string;
  readonly label: string;
  readonly children: readonly Box[];
}

/** The boxes that fill `bytes`. @throws Error also for a size of 64 bits, which c2pa-rs reads otherwise inside of JUMBF and `uuid` */
export function plainBoxesIn(bytes: Uint8Array): Box[] {
  const boxes = boxesIn(bytes);
  const large = boxes.find(({ bytes: all, content }) => all.length - content.length !== 8);
  if (large) throw new Error(`box '${large.type}' has a size of 64 bits`);
  return boxes;
}

/** @throws Error where it is none, or can be read in more ways than one */
export function superbox(box: Box): Superbox {
  if (box.type !== 'jumb') throw new Error(`a '${box.type}' is where a 'jumb' must be`);
  const [description, ...children] = plainBoxesIn(box.content);
  if (description?.type !== 'jumd') throw new Error("a 'jumb' has no description");
  // Type (16 bytes), toggles (1), label, perhaps salt.
  const { content } = description;
  const label_end = content.indexOf(0, TOGGLES_AT + 1);
  const label = new TextDecoder('utf-8', { fatal: true }).decode(content.subarray(TOGGLES_AT + 1, Math.max(label_end, TOGGLES_AT + 1)));
  // A slash would end the label for those who find it by its URI.
  if (!LABEL.test(label)) throw new Error("a 'jumb' has no label, or one of letters that a URI does not have");
  requireSaltAlone(content[TOGGLES_AT], content.subarray(label_end + 1));
  return { type: typeOf(content.subarray(0, TOGGLES_AT)), label, children };
}

/** By their labels. @throws Error where one comes twice */
export function byLabel(boxes: readonly Box[]): Map<string, Superbox & { readonly box: Box }> {
  const found = new Map<string, Superbox & { readonly box: Box }>();
  for (const box of boxes) {
    const read = superbox(box);
    if (found.has(read.label)) throw new Error(`it has ${read.label} twice`);
    found.set(read.label, { ...read, box });
  }
  return found;
}

/** CBOR. @throws Error unless the superbox holds that alone */
export function onlyCbor({ label, children }: Superbox): Uint8Array {
  const [child, ...others] = children;
  if (child?.type !== 'cbor' || others.length > 0) throw new Error(`${label} must hold one 'cbor'`);
  return child.content;
}

function typeOf(uuid: Uint8Array): string {
  const is_own = OWN_TYPES_END.every((byte, index) => uuid[4 + index] === byte);
  return is_own ? String.fromCharCode(...uuid.subarray(0, 4)) : Array.from(uuid, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function requireSaltAlone(toggles: number | undefined, rest: Uint8Array): void {
  const salts = plainBoxesIn(rest);
  const is_plain = toggles === REQUESTABLE_WITH_LABEL && salts.length === 0;
  const is_salted = toggles === REQUESTABLE_WITH_LABEL + WITH_PRIVATE && salts.length === 1 && salts[0]?.type === 'c2sh';
  if (!is_plain && !is_salted) throw new Error("a 'jumb' is described by more than type, label and salt");
}

const TOGGLES_AT = 16;
const REQUESTABLE_WITH_LABEL = 0x03;
const WITH_PRIVATE = 0x10;
const LABEL = /^[\w.:+~@-]+$/;
/** Behind its four letters, a type of C2PA's ends like every type of ISO's. */
const OWN_TYPES_END = [0x00, 0x11, 0x00, 0x10, 0x80, 0x00, 0x00, 0xaa, 0x00, 0x38, 0x9b, 0x71];
