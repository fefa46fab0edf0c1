/**
 * How a manifest binds the bytes of its MP4 (C2PA 2.4, section 18.6, `c2pa.hash.bmff.v3`): one hash over all boxes but those that are
 * excluded, and perhaps a list of hashes over blocks of the samples. Only what common writers write is understood; the rest is for a
 * reader that has the whole file.
 */
import { decodeCbor } from '../live-verification/cbor.ts';
import { activeManifest, claimedContent } from '../live-verification/manifest-store.ts';

export interface BmffBinding {
  /** Of the manifest that binds: what a reader says of another one says nothing of these bytes. */
  readonly manifest_label: string;
  readonly hash: Uint8Array;
  /** Types of top-level boxes that the hash leaves out, besides the one that holds the manifest. */
  readonly excluded: ReadonlySet<string>;
  /** Of the samples in the only `mdat`, from its 17th byte on; undefined where the hash covers them. */
  readonly blocks: { readonly bytes: number; readonly hashes: readonly Uint8Array[] } | undefined;
}

/** @param head the file's `ftyp` and the box of its manifest @returns `altered` where the binding is not what was signed, undefined where the file is bound otherwise */
export async function bmffBinding(head: Uint8Array): Promise<BmffBinding | 'altered' | undefined> {
  let manifest_label: string;
  let fields: unknown;
  try {
    const manifest = activeManifest(head);
    const [label, ...others] = [...(manifest?.assertions.keys() ?? [])].filter((name) => name.startsWith('c2pa.hash.'));
    if (!manifest || !label || others.length > 0 || !/^c2pa\.hash\.bmff\.v[23]$/.test(label)) return undefined;
    manifest_label = manifest.label;
    const content = await claimedContent(manifest, label);
    if (!content) return 'altered';
    fields = decodeCbor(content);
  } catch {
    // A manifest that is built otherwise, or an update of another one.
    return undefined;
  }
  if (!(fields instanceof Map)) return undefined;
  const [alg, hash, exclusions, merkle] = ['alg', 'hash', 'exclusions', 'merkle'].map((name) => fields.get(name));
  if (alg !== 'sha256' || !(hash instanceof Uint8Array) || !Array.isArray(exclusions)) return undefined;
  const blocks = merkle === undefined || merkle === null ? undefined : blocksOf(merkle);
  if (blocks === null) return undefined;
  const kinds = exclusions.map(excludedBy);
  const leaves_samples_out = kinds.includes('samples');
  if (kinds.includes(undefined) || !kinds.includes('manifest') || leaves_samples_out !== (blocks !== undefined)) return undefined;
  return { manifest_label, hash, excluded: new Set(kinds.filter((kind) => PLAIN.includes(kind ?? '')) as string[]), blocks };
}

/** One list with every leaf, and blocks of one size. Null for another kind of tree. */
function blocksOf(merkle: unknown): BmffBinding['blocks'] | null {
  const [tree, ...others] = Array.isArray(merkle) ? merkle : [];
  if (!(tree instanceof Map) || others.length > 0) return null;
  const [bytes, count, hashes, alg] = ['fixedBlockSize', 'count', 'hashes', 'alg'].map((name) => tree.get(name));
  if (tree.has('variableBlockSizes') || tree.has('initHash') || (alg !== undefined && alg !== 'sha256')) return null;
  const size = Number(bytes);
  if (!Number.isInteger(size) || size < BLOCK_MIN_BYTES || size > BLOCK_MAX_BYTES) return null;
  if (!Array.isArray(hashes) || hashes.length !== Number(count) || !hashes.every((hash) => hash instanceof Uint8Array)) return null;
  return { bytes: size, hashes };
}

/** A type of box, `manifest`, `samples` for all of `mdat` but its first 16 bytes, or undefined for what is not understood. */
function excludedBy(exclusion: unknown): string | undefined {
  if (!(exclusion instanceof Map)) return undefined;
  const given = [...exclusion].filter(([, value]) => value !== null && value !== undefined);
  const { xpath, data, subset, ...others } = Object.fromEntries(given) as Record<string, unknown>;
  if (Object.keys(others).length > 0 || typeof xpath !== 'string') return undefined;
  const type = xpath.slice(1);
  if (xpath === '/uuid' && subset === undefined && isManifestUuid(data)) return 'manifest';
  if (xpath === '/mdat' && data === undefined && isAllBut16(subset)) return 'samples';
  return data === undefined && subset === undefined && xpath === `/${type}` && PLAIN.includes(type) ? type : undefined;
}

function isManifestUuid(data: unknown): boolean {
  const [entry, ...others] = Array.isArray(data) ? data : [];
  if (!(entry instanceof Map) || others.length > 0 || Number(entry.get('offset')) !== 8) return false;
  const value: unknown = entry.get('value');
  const bytes = value instanceof Uint8Array ? [...value] : Array.isArray(value) ? value.map(Number) : [];
  return bytes.length === C2PA_UUID.length && C2PA_UUID.every((byte, index) => bytes[index] === byte);
}

function isAllBut16(subset: unknown): boolean {
  const [entry, ...others] = Array.isArray(subset) ? subset : [];
  return entry instanceof Map && others.length === 0 && Number(entry.get('offset')) === 16 && Number(entry.get('length')) === 0;
}

export const C2PA_UUID = [0xd8, 0xfe, 0xc3, 0xd6, 0x1b, 0x0e, 0x48, 0x3c, 0x92, 0x97, 0x58, 0x28, 0x87, 0x7e, 0xc4, 0x81];
const PLAIN = ['ftyp', 'mfra', 'free', 'skip'];
/** Each block costs a hash of its own before anything is known of the file; signers take 1 MiB or so. */
const BLOCK_MIN_BYTES = 64 * 1024;
const BLOCK_MAX_BYTES = 16 * 1024 * 1024;
