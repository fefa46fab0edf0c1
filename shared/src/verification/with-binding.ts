/**
 * What a reader says of a file's head alone, completed by what came of hashing all of the file. Of the head a reader can say everything but
 * one thing: there it finds that the bytes which the manifest binds are missing.
 */
import { ManifestStore } from './manifest-store.ts';

const MISMATCH = 'assertion.bmffHash.mismatch';

/** @param json the reader's report of `ftyp` and the box of the manifest @returns the report of the whole file */
export function withBinding(json: unknown, binding: 'match' | 'mismatch'): unknown {
  const store = ManifestStore.parse(json);
  const results = store.validation_results.activeManifest;
  const missing = results?.failure.filter(({ code }) => code === MISMATCH) ?? [];
  if (!results || missing.length !== 1)
    throw new Error(`of a head alone a reader must say ${MISMATCH} once; it said so ${missing.length} times`);
  if (binding === 'mismatch') return json;
  const failure = results.failure.filter(({ code }) => code !== MISMATCH);
  const found = { code: 'assertion.bmffHash.match', url: missing[0]?.url, explanation: 'hashed in one pass' };
  const activeManifest = { ...results, failure, success: [...results.success, found] };
  // What was found wrong with ingredients since they were taken in counts as the file's own; what was wrong with them then does not.
  const since = (store.validation_results.ingredientDeltas ?? []).flatMap(({ validationDeltas }) => validationDeltas.failure);
  const others = [...failure, ...since].filter(({ code }) => code !== 'signingCredential.untrusted');
  const is_trusted = failure.length === 0 && results.success.some(({ code }) => code === 'signingCredential.trusted');
  const validation_state = others.length > 0 ? 'Invalid' : is_trusted ? 'Trusted' : 'Valid';
  return { ...(json as object), validation_state, validation_results: { ...store.validation_results, activeManifest } };
}
