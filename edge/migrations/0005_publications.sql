-- What the service states of each file that it published: its SHA-256 under the name of its manifest, signed by the worker that made it.
-- A file that was published again with a time-stamp has two. They go with their video.
CREATE TABLE publications (
  manifest_id TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  video_id TEXT NOT NULL,
  -- A JWS in compact form.
  record TEXT NOT NULL,
  PRIMARY KEY (manifest_id, sha256)
) WITHOUT ROWID;

CREATE INDEX publications_by_video ON publications (video_id);
