/**
 * For tests: manifest boxes in which one reader sees our manifest, and another may see a forged one that nobody signed. Each is built from
 * what c2pa-rs passes over, normalises or looks up in its own way.
 */
import { brotliCompressSync } from 'node:zlib';
import { box } from './test-boxes.ts';
import {
  bytesOf,
  cborOf,
  changed,
  described,
  find,
  hashOf,
  insideOf,
  labelOf,
  type ManifestBox,
  replaced,
  type Superbox,
  withChildren,
  writeManifestBox,
} from './test-store.ts';

export interface Forgery {
  readonly ours: ManifestBox;
  /** The manifest that is signed, and a copy of it whose assertion and claim are changed. */
  readonly real: Superbox;
  readonly fake: Superbox;
  /** Of the assertion that is changed. */
  readonly label: string;
}

/** @returns one or more top-level boxes that take the place of the manifest's */
type TwoReadings = (forgery: Forgery) => Buffer;

const CLAIM = 'c2pa.claim.v2';
const ASSERTIONS = 'c2pa.assertions';

export const TWO_READINGS: readonly (readonly [name: string, build: TwoReadings])[] = [
  ['the forged manifest behind ours, of an unknown type', ({ fake, ...of }) => withStore(of, [of.real, described(fake, { type: 'none' })])],
  ['the forged one before ours, of an unknown type', ({ fake, ...of }) => withStore(of, [described(fake, { type: 'none' }), of.real])],
  ['of the type of standard manifests', ({ fake, ...of }) => withStore(of, [of.real, described(fake, { type: 'c2md' })])],
  ['of the type of compressed manifests', ({ fake, ...of }) => withStore(of, [of.real, described(fake, { type: 'c2cm' })])],
  ['of the type of updates', ({ fake, ...of }) => withStore(of, [of.real, described(fake, { type: 'c2um' })])],
  ['of the same label and type', ({ fake, ...of }) => withStore(of, [of.real, fake])],
  ['of the same label and type, before ours', ({ fake, ...of }) => withStore(of, [fake, of.real])],
  ['of a label below ours', ({ fake, ...of }) => withStore(of, [of.real, described(fake, { label: `${labelOf(of.real)}/c2pa.claim` })])],
  ['of a label that is no text', ({ fake, ...of }) => withStore(of, [of.real, described(fake, { label: '\xff\xfe' })])],
  [
    'ours compressed inside the forged one',
    ({ fake, ...of }) => {
      const compressed = { type: 'brob', content: brotliCompressSync(bytesOf(of.real)) };
      return withStore(of, [withChildren(fake, [compressed, ...insideOf(fake)])]);
    },
  ],
  ['forged claim and assertion before ours, in boxes that are passed over', (of) => withStore(of, [shadowed(of, 'before')])],
  ['forged claim and assertion behind ours, in boxes that are passed over', (of) => withStore(of, [shadowed(of, 'behind')])],
  [
    'a second claim and second assertions, found by label where ours are found by type',
    ({ real, fake, ...of }) => {
      const [our_claim, our_assertions] = [find(real, CLAIM), find(real, ASSERTIONS)];
      const others = insideOf(real).filter((part) => part !== our_claim && part !== our_assertions);
      const parts = [
        described(our_assertions, { label: `${ASSERTIONS}.v1` }),
        described(our_claim, { label: 'c2pa.claim' }),
        ...others,
        described(find(fake, ASSERTIONS), { type: 'none' }),
        described(find(fake, CLAIM), { type: 'none' }),
      ];
      return withStore(of, [withChildren(real, parts)]);
    },
  ],
  [
    'the assertion twice, once with a path before its label',
    ({ real, fake, label, ...of }) => {
      const doubled = changed(real, ASSERTIONS, (there) =>
        withChildren(there, [
          ...insideOf(there).filter((one) => labelOf(one) !== label),
          described(find(real, label), { label: `a/${label}` }),
          find(fake, label),
        ]),
      );
      return withStore(of, [doubled]);
    },
  ],
  [
    'the assertion twice, once with a number behind its label',
    ({ real, fake, label, ...of }) => {
      const doubled = changed(real, ASSERTIONS, (there) =>
        withChildren(there, [...insideOf(there), described(find(fake, label), { label: `${label}__1` })]),
      );
      return withStore(of, [doubled]);
    },
  ],
  ['two stores in one box', ({ ours, fake }) => writeManifestBox(ours, withChildren(ours.store, [fake]))],
  ['a box that is no store before ours', ({ ours, fake }) => prefixed(ours, bytesOf({ type: 'free', content: bytesOf(fake) }))],
  [
    'two boxes, the forged one for another purpose',
    ({ ours, fake }) => Buffer.concat([writeManifestBox(ours), forPurpose(ours, fake, 'manifests')]),
  ],
  [
    'two boxes, the forged one first and for another purpose',
    ({ ours, fake }) => Buffer.concat([forPurpose(ours, fake, 'manifests'), writeManifestBox(ours)]),
  ],
  ['two boxes for one purpose', ({ ours, fake }) => Buffer.concat([writeManifestBox(ours), forPurpose(ours, fake, 'manifest')])],
  [
    'ours as the original of an update',
    ({ ours, fake }) => Buffer.concat([forPurpose(ours, insideOf(ours.store).at(-1), 'original'), forPurpose(ours, fake, 'update')]),
  ],
];

/** Ours, but with other manifests in its store. */
function withStore({ ours }: Pick<Forgery, 'ours'>, manifests: readonly Superbox[]): Buffer {
  return writeManifestBox({ ...ours, store: withChildren(ours.store, [...insideOf(ours.store).slice(0, -1), ...manifests]) });
}

/** Our claim and assertion, each beside a forged one whose box has a type that JUMBF does not know. */
function shadowed({ real, fake, label }: Forgery, place: 'before' | 'behind'): Superbox {
  const beside = (there: Superbox, content: Buffer) => {
    const own = { type: 'cbor', content: cborOf(there) };
    const unknown = { type: 'zzzz', content };
    return withChildren(there, place === 'before' ? [unknown, own] : [own, unknown]);
  };
  const assertion = beside(find(real, label), cborOf(find(fake, label)));
  const forged_claim = replaced(cborOf(find(fake, CLAIM)), hashOf(find(fake, label)), hashOf(assertion));
  return changed(
    changed(real, label, () => assertion),
    CLAIM,
    (there) => beside(there, forged_claim),
  );
}

function forPurpose({ prefix, store }: ManifestBox, manifest: Superbox | undefined, purpose: string): Buffer {
  const named = Buffer.concat([prefix.subarray(0, 20), Buffer.from(`${purpose}\0`), prefix.subarray(-8)]);
  return writeManifestBox({ prefix: named, store: withChildren(store, manifest ? [manifest] : []) });
}

function prefixed({ prefix, store }: ManifestBox, bytes: Buffer): Buffer {
  return box('uuid', Buffer.concat([prefix, bytes, bytesOf(store)]));
}
