/** The networks of one package, opened together. */
import type { ModelPackage } from '@everframe/shared';
import { type AnchorEncoder, openAnchorEncoder } from './anchor-encoder.ts';
import { type CamEncoder, openCamEncoder } from './cam-encoder.ts';
import { type Denoiser, openDenoiser } from './denoiser.ts';
import type { InstalledPackage } from './model-config.ts';
import { openRefiner, type Refiner } from './refiner.ts';
import type { SessionOptions } from './session.ts';
import { openTextEncoder, type TextEncoder } from './text-encoder.ts';
import { openVaeDecoder, type VaeDecoder } from './vae-decoder.ts';
import { openVaeEncoder, type VaeEncoder } from './vae-encoder.ts';

/** All that generation needs of a model. Tests put functions of a few lines in place of the networks. */
export interface Networks {
  readonly model: ModelPackage;
  readonly text_encoder: TextEncoder;
  readonly anchor_encoder: AnchorEncoder;
  readonly cam_encoder: CamEncoder;
  readonly denoiser: Denoiser;
  /** Null where the base's latents are decoded as they are. */
  readonly refiner: Refiner | null;
  readonly vae_decoder: VaeDecoder;
  /** Null where no video can begin with a picture. */
  readonly vae_encoder: VaeEncoder | null;
}

/** One after the other, so that the first fault is the one reported. */
export async function loadNetworks(installed: InstalledPackage, options: SessionOptions): Promise<Networks> {
  return {
    model: installed.model,
    text_encoder: await openTextEncoder(installed, options),
    anchor_encoder: await openAnchorEncoder(installed, options),
    cam_encoder: await openCamEncoder(installed, options),
    denoiser: await openDenoiser(installed, options),
    refiner: await openRefiner(installed, options),
    vae_decoder: await openVaeDecoder(installed, options),
    vae_encoder: await openVaeEncoder(installed, options),
  };
}
