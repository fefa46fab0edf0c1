/** The OpenAPI operations that say who made a file, and what they answer. */
import { VERIFY_MAX_BYTES, VERIFY_STREAM_MAX_BYTES, VISITOR_CHECKS_PER_MINUTE, VISITOR_URL_MAX_BYTES } from '@everframe/shared';
import { type PublishedBytes, VERDICTS, type VerificationReport } from '@everframe/shared/verification';
import { z } from 'zod';
import type { HeaderName } from './headers.ts';
import type { Json, Operation } from './operation.ts';

const text = z.string().nullable();
const claimed = text.meta({ description: 'ISO 8601, as claimed.' });

export const LineageNode = z.object({
  label: text.meta({ description: "The manifest's label; null for an ingredient without one." }),
  title: text,
  format: text,
  relationship: text.meta({ description: '`parentOf`, `componentOf`, `inputTo`; null for the file itself.' }),
  signer: text,
  generator: text,
  actions: z.array(z.string()),
  thumbnail: text.meta({ description: 'A data URL, where there is a picture and it is small.' }),
  failures: z.array(z.string()).meta({ description: 'Status codes of what is wrong with it.' }),
  get ingredients() {
    return z.array(LineageNode);
  },
});

const state = z.enum(['trusted', 'valid', 'invalid', 'not_present']).meta({ description: "The reader's own word." });

export const ReportView = z.object({
  object: z.literal('verification_report'),
  verdict: z.enum(VERDICTS),
  summary: z.string().meta({ description: 'The verdict as a sentence.' }),
  validation_state: state,
  manifest_label: text,
  title: text,
  format: text,
  signer: z
    .object({
      name: text,
      organisation: text,
      algorithm: text,
      certificate_serial_number: text,
      trust: z.enum(['own', 'trust_list', 'unknown']).meta({ description: 'Whose roots vouch for it.' }),
      signed_at: text,
      time_stamp: z.enum(['trusted', 'untrusted', 'none']),
    })
    .nullable(),
  generator: text,
  ai_generated: z.boolean(),
  model: text,
  created_at: claimed,
  actions: z.array(
    z.object({
      action: z.string(),
      when: claimed,
      software_agent: text,
      digital_source_type: text,
      parameters: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
    }),
  ),
  lineage: LineageNode.nullable(),
  warnings: z.array(z.string()),
  status: z.array(
    z.object({
      code: z.string().meta({ description: 'A code of the C2PA specification.' }),
      outcome: z.enum(['success', 'informational', 'failure']),
      about: z.enum(['file', 'ingredient']),
      url: text,
      explanation: text,
    }),
  ),
  reader: z.string().meta({ description: 'Which reader judged: verdicts differ between versions.' }),
}) satisfies z.ZodType<VerificationReport>;

const PUBLISHED_BYTES = ['same', 'other', 'unknown'] as const satisfies readonly PublishedBytes[];

