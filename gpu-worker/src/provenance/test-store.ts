/** For tests: the boxes of a manifest store as a tree that can be put together otherwise, with every size made right. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { box } from './test-boxes.ts';
import { boxesOf } from './test-regions.ts';

/** A superbox has children, the first its description; every other box has content. */
export type Node = { readonly type: 'jumb'; readonly children: readonly Node[] } | { readonly type: string; readonly content: Buffer };
export type Superbox = Extract<Node, { type: 'jumb' }>;

export interface ManifestBox {
  /** From the identifier to the store. */
  readonly prefix: Buffer;
  readonly store: Superbox;
}

/** @param uuid a file's box of its manifest */
export function readManifestBox(uuid: Buffer): ManifestBox {
  const store_at = uuid.indexOf(0, 28) + 9;
  const [store] = nodesOf(uuid.subarray(store_at));
  assert.ok(store && isSuperbox(store));
  return { prefix: uuid.subarray(8, store_at), store };
}

export function writeManifestBox({ prefix, store }: ManifestBox, ...more: readonly Node[]): Buffer {
  return box('uuid', Buffer.concat([prefix, ...[store, ...more].map(bytesOf)]));
}

export function bytesOf(node: Node): Buffer {
  return box(node.type, isSuperbox(node) ? Buffer.concat(node.children.map(bytesOf)) : node.content);
}

export function superbox(node: Node | undefined): Superbox {
  assert.ok(node && isSuperbox(node));
  return node;
}

/** The superboxes in it. */
export function insideOf({ children }: Superbox): Superbox[] {
  return children.slice(1).map(superbox);
}

export function labelOf({ children: [description] }: Superbox): string {
  assert.ok(description && 'content' in description);
  return description.content.toString('latin1', 17, description.content.indexOf(0, 17));
}

/** @param to.type four letters that take the place of the type's first */
export function described(node: Superbox, to: { readonly type?: string; readonly label?: string }): Superbox {
  const [description, ...rest] = node.children;
  assert.ok(description && 'content' in description);
  const { content } = description;
  const label_end = content.indexOf(0, 17);
  const type = to.type === undefined ? content.subarray(0, 4) : Buffer.from(to.type, 'latin1');
  const label = to.label === undefined ? content.subarray(17, label_end) : Buffer.from(to.label, 'latin1');
  const changed = Buffer.concat([type, content.subarray(4, 17), label, content.subarray(label_end)]);
  return { ...node, children: [{ ...description, content: changed }, ...rest] };
}

export function withChildren(node: Superbox, inside: readonly Node[]): Superbox {
  const [description] = node.children;
  assert.ok(description);
  return { ...node, children: [description, ...inside] };
}

/** The one superbox of this label, however deep, changed. */
export function changed(node: Superbox, label: string, change: (found: Superbox) => Superbox): Superbox {
  if (labelOf(node) === label) return change(node);
  return { ...node, children: node.children.map((child) => (isSuperbox(child) ? changed(child, label, change) : child)) };
}

export function find(node: Superbox, label: string): Superbox {
  let found: Superbox | undefined;
  changed(node, label, (there) => {
    found = there;
    return there;
  });
  assert.ok(found, label);
  return found;
}

/** What is in its one box of CBOR. */
export function cborOf({ children: [, child] }: Superbox): Buffer {
  assert.ok(child?.type === 'cbor' && 'content' in child);
  return child.content;
}

/** A manifest with another assertion, and with a claim that names its hash; only the signature is not for it. */
export function forged(manifest: Superbox, label: string, change: (content: Buffer) => Buffer): Superbox {
  const assertion = find(manifest, label);
  const other = withChildren(assertion, [{ type: 'cbor', content: change(cborOf(assertion)) }]);
  const claim = (there: Superbox) =>
    withChildren(there, [{ type: 'cbor', content: replaced(cborOf(there), hashOf(assertion), hashOf(other)) }]);
  return changed(
    changed(manifest, label, () => other),
    'c2pa.claim.v2',
    claim,
  );
}

/** As a claim names an assertion. */
export function hashOf(assertion: Superbox): Buffer {
  return createHash('sha256').update(bytesOf(assertion).subarray(8)).digest();
}

/** A copy in which the one place of some bytes has others. */
export function replaced(bytes: Buffer, from: Uint8Array, to: Uint8Array): Buffer {
  const at = bytes.indexOf(from);
  assert.ok(at >= 0 && bytes.indexOf(from, at + 1) === -1, 'bytes that are replaced must be there once');
  return Buffer.concat([bytes.subarray(0, at), to, bytes.subarray(at + from.length)]);
}

function nodesOf(bytes: Buffer): Node[] {
  return boxesOf(bytes).map(({ type, start, end }) => {
    const content = bytes.subarray(start + 8, end);
    return type === 'jumb' ? { type, children: nodesOf(content) } : { type, content };
  });
}

function isSuperbox(node: Node): node is Superbox {
  return 'children' in node;
}
