/** JSON Schemas of named zod schemas, as `components.schemas` holds them. Names refer to each other by `$ref`. */
import { z } from 'zod';
import type { Json } from './operation.ts';

export type Named = Readonly<Record<string, z.ZodType>>;

/**
 * @param io `input` for what clients send (a default makes a member optional), `output` for what they are sent. Answers
 *   stay open: a member may be added to them without a new version.
 */
export function toComponents(named: Named, io: 'input' | 'output'): Record<string, Json> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(named)) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, {
    io,
    uri: (id) => `#/components/schemas/${id}`,
    override: ({ jsonSchema }) => {
      if (io === 'output' && jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
      // What zod says of every integer.
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
    },
  });
  return Object.fromEntries(Object.entries(schemas).map(([id, { $schema, $id, ...schema }]) => [id, schema]));
}
