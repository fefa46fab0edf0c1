-- How an account pays and what it may use. The ledger itself lies in the account's Durable Object.
-- 'unlimited': nothing is refused for want of credits. What was made before this file stays so.
ALTER TABLE accounts ADD COLUMN billing TEXT NOT NULL DEFAULT 'unlimited';
-- Null: no bound.
ALTER TABLE accounts ADD COLUMN max_concurrent_videos INTEGER;
ALTER TABLE accounts ADD COLUMN requests_per_minute INTEGER;

ALTER TABLE api_keys ADD COLUMN name TEXT NOT NULL DEFAULT '';
-- A JSON list; null: all of them.
ALTER TABLE api_keys ADD COLUMN scopes TEXT;
-- Over the account's own; null: the account's.
ALTER TABLE api_keys ADD COLUMN requests_per_minute INTEGER;
-- What the key may spend in all, and on one video; null: no bound.
ALTER TABLE api_keys ADD COLUMN budget_micro_usd INTEGER;
ALTER TABLE api_keys ADD COLUMN max_micro_usd_per_video INTEGER;

CREATE INDEX api_keys_by_account ON api_keys (account_id, created_at_ms);

-- One row for every charge and refund, for whatever sends invoices. Written by the account's object, never changed.
CREATE TABLE meter_events (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  account_id TEXT NOT NULL REFERENCES accounts (id),
  video_id TEXT NOT NULL,
  -- 'capture' or 'refund'
  kind TEXT NOT NULL,
  key_id TEXT,
  model TEXT,
  -- Delivered seconds of video.
  seconds REAL NOT NULL,
  micro_usd INTEGER NOT NULL,
  created_at_ms INTEGER NOT NULL,
  UNIQUE (video_id, kind)
);

CREATE INDEX meter_events_by_account ON meter_events (account_id, id);
