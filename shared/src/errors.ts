/**
 * The closed list of what can go wrong: code, HTTP status, OpenAI error type, and whether a retry may help.
 * Sentences are written where the value is known; they give rule, value and remedy.
 */

export interface ErrorKind {
  /** HTTP status of the answer. */
  readonly status: number;
  /** OpenAI's `error.type`. */
  readonly type:
    | 'invalid_request_error'
    | 'authentication_error'
    | 'permission_error'
    | 'insufficient_quota'
    | 'rate_limit_error'
    | 'not_found_error'
    | 'conflict_error'
    | 'server_error';
  /** True when the same request may succeed later; false is sent as `x-should-retry: false` on 409 and 429. */
  readonly retryable: boolean;
}

const invalid = (status: number): ErrorKind => ({ status, type: 'invalid_request_error', retryable: false });
const conflict = (retryable = false): ErrorKind => ({ status: 409, type: 'conflict_error', retryable });

export const ERROR_KINDS = {
  // What a client sent.
  missing_required_parameter: invalid(400),
  invalid_type: invalid(400),
  invalid_value: invalid(400),
  string_too_short: invalid(400),
  string_too_long: invalid(400),
  unknown_parameter: invalid(400),
  unsupported_parameter: invalid(400),
  unsupported_operation: invalid(400),
  model_not_found: invalid(400),
  invalid_json: invalid(400),
  invalid_multipart: invalid(400),
  prompt_too_long: invalid(400),
  moderation_blocked: invalid(400),
  body_too_large: invalid(413),
  url_not_allowed: invalid(400),
  webhook_unreachable: invalid(400),
  url_unreachable: invalid(400),
  unsupported_file: invalid(400),
  length_required: invalid(411),
  unsupported_media_type: invalid(415),
  method_not_allowed: invalid(405),
  range_not_satisfiable: invalid(416),
  precondition_failed: invalid(412),
  // Who the client is.
  missing_api_key: { status: 401, type: 'authentication_error', retryable: false },
  invalid_api_key: { status: 401, type: 'authentication_error', retryable: false },
  invalid_worker_token: { status: 401, type: 'authentication_error', retryable: false },
  invalid_admin_token: { status: 401, type: 'authentication_error', retryable: false },
  insufficient_scope: { status: 403, type: 'permission_error', retryable: false },
  invalid_ticket: { status: 403, type: 'authentication_error', retryable: false },
  invalid_stream_token: { status: 403, type: 'authentication_error', retryable: false },
  // What it may use. 402 rather than OpenAI's 429, which stock clients repeat.
  insufficient_credits: { status: 402, type: 'insufficient_quota', retryable: false },
  key_budget_exceeded: { status: 402, type: 'insufficient_quota', retryable: false },
  too_many_readers: { status: 429, type: 'rate_limit_error', retryable: true },
  rate_limit_exceeded: { status: 429, type: 'rate_limit_error', retryable: true },
  // What there is.
  unknown_route: { status: 404, type: 'not_found_error', retryable: false },
  unknown_model: { status: 404, type: 'not_found_error', retryable: false },
  video_not_found: { status: 404, type: 'not_found_error', retryable: false },
  account_not_found: { status: 404, type: 'not_found_error', retryable: false },
  key_not_found: { status: 404, type: 'not_found_error', retryable: false },
  webhook_endpoint_not_found: { status: 404, type: 'not_found_error', retryable: false },
  manifest_not_found: { status: 404, type: 'not_found_error', retryable: false },
  manifest_gone: { status: 410, type: 'not_found_error', retryable: false },
  segment_not_found: { status: 404, type: 'not_found_error', retryable: false },
  asset_not_found: { status: 404, type: 'not_found_error', retryable: false },
  // Its state.
  video_not_ready: conflict(),
  video_failed: conflict(),
  video_finished: conflict(),
  prompt_too_late: conflict(),
  too_many_prompts: conflict(),
  nothing_to_refund: conflict(),
  reservation_expired: conflict(),
  lease_held: conflict(),
  lease_lost: conflict(),
  parent_mismatch: conflict(),
  asset_exists: conflict(),
  asset_corrupt: invalid(400),
  idempotency_key_reused: invalid(422),
  idempotency_key_in_use: conflict(true),
  // Our own faults.
  moderation_unavailable: { status: 503, type: 'server_error', retryable: true },
  internal_error: { status: 500, type: 'server_error', retryable: true },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERROR_KINDS;

/** The body of every refusal, as the OpenAI SDK reads it. */
export interface ErrorBody {
  readonly error: {
    readonly message: string;
    readonly type: string;
    readonly param: string | null;
    readonly code: ErrorCode;
    /** What only some refusals say, such as `moderation_details`. */
    readonly [detail: string]: unknown;
  };
}

/** A refusal with a code of the list. `message` is shown to the caller: rule, value, remedy; never a stack. */
export class EverframeError extends Error {
  readonly code: ErrorCode;
  readonly param: string | null;
  /** Further members of the answer's `error`. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    code: ErrorCode,
    message: string,
    options: { param?: string | null; cause?: unknown; details?: Readonly<Record<string, unknown>> } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = 'EverframeError';
    this.code = code;
    this.param = options.param ?? null;
    this.details = options.details ?? {};
  }

  get kind(): ErrorKind {
    return ERROR_KINDS[this.code];
  }

  toBody(): ErrorBody {
    return { error: { message: this.message, type: this.kind.type, param: this.param, code: this.code, ...this.details } };
  }
}

/** Why a video failed, as a worker may say it: `error.code` of a video whose status is `failed`. */
export const FAILURE_CODES = [
  'worker_lost',
  'picture_unreadable',
  'generation_failed',
  'encoding_failed',
  'signing_failed',
  'model_unavailable',
] as const;
export type FailureCode = (typeof FAILURE_CODES)[number];
/** OpenAI's contract has no word for a cancelled video: it is `failed` with this code. */
export type VideoErrorCode = FailureCode | 'cancelled';
