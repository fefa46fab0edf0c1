/**
 * What we claim of a video: that a model made it, which one, from what, when. The prompt itself stays out, because
 * a manifest travels with every copy: only its keyed hash is there.
 */

export interface GenerationFacts {
  readonly video_id: string;
  readonly title: string;
  /** `package_sha256` is the digest of model.json, which holds the digests of all files. */
  readonly model: { readonly name: string; readonly title: string; readonly version: string; readonly package_sha256: string };
  readonly seed: number;
  readonly frames: number;
  readonly fps: number;
  readonly width: number;
  readonly height: number;
  readonly provider: string;
  readonly encoder: string;
  /** HMAC-SHA-256 of the prompt under the video's own key, hex. */
  readonly prompt_hmac: string;
  readonly created_at: Date;
  readonly generator_version: string;
}

export type SignedMimeType = 'video/mp4' | 'image/jpeg';

/** A manifest definition as c2pa-rs reads it. */
export function manifestDefinition(facts: GenerationFacts, mime_type: SignedMimeType): object {
  const { model, generator_version } = facts;
  return {
    claim_version: 2,
    title: mime_type === 'video/mp4' ? facts.title : `${facts.title} (thumbnail)`,
    format: mime_type,
    claim_generator_info: [{ name: GENERATOR_NAME, version: generator_version, specVersion: '2.4' }],
    ingredients: [promptIngredient(facts), modelIngredient(facts)],
    assertions: [
      { label: 'c2pa.actions.v2', created: true, data: { allActionsIncluded: true, actions: [createdAction(facts, mime_type)] } },
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
      { label: 'cawg.training-mining', data: { entries: TRAINING_NOT_ALLOWED } },
    ],
  };
}

/** Assertions that we make ourselves, rather than gather from others. */
export const CREATED_ASSERTION_LABELS = ['c2pa.actions', 'c2pa.ingredient', 'c2pa.ai-disclosure'];

export const GENERATOR_NAME = 'Everframe';

/** The value of `digitalSourceType` that says: made by a trained model. */
export const MADE_BY_MODEL = 'http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia';

/** Keys of our own action parameters begin with this. */
export const PARAMETER_PREFIX = 'org.everframe.';

function createdAction(facts: GenerationFacts, mime_type: SignedMimeType): object {
  const { model, seed, frames, fps, width, height, provider, encoder } = facts;
  const about = { video_id: facts.video_id, model: model.name, model_version: model.version, seed };
  const media = mime_type === 'video/mp4' ? { frames, fps, width, height, provider, encoder } : {};
  const parameters = Object.entries({ ...about, ...media }).map(([name, value]) => [PARAMETER_PREFIX + name, value]);
  return {
    action: 'c2pa.created',
    when: facts.created_at.toISOString(),
    digitalSourceType: MADE_BY_MODEL,
    softwareAgent: { name: GENERATOR_NAME, version: facts.generator_version },
    parameters: { ingredientIds: ['prompt', 'model'], ...Object.fromEntries(parameters) },
  };
}

function promptIngredient({ prompt_hmac }: GenerationFacts): object {
  return {
    title: 'prompt',
    format: 'text/plain',
    relationship: 'inputTo',
    label: 'prompt',
    instance_id: `urn:everframe:prompt:hmac-sha256:${prompt_hmac}`,
    data_types: [{ type: 'c2pa.types.generator.prompt' }],
  };
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
