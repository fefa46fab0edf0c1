/**
 * Files that a video was made from: the parent of an extension, remix or edit, and a reference image. Each is bound
 * by its hash and brings its own manifest along, so that lineage can be followed back to its start.
 */
import type { Builder } from '@contentauth/c2pa-node';
import { type GenerationFacts, promptResource } from './assertions.ts';
import { readManifest } from './read-manifest.ts';
import { UntrustedError } from './untrusted-error.ts';

export interface InputFile {
  readonly path: string;
  readonly mime_type: string;
  readonly title: string;
}

/** @throws UntrustedError when a file's own manifest says that it was altered: our signature would vouch for it */
export async function addIngredients(builder: Builder, facts: GenerationFacts, trust_anchors_pem: string): Promise<void> {
  const { origin, reference_image, prompts } = facts;
  if (origin.kind !== 'created') await addFile(builder, origin.parent, { relationship: 'parentOf', label: 'parent' }, trust_anchors_pem);
  if (reference_image) {
    await addFile(builder, reference_image, { relationship: 'inputTo', label: 'reference' }, trust_anchors_pem);
  }
  for (const [index, prompt] of prompts.entries()) {
    if (prompt.disclosed !== 'text') continue;
    const buffer = Buffer.from(prompt.text);
    await builder.addResource(promptResource(index), { buffer, mimeType: 'text/plain' });
  }
}

interface Role {
  readonly relationship: 'parentOf' | 'inputTo';
  readonly label: string;
}

async function addFile(builder: Builder, file: InputFile, role: Role, trust_anchors_pem: string): Promise<void> {
  const { path, mime_type, title } = file;
  const { state, failures } = await readManifest(path, mime_type, trust_anchors_pem);
  if (state === 'invalid') {
    throw new UntrustedError(`its ${role.label}, ${title}, was altered after it was signed (${failures.join(', ')})`);
  }
  // Of a file without a manifest no byte is taken, and the library would fail on one whose manifest it may not fetch.
  const asset = state === 'remote' ? undefined : { path, mimeType: mime_type };
  await builder.addIngredient(JSON.stringify({ title, format: mime_type, ...role }), asset);
}
