/** The OpenAPI operations that find a manifest by what is left in a file's pictures: C2PA's Soft Binding Resolution API. */
import { HASHES_MAX, VISITOR_CHECKS_PER_MINUTE } from '@everframe/shared';
import { FINGERPRINT_ALG, MARK_ALG } from '@everframe/shared/mark';
import { z } from 'zod';
import type { Operation } from './operation.ts';
import { RATE_HEADERS } from './verification-operations.ts';

export const FindByBinding = z.strictObject({
  alg: z.enum([MARK_ALG, FINGERPRINT_ALG]),
  value: z
    .string()
    .meta({ description: `Base64: the 6 bytes of a mark, or 12 bytes for each second of a fingerprint, 2 to ${HASHES_MAX} of them.` }),
  maxResults: z.int().min(1).max(10).optional(),
});

export const SoftBindingMatches = z.object({
  matches: z.array(
    z.object({
      manifestId: z.string().meta({ description: 'The label of a manifest, for `/v1/c2pa/manifests/{id}`.' }),
      similarityScore: z.int().min(0).max(100).meta({ description: '100 for a mark; of a fingerprint the share of bits that agree.' }),
    }),
  ),
});

const algorithms = z.array(z.object({ alg: z.string() }));
export const SupportedAlgorithms = z.object({ watermarks: algorithms, fingerprints: algorithms });

const LIMITS = `Needs no key: without one ${VISITOR_CHECKS_PER_MINUTE} calls a minute are answered for a client address.`;
const FOUND = {
  status: 200,
  description: 'The likest first; none where nothing is like it.',
  schema: SoftBindingMatches,
  headers: RATE_HEADERS,
};
const ERRORS = ['invalid_value', 'missing_required_parameter', 'unknown_parameter', 'invalid_api_key', 'rate_limit_exceeded'] as const;

export const SOFT_BINDING_OPERATIONS: readonly Operation[] = [
  {
    ...{ method: 'get', path: '/v1/c2pa/matches/byBinding', id: 'findManifestsByBinding', tag: 'Provenance', auth: 'none' },
    summary: 'Find the manifest of a file that has lost it, by the mark or the fingerprint of its pictures',
    description: LIMITS,
    query: {
      alg: {
        schema: { type: 'string', enum: [MARK_ALG, FINGERPRINT_ALG] },
        description: 'What was read from the file.',
        required: true,
        example: MARK_ALG,
      },
      value: { schema: { type: 'string' }, description: 'Base64.', required: true, example: 'Xh8AwP/u' },
      maxResults: { schema: { type: 'integer', minimum: 1, maximum: 10 }, description: 'Default 10.' },
    },
    answers: [FOUND],
    errors: ERRORS,
  },
  {
    ...{ method: 'post', path: '/v1/c2pa/matches/byBinding', id: 'queryManifestsByBinding', tag: 'Provenance', auth: 'none' },
    summary: 'The same with a body, for values that are too long for an address',
    description: LIMITS,
    query: { maxResults: { schema: { type: 'integer', minimum: 1, maximum: 10 }, description: "In the body or here; the body's counts." } },
    body: { schema: FindByBinding, example: { alg: MARK_ALG, value: 'Xh8AwP/u' } },
    answers: [FOUND],
    errors: [...ERRORS, 'invalid_json', 'invalid_type', 'body_too_large'],
  },
  {
    ...{ method: 'post', path: '/v1/c2pa/matches/byContent', id: 'findManifestsByContent', tag: 'Provenance', auth: 'none' },
    summary: 'Refused: files are not decoded here',
    description:
      'A part of the Soft Binding Resolution API that a Worker cannot do. The page `/verify` and `everframe verify` read the file where it lies.',
    answers: [],
    errors: ['unsupported_operation'],
  },
  {
    ...{ method: 'get', path: '/v1/c2pa/manifests/{id}', id: 'getManifest', tag: 'Provenance', auth: 'none' },
    names: { id: { schema: { type: 'string' }, description: "The manifest's label.", refusal: 'manifest_not_found' } },
    summary: 'Fetch the manifest store of a published file',
    description: `The very bytes that its copies carry. ${LIMITS}`,
    answers: [{ status: 200, description: 'The store (JUMBF).', media: ['application/c2pa'], headers: RATE_HEADERS }],
    errors: ['manifest_gone', 'invalid_api_key', 'rate_limit_exceeded'],
  },
  {
    ...{ method: 'get', path: '/v1/c2pa/services/supportedAlgorithms', id: 'listSupportedAlgorithms', tag: 'Provenance', auth: 'none' },
    summary: 'List by what a manifest can be looked up here',
    answers: [{ status: 200, description: 'Names of algorithms.', schema: SupportedAlgorithms }],
  },
];
