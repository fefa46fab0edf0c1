/** What a person wants to know first of a file, in one word and in one sentence. */
import type { StatusCodes } from './manifest-store.ts';

/**
 * `ours`: unaltered, signed by this service. `another`: unaltered, by a signer of the trust list. `unknown_signer`:
 * unaltered since somebody signed it, and nobody here vouches for that name. `altered`: what it shows or says is not what
 * was signed. `invalid_credential`: the credential itself does not hold, for example because its certificate had ended.
 * `no_credential`: none was found. `unreadable`: no file of a kind that could be checked.
 */
export const VERDICTS = ['ours', 'another', 'unknown_signer', 'altered', 'invalid_credential', 'no_credential', 'unreadable'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** Whose list of roots vouches for a signer. */
export type Trust = 'own' | 'trust_list' | 'unknown';

/** Codes that say: these are not the bytes that were signed (C2PA 2.4, section 15.2.2). */
const ALTERED =
  /^(assertion\.(dataHash|bmffHash|boxesHash|collectionHash|hashedURI|multiAssetHash)\.(mismatch|malformed)|claimSignature\.mismatch|assertion\.missing|assertion\.undeclared|assertion\.selfRedacted|ingredient\.(hashedURI|manifest)\.mismatch|manifest\.inaccessible)$/;

/** @param failures codes of the active manifest */
export function verdictOf(is_valid: boolean, trust: Trust, failures: readonly string[]): Verdict {
  if (!is_valid) return failures.some((code) => ALTERED.test(code)) ? 'altered' : 'invalid_credential';
  switch (trust) {
    case 'own':
      return 'ours';
    case 'trust_list':
      return 'another';
    case 'unknown':
      return 'unknown_signer';
  }
}

/**
 * c2pa-rs names the list in words alone: "found in User trust anchors" (0.90), "found in [user_anchors] trust anchors"
 * (0.91). Words that are neither count as the list of others: never as our own.
 */
export function trustOf(results: StatusCodes | undefined, active_manifest: string): Trust {
  const trusted = results?.success.find(
    ({ code, url }) => code === 'signingCredential.trusted' && (url ?? '').includes(`/${active_manifest}/`),
  );
  if (!trusted) return 'unknown';
  return /\b(User|user_anchors)\b/.test(trusted.explanation ?? '') ? 'own' : 'trust_list';
}

/** @param signer as the file's certificate names it */
export function summaryOf(verdict: Verdict, signer: string | undefined, failures: readonly string[]): string {
  const who = signer ?? 'an unnamed signer';
  switch (verdict) {
    case 'ours':
      return `Made by this service (${who}), and unaltered since.`;
    case 'another':
      return `Made or edited by another: signed by ${who}, and unaltered since.`;
    case 'unknown_signer':
      return `Unaltered since it was signed, but nobody here vouches for the signer: “${who}” is only what the file says.`;
    case 'altered':
      return 'Altered: the file does not match what was signed. Do not rely on what its credential says.';
    case 'invalid_credential':
      return `It carries a credential that does not hold (${failures[0] ?? 'no reason given'}). Do not rely on what it says.`;
    case 'no_credential':
      return 'No credential was found: nothing says who made it. One may have been removed.';
    case 'unreadable':
      return 'It could not be read as a video or picture, so nothing is known of it. It may be damaged.';
  }
}
