/**
 * The Worker's bindings, and its variables and secrets parsed once.
 * A missing or wrong one fails the request with an error that names it: the client reads `internal_error`, the log the name.
 */
import { ENDLESS_SECONDS, RESTAMP_WAIT_SECONDS, SECRET_MIN_CHARACTERS } from '@everframe/shared';
import type { AccountObject } from './accounts/account-object.ts';
import type { OutboundRules } from './http/outbound-guard.ts';
import type { ApiKeyRow } from './store/api-keys.ts';
import type { VideoObject } from './videos/video-object.ts';
import type { WebhookObject } from './webhooks/webhook-object.ts';

export interface Env {
  readonly MEDIA: R2Bucket;
  readonly DB: D1Database;
  readonly VIDEO: DurableObjectNamespace<VideoObject>;
  readonly ACCOUNT: DurableObjectNamespace<AccountObject>;
  readonly WEBHOOKS: DurableObjectNamespace<WebhookObject>;
  readonly AWS_REGION?: string;
  readonly AWS_ACCESS_KEY_ID?: string;
  readonly AWS_SECRET_ACCESS_KEY?: string;
  readonly SQS_QUEUE_URL?: string;
  readonly SQS_ENDPOINT?: string;
  readonly LEASE_SECONDS?: string;
  readonly ENDLESS_MAX_SECONDS?: string;
  readonly RESTAMP_AFTER_SECONDS?: string;
  readonly INVISIBLE_MARK?: string;
  readonly STAND_IN?: string;
  readonly WORKER_TOKEN?: string;
  readonly TICKET_SECRET?: string;
  readonly KEY_PEPPER?: string;
  readonly MODERATION_URL?: string;
  readonly MODERATION_API_KEY?: string;
  readonly MODERATION_MODEL?: string;
  readonly MODERATION_TIMEOUT_MS?: string;
  readonly MODERATION_ON_FAILURE?: string;
  readonly ADMIN_TOKEN?: string;
  readonly OUTBOUND_LOOPBACK?: string;
  readonly DNS_RESOLVER_URL?: string;
  readonly DEVELOPMENT_ROOT?: string;
  readonly PUBLIC_URL?: string;
}

/** What Hono carries through a request. */
export interface AppEnv {
  Bindings: Env;
  Variables: {
    request_id: string;
    settings: Settings;
    /** Set by `authenticate`. */
    account_id: string;
    /** Set by `authenticate`: the key that asks, and what binds it and its account. */
    api_key: ApiKeyRow;
    /** Set by `authenticateViewer`, in place of the two above: the one video that may be watched. */
    watched_video_id?: string;
  };
}

