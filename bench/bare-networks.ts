/** The passes of one video with nothing between them: the same graphs on fixed inputs of the same shapes, as often as the loop runs them. */
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import type { InstalledPackage } from '../gpu-worker/src/model/model-config.ts';
import type { SessionOptions } from '../gpu-worker/src/model/session.ts';

export async function openBare(
  { model, dir }: InstalledPackage,
  { provider, threads }: SessionOptions,
): Promise<(frames: number) => Promise<void>> {
  const { latent, chunk, text, denoiser: inner, refiner: settings, decoder, schedule } = model;
  if (!settings) throw new Error(`${model.name} has no refiner`);
  const extra = { session: { intra_op: { allow_spinning: '0' } } };
  const options = { executionProviders: [provider], intraOpNumThreads: threads, interOpNumThreads: 1, extra };
  const open = (file: keyof typeof model.files) => ort.InferenceSession.create(join(dir, model.files[file]?.path ?? ''), options);
  const text_encoder = await open('text_encoder');
  const anchor_encoder = await open('anchor_encoder');
  const cam_encoder = await open('cam_encoder');
  const denoiser = await open('denoiser');
  const refiner = await open('refiner');
  const vae_decoder = await open('vae_decoder');
  const filled = (...dims: number[]) => {
    const values = Float32Array.from({ length: dims.reduce((size, dim) => size * dim, 1) }, (_, index) => Math.sin(index * 0.37));
    return new ort.Tensor('float32', values, dims);
  };
  const place = [latent.height, latent.width];
  const large = [settings.latent_height, settings.latent_width];
  const tokens = new ort.Tensor('int64', new BigInt64Array(text.max_tokens).fill(101n), [1, text.max_tokens]);
  const pass = (batch: number) => {
    const text_mask = filled(batch, text.max_tokens);
    const mixed = filled(batch, text.max_tokens, inner.width);
    const context = { context: mixed, appearance: mixed, text_mask, pooled: filled(batch, inner.width) };
    const anchor = { anchor: filled(batch, latent.channels, ...place), anchor_present: filled(batch) };
    const cells = chunk.overlap_latent_frames * latent.height * latent.width;
    return {
      condition: { text: filled(batch, text.max_tokens, text.width), text_mask, ...anchor },
      remember: { latents: filled(batch, latent.channels, chunk.overlap_latent_frames, ...place), ...context },
      denoise: {
        latents: filled(batch, latent.channels, chunk.latent_frames, ...place),
        sigma: filled(batch),
        memory: filled(inner.blocks, 2, batch, cells, inner.width),
        memory_present: filled(batch),
        ...context,
      },
    };
  };
  if (schedule.anchor_guidance_scale !== undefined)
    throw new Error(`${model.name} is guided by its anchor apart, which is not counted here`);
  const first = pass(schedule.first_chunk_guidance_scale === 1 ? 1 : 2);
  const later = pass(schedule.guidance_scale === 1 ? 1 : 2);
  const refining = {
    latents: filled(1, latent.channels, settings.chunk_latent_frames, ...large),
    sigma: filled(1),
    base: filled(1, latent.channels, settings.chunk_latent_frames, ...place),
    ...(settings.reads_text && {
      text: filled(settings.chunk_latent_frames, text.max_tokens, text.width),
      text_mask: filled(settings.chunk_latent_frames, text.max_tokens),
    }),
  };
  const shown = filled(chunk.latent_frames, latent.channels, ...large);
  const decoded = { latents: shown, ...(decoder.context_latent_frames === 1 && { before: shown }) };

  return async (frames) => {
    const chunks = Math.ceil(frames / (chunk.latent_frames * latent.frames_per_latent));
    const stride = settings.chunk_latent_frames - settings.overlap_latent_frames;
    const beyond_first = chunks * chunk.latent_frames - settings.chunk_latent_frames;
    const refiner_chunks = 1 + Math.max(0, Math.ceil(beyond_first / stride));
    // The prompt, its absence, and the prompt once more for a refiner that reads it.
    const texts = settings.reads_text ? 3 : 2;
    for (let index = 0; index < texts; index++) await text_encoder.run({ token_ids: tokens });
    for (let index = 0; index < chunks; index++) {
      const inputs = index === 0 ? first : later;
      if (index < 2) await anchor_encoder.run(inputs.condition);
      if (index > 0) await cam_encoder.run(inputs.remember);
      for (let step = 0; step < schedule.num_inference_steps; step++) await denoiser.run(inputs.denoise);
      await vae_decoder.run(decoded);
    }
    for (let index = 0; index < refiner_chunks * settings.num_inference_steps; index++) await refiner.run(refining);
  };
}
