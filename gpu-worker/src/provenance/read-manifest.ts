/**
 * What a file says of itself and whether that can be believed: the worker's read-back before upload, and `verify`
 * on the command line.
 */
import { X509Certificate } from 'node:crypto';
import { access, open } from 'node:fs/promises';
import { Reader } from '@contentauth/c2pa-node';
import { requireFewBoxes } from '@everframe/shared/verification';
import { z } from 'zod';
import { MADE_BY_MODEL, MADE_WITH_MODEL, PARAMETER_PREFIX } from './assertions.ts';
import { verificationSettings } from './verification-settings.ts';

export interface ManifestReport {
  /**
   * `trusted`: intact, by a signer that the anchors vouch for. `valid`: intact, by somebody.
   * `invalid`: altered, or not readable. `none`: no manifest, as after a copy that strips it. `remote`: none either, but its XMP says
   * where one lies, and it is not fetched.
   */
  readonly state: 'trusted' | 'valid' | 'invalid' | 'none' | 'remote';
  readonly manifest_label?: string;
  readonly title?: string;
  readonly signer?: { readonly name: string | undefined; readonly organisation: string | undefined };
  /** The program that made the claim. */
  readonly generator?: { readonly name: string; readonly version: string | undefined };
  readonly model?: { readonly title: string | undefined; readonly name: string | undefined; readonly version: string | undefined };
  /** ISO 8601, as claimed. */
  readonly created_at?: string;
  /** Whether it claims to be made by a trained model. */
  readonly ai_generated: boolean;
  /** Our own parameters of the creation (`seed`, `frames`, ...), without their prefix. */
  readonly parameters: Readonly<Record<string, string | number>>;
  /** C2PA status codes of what is wrong, ingredients included; `container.unreadable: ...` when it could not be parsed. */
  readonly failures: readonly string[];
  /** When it was signed (ISO 8601), by the word of an authority; anybody can be one that the anchors do not vouch for. */
  readonly time_stamp?: { readonly at: string; readonly trusted: boolean };
  /** What it was made from, the nearest first, as the file itself says. */
  readonly parents?: readonly { readonly manifest_label: string | undefined; readonly title: string | undefined }[];
}

/**
 * @param trust_anchors_pem root certificates; without them no signer is trusted
 * @throws Error when the file is missing, the anchors are no certificates, or the C2PA library does not run here
 */
export async function readManifest(path: string, mime_type: string, trust_anchors_pem: string | undefined): Promise<ManifestReport> {
  await access(path);
  if (trust_anchors_pem !== undefined) new X509Certificate(trust_anchors_pem);
  let reader: Reader | null;
  try {
    await requireFewBoxesIn(path, mime_type);
    reader = await Reader.fromAsset({ path, mimeType: mime_type }, verificationSettings(trust_anchors_pem));
  } catch (error) {
    // An error with a code is Node's own (no library for this platform, no right to read): it says nothing of the file.
    if (error instanceof Error && 'code' in error) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    if (reason.startsWith(LIES_ELSEWHERE)) return withoutManifest('remote');
    return { ...withoutManifest('invalid'), failures: [`container.unreadable: ${reason}`] };
  }
  if (!reader) return withoutManifest('none');
  return toReport(ManifestStore.parse(reader.json()));
}

async function requireFewBoxesIn(path: string, mime_type: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    const head = Buffer.alloc(16);
    const read = async (at: number, length: number) => head.subarray(0, (await file.read(head, 0, length, at)).bytesRead);
    await requireFewBoxes(mime_type, read, (await file.stat()).size);
  } finally {
    await file.close();
  }
}

/** How c2pa-rs begins when it finds a URL for a manifest (`dcterms:provenance`) and must not follow it. */
const LIES_ELSEWHERE = 'must fetch remote manifests';

function withoutManifest(state: 'none' | 'remote' | 'invalid'): ManifestReport {
  return { state, ai_generated: false, parameters: {}, failures: [] };
}

