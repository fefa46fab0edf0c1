/**
 * A file's C2PA manifest, read and judged on this machine: no network, no list of signers but the one given.
 * The states are those of the C2PA library, but with a word for "none".
 */
import type { Reader as ReaderClass } from '@contentauth/c2pa-node';

export type ManifestState =
  /** Intact, and signed under a given trust anchor. */
  | 'trusted'
  /** Intact, but the signer is not among those we were told to trust. */
  | 'valid'
  /** Altered since it was signed, or its signature does not hold. */
  | 'invalid'
  | 'none';

export interface ManifestReport {
  readonly state: ManifestState;
  /** Who signed, as the certificate names them. */
  readonly signer: string | undefined;
  /** The software that made the claim, with its version. */
  readonly generator: string | undefined;
  /** The model that generated the content, with its version. */
  readonly model: string | undefined;
  /** True when an action says that the content is the work of a trained model. */
  readonly ai_generated: boolean;
  /** ISO 8601, as the maker states it. */
  readonly created: string | undefined;
  readonly seed: number | undefined;
  /** Codes of the checks that failed; an unknown signer is not among them. */
  readonly failures: readonly string[];
}

/** Purposes of a signing certificate that count: C2PA's own, document signing, e-mail protection. */
const TRUST_CONFIG = '1.3.6.1.4.1.62558.2.1\n1.3.6.1.5.5.7.3.36\n1.3.6.1.5.5.7.3.4\n';
const TRAINED_MEDIA = 'digitalsourcetype/trainedAlgorithmicMedia';
const UNTRUSTED = 'signingCredential.untrusted';

type ManifestStore = ReturnType<ReaderClass['json']>;

/**
 * @param mime_type for example `video/mp4`
 * @param trust_anchors_pem root certificates whose signatures are trusted
 */
export async function readManifest(path: string, mime_type: string, trust_anchors_pem: string | undefined): Promise<ManifestReport> {
  // A native library of 48 MB: loaded only by whoever reads a manifest.
  const { Reader } = await import('@contentauth/c2pa-node');
  const settings = {
    trust: { trust_config: TRUST_CONFIG, ...(trust_anchors_pem !== undefined && { trust_anchors: trust_anchors_pem }) },
    verify: { verify_trust: true, remote_manifest_fetch: false, ocsp_fetch: false },
    core: { backing_store_memory_threshold_in_mb: 16 },
  };
  let reader: ReaderClass | null;
  try {
    reader = await Reader.fromAsset({ path, mimeType: mime_type }, settings);
  } catch {
    // Damage may lie where the file's own structure is: then there is no telling what it was.
    return { ...NO_MANIFEST, state: 'invalid', failures: ['container.unreadable'] };
  }
  return reader ? describe(reader.json()) : NO_MANIFEST;
}

const NO_MANIFEST: ManifestReport = {
  state: 'none',
  signer: undefined,
  generator: undefined,
  model: undefined,
  ai_generated: false,
  created: undefined,
  seed: undefined,
  failures: [],
};

function describe(store: ManifestStore): ManifestReport {
  const manifest = field(field(store, 'manifests'), text(store.active_manifest) ?? '');
  const signature = field(manifest, 'signature_info');
  const actions = list(assertion(manifest, 'c2pa.actions'), 'actions');
  const created = actions.find((action) => field(action, 'action') === 'c2pa.created');
  const [generator] = list(manifest, 'claim_generator_info');
  return {
    state: stateOf(store),
    signer: text(field(signature, 'common_name')) ?? text(field(signature, 'issuer')),
    generator: nameAndVersion(generator),
    model: modelOf(manifest, field(created, 'parameters')),
    ai_generated: actions.some((action) => text(field(action, 'digitalSourceType'))?.endsWith(TRAINED_MEDIA) === true),
    created: text(field(created, 'when')),
    seed: wholeNumber(parameter(field(created, 'parameters'), 'seed')),
    failures: failuresOf(store),
  };
}

function stateOf(store: ManifestStore): ManifestState {
  switch (text(field(store, 'validation_state'))) {
    case 'Trusted':
      return 'trusted';
    case 'Valid':
      return 'valid';
    default:
      return 'invalid';
  }
}

function failuresOf(store: ManifestStore): string[] {
  const results = field(store, 'validation_results');
  const deltas = list(results, 'ingredientDeltas').map((delta) => field(delta, 'validationDeltas'));
  return [field(results, 'activeManifest'), ...deltas]
    .flatMap((result) => list(result, 'failure'))
    .map((failure) => text(field(failure, 'code')))
    .filter((code) => code !== undefined && code !== UNTRUSTED) as string[];
}

/** The disclosure names the model; the creating action's parameters have its version. */
function modelOf(manifest: unknown, parameters: unknown): string | undefined {
  const name = text(field(assertion(manifest, 'c2pa.ai-disclosure'), 'modelName')) ?? text(parameter(parameters, 'model'));
  return name === undefined ? undefined : [name, text(parameter(parameters, 'model_version'))].filter(Boolean).join(' ');
}

/** Parameters that C2PA does not define carry a reverse domain: `org.everframe.seed`. */
function parameter(parameters: unknown, name: string): unknown {
  return field(parameters, `org.everframe.${name}`);
}

function wholeNumber(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) ? value : undefined;
}

function nameAndVersion(value: unknown): string | undefined {
  const name = text(field(value, 'name'));
  return name === undefined ? undefined : [name, text(field(value, 'version'))].filter(Boolean).join(' ');
}

/** Labels carry a version: `c2pa.actions.v2`. */
function assertion(manifest: unknown, label: string): unknown {
  const found = list(manifest, 'assertions').find((entry) => text(field(entry, 'label'))?.startsWith(label));
  return field(found, 'data');
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

function list(value: unknown, name: string): unknown[] {
  const entries = field(value, name);
  return Array.isArray(entries) ? entries : [];
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
