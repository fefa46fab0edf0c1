/**
 * From what a client asks to what a worker does. `CreateVideoRequest` is the wire shape after multipart or JSON
 * has been read; `GenerationCommand` has every default filled and every bound checked, so nothing later asks again.
 */
import { z } from 'zod';
import { EverframeError } from './errors.ts';
import { ENDLESS_SECONDS, SEED_MAX } from './limits.ts';
import type { ModelPackage } from './model-package.ts';
import { parsePrompt, typeName } from './prompt.ts';
import { parseSegments } from './timed-prompts.ts';

/** What `POST /v1/videos` may carry. Form fields arrive as text, so numbers are accepted in both forms. */
export interface CreateVideoRequest {
  readonly prompt?: unknown;
  readonly segments?: unknown;
  readonly negative_prompt?: unknown;
  readonly model?: unknown;
  readonly seconds?: unknown;
  readonly size?: unknown;
  readonly seed?: unknown;
  /** Read apart, by who can read files and URLs; here it only matters whether the model can see a picture. */
  readonly input_reference?: unknown;
  readonly strict?: unknown;
  readonly prompt_disclosure?: unknown;
  readonly [extra: string]: unknown;
}

/** A prompt that holds from a time on. */
export const PromptSegment = z.object({
  /** The prompt takes effect at the first chunk border at or behind this frame. */
  start_frame: z.int().nonnegative(),
  /** Unicode NFC, trimmed. */
  prompt: z.string().min(1),
  /**
   * `renew` takes the anchor again, from the first chunk that is made under this prompt alone; `keep` leaves it; `blend`
   * moves it by equal steps, chunk by chunk while the text turns, and at the next chunk where it turns at once.
   */
  anchor: z.enum(['keep', 'renew', 'blend']).default('renew'),
  /** Chunks over which the text turns from what it was to this prompt. */
  blend_chunks: z.int().nonnegative().default(0),
});
export type PromptSegment = z.infer<typeof PromptSegment>;

/** A prompt for a video that is being made. */
export const LivePrompt = PromptSegment.extend({
  /** Null for the next chunk that is not begun. */
  start_frame: PromptSegment.shape.start_frame.nullable(),
});
export type LivePrompt = z.infer<typeof LivePrompt>;

