-- Which video a request made, so that its repetition makes no second one. Gone a day after.
CREATE TABLE idempotency_keys (
  account_id TEXT NOT NULL REFERENCES accounts (id),
  -- 'key:' and the client's own Idempotency-Key, or 'sdk:' and the video's id where the client sent none.
  key TEXT NOT NULL,
  body_hash TEXT NOT NULL,
  video_id TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  expires_at_ms INTEGER NOT NULL,
  -- Until then the first request is taken to be under way; null once it was answered.
  held_until_ms INTEGER,
  PRIMARY KEY (account_id, key)
);

CREATE INDEX idempotency_keys_by_body ON idempotency_keys (account_id, body_hash, created_at_ms);
CREATE INDEX idempotency_keys_by_expiry ON idempotency_keys (expires_at_ms);

-- Where an erased video stood, for a day: a list that is being read goes on behind it.
CREATE TABLE erased_videos (
  id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES accounts (id),
  created_at_ms INTEGER NOT NULL,
  erased_at_ms INTEGER NOT NULL
);

CREATE INDEX erased_videos_by_time ON erased_videos (erased_at_ms);

-- Refused prompts: what was found, never the text.
CREATE TABLE moderation_audits (
  id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES accounts (id),
  request_id TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  -- 'rules' or 'second_opinion'
  source TEXT NOT NULL,
  -- JSON lists of names.
  categories TEXT NOT NULL,
  rules TEXT NOT NULL,
  -- HMAC-SHA-256 under KEY_PEPPER, so that equal prompts can be recognised.
  prompt_hmac TEXT NOT NULL
);

CREATE INDEX moderation_audits_by_account ON moderation_audits (account_id, created_at_ms);
CREATE INDEX moderation_audits_by_time ON moderation_audits (created_at_ms);
