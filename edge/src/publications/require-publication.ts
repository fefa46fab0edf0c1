/** A worker's statement must be of the very file that it brings, or it would be recorded for another one. */
import { type Asset, EverframeError, parsePublication } from '@everframe/shared';

const param = 'publication';

/** @throws EverframeError naming what does not fit */
export function requirePublication(record: string | undefined, video_id: string, file: Asset | undefined): void {
  if (record === undefined) return;
  const { facts } = parse(record);
  if (facts.video_id === video_id && facts.sha256 === file?.sha256 && facts.bytes === file.bytes) return;
  throw new EverframeError(
    'invalid_value',
    `'publication' is of ${facts.video_id} with the SHA-256 ${facts.sha256}, not of the file that was brought.`,
    {
      param,
    },
  );
}

function parse(record: string) {
  try {
    return parsePublication(record);
  } catch (cause) {
    throw new EverframeError('invalid_value', "'publication' is no signed record of a published file.", { param, cause });
  }
}
