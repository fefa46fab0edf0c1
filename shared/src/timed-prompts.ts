/**
 * The timed prompts of a request: from `segments` as a client sends them to those of a command. A prompt takes effect at a
 * chunk border, so each must have one of its own within the video: what could never be seen is refused, not ignored.
 */
import { EverframeError } from './errors.ts';
import type { PromptSegment } from './generation.ts';
import { borderBehind, framesOfChunk } from './generation-chunks.ts';
import { BLEND_CHUNKS_MAX, SEGMENTS_MAX } from './limits.ts';
import type { ModelPackage } from './model-package.ts';
import { parsePrompt, typeName } from './prompt.ts';

export const SEGMENT_ANCHORS = ['renew', 'keep', 'blend'] as const satisfies readonly PromptSegment['anchor'][];
const FIELDS = ['start', 'prompt', 'anchor', 'blend'];

type ChunkedModel = Pick<ModelPackage, 'name' | 'fps' | 'chunk' | 'latent'>;

/**
 * @param value a list of `{start, prompt, anchor, blend}`, or its JSON as text; undefined for none
 * @param seconds that they may lie in
 * @param first_frame of the video, where these seconds begin: their times count from there
 * @throws EverframeError naming segment, rule and value
 */
export function parseSegments(value: unknown, model: ChunkedModel, seconds: number, first_frame = 0): PromptSegment[] {
  const list = typeof value === 'string' ? parseText(value) : value;
  if (list === undefined) return [];
  if (!Array.isArray(list)) {
    throw new EverframeError('invalid_type', `'segments' must be a list of {start, prompt, anchor, blend}; got ${typeName(list)}.`, {
      param: 'segments',
    });
  }
  if (list.length > SEGMENTS_MAX) {
    throw new EverframeError('invalid_value', `'segments' may have at most ${SEGMENTS_MAX} of them; got ${list.length}.`, {
      param: 'segments',
    });
  }
  const frames = first_frame + seconds * model.fps;
  let border = borderBehind(first_frame, model);
  return list.map((segment, i) => {
    const timed = parseSegment(segment, `segments[${i}]`, model);
    const parsed = { ...timed, start_frame: first_frame + timed.start_frame };
    const next = borderBehind(parsed.start_frame, model);
    if (next <= border || next >= frames) {
      throw refuseTime(`segments[${i}].start`, parsed.start_frame, { border, first_frame, frames, model });
    }
    border = next;
    return parsed;
  });
}

function parseText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new EverframeError('invalid_value', "'segments' as text must be a JSON list of {start, prompt, anchor, blend}.", {
      param: 'segments',
      cause,
    });
  }
}

function parseSegment(value: unknown, at: string, { fps }: ChunkedModel): PromptSegment {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new EverframeError('invalid_type', `'${at}' must be {start, prompt, anchor, blend}; got ${typeName(value)}.`, { param: at });
  }
  const { start, prompt, anchor, blend, ...others } = value as Readonly<Record<string, unknown>>;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) {
    const param = `${at}.${unknown.slice(0, 60).toWellFormed()}`;
    throw new EverframeError('unknown_parameter', `Unknown parameter: '${param}'. Known are ${FIELDS.join(', ')}.`, { param });
  }
  return {
    start_frame: Math.round(parseStart(start, `${at}.start`) * fps),
    prompt: parsePrompt(prompt, `${at}.prompt`),
    anchor: parseAnchor(anchor, `${at}.anchor`),
    blend_chunks: parseBlend(blend, `${at}.blend`),
  };
}

/** @param value seconds, as a number or text. @throws EverframeError where it is absent or no such number */
export function parseStart(value: unknown, param: string): number {
  if (value === undefined || value === null) {
    throw new EverframeError('missing_required_parameter', `Missing required parameter: '${param}'. Say from which second on it holds.`, {
      param,
    });
  }
  // Form fields have only text.
  const start = typeof value === 'string' && /^\d{1,6}(\.\d{1,6})?$/.test(value) ? Number(value) : value;
  if (typeof start === 'number' && start >= 0 && start <= Number.MAX_SAFE_INTEGER) return start;
  throw new EverframeError(
    'invalid_value',
    `'${param}' must be a number of seconds, 0 or more; got ${JSON.stringify(value).slice(0, 60)}.`,
    {
      param,
    },
  );
}

export function parseAnchor(value: unknown, param: string): PromptSegment['anchor'] {
  if (value === undefined) return 'renew';
  const anchor = SEGMENT_ANCHORS.find((known) => known === value);
  if (anchor) return anchor;
  const known = SEGMENT_ANCHORS.map((name) => `'${name}'`).join(', ');
  throw new EverframeError('invalid_value', `'${param}' must be one of ${known}; got ${JSON.stringify(value).slice(0, 60)}.`, { param });
}

/** @returns chunks over which the text turns to the prompt; 0 where it is absent. @throws EverframeError where it is no such number */
export function parseBlend(value: unknown, param: string): number {
  if (value === undefined) return 0;
  // Form fields have only text.
  const blend = typeof value === 'string' && /^\d{1,6}$/.test(value) ? Number(value) : value;
  if (typeof blend === 'number' && Number.isInteger(blend) && blend >= 0 && blend <= BLEND_CHUNKS_MAX) return blend;
  throw new EverframeError(
    'invalid_value',
    `'${param}' must be a whole number of chunks from 0 to ${BLEND_CHUNKS_MAX}; got ${JSON.stringify(value).slice(0, 60)}.`,
    { param },
  );
}

function refuseTime(
  param: string,
  start_frame: number,
  {
    border,
    first_frame,
    frames,
    model,
  }: { readonly border: number; readonly first_frame: number; readonly frames: number; readonly model: ChunkedModel },
): EverframeError {
  const chunk = framesOfChunk(model);
  const seconds = (frame: number) => `${(frame - first_frame) / model.fps} s`;
  const last = Math.ceil(frames / chunk) * chunk - chunk;
  const first_free = border + 1;
  const room =
    first_free > last
      ? 'No chunk is left for it: leave it out, or make the video longer.'
      : `Give one behind ${seconds(border)} and up to ${seconds(last)}.`;
  return new EverframeError(
    'invalid_value',
    `'${param}' is ${seconds(start_frame)}. A prompt takes effect where a chunk begins, every ${chunk / model.fps} s for ${model.name}, ` +
      `and each needs a chunk of its own. ${room}`,
    { param },
  );
}
