/** What a file was made from, as a tree: the file at its root, under each its ingredients, as far as they carry credentials. */
import { type Action, actionsOf, type Ingredient, type Manifest, type ManifestStore } from './manifest-store.ts';

export interface LineageNode {
  /** The manifest's label; null for an ingredient without one. */
  readonly label: string | null;
  readonly title: string | null;
  /** Media type. */
  readonly format: string | null;
  /** `parentOf`, `componentOf` or `inputTo`; null at the root. */
  readonly relationship: string | null;
  readonly signer: string | null;
  readonly generator: string | null;
  /** Names of its actions, in order. */
  readonly actions: readonly string[];
  /** A data URL, where there is one that is small enough. */
  readonly thumbnail: string | null;
  /** Status codes of what is wrong with it: it was so already when it became an ingredient, or is so now. */
  readonly failures: readonly string[];
  readonly ingredients: readonly LineageNode[];
}

/** The bytes of a resource that the report names. */
export type ReadResource = (identifier: string) => Uint8Array | undefined;

/** A tree from a stranger may be endless: a manifest may be its own ancestor, or have ten ingredients twenty times over. */
const DEPTH_MAX = 24;
const NODES_MAX = 200;
const THUMBNAIL_MAX_BYTES = 128 * 1024;
const THUMBNAIL_FORMATS = ['image/jpeg', 'image/png', 'image/webp'];

export function lineageOf(store: ManifestStore, readResource: ReadResource): LineageNode | null {
  const active = store.active_manifest;
  const manifest = active === undefined ? undefined : store.manifests[active];
  if (active === undefined || !manifest) return null;
  let nodes_left = NODES_MAX;

  const visit = (label: string | null, ingredient: Ingredient | null, from: string, depth: number): LineageNode => {
    nodes_left -= 1;
    const own: Manifest | undefined = label === null ? undefined : store.manifests[label];
    const children: LineageNode[] = [];
    for (const child of own?.ingredients ?? []) {
      if (depth >= DEPTH_MAX || nodes_left <= 0) break;
      children.push(visit(child.active_manifest ?? null, child, label ?? '', depth + 1));
    }
    return {
      label,
      title: own?.title ?? ingredient?.title ?? null,
      format: own?.format ?? ingredient?.format ?? null,
      relationship: ingredient?.relationship ?? null,
      signer: signerName(own) ?? null,
      generator: generatorName(own) ?? null,
      actions: own ? actionsOf(own).map(({ action }) => action) : [],
      thumbnail: thumbnailOf(own?.thumbnail, readResource) ?? thumbnailOf(ingredient?.thumbnail, readResource),
      failures: ingredient ? failuresOf(store, from, ingredient) : failureCodes(store),
      ingredients: children,
    };
  };
  return visit(active, null, '', 0);
}

export function signerName(manifest: Manifest | undefined): string | undefined {
  return manifest?.signature_info?.common_name ?? manifest?.signature_info?.issuer;
}

/** "Everframe 0.1.0" */
export function generatorName(manifest: Manifest | undefined): string | undefined {
  const [info] = manifest?.claim_generator_info ?? [];
  return info ? [info.name, info.version].filter(Boolean).join(' ') : manifest?.claim_generator;
}

export function agentName({ softwareAgent }: Action): string | null {
  if (softwareAgent === undefined) return null;
  return typeof softwareAgent === 'string' ? softwareAgent : [softwareAgent.name, softwareAgent.version].filter(Boolean).join(' ');
}

function failureCodes({ validation_results }: ManifestStore): string[] {
  return (validation_results.activeManifest?.failure ?? []).map(({ code }) => code);
}

/**
 * What was wrong with an ingredient when it was taken in is recorded with it, and readers repeat only what differs now,
 * filed under its assertion's URI: self#jumbf=/c2pa/<manifest>/c2pa.assertions/<label>.
 */
export function failuresOf({ validation_results }: ManifestStore, manifest: string, ingredient: Ingredient): string[] {
  const recorded = [...(ingredient.validation_results?.activeManifest?.failure ?? []), ...(ingredient.validation_status ?? [])];
  const end = `/${manifest}/c2pa.assertions/${ingredient.label}`;
  const found = (validation_results.ingredientDeltas ?? [])
    .filter(({ ingredientAssertionURI }) => ingredientAssertionURI.endsWith(end))
    .flatMap(({ validationDeltas }) => validationDeltas.failure);
  return [...new Set([...recorded, ...found].map(({ code }) => code))];
}

function thumbnailOf(thumbnail: Manifest['thumbnail'], readResource: ReadResource): string | null {
  if (!thumbnail || !THUMBNAIL_FORMATS.includes(thumbnail.format)) return null;
  const bytes = readResource(thumbnail.identifier);
  if (!bytes || bytes.length === 0 || bytes.length > THUMBNAIL_MAX_BYTES) return null;
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return `data:${thumbnail.format};base64,${btoa(binary)}`;
}