/** An uploaded picture that a video goes on from. */
export const InputReference = z.object({
  key: z.string().min(1),
  /** Lower-case hex. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: z.int().positive(),
});
export type InputReference = z.infer<typeof InputReference>;

/** What the signed manifest, which travels with every copy, tells of the prompts: an HMAC that proves them, their text, or nothing. */
export const PromptDisclosure = z.enum(['hash', 'text', 'none']);
export type PromptDisclosure = z.infer<typeof PromptDisclosure>;
/** The video whose frames this one begins with: only what is behind them is made and paid for. */
export const Continued = z.object({
  video_id: z.string().min(1),
  /** Of that video, all of them. */
  frames: z.int().positive(),
  /** How many of them are taken over as they are: a last chunk that was cut short is made again. */
  kept_frames: z.int().nonnegative(),
});
export type Continued = z.infer<typeof Continued>;

/** The video whose pictures this one begins from, chunk by chunk. */
export const Edited = z.object({
  video_id: z.string().min(1),
  /** How far it may leave them: 0 not at all, 1 as if there were none. */
  strength: z.number().min(0).max(1),
});
export type Edited = z.infer<typeof Edited>;

export const GenerationCommand = z.object({
  model: z.string(),
  model_version: z.string(),
  /** Unicode NFC, trimmed. */
  prompt: z.string().min(1),
  /** What guidance leads away from; empty for the absence of a prompt. */
  negative_prompt: z.string().default(''),
  /** Prompts that follow the first, by start. */
  segments: z.array(PromptSegment).default([]),
  /** Left out, a video begins with its prompt alone. Only for packages that have an encoder of pictures. */
  input_reference: InputReference.optional(),
  prompt_disclosure: PromptDisclosure.default('hash'),
  /** Left out, the video stands alone. */
  continues: Continued.optional(),
  /** Left out, the video begins from noise alone. */
  edits: Edited.optional(),
  seed: z.int().min(0).max(SEED_MAX),
  /** Present where the video goes on until it is stopped: then its seconds and frames are the most that it may have. */
  endless: z.literal(true).optional(),
  seconds: z.int().positive(),
  /** seconds * fps */
  frames: z.int().positive(),
  fps: z.int().positive(),
  width: z.int().positive(),
  height: z.int().positive(),
});
export type GenerationCommand = z.infer<typeof GenerationCommand>;

const KNOWN_FIELDS = [
  ...['prompt', 'segments', 'negative_prompt', 'model', 'seconds', 'size', 'seed', 'input_reference', 'strict', 'prompt_disclosure'],
];
/** UTF-16 units of a name or value that a refusal repeats. */
const ECHO_MAX_CHARACTERS = 60;
/** Fields of OpenAI's contract that no shipped model can obey yet: refused rather than ignored. */
const UNSUPPORTED_FIELDS = ['characters'];

/**
 * Checks a request against the packages that are served and fills its defaults.
 * @param packages the first is the default model
 * @param randomSeed used when the request names no seed; an unsigned 32-bit integer
 * @param endless_seconds the most that a video without an end may have
 * @throws EverframeError naming field, rule and value
 */
export function toGenerationCommand(
  request: CreateVideoRequest,
  packages: readonly ModelPackage[],
  randomSeed: number,
  endless_seconds: number = ENDLESS_SECONDS.default,
): GenerationCommand {
  refuseUnknownFields(request);
  const model = chooseModel(request.model, packages);
  if (request.input_reference !== undefined) requirePictures(model);
  const endless = request.seconds === 'endless';
  const seconds = endless ? endless_seconds : parseSeconds(request.seconds, model);
  const { width, height } = parseSize(request.size, model);
  return {
    model: model.name,
    model_version: model.version,
    prompt: parsePrompt(request.prompt),
    negative_prompt: parseNegativePrompt(request.negative_prompt),
    segments: parseSegments(request.segments, model, seconds),
    prompt_disclosure: parsePromptDisclosure(request.prompt_disclosure),
    seed: parseSeed(request.seed, randomSeed),
    ...(endless && { endless }),
    seconds,
    frames: seconds * model.fps,
    fps: model.fps,
    width,
    height,
  };
}

/**
 * Whether what would only be warned of is to be refused; default false. It says nothing of the video, so the command
 * does not carry it.
 */
export function parseStrict({ strict }: CreateVideoRequest): boolean {
  if (strict === undefined) return false;
  if (typeof strict === 'boolean') return strict;
  if (strict === 'true' || strict === 'false') return strict === 'true';
  throw new EverframeError('invalid_value', `'strict' must be true or false; got ${quote(strict)}.`, { param: 'strict' });
}

/** Blank is as good as none. */
function parseNegativePrompt(value: unknown): string {
  const none = value === undefined || (typeof value === 'string' && value.trim() === '');
  return none ? '' : parsePrompt(value, 'negative_prompt');
}

function parsePromptDisclosure(value: unknown): PromptDisclosure {
  if (value === undefined) return 'hash';
  const known = PromptDisclosure.options.find((option) => option === value);
  if (known) return known;
  const options = PromptDisclosure.options.map((option) => `'${option}'`).join(', ');
  throw new EverframeError('invalid_value', `'prompt_disclosure' must be one of ${options}; got ${quote(value)}.`, {
    param: 'prompt_disclosure',
  });
}

function refuseUnknownFields(request: CreateVideoRequest): void {
  for (const field of Object.keys(request)) {
    const name = cut(field.replace(/\[.*$/s, ''));
    if (UNSUPPORTED_FIELDS.includes(name)) {
      throw new EverframeError('unsupported_parameter', `No model served here can use '${name}' yet. Leave it out.`, { param: name });
    }
    if (!KNOWN_FIELDS.includes(field)) {
      const param = KNOWN_FIELDS.includes(name) ? cut(field) : name;
      throw new EverframeError('unknown_parameter', `Unknown parameter: '${param}'. Known are ${KNOWN_FIELDS.join(', ')}.`, { param });
    }
  }
}

function chooseModel(value: unknown, packages: readonly ModelPackage[]): ModelPackage {
  const [first] = packages;
  if (!first) throw new Error('no model package is served');
  if (value === undefined) return first;
  if (typeof value !== 'string') {
    throw new EverframeError('invalid_type', `'model' must be a string; got ${typeName(value)}.`, { param: 'model' });
  }
  const model = packages.find((candidate) => candidate.name === value);
  if (!model) {
    const names = packages.map((candidate) => `'${candidate.name}'`).join(', ');
    throw new EverframeError('model_not_found', `The model ${quote(value)} is not served here. Served are: ${names}.`, { param: 'model' });
  }
  return model;
}

function requirePictures({ name, files }: ModelPackage): void {
  if (files.vae_encoder) return;
  throw new EverframeError('unsupported_parameter', `${name} cannot begin with a picture. Leave 'input_reference' out.`, {
    param: 'input_reference',
  });
}

/** @throws EverframeError naming bounds and value */
export function parseSeconds(value: unknown, model: ModelPackage): number {
  if (value === undefined) return model.seconds.default;
  const { min, max } = model.seconds;
  const seconds = parseInteger(value);
  if (seconds === undefined || seconds < min || seconds > max) {
    throw new EverframeError(
      'invalid_value',
      `'seconds' must be a whole number from ${min} to ${max} for ${model.name}, or 'endless'; got ${quote(value)}.`,
      { param: 'seconds' },
    );
  }
  return seconds;
}

function parseSize(value: unknown, model: ModelPackage): { width: number; height: number } {
  const size = value === undefined ? model.sizes[0] : value;
  if (typeof size !== 'string' || !model.sizes.includes(size)) {
    const sizes = model.sizes.map((known) => `'${known}'`).join(', ');
    throw new EverframeError('invalid_value', `'size' must be one of ${sizes} for ${model.name}; got ${quote(value)}.`, { param: 'size' });
  }
  const [width, height] = size.split('x').map(Number);
  if (!width || !height) throw new Error(`size ${size} of package ${model.name} is not <width>x<height>`);
  return { width, height };
}

function parseSeed(value: unknown, randomSeed: number): number {
  if (value === undefined) return randomSeed;
  const seed = parseInteger(value);
  if (seed === undefined || seed < 0 || seed > SEED_MAX) {
    throw new EverframeError('invalid_value', `'seed' must be a whole number from 0 to ${SEED_MAX}; got ${quote(value)}.`, {
      param: 'seed',
    });
  }
  return seed;
}

/** A whole number, also when it came as text in a form field. */
function parseInteger(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isInteger(value) ? value : undefined;
  if (typeof value === 'string' && /^-?\d{1,15}$/.test(value)) return Number(value);
  return undefined;
}

/** The value as the caller would recognise it. */
function quote(value: unknown): string {
  return cut(JSON.stringify(value) ?? String(value));
}

/** So that an answer never echoes a whole body. The cut may fall inside a surrogate pair. */
function cut(text: string): string {
  return text.length > ECHO_MAX_CHARACTERS ? `${text.slice(0, ECHO_MAX_CHARACTERS).toWellFormed()}…` : text;
}
