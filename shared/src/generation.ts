/**
 * From what a client asks to what a worker does. `CreateVideoRequest` is the wire shape after multipart or JSON
 * has been read; `GenerationCommand` has every default filled and every bound checked, so nothing later asks again.
 */
import { z } from 'zod';
import { EverframeError } from './errors.ts';
import { PROMPT_MAX_CHARACTERS, SEED_MAX } from './limits.ts';
import type { ModelPackage } from './model-package.ts';

/** What `POST /v1/videos` may carry. Form fields arrive as text, so numbers are accepted in both forms. */
export interface CreateVideoRequest {
  readonly prompt?: unknown;
  readonly model?: unknown;
  readonly seconds?: unknown;
  readonly size?: unknown;
  readonly seed?: unknown;
  readonly [extra: string]: unknown;
}

/** A prompt that holds from a time on. */
export const PromptSegment = z.object({
  /** The prompt takes effect at the first chunk border at or behind this frame. */
  start_frame: z.int().nonnegative(),
  /** Unicode NFC, trimmed. */
  prompt: z.string().min(1),
  /** `renew` takes the anchor again, from the first chunk that is made under this prompt; `keep` leaves it. */
  anchor: z.enum(['keep', 'renew']).default('renew'),
});
export type PromptSegment = z.infer<typeof PromptSegment>;

export const GenerationCommand = z.object({
  model: z.string(),
  model_version: z.string(),
  /** Unicode NFC, trimmed. */
  prompt: z.string().min(1),
  /** Prompts that follow the first, by start. */
  segments: z.array(PromptSegment).default([]),
  seed: z.int().min(0).max(SEED_MAX),
  seconds: z.int().positive(),
  /** seconds * fps */
  frames: z.int().positive(),
  fps: z.int().positive(),
  width: z.int().positive(),
  height: z.int().positive(),
});
export type GenerationCommand = z.infer<typeof GenerationCommand>;

const KNOWN_FIELDS = ['prompt', 'model', 'seconds', 'size', 'seed'];
/** UTF-16 units of a name or value that a refusal repeats. */
const ECHO_MAX_CHARACTERS = 60;
/** Fields of OpenAI's contract that no shipped model can obey yet: refused rather than ignored. */
const UNSUPPORTED_FIELDS = ['input_reference', 'characters'];

/**
 * Checks a request against the packages that are served and fills its defaults.
 * @param packages the first is the default model
 * @param randomSeed used when the request names no seed; an unsigned 32-bit integer
 * @throws EverframeError naming field, rule and value
 */
export function toGenerationCommand(request: CreateVideoRequest, packages: readonly ModelPackage[], randomSeed: number): GenerationCommand {
  refuseUnknownFields(request);
  const model = chooseModel(request.model, packages);
  const seconds = parseSeconds(request.seconds, model);
  const { width, height } = parseSize(request.size, model);
  return {
    model: model.name,
    model_version: model.version,
    prompt: parsePrompt(request.prompt),
    segments: [],
    seed: parseSeed(request.seed, randomSeed),
    seconds,
    frames: seconds * model.fps,
    fps: model.fps,
    width,
    height,
  };
}

function refuseUnknownFields(request: CreateVideoRequest): void {
  for (const field of Object.keys(request)) {
    const name = cut(field.replace(/\[.*$/s, ''));
    if (UNSUPPORTED_FIELDS.includes(name)) {
      throw new EverframeError('unsupported_parameter', `No model served here can use '${name}' yet. Leave it out.`, { param: name });
    }
    if (!KNOWN_FIELDS.includes(name)) {
      throw new EverframeError('unknown_parameter', `Unknown parameter: '${name}'. Known are ${KNOWN_FIELDS.join(', ')}.`, { param: name });
    }
  }
}

function parsePrompt(value: unknown): string {
  if (value === undefined || value === null) {
    throw new EverframeError('missing_required_parameter', "Missing required parameter: 'prompt'. Say what the video should show.", {
      param: 'prompt',
    });
  }
  if (typeof value !== 'string') {
    throw new EverframeError('invalid_type', `'prompt' must be a string; got ${typeName(value)}.`, { param: 'prompt' });
  }
  const prompt = value.toWellFormed().normalize('NFC').trim();
  if (prompt === '') {
    throw new EverframeError('string_too_short', "'prompt' must have at least 1 character that is not white space; got none.", {
      param: 'prompt',
    });
  }
  const characters = [...prompt].length;
  if (characters > PROMPT_MAX_CHARACTERS) {
    throw new EverframeError(
      'string_too_long',
      `'prompt' may have at most ${PROMPT_MAX_CHARACTERS} characters; got ${characters}. Shorten it.`,
      { param: 'prompt' },
    );
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are exactly what is refused
  const control = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/.exec(prompt);
  if (control) {
    const name = `U+${control[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
    throw new EverframeError('invalid_value', `'prompt' may not have control characters; found ${name}. Remove it.`, { param: 'prompt' });
  }
  return prompt;
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

function parseSeconds(value: unknown, model: ModelPackage): number {
  if (value === undefined) return model.seconds.default;
  const { min, max } = model.seconds;
  const seconds = parseInteger(value);
  if (seconds === undefined || seconds < min || seconds > max) {
    throw new EverframeError(
      'invalid_value',
      `'seconds' must be a whole number from ${min} to ${max} for ${model.name}; got ${quote(value)}.`,
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

function typeName(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'an array' : `a value of type ${typeof value}`;
}
