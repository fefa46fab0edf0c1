/**
 * What we claim of a video: that a model made it, which one, from what, when, with which settings. The prompt itself
 * stays out unless its owner wants it in, because a manifest travels with every copy and into every descendant.
 */
import type { InputFile } from './ingredients.ts';
import { type Fingerprint, type MarkedPart, softBindings } from './soft-bindings.ts';

export interface GenerationFacts {
  readonly video_id: string;
  readonly title: string;
  readonly origin: Origin;
  readonly reference_image?: InputFile | undefined;
  /** `package_sha256` is the digest of model.json, which holds the digests of all files. */
  readonly model: { readonly name: string; readonly title: string; readonly version: string; readonly package_sha256: string };
  readonly seed: number;
  /** Undefined where it is not known yet. */
  readonly frames: number | undefined;
  readonly fps: number;
  readonly width: number;
  readonly height: number;
  readonly provider: string;
  readonly encoder: string;
  /** By start; empty where the owner wants nothing said of them. */
  readonly prompts: readonly PromptFact[];
  /** What frames carry invisibly; default nothing. */
  readonly marks?: readonly MarkedPart[];
  readonly fingerprint?: Fingerprint | undefined;
  readonly created_at: Date;
  readonly generator_version: string;
  /** Labels of the manifests that the video's live segments were published under, in order; default none. */
  readonly live_manifests?: readonly string[];
  /** Of a live stream that another worker began: label of the manifest of its last segment. */
  readonly continues_manifest?: string | undefined;
}

/** Made from nothing, or from a video that there was. */
export type Origin =
  | { readonly kind: 'created' }
  | {
      readonly kind: 'extended' | 'remixed' | 'edited';
      readonly parent: InputFile;
      /** Whether the parent, too, is a model's work; else the result is a composite. */
      readonly parent_made_by_model: boolean;
      /** How far an edit could leave its parent, 0 to 1; undefined where that is not known. */
      readonly strength?: number | undefined;
    };

/** `hash`: HMAC-SHA-256 under the video's own key, hex; a bare hash of a short prompt could be guessed. */
export type PromptFact = { readonly start_frame: number } & (
  | { readonly disclosed: 'hash'; readonly hmac: string }
  | { readonly disclosed: 'text'; readonly text: string }
);

export type SignedMimeType = 'video/mp4' | 'image/jpeg';

/** Name of a prompt's text inside the manifest. */
export function promptResource(index: number): string {
  return `prompt-${index}.txt`;
}

export interface ManifestDefinition {
  readonly assertions: readonly object[];
  readonly [field: string]: unknown;
}

/** A manifest definition as c2pa-rs reads it; ingredients that are files are added to it by `addIngredients`. */
export function manifestDefinition(facts: GenerationFacts, mime_type: SignedMimeType): ManifestDefinition {
  const { model, generator_version } = facts;
  return {
    claim_version: 2,
    title: facts.title,
    format: mime_type,
    claim_generator_info: [{ name: GENERATOR_NAME, version: generator_version, specVersion: '2.4' }],
    ingredients: [...facts.prompts.map(promptIngredient), modelIngredient(facts)],
    assertions: [
      { label: 'c2pa.actions.v2', created: true, data: { allActionsIncluded: true, actions: actions(facts, mime_type) } },
      {
        label: 'c2pa.ai-disclosure',
        created: true,
        data: {
          modelType: 'c2pa.types.model',
          modelName: model.title,
          modelIdentifier: `${model.name}@${model.version}`,
          contentProfile: { humanOversightLevel: 'prompt_guided' },
        },
      },
      ...softBindings(facts, mime_type),
      { label: 'cawg.training-mining', data: { entries: TRAINING_NOT_ALLOWED } },
    ],
  };
}

/** Of a live stream's init segment. @param assertions by label */
export function liveManifestDefinition(facts: GenerationFacts, assertions: Readonly<Record<string, object>>): object {
  const definition = manifestDefinition({ ...facts, title: `${facts.title} (live)` }, 'video/mp4');
  const own = Object.entries(assertions).map(([label, data]) => ({ label, created: true, data }));
  return { ...definition, assertions: [...definition.assertions, ...own] };
}

