/** What a video's manifests say of its making: those of its live stream, of the finished file and of its thumbnail. */
import { type ClaimAnswer, segmentsInEffect } from '@everframe/shared';
import packageJson from '../package.json' with { type: 'json' };
import type { JobContext } from './job.ts';
import type { Lease } from './lease.ts';
import type { GenerationFacts } from './provenance/assertions.ts';
import { promptFacts } from './provenance/prompt-facts.ts';

/** What differs between the manifests of one video. */
export type AboutFile = Pick<
  GenerationFacts,
  'origin' | 'reference_image' | 'frames' | 'encoder' | 'marks' | 'fingerprint' | 'live_manifests' | 'continues_manifest'
>;

/** @throws Error where this worker does not have the video's model */
export function generationFacts(
  context: JobContext,
  { video_id }: Lease,
  { command, created_at_ms, prompt_key }: ClaimAnswer,
  about: AboutFile,
): GenerationFacts {
  const model = context.inference.packages.get(command.model);
  const package_sha256 = context.package_digests.get(command.model);
  if (!model || !package_sha256) throw new Error(`no package for the model ${command.model}`);
  return {
    ...about,
    video_id,
    title: video_id,
    model: { name: model.name, title: model.title, version: model.version, package_sha256 },
    seed: command.seed,
    fps: command.fps,
    width: command.width,
    height: command.height,
    provider: context.inference.provider,
    prompts: promptFacts({ ...command, segments: segmentsInEffect(command, model) }, prompt_key),
    created_at: new Date(created_at_ms),
    generator_version: packageJson.version,
  };
}