/** The part of c2pa-rs's report that is used here. Manifests come from strangers, so nothing inside one is required. */
const Action = z.object({
  action: z.string(),
  when: z.string().optional(),
  digitalSourceType: z.string().optional(),
  parameters: z.record(z.string(), z.unknown()).optional(),
});
const Manifest = z.object({
  title: z.string().optional(),
  claim_generator_info: z.array(z.object({ name: z.string(), version: z.string().optional() })).optional(),
  assertions: z.array(z.object({ label: z.string(), data: z.unknown() })).optional(),
  signature_info: z.object({ issuer: z.string().optional(), common_name: z.string().optional(), time: z.string().optional() }).optional(),
  ingredients: z
    .array(z.object({ title: z.string().optional(), relationship: z.string().optional(), active_manifest: z.string().optional() }))
    .optional(),
});
const Codes = z.array(z.object({ code: z.string() }));
const StatusCodes = z.object({ failure: Codes, success: Codes.default([]) });
const ManifestStore = z.object({
  active_manifest: z.string().optional(),
  manifests: z.record(z.string(), Manifest),
  validation_state: z.enum(['Trusted', 'Valid', 'Invalid']),
  validation_results: z.object({
    activeManifest: StatusCodes.optional(),
    ingredientDeltas: z.array(z.object({ validationDeltas: StatusCodes })).optional(),
  }),
});
type Manifest = z.infer<typeof Manifest>;
type Ingredient = NonNullable<Manifest['ingredients']>[number];
type ManifestStore = z.infer<typeof ManifestStore>;

const STATES = { Trusted: 'trusted', Valid: 'valid', Invalid: 'invalid' } as const;

function toReport({ active_manifest, manifests, validation_state, validation_results }: ManifestStore): ManifestReport {
  const manifest: Manifest = manifests[active_manifest ?? ''] ?? {};
  // What has a parent was not created but edited.
  const all = findActions(manifest);
  const created = all.find(({ action }) => action === 'c2pa.created') ?? all.find(({ digitalSourceType }) => byModel(digitalSourceType));
  const parents = findParents(manifest, manifests);
  const trusted = validation_results.activeManifest?.success.some(({ code }) => code === 'timeStamp.trusted') ?? false;
  const parameters = ownParameters(created?.parameters ?? {});
  const model_title = findModelTitle(manifest);
  const [generator] = manifest.claim_generator_info ?? [];
  const { signature_info } = manifest;
  const results = [
    validation_results.activeManifest,
    ...(validation_results.ingredientDeltas ?? []).map((delta) => delta.validationDeltas),
  ];
  return {
    state: STATES[validation_state],
    ...(active_manifest && { manifest_label: active_manifest }),
    ...(manifest.title && { title: manifest.title }),
    ...(signature_info && { signer: { name: signature_info.common_name, organisation: signature_info.issuer } }),
    ...(generator && { generator: { name: generator.name, version: generator.version } }),
    ...((model_title || parameters.model) && {
      model: { title: model_title, name: text(parameters.model), version: text(parameters.model_version) },
    }),
    ...(created?.when && { created_at: created.when }),
    ...(signature_info?.time && { time_stamp: { at: signature_info.time, trusted } }),
    ...(parents.length > 0 && { parents }),
    ai_generated: byModel(created?.digitalSourceType),
    parameters,
    failures: results.flatMap((result) => result?.failure.map(({ code }) => code) ?? []),
  };
}

function findActions({ assertions = [] }: Manifest): z.infer<typeof Action>[] {
  const found = assertions.find(({ label }) => label === 'c2pa.actions.v2' || label === 'c2pa.actions');
  return z.object({ actions: z.array(Action) }).safeParse(found?.data).data?.actions ?? [];
}

function byModel(digitalSourceType: string | undefined): boolean {
  return digitalSourceType === MADE_BY_MODEL || digitalSourceType === MADE_WITH_MODEL;
}

/** A file may name itself as its own ancestor, so the walk ends at what it has seen. */
function findParents(manifest: Manifest, manifests: Readonly<Record<string, Manifest>>): NonNullable<ManifestReport['parents']> {
  const parents: { manifest_label: string | undefined; title: string | undefined }[] = [];
  const seen = new Set([manifest]);
  for (let child: Manifest | undefined = manifest; child; ) {
    const parent: Ingredient | undefined = child.ingredients?.find(({ relationship }) => relationship === 'parentOf');
    if (!parent) break;
    parents.push({ manifest_label: parent.active_manifest, title: parent.title });
    child = manifests[parent.active_manifest ?? ''];
    if (!child || seen.has(child)) break;
    seen.add(child);
  }
  return parents;
}

function findModelTitle({ assertions = [] }: Manifest): string | undefined {
  const found = assertions.find(({ label }) => label === 'c2pa.ai-disclosure');
  return z.object({ modelName: z.string() }).safeParse(found?.data).data?.modelName;
}

function ownParameters(parameters: Record<string, unknown>): Record<string, string | number> {
  const own: Record<string, string | number> = {};
  for (const [name, value] of Object.entries(parameters)) {
    if (name.startsWith(PARAMETER_PREFIX) && (typeof value === 'string' || typeof value === 'number')) {
      own[name.slice(PARAMETER_PREFIX.length)] = value;
    }
  }
  return own;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
