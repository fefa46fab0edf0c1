/**
 * What a reader says of a file's head alone, completed by what came of hashing all of the file. Of the head a reader can say everything but
 * one thing: whether the bytes which the manifest binds are there.
 */
import { ManifestStore, type StatusCodes } from './manifest-store.ts';
import type { StreamedFile } from './streamed-file.ts';

const MATCH = 'assertion.bmffHash.match';
const MISMATCH = 'assertion.bmffHash.mismatch';
const UNTRUSTED = 'signingCredential.untrusted';
const NO_CODES: StatusCodes = { success: [], informational: [], failure: [] };

/** @param json the reader's report of `ftyp` and the box of the manifest @returns the report of the whole file */
export function withBinding(json: unknown, { binding, manifest_label }: Pick<StreamedFile, 'binding' | 'manifest_label'>): unknown {
  const store = ManifestStore.parse(json);
  const { activeManifest = NO_CODES, ingredientDeltas = [] } = store.validation_results;
  const isOfHash = ({ code }: { code: string }) => code === MATCH || code === MISMATCH;
  const [judged, ...others] = [...activeManifest.success, ...activeManifest.failure].filter(isOfHash);
  // What was compared must be what the reader's manifest binds.
  const is_bound = binding === 'match' && manifest_label !== undefined && manifest_label === store.active_manifest;
  const found = { code: is_bound ? MATCH : MISMATCH, url: judged?.url, explanation: 'hashed in one pass' };
  const rest = {
    ...activeManifest,
    success: activeManifest.success.filter((status) => !isOfHash(status)),
    failure: activeManifest.failure.filter((status) => !isOfHash(status)),
  };
  const results = is_bound ? { ...rest, success: [...rest.success, found] } : { ...rest, failure: [...rest.failure, found] };
  // A reader that did not come to the one hash stopped at something else.
  const is_judged = judged !== undefined && others.length === 0;
  const validation_state = is_judged
    ? stateOf(
        results,
        ingredientDeltas.map(({ validationDeltas }) => validationDeltas),
      )
    : 'Invalid';
  return { ...(json as object), validation_state, validation_results: { ...store.validation_results, activeManifest: results } };
}

/** As c2pa-rs 0.90 and 0.91 find it: an ancestor's failure counts like the file's own. */
function stateOf(results: StatusCodes, deltas: readonly StatusCodes[]): ManifestStore['validation_state'] {
  const has = (code: string) => results.success.some((status) => status.code === code);
  const failures = [results, ...deltas].flatMap(({ failure }) => failure.map(({ code }) => code));
  const is_signed = has('claimSignature.validated') && has('claimSignature.insideValidity');
  if (!is_signed || failures.some((code) => code !== UNTRUSTED)) return 'Invalid';
  return failures.length === 0 && has('signingCredential.trusted') ? 'Trusted' : 'Valid';
}
