/** What is wrong with a request and can be known before a service is started for it: by the edge's own rules, on the packages of this checkout. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EverframeError, ModelPackage, parsePrompt, RETIRED_MODELS, toGenerationCommand } from '@everframe/shared';
import type { CreateVideo } from './api-client.ts';
import { Failure, usageFailure } from './failure.ts';
import { PACKAGES_DIR } from './repository.ts';

/**
 * @param packages_dir default those of this checkout
 * @param is_local whether the packages here are those that will be served; of another service's nothing but the prompt is known
 * @throws Failure with exit code 2 that names the option, its rule and its value
 */
export function checkRequest(fields: CreateVideo, is_local: boolean, packages_dir = PACKAGES_DIR): void {
  try {
    parsePrompt(fields.prompt);
    const packages = is_local ? readPackages(packages_dir) : [];
    // Which of several is the default is the service's to say.
    if (packages.length === 1 || (packages.length > 1 && fields.model !== undefined))
      toGenerationCommand(withoutRetired(fields), packages, 0);
  } catch (error) {
    if (!(error instanceof EverframeError)) throw error;
    throw usageFailure(inWordsOfOptions(error));
  }
}

/** Whether another model stands in for one that nobody serves any more, and at which size, is the service's to say. */
function withoutRetired({ model, size, ...others }: CreateVideo): Omit<CreateVideo, 'model' | 'size'> {
  return RETIRED_MODELS.some((name) => name === model)
    ? others
    : { ...others, ...(model !== undefined && { model }), ...(size !== undefined && { size }) };
}

/** The worker's rule: one folder each. Other files, as those that a system leaves in every folder, are none. */
function readPackages(packages_dir: string): ModelPackage[] {
  const entries = readdirSync(packages_dir, { withFileTypes: true });
  const folders = entries.filter((entry) => (entry.isDirectory() || entry.isSymbolicLink()) && !entry.name.startsWith('.'));
  return folders.map(({ name }) => readPackage(join(packages_dir, name, 'model.json')));
}

function readPackage(path: string): ModelPackage {
  try {
    return ModelPackage.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (cause) {
    throw new Failure(`${path} is missing or describes no model package. Put it right, or move its folder elsewhere.`, { cause });
  }
}

/** Where a field's name is not its option's. */
const OPTIONS: Readonly<Record<string, string>> = { prompt: 'The prompt', input_reference: '--image' };

function inWordsOfOptions({ message, param }: EverframeError): string {
  return param ? message.replace(`'${param}'`, OPTIONS[param] ?? `--${param}`) : message;
}
