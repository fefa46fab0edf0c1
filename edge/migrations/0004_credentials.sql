-- By what a signed file is found again when its manifest was taken off it. One row for each published file; it stays when the video
-- goes, without a word of the video, so that a look-up can say that there was one.
CREATE TABLE credentials (
  -- The manifest's label.
  manifest_id TEXT PRIMARY KEY,
  -- What every frame carries invisibly: 12 hex digits.
  mark TEXT,
  -- The signed file's key in the bucket; null once it was erased.
  file_key TEXT,
  video_id TEXT
);

CREATE INDEX credentials_by_mark ON credentials (mark);
CREATE INDEX credentials_by_video ON credentials (video_id);

-- The fingerprint, cut into bands of 16 bits: files that nearly agree agree in some band wholly.
CREATE TABLE fingerprint_bands (
  band INTEGER NOT NULL,
  manifest_id TEXT NOT NULL,
  second INTEGER NOT NULL,
  -- 24 hex digits: the whole second's.
  hash TEXT NOT NULL,
  PRIMARY KEY (band, manifest_id, second)
) WITHOUT ROWID;

CREATE INDEX fingerprint_bands_by_manifest ON fingerprint_bands (manifest_id);
