/**
 * The last step before a video leaves: the manifest is written into a copy, the copy is read back as a stranger would
 * read it, and only what is trusted gets its name. Knows nothing of uploads.
 */
import { randomUUID } from 'node:crypto';
import { open, rename, rm, stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { Builder } from '@contentauth/c2pa-node';
import { CREATED_ASSERTION_LABELS, type GenerationFacts, manifestDefinition, type SignedMimeType } from './assertions.ts';
import { addIngredients } from './ingredients.ts';
import { readManifest } from './read-manifest.ts';
import { signatureSize, signClaim } from './sign-claim.ts';
import type { Signer } from './signer.ts';
import type { TimeStampOutcome } from './time-stamp.ts';
import { topLevelBoxes } from './top-level-boxes.ts';
import { UntrustedError } from './untrusted-error.ts';
import { verificationSettings } from './verification-settings.ts';

export interface SignAssetOptions {
  readonly signer: Signer;
  readonly source_path: string;
  readonly mime_type: SignedMimeType;
  /** Exists afterwards only if the signed file reads back as trusted. */
  readonly out_path: string;
  readonly facts: GenerationFacts;
  /** Authorities, asked in turn; default none. If all fail the file is signed without a time-stamp. */
  readonly time_stamp_urls?: readonly string[];
  /** From which size an MP4's samples are hashed as a tree. @default 16 MiB */
  readonly merkle_from_bytes?: number;
}

/**
 * A smaller MP4 has one hash of all its bytes, which every reader knows: encypher-c2pa 1.7.1 and c2pa-ts 0.9.4 take the trees of c2pa-rs for
 * altered. Readers hold such a file whole.
 */
const MERKLE_FROM_BYTES = 16 * 1024 * 1024;

export interface SignedAsset extends TimeStampOutcome {
  readonly manifest_label: string;
}

/** @throws UntrustedError, or Error when signing itself fails */
export async function signAsset(options: SignAssetOptions): Promise<SignedAsset> {
  const { signer, source_path, mime_type, out_path, facts, time_stamp_urls = [], merkle_from_bytes = MERKLE_FROM_BYTES } = options;
  const draft_path = `${out_path}.${randomUUID()}${extname(out_path)}`;
  try {
    if (mime_type === 'video/mp4') await requireOneMdat(source_path);
    const merkle = mime_type === 'video/mp4' && (await stat(source_path)).size >= merkle_from_bytes;
    const settings = { ...verificationSettings(signer.trust_anchors_pem), ...builderSettings({ merkle }) };
    const builder = Builder.withJson(manifestDefinition(facts, mime_type), settings);
    await addIngredients(builder, facts, signer.trust_anchors_pem);
    let outcome: TimeStampOutcome = { time_stamp: undefined, faults: [] };
    await builder.signConfigAsync(
      async (claim) => {
        const signed = await signClaim(signer, claim, time_stamp_urls);
        outcome = signed.outcome;
        return Buffer.from(signed.cose);
      },
      // The certificates are in the signature that we make; given here too, they are only judged.
      {
        alg: signer.alg,
        certs: [Buffer.from(signer.certificate_chain_pem)],
        reserveSize: signatureSize(signer, time_stamp_urls),
        directCoseHandling: true,
      },
      { path: source_path, mimeType: mime_type },
      { path: draft_path, mimeType: mime_type },
    );
    const manifest_label = await requireTrusted(draft_path, mime_type, signer.trust_anchors_pem);
    await rename(draft_path, out_path);
    return { manifest_label, ...outcome };
  } catch (cause) {
    const message = `${mime_type} of ${facts.video_id} could not be signed: ${cause instanceof Error ? cause.message : cause}`;
    throw cause instanceof UntrustedError ? new UntrustedError(message, { cause }) : new Error(message, { cause });
  } finally {
    await rm(draft_path, { force: true });
  }
}

/** With two, c2pa-rs 0.90 finds the hashes of their samples right or wrong by chance, from one reading to the next. */
async function requireOneMdat(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    let count = 0;
    for await (const { type } of topLevelBoxes(file)) if (type === 'mdat') count++;
    if (count !== 1) throw new Error(`it has ${count} mdat boxes and must have one`);
  } finally {
    await file.close();
  }
}

/** Reads back what was signed. @returns the manifest's label. @throws UntrustedError */
export async function requireTrusted(path: string, mime_type: SignedMimeType, trust_anchors_pem: string): Promise<string> {
  const report = await readManifest(path, mime_type, trust_anchors_pem);
  if (report.state !== 'trusted' || !report.manifest_label) {
    throw new UntrustedError(`read back, it must be trusted; it is ${report.state} (${report.failures.join(', ') || 'no failure named'})`);
  }
  return report.manifest_label;
}

/**
 * @param options.merkle hashes an MP4's samples as a tree with one leaf a MiB and no proofs in the file, which keeps
 * memory flat in signing and reading. Fragmented files must not be signed so: they come out invalid.
 */
export function builderSettings({ merkle }: { merkle: boolean }): object {
  const builder = { thumbnail: { enabled: false }, created_assertion_labels: CREATED_ASSERTION_LABELS };
  const core = { allowed_network_hosts: [], backing_store_memory_threshold_in_mb: 16 };
  return { builder, core: merkle ? { ...core, merkle_tree_chunk_size_in_kb: 1024, merkle_tree_max_proofs: 0 } : core };
}
