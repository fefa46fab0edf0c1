/**
 * The parts of the C2PA manifest in an init segment that a reader's report does not carry: its session keys, and the
 * certificate that it was signed with (C2PA 2.4, sections 11.1 and A.5). Whether any of it can be believed, a C2PA
 * reader must say; this only makes sure to look at the same bytes.
 */
import { type Box, boxesIn, onlyBox } from './boxes.ts';
import { decodeCbor, Tagged } from './cbor.ts';

export interface ActiveManifest {
  /** `urn:c2pa:...` */
  readonly label: string;
  /** CBOR, where the box holds it; a change to these bytes is a change to the segment. */
  readonly claim: Uint8Array;
  readonly signature: Uint8Array;
  readonly assertions: ReadonlyMap<string, Assertion>;
}

export interface Assertion {
  /** What a claim's hash of it covers: description and content. */
  readonly hashed: Uint8Array;
  readonly content: Uint8Array;
}

/** @returns undefined where there is no manifest. @throws Error where it can't be read, or in more ways than one */
export function activeManifest(init: Uint8Array): ActiveManifest | undefined {
  const [box, ...others] = boxesIn(init).filter(isManifestBox);
  if (!box) return undefined;
  if (others.length > 0) throw new Error('it has more than one manifest store');
  // Identifier, version and flags, purpose, offset of further boxes.
  const purpose_end = box.content.indexOf(0, 20);
  const store = onlyBox(boxesIn(box.content.subarray(purpose_end + 9)), 'jumb');
  // The last manifest is the active one.
  const manifest = superbox(store).children.at(-1);
  if (!manifest) throw new Error('its manifest store is empty');
  const { label, children } = superbox(manifest);
  const parts = byLabel(children);
  const assertions = [...byLabel(superbox(part(parts, 'c2pa.assertions')).children)].map(([name, assertion]): [string, Assertion] => [
    name,
    { hashed: assertion.content, content: contentOf(assertion) },
  ]);
  return {
    label,
    claim: contentOf(part(parts, 'c2pa.claim.v2')),
    signature: contentOf(part(parts, 'c2pa.signature')),
    assertions: new Map(assertions),
  };
}

/** The segment as it was before it was signed. */
export function withoutManifest(init: Uint8Array): Uint8Array {
  const kept = boxesIn(init).filter((box) => !isManifestBox(box));
  const plain = new Uint8Array(kept.reduce((total, { bytes }) => total + bytes.length, 0));
  let at = 0;
  for (const { bytes } of kept) {
    plain.set(bytes, at);
    at += bytes.length;
  }
  return plain;
}

/** SHA-256 of an assertion, as the claim that is signed has it. @throws Error where the claim does not name it once */
export function claimedHash({ claim }: Pick<ActiveManifest, 'claim'>, label: string): Uint8Array {
  const fields = decodeCbor(claim);
  if (!(fields instanceof Map)) throw new Error('its claim is no map');
  const lists: unknown[] = [fields.get('created_assertions'), fields.get('gathered_assertions')].filter(Array.isArray).flat();
  const named = lists.filter((entry) => entry instanceof Map && String(entry.get('url')).endsWith(`c2pa.assertions/${label}`));
  const [entry] = named;
  const hash = entry instanceof Map ? entry.get('hash') : undefined;
  const alg = entry instanceof Map ? (entry.get('alg') ?? fields.get('alg')) : undefined;
  if (named.length !== 1 || !(hash instanceof Uint8Array) || alg !== 'sha256') {
    throw new Error(`its claim must name ${label} once, with its SHA-256`);
  }
  return hash;
}

/** DER: the certificate that the claim was signed with. */
export function signingCertificate({ signature }: ActiveManifest): Uint8Array {
  const tagged = decodeCbor(signature);
  const [header] = tagged instanceof Tagged && tagged.tag === 18 && Array.isArray(tagged.value) ? tagged.value : [];
  const fields = header instanceof Uint8Array ? decodeCbor(header) : undefined;
  const chain = fields instanceof Map ? fields.get(X5CHAIN) : undefined;
  const leaf = Array.isArray(chain) ? chain[0] : chain;
  if (!(leaf instanceof Uint8Array)) throw new Error('its signature names no certificate');
  return leaf;
}

function isManifestBox({ type, content }: Box): boolean {
  return type === 'uuid' && C2PA_UUID.every((byte, index) => content[index] === byte);
}

function superbox(box: Box): { label: string; children: Box[] } {
  if (box.type !== 'jumb') throw new Error(`a '${box.type}' is where a 'jumb' must be`);
  const [description, ...children] = boxesIn(box.content);
  // Type (16 bytes), toggles (1), label, perhaps salt.
  const label_end = description?.content.indexOf(0, 17) ?? -1;
  if (description?.type !== 'jumd' || label_end === -1) throw new Error("a 'jumb' has no label");
  // Salt stands in a box of its own inside the description, so what follows is content.
  return { label: new TextDecoder().decode(description.content.subarray(17, label_end)), children };
}

function byLabel(boxes: readonly Box[]): Map<string, Box> {
  const found = new Map<string, Box>();
  for (const box of boxes) {
    const { label } = superbox(box);
    if (found.has(label)) throw new Error(`it has ${label} twice`);
    found.set(label, box);
  }
  return found;
}

function part(parts: ReadonlyMap<string, Box>, label: string): Box {
  const found = parts.get(label);
  if (!found) throw new Error(`it has no ${label}`);
  return found;
}

function contentOf(box: Box): Uint8Array {
  return superbox(box).children[0]?.content ?? new Uint8Array(0);
}

const C2PA_UUID = [0xd8, 0xfe, 0xc3, 0xd6, 0x1b, 0x0e, 0x48, 0x3c, 0x92, 0x97, 0x58, 0x28, 0x87, 0x7e, 0xc4, 0x81];
const X5CHAIN = 33;
