/** The anchor frame's latents to the tokens that keep a long video's appearance (StreamingT2V's APM, section 4.2). */
import { join } from 'node:path';
import type { InstalledPackage } from './model-config.ts';
import { asFloat32, openSession, type SessionOptions } from './session.ts';
import type { Float32Tensor } from './tensor.ts';

export interface AnchorEncoder {
  /** [1, C, H, W] to [1, A, D]. */
  encode(anchor_latents: Float32Tensor): Promise<Float32Tensor>;
}

export async function openAnchorEncoder({ model, dir }: InstalledPackage, options: SessionOptions): Promise<AnchorEncoder> {
  const { channels, height, width } = model.latent;
  const session = await openSession(
    join(dir, model.files.anchor_encoder.path),
    { anchor_latents: { dtype: 'float32', dims: ['batch', channels, height, width] } },
    { anchor_tokens: { dtype: 'float32', dims: ['batch', model.anchor.tokens, model.text.width] } },
    options,
  );
  return {
    async encode(anchor_latents) {
      return asFloat32((await session.run({ anchor_latents })).anchor_tokens);
    },
  };
}