export const VerifiedFile = ReportView.extend({
  published: z.enum(PUBLISHED_BYTES).nullable().meta({
    description:
      'Whether the file is byte for byte the one that this service published under its manifest: `other` where bytes differ that no signature covers. Null of a file that is not `ours`.',
  }),
  bytes: z.int().positive(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

export const VideoProvenance = z.object({
  object: z.literal('video.provenance'),
  id: z.string(),
  model: z.string(),
  seed: z.int().nonnegative(),
  prompt_key: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .meta({
      description:
        '32 bytes in hex. Where the file carries a hash of the prompt, it is HMAC-SHA-256 under this key: whoever is shown both can check the prompt.',
    }),
  bytes: z.int().positive(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  publication: text.meta({
    description: 'What this service states of the file, signed: a JWS of its SHA-256 and its manifest. Null for files of older workers.',
  }),
  report: ReportView,
});

export const Publications = z.object({
  object: z.literal('list'),
  data: z.array(
    z.object({
      object: z.literal('publication'),
      manifest_id: z.string(),
      sha256: z
        .string()
        .regex(/^[0-9a-f]{64}$/)
        .meta({ description: 'Of the published bytes.' }),
      bytes: z.int().positive(),
      model: z.string(),
      model_version: z.string(),
      model_sha256: z.string().regex(/^[0-9a-f]{64}$/),
      published_at: z.int().positive().meta({ description: 'Unix seconds.' }),
      record: z.string().meta({
        description:
          'All of it signed: a JWS in compact form (ES256), with the certificates in its header (`x5c`) up to a root of `/v1/verify/trust`.',
      }),
    }),
  ),
});

export const ContentProvenanceCheck = z.object({
  object: z.literal('content_provenance_check'),
  created_at: z.int().nonnegative().meta({ description: 'Unix seconds.' }),
  results: z.array(
    z.object({
      type: z.literal('c2pa'),
      outcome: z.enum(['detected', 'not_detected']).meta({ description: '`detected`: signed by this service, and unaltered since.' }),
      validation_state: state,
      issuer: text,
      model: text,
      generated_at: text,
    }),
  ),
});

export const TrustRoots = z.object({
  object: z.literal('trust_roots'),
  own_roots_pem: z.string().meta({ description: 'Whoever these vouch for is this service.' }),
  trust_list_pem: z.string().meta({ description: 'Whoever these vouch for is known by name.' }),
});

export const RATE_HEADERS: readonly HeaderName[] = [
  ...(['x-ratelimit-limit-requests', 'x-ratelimit-remaining-requests', 'x-ratelimit-reset-requests'] as const),
  ...(['ratelimit-policy', 'ratelimit'] as const),
];
const LIMITS = `Needs no key: without one ${VISITOR_CHECKS_PER_MINUTE} files a minute are checked for a client address. A file may have ${VERIFY_MAX_BYTES} bytes; nothing of it is kept.`;
const LARGE = `An MP4 as the body or at a URL may have ${VERIFY_STREAM_MAX_BYTES}: it is hashed as it comes, if its manifest comes first. Without a key a file at a URL may have ${VISITOR_URL_MAX_BYTES}.`;
const FORM: Json = {
  schema: { type: 'object', required: ['file'], properties: { file: { type: 'string', contentMediaType: 'application/octet-stream' } } },
};
const FILE_ERRORS = ['body_too_large', 'invalid_api_key', 'invalid_multipart', 'invalid_type', 'missing_required_parameter'] as const;

export const VERIFICATION_OPERATIONS: readonly Operation[] = [
  {
    ...{
      method: 'get',
      path: '/v1/videos/{id}/provenance',
      id: 'getVideoProvenance',
      tag: 'Provenance',
      auth: 'key',
      scope: 'videos.read',
    },
    names: { id: { schema: { type: 'string' }, description: "The video's id.", refusal: 'video_not_found' } },
    summary: "Read what a video's signed file says of itself",
    answers: [{ status: 200, description: 'The report of the file, and what proves its prompt.', schema: VideoProvenance }],
    errors: ['video_not_ready', 'video_failed'],
  },
  {
    ...{ method: 'post', path: '/v1/content_provenance_checks', id: 'createContentProvenanceCheck', tag: 'Provenance', auth: 'none' },
    summary: 'Ask whether this service made a file',
    description: `OpenAI's route, for video too. ${LIMITS}`,
    upload: { 'multipart/form-data': FORM },
    answers: [{ status: 200, description: 'Whether it did.', schema: ContentProvenanceCheck, headers: RATE_HEADERS }],
    errors: [...FILE_ERRORS, 'invalid_value', 'unsupported_file', 'unsupported_media_type', 'rate_limit_exceeded'],
  },
  {
    ...{ method: 'post', path: '/v1/verify', id: 'verifyFile', tag: 'Provenance', auth: 'none' },
    summary: 'Read all that is known of a file: who made it, how, from what, and whether it was altered',
    description: `As a form, as the body itself, or at a URL. ${LIMITS} ${LARGE}`,
    upload: {
      'multipart/form-data': FORM,
      'application/json': {
        schema: { type: 'object', required: ['url'], properties: { url: { type: 'string' } }, additionalProperties: false },
      },
      'application/octet-stream': {},
    },
    answers: [{ status: 200, description: 'The report.', schema: VerifiedFile, headers: RATE_HEADERS }],
    errors: [
      ...FILE_ERRORS,
      ...(['invalid_json', 'invalid_value', 'rate_limit_exceeded', 'string_too_long', 'unknown_parameter', 'unsupported_file'] as const),
      ...(['url_not_allowed', 'url_unreachable'] as const),
    ],
  },
  {
    ...{ method: 'get', path: '/v1/publications/{id}', id: 'listPublications', tag: 'Provenance', auth: 'none' },
    names: { id: { schema: { type: 'string' }, description: "The manifest's label.", refusal: 'manifest_not_found' } },
    summary: 'Read what this service states of the file that it published under a manifest',
    description: `Signed, so that anyone can keep it. A file that was published again with a time-stamp has two. Needs no key: without one ${VISITOR_CHECKS_PER_MINUTE} calls a minute are answered for a client address.`,
    answers: [{ status: 200, description: 'The newest last.', schema: Publications, headers: RATE_HEADERS }],
    errors: ['invalid_api_key', 'rate_limit_exceeded'],
  },
  {
    ...{ method: 'get', path: '/v1/verify/trust', id: 'getTrustRoots', tag: 'Provenance', auth: 'none' },
    summary: 'Read the roots by which files are judged',
    answers: [{ status: 200, description: 'PEM certificates; an empty text for none.', schema: TrustRoots }],
  },
];
