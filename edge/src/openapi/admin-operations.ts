/** The OpenAPI operations of the operator. */
import { CreateAccount, CreateKey, GrantCredits, LIST_LIMITS, RefundVideo, RotateKey } from '@everframe/shared';
import {
  AccountList,
  AccountSummary,
  AccountView,
  ApiKeyList,
  ApiKeyView,
  CreditGrant,
  LedgerEntry,
  LedgerEntryList,
  NewApiKey,
} from './answers.ts';
import type { Operation } from './operation.ts';

const admin = { tag: 'Operation', auth: 'admin' } as const;
const OF_ACCOUNT = {
  names: { id: { schema: { type: 'string' }, description: "The account's id.", refusal: 'account_not_found' } },
} as const;
const OF_KEY = {
  names: { id: { schema: { type: 'string' }, description: 'The 8 characters after `ef_live_`.', refusal: 'key_not_found' } },
} as const;
const PAGE = {
  limit: { schema: { type: 'integer', minimum: 1, maximum: LIST_LIMITS.max, default: LIST_LIMITS.default }, description: 'A page.' },
  after: { schema: { type: 'string' }, description: 'The id of the last that you have.' },
};

const ACCOUNT = {
  ...{ id: 'acct_1', object: 'account', name: 'acme', billing: 'prepaid', max_concurrent_videos: 4, requests_per_minute: 600 },
  created_at: 1795363200,
};
const KEY = {
  ...{ id: '5Kq0mW2x', object: 'api_key', account_id: 'acct_1', name: 'first', scopes: null, requests_per_minute: null },
  ...{ budget_micro_usd: 1_000_000, max_micro_usd_per_video: null, created_at: 1795363200, expires_at: null, revoked_at: null },
};
const SHOWN = { ...KEY, key: 'ef_live_5Kq0mW2x…' };
const ENTRY = {
  ...{ id: '1', object: 'ledger_entry', subject: 'grant_invoice-1', kind: 'grant', part: 0, micro_usd: 5_000_000, seconds: 0 },
  ...{ key_id: null, model: null, created_at: 1795363200 },
};

export const ADMIN_OPERATIONS: readonly Operation[] = [
  {
    ...{ method: 'post', path: '/admin/v1/accounts', id: 'createAccount', ...admin },
    summary: 'Create an account',
    body: { schema: CreateAccount, example: { name: 'acme' } },
    answers: [{ status: 201, description: 'The account.', schema: AccountView, example: ACCOUNT }],
    errors: ['invalid_value'],
  },
  {
    ...{ method: 'get', path: '/admin/v1/accounts', id: 'listAccounts', ...admin },
    summary: 'List accounts',
    query: PAGE,
    answers: [
      {
        ...{ status: 200, description: 'A page, by id.', schema: AccountList },
        example: { object: 'list', data: [ACCOUNT], first_id: 'acct_1', last_id: 'acct_1', has_more: false },
      },
    ],
    errors: ['invalid_value'],
  },
  {
    ...{ method: 'get', path: '/admin/v1/accounts/{id}', id: 'getAccount', ...admin, ...OF_ACCOUNT },
    summary: 'Retrieve an account',
    answers: [
      {
        ...{ status: 200, description: 'The account, its balance and its videos at work.', schema: AccountSummary },
        example: { ...ACCOUNT, balance_micro_usd: 5_000_000, running_videos: 1, waiting_videos: 0 },
      },
    ],
  },
  {
    ...{ method: 'get', path: '/admin/v1/accounts/{id}/ledger', id: 'listLedger', ...admin, ...OF_ACCOUNT },
    summary: "List an account's ledger",
    query: PAGE,
    answers: [
      {
        ...{ status: 200, description: 'A page, the newest first. The balance is the sum of all.', schema: LedgerEntryList },
        example: { object: 'list', data: [ENTRY], first_id: '1', last_id: '1', has_more: false },
      },
    ],
    errors: ['invalid_value'],
  },
  {
    ...{ method: 'post', path: '/admin/v1/accounts/{id}/credits', id: 'grantCredits', ...admin, ...OF_ACCOUNT },
    summary: 'Grant credits',
    description: 'The same `id` again changes nothing.',
    body: { schema: GrantCredits, example: { id: 'invoice-1', micro_usd: 5_000_000 } },
    answers: [
      {
        ...{ status: 200, description: 'The balance with it.', schema: CreditGrant },
        example: { object: 'credit_grant', id: 'invoice-1', account_id: 'acct_1', balance_micro_usd: 5_000_000 },
      },
    ],
    errors: ['invalid_value'],
  },
  {
    ...{ method: 'post', path: '/admin/v1/accounts/{id}/refunds', id: 'refundVideo', ...admin, ...OF_ACCOUNT },
    summary: 'Refund a video',
    description: 'What was charged for it comes back, once.',
    body: { schema: RefundVideo, example: { video_id: `video_${'4f6c'.repeat(8)}` } },
    answers: [{ status: 200, description: 'The entry.', schema: LedgerEntry, example: ENTRY }],
    errors: ['invalid_value', 'nothing_to_refund'],
  },
  {
    ...{ method: 'post', path: '/admin/v1/accounts/{id}/keys', id: 'createKey', ...admin, ...OF_ACCOUNT },
    summary: 'Create a key',
    body: { schema: CreateKey, example: { name: 'first', scopes: ['videos.read', 'videos.write'], budget_micro_usd: 1_000_000 } },
    answers: [{ status: 201, description: 'The key, shown this once.', schema: NewApiKey, example: SHOWN }],
    errors: ['invalid_value'],
  },
  {
    ...{ method: 'get', path: '/admin/v1/accounts/{id}/keys', id: 'listKeys', ...admin, ...OF_ACCOUNT },
    summary: "List an account's keys",
    answers: [
      {
        status: 200,
        description: 'All of them, the newest first.',
        schema: ApiKeyList,
        example: { object: 'list', data: [KEY], has_more: false },
      },
    ],
  },
  {
    ...{ method: 'delete', path: '/admin/v1/keys/{id}', id: 'revokeKey', ...admin, ...OF_KEY },
    summary: 'Revoke a key',
    description: 'Its next request is refused.',
    answers: [{ status: 200, description: 'The key.', schema: ApiKeyView, example: { ...KEY, revoked_at: 1795363200 } }],
  },
  {
    ...{ method: 'post', path: '/admin/v1/keys/{id}/rotate', id: 'rotateKey', ...admin, ...OF_KEY },
    summary: 'Rotate a key',
    description: 'A new key with the bounds of the old one, which works on for `overlap_seconds`.',
    body: { schema: RotateKey, example: { overlap_seconds: 3600 } },
    answers: [{ status: 201, description: 'The new key, shown this once.', schema: NewApiKey, example: SHOWN }],
    errors: ['invalid_value'],
  },
];
