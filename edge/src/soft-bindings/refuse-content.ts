/** POST /v1/c2pa/matches/byContent: finding a mark takes the pictures of a video, and there is no decoder in a Worker. Nothing is read. */
import { EverframeError } from '@everframe/shared';

export function refuseContent(): never {
  throw new EverframeError(
    'unsupported_operation',
    'Files are not decoded here. Send what you read from the file to /v1/c2pa/matches/byBinding; the page /verify and `everframe verify` read it.',
  );
}
