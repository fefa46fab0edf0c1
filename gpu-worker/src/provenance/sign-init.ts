/**
 * An init segment with a manifest that names the key of its stream. The C2PA library builds the manifest, but can't
 * write byte strings into an assertion of ours; so it hashes around a placeholder of the same size, and the session
 * keys, their hash in the claim and the claim's signature are put in their places afterwards.
 */
import { createHash, X509Certificate } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Builder } from '@contentauth/c2pa-node';
import { type ActiveManifest, activeManifest, claimedHash, SESSION_KEYS_LABEL } from '@everframe/shared/live-verification';
import { type GenerationFacts, liveManifestDefinition } from './assertions.ts';
import { addIngredients } from './ingredients.ts';
import { builderSettings, requireTrusted } from './sign-asset.ts';
import { signatureSize, signClaim } from './sign-claim.ts';
import type { Signer } from './signer.ts';
import { verificationSettings } from './verification-settings.ts';

export interface SignInitOptions {
  readonly signer: Signer;
  readonly init: Uint8Array;
  readonly facts: GenerationFacts;
  /** Makes the assertion's content. @param certificate DER */
  readonly sessionKeys: (certificate: Uint8Array) => Promise<Uint8Array>;
  /** For files of this call alone. */
  readonly scratch_dir: string;
}

/** @throws UntrustedError where it does not read back as trusted, or Error when signing itself fails */
export async function signInit(options: SignInitOptions): Promise<{ init: Uint8Array; manifest_label: string }> {
  const { signer, init, facts, scratch_dir } = options;
  const session_keys = await options.sessionKeys(new X509Certificate(signer.certificate_chain_pem).raw);
  const [source_path, out_path] = [join(scratch_dir, 'init-plain.mp4'), join(scratch_dir, 'init-signed.mp4')];
  await writeFile(source_path, init);

  const settings = {
    ...verificationSettings(signer.trust_anchors_pem),
    ...builderSettings({ merkle: false }),
    verify: { verify_after_sign: false, remote_manifest_fetch: false, ocsp_fetch: false },
  };
  const builder = Builder.withJson(liveManifestDefinition(facts, { [SESSION_KEYS_LABEL]: placeholder(session_keys.length) }), settings);
  await addIngredients(builder, facts, signer.trust_anchors_pem);
  const size = signatureSize(signer, []);
  await builder.signConfigAsync(
    async () => Buffer.alloc(size),
    { alg: signer.alg, certs: [Buffer.from(signer.certificate_chain_pem)], reserveSize: size, directCoseHandling: true },
    { path: source_path, mimeType: 'video/mp4' },
    { path: out_path, mimeType: 'video/mp4' },
  );

  const signed = await readFile(out_path);
  const manifest = activeManifest(signed);
  if (!manifest) throw new Error('the library wrote no manifest');
  putSessionKeys(manifest, session_keys);
  const { cose } = await signClaim(signer, manifest.claim, []);
  replace(manifest.signature, cose);
  await writeFile(out_path, signed);
  return { init: signed, manifest_label: await requireTrusted(out_path, 'video/mp4', signer.trust_anchors_pem) };
}

/** A map whose CBOR has `bytes` bytes: its own head, a key of one letter, and a text with a head of 3 bytes. */
function placeholder(bytes: number): object {
  return { p: ' '.repeat(bytes - 6) };
}

function putSessionKeys(manifest: ActiveManifest, content: Uint8Array): void {
  const assertion = manifest.assertions.get(SESSION_KEYS_LABEL);
  if (!assertion) throw new Error(`the library wrote no ${SESSION_KEYS_LABEL}`);
  const hash = claimedHash(manifest, SESSION_KEYS_LABEL);
  if (!createHash('sha256').update(assertion.hashed).digest().equals(hash)) throw new Error('the library hashes assertions otherwise');
  replace(assertion.content, content);
  replace(hash, createHash('sha256').update(assertion.hashed).digest());
}

/** In the segment's own bytes, of which `there` is a part. */
function replace(there: Uint8Array, bytes: Uint8Array): void {
  if (there.length !== bytes.length) throw new Error(`${bytes.length} bytes must take the place of ${there.length}`);
  there.set(bytes);
}
