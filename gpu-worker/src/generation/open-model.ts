/** Which family runs a package: the only place that knows all of them. */
import type { ModelPackage } from '@everframe/shared';
import { loadNetworks, type Networks } from '../model/load-networks.ts';
import type { InstalledPackage } from '../model/model-config.ts';
import { loadModelscope } from '../model/modelscope-networks.ts';
import type { SessionOptions } from '../model/session.ts';
import type { OpenedModel } from './family.ts';
import { createStreamingModelscope } from './streaming-modelscope.ts';
import { createStreamingT2v } from './streaming-t2v.ts';

type Open = (installed: InstalledPackage, options: SessionOptions) => Promise<OpenedModel>;

const FAMILIES: Readonly<Record<ModelPackage['family'], Open>> = {
  'streaming-t2v': async (installed, options) => openedStreamingT2v(await loadNetworks(installed, options)),
  'streaming-modelscope': async (installed, options) => {
    const networks = await loadModelscope(installed, options);
    const { model, vae_decoder } = networks;
    return { model, family: createStreamingModelscope(networks), refiner: null, text_encoder: null, vae_decoder };
  },
};

export function openModel(installed: InstalledPackage, options: SessionOptions): Promise<OpenedModel> {
  return FAMILIES[installed.model.family](installed, options);
}

export function openedStreamingT2v(networks: Networks): OpenedModel {
  const { model, refiner, text_encoder, vae_decoder } = networks;
  return { model, family: createStreamingT2v(networks), refiner, text_encoder, vae_decoder };
}
