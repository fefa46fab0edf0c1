/**
 * All that is known of a file's credential, from the report of any C2PA reader: `POST /v1/verify`, the page at `/verify`
 * and `everframe verify` say the same of the same file because they say it with this.
 */
import { agentName, failuresOf, generatorName, type LineageNode, lineageOf, type ReadResource, signerName } from './lineage.ts';
import { actionsOf, ManifestStore, modelTitleOf, type StatusCodes } from './manifest-store.ts';
import { summaryOf, type Trust, trustOf, type Verdict, verdictOf } from './verdict.ts';

export interface ReportedStatus {
  /** A code of the C2PA specification. */
  readonly code: string;
  readonly outcome: 'success' | 'informational' | 'failure';
  /** Of the file itself, or of an ingredient. */
  readonly about: 'file' | 'ingredient';
  readonly url: string | null;
  readonly explanation: string | null;
}

export interface ReportedAction {
  readonly action: string;
  /** As claimed, ISO 8601. */
  readonly when: string | null;
  readonly software_agent: string | null;
  readonly digital_source_type: string | null;
  /** Texts and numbers among them; our own begin with `org.everframe.`. */
  readonly parameters: Readonly<Record<string, string | number | boolean>>;
}

export interface VerificationReport {
  readonly object: 'verification_report';
  readonly verdict: Verdict;
  /** The verdict as a sentence. */
  readonly summary: string;
  /** The reader's own word. */
  readonly validation_state: 'trusted' | 'valid' | 'invalid' | 'not_present';
  readonly manifest_label: string | null;
  readonly title: string | null;
  readonly format: string | null;
  readonly signer: {
    readonly name: string | null;
    readonly organisation: string | null;
    readonly algorithm: string | null;
    readonly certificate_serial_number: string | null;
    readonly trust: Trust;
    /** ISO 8601, from a time-stamp authority; null without one. */
    readonly signed_at: string | null;
    readonly time_stamp: 'trusted' | 'untrusted' | 'none';
  } | null;
  /** The program that made the claim. */
  readonly generator: string | null;
  /** Whether it claims to be made by a trained model, wholly or in part. */
  readonly ai_generated: boolean;
  readonly model: string | null;
  /** As claimed. */
  readonly created_at: string | null;
  readonly actions: readonly ReportedAction[];
  readonly lineage: LineageNode | null;
  readonly warnings: readonly string[];
  /** Every status code of the reader. */
  readonly status: readonly ReportedStatus[];
  /** Which reader judged: verdicts differ between versions. */
  readonly reader: string;
}

const MADE_BY_MODEL = /\/(trainedAlgorithmicMedia|compositeWithTrainedAlgorithmicMedia)$/;
const PARAMETER_PREFIX = 'org.everframe.';
const STATES = { Trusted: 'trusted', Valid: 'valid', Invalid: 'invalid' } as const;

/**
 * @param json the reader's report
 * @param reader name and version
 */
