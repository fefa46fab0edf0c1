/** `frame_images` as the one picture that a video here can begin with. */
import { EverframeError } from '@everframe/shared';
import { z } from 'zod';

const FrameImage = z.strictObject({
  type: z.literal('image_url'),
  image_url: z.strictObject({ url: z.string() }),
  frame_type: z.enum(['first_frame', 'last_frame']),
});
export const FrameImages = z.array(FrameImage);

const param = 'frame_images';

/** @returns the URL; undefined where there is no picture */
export function firstFrame(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  const parsed = FrameImages.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const place = [param, ...(issue?.path ?? [])].join('.').slice(0, 60);
    throw new EverframeError('invalid_value', `'${place}' is not a picture as the dialect has it: ${issue?.message ?? 'invalid'}.`, {
      param,
    });
  }
  const [image, ...others] = parsed.data;
  if (others.length > 0 || image?.frame_type === 'last_frame') {
    throw new EverframeError('unsupported_parameter', 'A video here can begin with one picture and end with none. Send one first_frame.', {
      param,
    });
  }
  return image?.image_url.url;
}
