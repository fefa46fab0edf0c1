/**
 * A model package as it lies on disk: `model.json` read and checked, and every file it names compared with its size and
 * SHA-256, so that a worker never starts on half a download. Knows nothing of what the files contain.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ModelPackage } from '@everframe/shared';

export interface InstalledPackage {
  readonly model: ModelPackage;
  /** The folder that holds model.json and the files it names. */
  readonly dir: string;
}

/** A package that can't be used. The message names the file and what is wrong with it. */
export class PackageError extends Error {
  override readonly name = 'PackageError';
  readonly file: string;

  constructor(file: string, fault: string, options?: { cause?: unknown }) {
    super(`model package: ${file} ${fault}`, options);
    this.file = file;
  }
}

/** Every package below `packages_dir`, one folder each, by model name. */
export async function readPackages(packages_dir: string): Promise<ReadonlyMap<string, InstalledPackage>> {
  const packages = new Map<string, InstalledPackage>();
  for (const entry of await listFolders(packages_dir)) {
    const dir = join(packages_dir, entry);
    const installed = await readPackage(dir);
    const { name } = installed.model;
    const other = packages.get(name);
    if (other) throw new PackageError(join(dir, 'model.json'), `has the name ${name}, as has ${other.dir}; remove one of them`);
    packages.set(name, installed);
  }
  if (packages.size === 0) throw new PackageError(packages_dir, 'holds no package: a folder with a model.json is needed');
  return packages;
}

/** @throws PackageError */
export async function readPackage(dir: string): Promise<InstalledPackage> {
  const path = join(dir, 'model.json');
  const parsed = ModelPackage.safeParse(await readJson(path));
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'the whole'}: ${issue.message}`);
    throw new PackageError(path, `is not a valid package description: ${faults.join('; ')}`);
  }
  const model = parsed.data;
  requireSoundShapes(path, model);
  requireSoundSchedule(path, model.schedule);
  requireSoundModelscope(path, model);
  for (const file of Object.values(model.files)) if (file) await verifyFile(join(dir, file.path), file);
  return { model, dir };
}

/** The path within the package of a file that a family needs. @throws PackageError where it has none */
export function requireFile({ model, dir }: InstalledPackage, name: keyof ModelPackage['files']): string {
  const file = model.files[name];
  if (!file) throw new PackageError(join(dir, 'model.json'), `has no files.${name}, which the family ${model.family} needs`);
  return file.path;
}

/** @throws PackageError when the file can't be read or is not JSON */
export async function readJson(path: string): Promise<unknown> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new PackageError(path, 'cannot be read', { cause });
  });
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new PackageError(path, `is not JSON: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

async function listFolders(packages_dir: string): Promise<string[]> {
  try {
    const entries = await readdir(packages_dir, { withFileTypes: true });
    const folders = entries.filter((entry) => entry.isDirectory() || entry.isSymbolicLink());
    return folders
      .map((entry) => entry.name)
      .filter((name) => !name.startsWith('.'))
      .sort();
  } catch (cause) {
    throw new PackageError(packages_dir, 'cannot be listed; name the folder that holds the packages', { cause });
  }
}

/** What the schema can't say: relations between numbers on which the loop relies. */
function requireSoundShapes(path: string, { chunk, latent, decoder, refiner, sizes, files }: ModelPackage): void {
  const refuse = (fault: string): never => {
    throw new PackageError(path, fault);
  };
  const { latent_frames, overlap_latent_frames, anchor_latent_frame } = chunk;
  const limit = `chunk.latent_frames, ${latent_frames}`;
  if (overlap_latent_frames > latent_frames) {
    refuse(`has chunk.overlap_latent_frames ${overlap_latent_frames}; it must be at most ${limit}`);
  }
  if (anchor_latent_frame >= latent_frames) refuse(`has chunk.anchor_latent_frame ${anchor_latent_frame}; it must be below ${limit}`);
  const stride = refiner ? refiner.chunk_latent_frames - refiner.overlap_latent_frames : latent_frames;
  if (stride < 1 || latent_frames % stride !== 0) {
    refuse(`has refiner.chunk_latent_frames - refiner.overlap_latent_frames = ${stride}; it must be a divisor of ${limit}`);
  }
  if ((refiner === null) !== (files.refiner === undefined)) refuse('must have both of refiner and files.refiner, or neither');
  const { latent_height, latent_width } = refiner ?? { latent_height: latent.height, latent_width: latent.width };
  const size = `${latent_width * decoder.spatial_stride}x${latent_height * decoder.spatial_stride}`;
  if (sizes.length !== 1 || sizes[0] !== size) {
    refuse(`offers the sizes ${sizes.join(', ')}; latents of this shape make ${size} and nothing else`);
  }
}

/** What a sampler needs, and nothing that it would ignore. */
function requireSoundSchedule(path: string, { sampler, betas, eta, num_inference_steps }: ModelPackage['schedule']): void {
  const refuse = (fault: string): never => {
    throw new PackageError(path, fault);
  };
  if (sampler === 'euler' && betas) refuse('has schedule.betas, of which the euler sampler knows nothing; name ddim or dpm-solver-2m');
  if (sampler === 'ddim' && !betas) refuse('has no schedule.betas, which the ddim sampler needs');
  if (sampler !== 'ddim' && eta !== 0) refuse(`has schedule.eta ${eta}; only the ddim sampler makes noise on its way`);
  if (betas && betas.train_timesteps <= num_inference_steps) {
    refuse(
      `has schedule.num_inference_steps ${num_inference_steps}; it must be below schedule.betas.train_timesteps, ${betas.train_timesteps}`,
    );
  }
}

function requireSoundModelscope(path: string, { family, modelscope, schedule, refiner, chunk }: ModelPackage): void {
  if (family !== 'streaming-modelscope') return;
  if (!modelscope) throw new PackageError(path, `has no modelscope, which the family ${family} needs`);
  if (refiner) throw new PackageError(path, `has a refiner, of which the family ${family} knows nothing; leave it out`);
  const { latent_frames, overlap_latent_frames } = chunk;
  if (latent_frames !== overlap_latent_frames) {
    throw new PackageError(
      path,
      `has chunk.latent_frames ${latent_frames}; it must be chunk.overlap_latent_frames, ${overlap_latent_frames}: the first stage makes two chunks at once`,
    );
  }
  for (const { betas } of [schedule, modelscope.first_stage]) {
    if (betas) continue;
    throw new PackageError(path, `has a schedule without betas; networks of the family ${family} are told timesteps`);
  }
  requireSoundSchedule(path, modelscope.first_stage);
}

async function verifyFile(path: string, expected: { bytes: number; sha256: string }): Promise<void> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new PackageError(path, 'is missing; fetch the package again', { cause });
  });
  if (found.size !== expected.bytes) {
    throw new PackageError(path, `has ${found.size} bytes; model.json says ${expected.bytes}. Fetch the package again`);
  }
  const hash = createHash('sha256');
  for await (const part of createReadStream(path)) hash.update(part);
  const sha256 = hash.digest('hex');
  if (sha256 !== expected.sha256) {
    throw new PackageError(path, `has SHA-256 ${sha256}; model.json says ${expected.sha256}. Fetch the package again`);
  }
}