export interface QueueSettings {
  readonly region: string;
  readonly url: string;
  /** Where requests are sent: SQS_ENDPOINT, or the origin of the queue's URL. */
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** An endpoint that speaks OpenAI's moderations. */
export interface SecondOpinionSettings {
  /** Base URL, without `/moderations`. */
  readonly url: string;
  readonly apiKey: string | null;
  readonly model: string;
  readonly timeoutMs: number;
}

export interface ModerationSettings {
  /** Null where only our own rules decide. */
  readonly secondOpinion: SecondOpinionSettings | null;
  /** What becomes of a prompt that our rules allow when the second opinion cannot be had. */
  readonly onFailure: 'allow' | 'refuse';
}

export interface Settings {
  readonly queue: QueueSettings;
  /** Seconds that a lease lives without renewal. */
  readonly leaseSeconds: number;
  /** After which a video without an end of its own ends at the latest. */
  readonly endlessSeconds: number;
  /** After which a video that was signed without a time-stamp is first tried again. */
  readonly restampAfterSeconds: number;
  /** What every worker shows. */
  readonly workerToken: string;
  /** Key of the upload tickets' signature. */
  readonly ticketSecret: string;
  /** Key of the API keys' hashes. */
  readonly keyPepper: string;
  readonly moderation: ModerationSettings;
  /** What an operator shows; null: there are no admin routes. */
  readonly adminToken: string | null;
  readonly outbound: OutboundRules;
  /** Whether new frames carry a mark that is their video's own. Without it equal requests give equal frames. */
  readonly invisibleMark: boolean;
  /** Whether the default model makes what clients ask of models that are no longer served by anyone. */
  readonly standIn: boolean;
  /** Whether files signed under a development chain may count as ours. */
  readonly allowDevelopmentRoot: boolean;
  /** What addresses in answers begin with; null: with what the request was sent to. */
  readonly publicUrl: string | null;
}

const parsed = new WeakMap<Env, Settings>();

/** @throws Error naming the variable that is missing or wrong */
export function readSettings(env: Env): Settings {
  const known = parsed.get(env);
  if (known) return known;
  const url = absoluteUrl(env, 'SQS_QUEUE_URL');
  const settings: Settings = {
    queue: {
      region: required(env, 'AWS_REGION'),
      url,
      endpoint: env.SQS_ENDPOINT ? absoluteUrl(env, 'SQS_ENDPOINT') : new URL(url).origin,
      accessKeyId: required(env, 'AWS_ACCESS_KEY_ID'),
      secretAccessKey: required(env, 'AWS_SECRET_ACCESS_KEY'),
    },
    leaseSeconds: positiveNumber(env, 'LEASE_SECONDS'),
    endlessSeconds: readEndlessSeconds(env),
    restampAfterSeconds: env.RESTAMP_AFTER_SECONDS ? positiveNumber(env, 'RESTAMP_AFTER_SECONDS') : RESTAMP_WAIT_SECONDS.default,
    workerToken: secret(env, 'WORKER_TOKEN'),
    ticketSecret: secret(env, 'TICKET_SECRET'),
    keyPepper: secret(env, 'KEY_PEPPER'),
    moderation: readModeration(env),
    adminToken: env.ADMIN_TOKEN ? secret(env, 'ADMIN_TOKEN') : null,
    outbound: {
      loopback: choice(env, 'OUTBOUND_LOOPBACK', ['refuse', 'allow']) === 'allow',
      resolver_url: env.DNS_RESOLVER_URL ? absoluteUrl(env, 'DNS_RESOLVER_URL') : null,
    },
    invisibleMark: choice(env, 'INVISIBLE_MARK', ['on', 'off']) === 'on',
    standIn: choice(env, 'STAND_IN', ['on', 'off']) === 'on',
    allowDevelopmentRoot: choice(env, 'DEVELOPMENT_ROOT', ['refuse', 'allow']) === 'allow',
    publicUrl: env.PUBLIC_URL ? rootUrl(env, 'PUBLIC_URL') : null,
  };
  parsed.set(env, settings);
  return settings;
}

function readEndlessSeconds({ ENDLESS_MAX_SECONDS }: Env): number {
  if (!ENDLESS_MAX_SECONDS) return ENDLESS_SECONDS.default;
  const seconds = Number(ENDLESS_MAX_SECONDS);
  if (Number.isInteger(seconds) && seconds >= 1 && seconds <= ENDLESS_SECONDS.max) return seconds;
  throw new Error(`ENDLESS_MAX_SECONDS must be a whole number from 1 to ${ENDLESS_SECONDS.max}; got '${ENDLESS_MAX_SECONDS}'`);
}

/** Without MODERATION_URL the other variables say nothing. */
function readModeration(env: Env): ModerationSettings {
  if (!env.MODERATION_URL) return { secondOpinion: null, onFailure: 'allow' };
  const onFailure = required(env, 'MODERATION_ON_FAILURE');
  if (onFailure !== 'allow' && onFailure !== 'refuse') {
    throw new Error(`MODERATION_ON_FAILURE must be 'allow' or 'refuse'; got '${onFailure}'`);
  }
  const secondOpinion = {
    url: absoluteUrl(env, 'MODERATION_URL'),
    apiKey: env.MODERATION_API_KEY || null,
    model: required(env, 'MODERATION_MODEL'),
    timeoutMs: positiveNumber(env, 'MODERATION_TIMEOUT_MS'),
  };
  return { secondOpinion, onFailure };
}

type TextVariable = Exclude<keyof Env, 'MEDIA' | 'DB' | 'VIDEO' | 'ACCOUNT' | 'WEBHOOKS'>;

function required(env: Env, name: TextVariable): string {
  const value = env[name];
  if (!value) throw new Error(`${name} is not set: add it to [vars] of wrangler.toml, or with 'wrangler secret put ${name}'`);
  return value;
}

/** Of our own making, so its strength is ours to demand. */
function secret(env: Env, name: TextVariable): string {
  const value = required(env, name);
  if (value.length >= SECRET_MIN_CHARACTERS) return value;
  throw new Error(
    `${name} must have at least ${SECRET_MIN_CHARACTERS} characters; it has ${value.length}: make one with 'openssl rand -hex 32'`,
  );
}

function absoluteUrl(env: Env, name: TextVariable): string {
  const value = required(env, name);
  if (!URL.canParse(value)) throw new Error(`${name} must be an absolute URL; got '${value}'`);
  return value;
}

function rootUrl(env: Env, name: TextVariable): string {
  const { href, origin } = new URL(absoluteUrl(env, name));
  if (href !== `${origin}/`) throw new Error(`${name} must have no path: the service answers at the root of its host; got '${href}'`);
  return origin;
}

/** The first where it is not set. */
function choice<Name extends string>(env: Env, name: TextVariable, names: readonly [Name, ...Name[]]): Name {
  const value = env[name] || names[0];
  const found = names.find((known) => known === value);
  if (found === undefined) throw new Error(`${name} must be one of ${names.join(', ')}; got '${value}'`);
  return found;
}

function positiveNumber(env: Env, name: TextVariable): number {
  const value = Number(required(env, name));
  if (!(value > 0 && value < Number.POSITIVE_INFINITY)) throw new Error(`${name} must be a number above 0; got '${env[name]}'`);
  return value;
}