/** Assertions that we make ourselves, rather than gather from others. */
export const CREATED_ASSERTION_LABELS = ['c2pa.actions', 'c2pa.ingredient', 'c2pa.ai-disclosure', 'c2pa.soft-binding'];

export const GENERATOR_NAME = 'Everframe';

/** The value of `digitalSourceType` that says: made by a trained model. */
export const MADE_BY_MODEL = 'http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia';
/** The same of what a model made out of something else. */
export const MADE_WITH_MODEL = 'http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia';

/** Keys of our own action parameters begin with this. */
export const PARAMETER_PREFIX = 'org.everframe.';

/**
 * What has a parent is opened before it is edited; opening makes nothing, so it names no source type (specification
 * 2.4, section 18.16).
 */
function actions(facts: GenerationFacts, mime_type: SignedMimeType): object[] {
  const { origin, created_at, generator_version } = facts;
  const common = { when: created_at.toISOString(), softwareAgent: { name: GENERATOR_NAME, version: generator_version } };
  const parameters = { ingredientIds: inputLabels(facts), ...ownParameters(facts, mime_type) };
  const marked = facts.marks?.some(({ taken_over }) => !taken_over) ? [{ action: 'c2pa.watermarked.bound', ...common }] : [];
  if (origin.kind === 'created') return [{ action: 'c2pa.created', ...common, digitalSourceType: MADE_BY_MODEL, parameters }, ...marked];
  const digitalSourceType = origin.parent_made_by_model ? MADE_BY_MODEL : MADE_WITH_MODEL;
  return [
    { action: 'c2pa.opened', ...common, parameters: { ingredientIds: ['parent'] } },
    { action: 'c2pa.edited', ...common, digitalSourceType, parameters },
    ...marked,
  ];
}

function inputLabels({ prompts, reference_image }: GenerationFacts): string[] {
  return [...prompts.map((_, index) => promptLabel(index)), 'model', ...(reference_image ? ['reference'] : [])];
}

function ownParameters(facts: GenerationFacts, mime_type: SignedMimeType): object {
  const { model, seed, frames, fps, width, height, provider, encoder, origin, live_manifests = [], continues_manifest } = facts;
  const about = {
    video_id: facts.video_id,
    operation: origin.kind,
    model: model.name,
    model_version: model.version,
    model_sha256: model.package_sha256,
    seed,
    strength: origin.kind === 'edited' ? origin.strength : undefined,
  };
  const live = { live_manifests: live_manifests.join(' ') || undefined, continues_manifest };
  const media = mime_type === 'video/mp4' ? { frames, fps, width, height, provider, encoder, ...live } : {};
  const stated = Object.entries({ ...about, ...media }).filter(([, value]) => value !== undefined);
  return Object.fromEntries(stated.map(([name, value]) => [PARAMETER_PREFIX + name, value]));
}

function promptIngredient(prompt: PromptFact, index: number): object {
  const { start_frame, disclosed } = prompt;
  const says =
    disclosed === 'hash'
      ? { instance_id: `urn:everframe:prompt:hmac-sha256:${prompt.hmac}` }
      : { data: { format: 'text/plain', identifier: promptResource(index) } };
  return {
    title: start_frame === 0 ? 'prompt' : `prompt from frame ${start_frame}`,
    format: 'text/plain',
    relationship: 'inputTo',
    label: promptLabel(index),
    ...says,
    data_types: [{ type: 'c2pa.types.generator.prompt' }],
  };
}

function promptLabel(index: number): string {
  return index === 0 ? 'prompt' : `prompt-${index}`;
}

function modelIngredient({ model }: GenerationFacts): object {
  return {
    title: model.title,
    format: 'application/octet-stream',
    relationship: 'inputTo',
    label: 'model',
    instance_id: `urn:everframe:model:sha256:${model.package_sha256}`,
    data_types: [{ type: 'c2pa.types.generator' }, { type: 'c2pa.types.model', version: model.version }],
  };
}

/** CAWG training and data mining: what others may do with the video. */
const TRAINING_NOT_ALLOWED = {
  'cawg.data_mining': { use: 'notAllowed' },
  'cawg.ai_training': { use: 'notAllowed' },
  'cawg.ai_generative_training': { use: 'notAllowed' },
  'cawg.ai_inference': { use: 'notAllowed' },
};