export function toVerificationReport(json: unknown, reader: string, readResource: ReadResource): VerificationReport {
  const store = ManifestStore.parse(json);
  const { active_manifest = '', validation_state, validation_results } = store;
  const manifest = store.manifests[active_manifest];
  const results = validation_results.activeManifest;
  const own_failures = (results?.failure ?? []).map(({ code }) => code);
  // Where the file's own manifest holds, what it was made from is why the credential does not.
  const of_ancestors = (validation_results.ingredientDeltas ?? []).flatMap(({ validationDeltas }) => validationDeltas.failure);
  const failures = validation_state === 'Invalid' && own_failures.length === 0 ? of_ancestors.map(({ code }) => code) : own_failures;
  const trust = trustOf(results, active_manifest);
  const verdict = verdictOf(validation_state !== 'Invalid', trust, failures);
  const actions = manifest ? actionsOf(manifest) : [];
  // What made the file: opening a parent, which comes before an edit, makes nothing.
  const created = actions.find(({ action }) => action === 'c2pa.created' || action === 'c2pa.edited');
  const signature = manifest?.signature_info;
  const deltas = validation_results.ingredientDeltas ?? [];
  const model_parameter = created?.parameters?.[`${PARAMETER_PREFIX}model`];
  return {
    object: 'verification_report',
    verdict,
    summary: summaryOf(verdict, signerName(manifest), failures),
    validation_state: STATES[validation_state],
    manifest_label: active_manifest || null,
    title: manifest?.title ?? null,
    format: manifest?.format ?? null,
    signer: signature
      ? {
          name: signature.common_name ?? null,
          organisation: signature.issuer ?? null,
          algorithm: signature.alg ?? null,
          certificate_serial_number: signature.cert_serial_number ?? null,
          trust,
          signed_at: signature.time ?? null,
          time_stamp: timeStampOf(results),
        }
      : null,
    generator: generatorName(manifest) ?? null,
    ai_generated: actions.some(({ digitalSourceType }) => MADE_BY_MODEL.test(digitalSourceType ?? '')),
    model: (manifest && modelTitleOf(manifest)) ?? (typeof model_parameter === 'string' ? model_parameter : null),
    created_at: created?.when ?? null,
    actions: actions.map((action) => ({
      action: action.action,
      when: action.when ?? null,
      software_agent: agentName(action),
      digital_source_type: action.digitalSourceType ?? null,
      parameters: plainValues(action.parameters ?? {}),
    })),
    lineage: lineageOf(store, readResource),
    warnings: warningsOf(verdict, ingredientFailures(store)),
    status: [
      ...reported(results, 'file'),
      ...deltas.flatMap(({ validationDeltas }) => reported(validationDeltas, 'ingredient')),
      ...Object.values(store.manifests).flatMap(({ ingredients }) =>
        ingredients.flatMap((ingredient) => reported(ingredient.validation_results?.activeManifest, 'ingredient')),
      ),
    ],
    reader,
  };
}

/** A file that carries no credential, or that no reader could open. */
export function reportWithoutManifest(verdict: 'no_credential' | 'unreadable', reader: string, reason?: string): VerificationReport {
  return {
    object: 'verification_report',
    verdict,
    summary: summaryOf(verdict, undefined, []),
    validation_state: 'not_present',
    ...{ manifest_label: null, title: null, format: null, signer: null, generator: null, ai_generated: false, model: null },
    ...{ created_at: null, actions: [], lineage: null, warnings: reason === undefined ? [] : [reason], status: [], reader },
  };
}

function timeStampOf(results: StatusCodes | undefined): 'trusted' | 'untrusted' | 'none' {
  const codes = [...(results?.success ?? []), ...(results?.informational ?? [])].map(({ code }) => code);
  if (codes.includes('timeStamp.trusted')) return 'trusted';
  return codes.some((code) => code.startsWith('timeStamp.')) ? 'untrusted' : 'none';
}

/** Of every generation. */
function ingredientFailures(store: ManifestStore): string[] {
  return Object.entries(store.manifests).flatMap(([label, { ingredients }]) =>
    ingredients.flatMap((ingredient) => failuresOf(store, label, ingredient)),
  );
}

/** Readers do not lower a file's state for what is wrong with its ingredients, so it must be said apart. */
function warningsOf(verdict: Verdict, ingredient_failures: readonly string[]): string[] {
  if (verdict === 'altered' || verdict === 'invalid_credential') return [];
  const broken = [...new Set(ingredient_failures)].filter((code) => code !== 'signingCredential.untrusted');
  if (broken.length > 0)
    return [`Something that this file was made from was altered, or its credential does not hold: ${broken.join(', ')}.`];
  if (ingredient_failures.length > 0)
    return ['Something that this file was made from was signed by a signer that nobody here vouches for.'];
  return [];
}

function reported(results: StatusCodes | undefined, about: ReportedStatus['about']): ReportedStatus[] {
  if (!results) return [];
  return (['failure', 'informational', 'success'] as const).flatMap((outcome) =>
    results[outcome].map(({ code, url, explanation }) => ({ code, outcome, about, url: url ?? null, explanation: explanation ?? null })),
  );
}

function plainValues(parameters: Readonly<Record<string, unknown>>): Record<string, string | number | boolean> {
  const plain: Record<string, string | number | boolean> = {};
  for (const [name, value] of Object.entries(parameters)) {
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') plain[name] = value;
  }
  return plain;
}
