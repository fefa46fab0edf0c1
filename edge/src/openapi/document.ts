/** The OpenAPI 3.1 document of the public and the operator's routes, made once from the schemas that judge requests and type answers. */
import {
  CreateAccount,
  CreateKey,
  CreateStreamUrl,
  CreateWebhookEndpoint,
  GrantCredits,
  RefundVideo,
  RotateKey,
  RotateWebhookSecret,
  TestWebhookEndpoint,
  UpdateWebhookEndpoint,
} from '@everframe/shared';
import type { z } from 'zod';
import { ADMIN_OPERATIONS } from './admin-operations.ts';
import * as answers from './answers.ts';
import { type Named, toComponents } from './components.ts';
import { CreateVideo, EditVideo, ExtendVideo, ModerationRequest, RemixVideo, SteerVideo } from './create-request.ts';
import { HEADERS, REQUEST_HEADERS } from './headers.ts';
import { OPENROUTER_OPERATIONS } from './openrouter-operations.ts';
import { CallbackSecret, CreatedJob, CreateJob, OpenRouterError, OpenRouterJob, OpenRouterModels, Problem } from './openrouter-schemas.ts';
import { type Json, type Operation, toOperationObject } from './operation.ts';
import { SERVICE_OPERATIONS } from './service-operations.ts';
import { FindByBinding, SOFT_BINDING_OPERATIONS, SoftBindingMatches, SupportedAlgorithms } from './soft-binding-operations.ts';
import { STREAMING_OPERATIONS, StreamUrl } from './streaming-operations.ts';
import {
  ContentProvenanceCheck,
  LineageNode,
  Publications,
  ReportView,
  TrustRoots,
  VERIFICATION_OPERATIONS,
  VerifiedFile,
  VideoProvenance,
} from './verification-operations.ts';
import { VIDEO_OPERATIONS } from './video-operations.ts';
import { WEBHOOK_OPERATIONS } from './webhook-operations.ts';

export const OPERATIONS: readonly Operation[] = [
  ...VIDEO_OPERATIONS,
  ...STREAMING_OPERATIONS,
  ...SERVICE_OPERATIONS,
  ...VERIFICATION_OPERATIONS,
  ...SOFT_BINDING_OPERATIONS,
  ...WEBHOOK_OPERATIONS,
  ...OPENROUTER_OPERATIONS,
  ...ADMIN_OPERATIONS,
];

const REQUESTS: Named = {
  ...{ CreateVideo, RemixVideo, EditVideo, ExtendVideo, ModerationRequest, CreateWebhookEndpoint, UpdateWebhookEndpoint },
  ...{
    RotateWebhookSecret,
    TestWebhookEndpoint,
    SteerVideo,
    CreateStreamUrl,
    CreateAccount,
    CreateKey,
    RotateKey,
    GrantCredits,
    RefundVideo,
    FindByBinding,
    CreateJob,
  },
};

const { ErrorAnswer, VideoView, ModelView, WebhookEndpointView, AccountView, ApiKeyView, PromptView, PromptWarningView, ...others } =
  answers;
const ANSWERS: Named = {
  ...{ Error: ErrorAnswer, Video: VideoView, Model: ModelView, WebhookEndpoint: WebhookEndpointView, Account: AccountView },
  ...{ ApiKey: ApiKeyView, VideoPrompt: PromptView, PromptWarning: PromptWarningView },
  ...others,
  StreamUrl,
  ...{ ContentProvenanceCheck, VerifiedFile, VerificationReport: ReportView, VideoProvenance, LineageNode, TrustRoots },
  Publications,
  ...{ SoftBindingMatches, SupportedAlgorithms },
  ...{ OpenRouterJob, CreatedJob, OpenRouterModels, OpenRouterError, Problem, CallbackSecret },
};

const DESCRIPTION = `Text to video of any length, signed with C2PA. The unmodified OpenAI SDKs work with \`baseURL\` set to \`/v1\`,
OpenRouter's with \`serverURL\` set to \`/api/v1\`.

Every refusal is \`{error: {message, type, param, code}}\` (under \`/api/v1\` \`{error: {code, message, metadata}}\`) with \`x-request-id\`,
and records and costs nothing. Who names \`application/problem+json\` in \`Accept\` gets it as RFC 9457 has it, with the same \`error\` in it. A route without the method
that was asked for answers 405 \`method_not_allowed\` with \`allow\`; a path without a route 404 \`unknown_route\`.`;

export interface OpenApiDocument {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string; readonly description: string } & Json;
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: { readonly [path: string]: { readonly [method: string]: Json } };
  readonly components: { readonly schemas: Readonly<Record<string, Json>>; readonly responses: Readonly<Record<string, Json>> } & Json;
  readonly [member: string]: unknown;
}

let made: OpenApiDocument | undefined;

export function openApiDocument(): OpenApiDocument {
  made ??= makeDocument();
  return made;
}

function makeDocument(): OpenApiDocument {
  const ids = new Map<z.ZodType, string>(Object.entries({ ...REQUESTS, ...ANSWERS }).map(([id, schema]) => [schema, id]));
  const refOf = (schema: z.ZodType): Json => {
    const id = ids.get(schema);
    if (id === undefined) throw new Error('a schema of an operation is no component');
    return { $ref: `#/components/schemas/${id}` };
  };
  const responses: Record<string, Json> = {};
  const share = (name: string, response: Json): Json => {
    responses[name] = response;
    return { $ref: `#/components/responses/${name}` };
  };
  const paths: Record<string, Record<string, Json>> = {};
  for (const operation of OPERATIONS) {
    const { method, path } = operation;
    paths[path] = { ...paths[path], [method]: toOperationObject(operation, { refOf, share }) };
  }
  return {
    openapi: '3.1.0',
    info: {
      ...{ title: 'Everframe', version: '1.0.0', description: DESCRIPTION },
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    tags: [
      { name: 'Videos', description: 'The OpenAI dialect, and our own beside it.' },
      { name: 'Models', description: 'What can be asked for.' },
      { name: 'Safety', description: 'What the safety rules say.' },
      { name: 'Provenance', description: 'Who made a file, and whether it was altered.' },
      { name: 'Usage', description: 'What was charged.' },
      { name: 'Webhooks', description: 'Where the ends of videos are told, signed after Standard Webhooks.' },
      { name: 'OpenRouter', description: "OpenRouter's dialect of videos, for its unmodified SDK." },
      { name: 'Operation', description: 'Accounts, keys and credits, for who runs the service.' },
      { name: 'Service', description: 'No key needed.' },
    ],
    paths,
    components: {
      schemas: { ...toComponents(REQUESTS, 'input'), ...toComponents(ANSWERS, 'output') },
      responses,
      headers: HEADERS,
      parameters: REQUEST_HEADERS,
      securitySchemes: {
        api_key: { type: 'http', scheme: 'bearer', description: 'A key of an account: `ef_live_…`.' },
        admin_token: { type: 'http', scheme: 'bearer', description: "The deployment's ADMIN_TOKEN." },
      },
    },
  };
}
