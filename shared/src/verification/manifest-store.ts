/**
 * The part of c2pa-rs's report that is used here. Manifests come from strangers, so nothing inside one is required, and
 * what has another shape than it should is left out rather than refused.
 */
import { z } from 'zod';

const text = z.string().optional().catch(undefined);

const Resource = z.object({ format: z.string(), identifier: z.string() }).optional().catch(undefined);

const StatusEntry = z.object({ code: z.string(), url: text, explanation: text });
export type StatusEntry = z.infer<typeof StatusEntry>;

const StatusList = z.array(StatusEntry).default([]);
const StatusCodes = z.object({ success: StatusList, informational: StatusList, failure: StatusList });
export type StatusCodes = z.infer<typeof StatusCodes>;

const Ingredient = z.object({
  title: text,
  format: text,
  relationship: text,
  /** Label of the manifest that the ingredient came with. */
  active_manifest: text,
  thumbnail: Resource,
  label: text,
  /** What its maker's reader found when the ingredient was taken in; signed with the manifest. */
  validation_results: z.object({ activeManifest: StatusCodes.optional() }).optional().catch(undefined),
  /** The same, of manifests before C2PA 2: what was wrong. */
  validation_status: z.array(StatusEntry).optional().catch(undefined),
});
export type Ingredient = z.infer<typeof Ingredient>;

const Manifest = z.object({
  title: text,
  format: text,
  label: text,
  claim_generator: text,
  claim_generator_info: z
    .array(z.object({ name: z.string(), version: text }))
    .optional()
    .catch(undefined),
  thumbnail: Resource,
  ingredients: z.array(Ingredient).default([]).catch([]),
  assertions: z
    .array(z.object({ label: z.string(), data: z.unknown() }))
    .default([])
    .catch([]),
  signature_info: z
    .object({ alg: text, issuer: text, common_name: text, cert_serial_number: text, time: text })
    .optional()
    .catch(undefined),
});
export type Manifest = z.infer<typeof Manifest>;

export const ManifestStore = z.object({
  active_manifest: text,
  manifests: z.record(z.string(), Manifest),
  validation_state: z.enum(['Trusted', 'Valid', 'Invalid']),
  validation_results: z.object({
    activeManifest: StatusCodes.optional(),
    ingredientDeltas: z.array(z.object({ ingredientAssertionURI: z.string(), validationDeltas: StatusCodes })).optional(),
  }),
});
export type ManifestStore = z.infer<typeof ManifestStore>;

const Action = z.object({
  action: z.string(),
  when: text,
  digitalSourceType: text,
  softwareAgent: z
    .union([z.string(), z.object({ name: z.string(), version: text })])
    .optional()
    .catch(undefined),
  parameters: z.record(z.string(), z.unknown()).optional().catch(undefined),
});
export type Action = z.infer<typeof Action>;

export function actionsOf({ assertions }: Manifest): Action[] {
  return assertions.flatMap(({ label, data }) => {
    if (!/^c2pa\.actions(\.v2)?(__\d+)?$/.test(label)) return [];
    return z.object({ actions: z.array(Action) }).safeParse(data).data?.actions ?? [];
  });
}

/** `modelName` of C2PA's disclosure of the model. */
export function modelTitleOf({ assertions }: Manifest): string | undefined {
  const found = assertions.find(({ label }) => label === 'c2pa.ai-disclosure');
  return z.object({ modelName: z.string() }).safeParse(found?.data).data?.modelName;
}
