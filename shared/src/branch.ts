/**
 * Where a new part may begin within a video: at a border of its chunks, and behind what another video gave it, of which it
 * has the frames and not the states between them.
 */
import { EverframeError } from './errors.ts';
import type { GenerationCommand } from './generation.ts';
import { chunksAhead, framesOfChunk } from './generation-chunks.ts';
import type { ModelPackage } from './model-package.ts';
import { typeName } from './prompt.ts';

const PARAM = 'from_seconds';
const FRAME_TOLERANCE = 0.001;

/**
 * @param value seconds of the parent, as a number or its text; undefined for its end
 * @returns the new part's first frame
 * @throws EverframeError naming rule, value and the nearest borders
 */
export function branchStart(value: unknown, parent: GenerationCommand, model: ModelPackage): number {
  if (value === undefined) return parent.frames;
  const seconds = typeof value === 'string' && /^\d{1,9}(\.\d{1,6})?$/.test(value) ? Number(value) : value;
  if (typeof seconds !== 'number') {
    const got = typeof value === 'string' ? `'${value.slice(0, 40).toWellFormed()}'` : typeName(value);
    throw new EverframeError(
      typeof value === 'string' ? 'invalid_value' : 'invalid_type',
      `'${PARAM}' must be a number of seconds; got ${got}.`,
      { param: PARAM },
    );
  }
  const frame = frameAt(seconds, model);
  if (!(frame > 0 && frame <= parent.frames)) {
    throw refuse(`'${PARAM}' must be more than 0 and at most ${secondsAt(parent.frames, model)}, where the video ends; got ${seconds}.`);
  }
  const chunk_frames = framesOfChunk(model);
  if (frame === parent.frames || frame % chunk_frames === 0) return frame;
  const border = Math.floor(frame / chunk_frames) * chunk_frames;
  const borders = [border, Math.min(border + chunk_frames, parent.frames)].filter((at) => at > 0);
  const remedy = borders.map((at) => secondsAt(at, model)).join(' or ');
  throw refuse(`'${PARAM}' is ${seconds} s. ${model.name} begins a chunk every ${secondsAt(chunk_frames, model)} s: take ${remedy}.`);
}

/** @param kept_frames what the new video would take over @throws EverframeError saying from where on, or of which video, it can be done */
export function requireBranchable({ continues, edits, frames }: GenerationCommand, kept_frames: number, model: ModelPackage): void {
  if (edits) {
    throw new EverframeError(
      'unsupported_operation',
      `An edit can be gone on from at its end alone, since its chunks begin from another video's. Leave '${PARAM}' out.`,
      { param: PARAM },
    );
  }
  if (!continues || kept_frames >= continues.kept_frames) return;
  const first = secondsAt(Math.min(frames, continues.kept_frames + chunksAhead(model) * framesOfChunk(model)), model);
  throw refuse(
    `What lies before ${first} s of this video came from ${continues.video_id}. Take '${PARAM}' from ${first} on, or extend ${continues.video_id}.`,
  );
}

/** A decimal fraction meets not every frame. */
function frameAt(seconds: number, { fps }: ModelPackage): number {
  const nearest = Math.round(seconds * fps);
  return Math.abs(seconds * fps - nearest) < FRAME_TOLERANCE ? nearest : seconds * fps;
}

/** As it can be sent back, also as text. */
function secondsAt(frame: number, { fps }: ModelPackage): number {
  return Number((frame / fps).toFixed(6));
}

function refuse(message: string): EverframeError {
  return new EverframeError('invalid_value', message, { param: PARAM });
}
