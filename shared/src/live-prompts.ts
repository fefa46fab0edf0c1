/** The prompt that a client sends to a video while it is made: from `{prompt, at, anchor, blend}` to what the worker is told. */
import { EverframeError } from './errors.ts';
import type { CreateVideoRequest, GenerationCommand, LivePrompt } from './generation.ts';
import { borderBehind } from './generation-chunks.ts';
import type { ModelPackage } from './model-package.ts';
import { parsePrompt } from './prompt.ts';
import { parseAnchor, parseBlend, parseStart } from './timed-prompts.ts';

const FIELDS = ['prompt', 'at', 'anchor', 'blend'];

/**
 * @param request its fields, numbers also as text
 * @param command of the video
 * @throws EverframeError naming field, rule and value
 */
export function parseLivePrompt(
  request: CreateVideoRequest,
  command: Pick<GenerationCommand, 'frames' | 'fps'>,
  model: Pick<ModelPackage, 'chunk' | 'latent'>,
): LivePrompt {
  const unknown = Object.keys(request).find((field) => !FIELDS.includes(field));
  if (unknown !== undefined) {
    const param = unknown.slice(0, 60).toWellFormed();
    throw new EverframeError('unknown_parameter', `Unknown parameter: '${param}'. Known are ${FIELDS.join(', ')}.`, { param });
  }
  const { prompt, at, anchor, blend } = request;
  return {
    start_frame: at === undefined || at === null ? null : parseTime(at, command, model),
    prompt: parsePrompt(prompt),
    anchor: parseAnchor(anchor, 'anchor'),
    blend_chunks: parseBlend(blend, 'blend'),
  };
}

function parseTime(
  at: unknown,
  { frames, fps }: Pick<GenerationCommand, 'frames' | 'fps'>,
  model: Pick<ModelPackage, 'chunk' | 'latent'>,
): number {
  const start_frame = Math.round(parseStart(at, 'at') * fps);
  if (borderBehind(start_frame, model) < frames) return start_frame;
  throw new EverframeError(
    'invalid_value',
    `'at' is ${start_frame / fps} s; no chunk of the video begins between that and its end at ${frames / fps} s. Give an earlier time.`,
    { param: 'at' },
  );
}
