/**
 * The parts of a C2PA manifest that a reader's report does not carry: its session keys, what it binds, and the certificate that it was
 * signed with (C2PA 2.4, sections 11.1 and A.5). Whether any of it can be believed, a C2PA reader must say; this makes sure to look at the
 * same bytes, and refuses a file in which another could see others.
 */
import { type Box, boxesIn } from './boxes.ts';
import { decodeCbor, Tagged } from './cbor.ts';
import { byLabel, onlyCbor, plainBoxesIn, type Superbox, superbox } from './jumbf.ts';

export interface ActiveManifest {
  /** `urn:c2pa:...`; a reader's report must name the same. */
  readonly label: string;
  /** CBOR, where the box holds it; a change to these bytes is a change to the segment. */
  readonly claim: Uint8Array;
  readonly signature: Uint8Array;
  /** As they lie in the file: only `claimedContent` knows whether the claim names them. */
  readonly assertions: ReadonlyMap<string, Assertion>;
}

export interface Assertion {
  /** What a claim's hash of it covers: description and content. */
  readonly hashed: Uint8Array;
  /** CBOR; empty where it is of another kind. */
  readonly content: Uint8Array;
}

/** @returns undefined where there is no manifest. @throws Error where it can't be read, or in more ways than one */
export function activeManifest(init: Uint8Array): ActiveManifest | undefined {
  const [box, ...others] = boxesIn(init).filter(isManifestBox);
  if (!box) return undefined;
  if (others.length > 0) throw new Error('it has more than one manifest store');
  plainBoxesIn(init);
  const store = superbox(storeIn(box));
  if (store.type !== 'c2pa') throw new Error('its manifest store is of another type');
  const manifests = [...byLabel(store.children).values()];
  // Compressed ones, and those of types that only some readers know, would be the active manifest for some alone.
  const other = manifests.find(({ type }) => type !== 'c2ma' && type !== 'c2um');
  if (other) throw new Error(`its manifest store holds ${other.label}, of a type that is not read here`);
  // The last manifest is the active one. An update says nothing of the file itself.
  const manifest = manifests.at(-1);
  if (manifest?.type !== 'c2ma') throw new Error('its manifest store ends without a manifest of the file');
  const parts = byLabel(manifest.children);
  for (const { label, type } of parts.values()) {
    if (PARTS.get(label) !== type) throw new Error(`its manifest has a part ${label} of type ${type}, which is not read here`);
  }
  const assertions = [...byLabel(part(parts, 'c2pa.assertions').children)].map(([name, assertion]): [string, Assertion] => [
    name,
    { hashed: assertion.box.content, content: assertion.type === 'cbor' ? onlyCbor(assertion) : new Uint8Array(0) },
  ]);
  return {
    label: manifest.label,
    claim: onlyCbor(part(parts, 'c2pa.claim.v2')),
    signature: onlyCbor(part(parts, 'c2pa.signature')),
    assertions: new Map(assertions),
  };
}

/** An assertion's content; undefined where it is not what the claim names. @throws Error where the claim does not name it once */
export async function claimedContent(manifest: ActiveManifest, label: string): Promise<Uint8Array | undefined> {
  const assertion = manifest.assertions.get(label);
  if (!assertion) throw new Error(`its manifest has no ${label}`);
  const claimed = claimedHash(manifest, label);
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', Uint8Array.from(assertion.hashed)));
  const is_same = claimed.length === digest.length && digest.every((byte, index) => claimed[index] === byte);
  return is_same ? assertion.content : undefined;
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
export function claimedHash(manifest: Pick<ActiveManifest, 'claim' | 'label'>, label: string): Uint8Array {
  const fields = decodeCbor(manifest.claim);
  if (!(fields instanceof Map)) throw new Error('its claim is no map');
  const lists: unknown[] = [fields.get('created_assertions'), fields.get('gathered_assertions')].filter(Array.isArray).flat();
  const urls = ['', `/c2pa/${manifest.label}/`].map((place) => `self#jumbf=${place}c2pa.assertions/${label}`);
  const named = lists.filter((entry) => entry instanceof Map && urls.includes(String(entry.get('url'))));
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

/** Identifier (16 bytes), version and flags (4), purpose, offset of further boxes (8), and the store to the end. */
function storeIn({ content }: Box): Box {
  const purpose_end = content.indexOf(0, 20);
  const purpose = new TextDecoder().decode(content.subarray(20, Math.max(purpose_end, 20)));
  if (purpose !== 'manifest') throw new Error('its manifest is there for another purpose');
  const [store, ...others] = plainBoxesIn(content.subarray(purpose_end + 9));
  if (!store || others.length > 0) throw new Error('its manifest store must be alone in its box');
  return store;
}

function part(parts: ReadonlyMap<string, Superbox>, label: string): Superbox {
  const found = parts.get(label);
  if (!found) throw new Error(`it has no ${label}`);
  return found;
}

/** The parts of a manifest and their types: readers find some by the one, some by the other. */
const PARTS: ReadonlyMap<string, string> = new Map([
  ['c2pa.assertions', 'c2as'],
  ['c2pa.claim.v2', 'c2cl'],
  ['c2pa.signature', 'c2cs'],
  ['c2pa.databoxes', 'c2db'],
]);
const C2PA_UUID = [0xd8, 0xfe, 0xc3, 0xd6, 0x1b, 0x0e, 0x48, 0x3c, 0x92, 0x97, 0x58, 0x28, 0x87, 0x7e, 0xc4, 0x81];
const X5CHAIN = 33;
