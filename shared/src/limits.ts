/** Every bound that both sides enforce. An error text quotes the constant it was checked against. */

/** Characters (Unicode code points) in a prompt, as in OpenAI's contract: 1 to 32,000. */
export const PROMPT_MAX_CHARACTERS = 32_000;
/** Bytes in the body of a request that creates a video. */
export const CREATE_BODY_MAX_BYTES = 1024 * 1024;
/** A picture that a video begins with: bytes of its file, pixels that it unfolds to, and of its shorter side. */
export const PICTURE_LIMITS = { max_bytes: 8 * 1024 * 1024, max_pixels: 4096 * 4096, min_side: 16 } as const;
/** What a JPEG holds before it is pixels: 4096x4096 at 4:2:0, half as many where colours are as fine as light. A second or two of decoding. */
export const JPEG_MAX_SAMPLES = 1.5 * PICTURE_LIMITS.max_pixels;
/** Programs write one, or about ten in a progressive JPEG. Each may go over all of the picture again in a few bytes. */
export const JPEG_MAX_SCANS = 64;
/** Bytes in the body of a request that creates a video and may carry a picture, at worst as base64. */
export const CREATE_WITH_PICTURE_MAX_BYTES = CREATE_BODY_MAX_BYTES + Math.ceil((PICTURE_LIMITS.max_bytes * 4) / 3);
/** Bytes in one uploaded object: Cloudflare refuses larger request bodies on its common plans. */
export const ASSET_MAX_BYTES = 100 * 1024 * 1024;
/** Bytes in a JSON body that a worker sends. */
export const WORKER_BODY_MAX_BYTES = 256 * 1024;
/** Timed prompts of one request. */
export const SEGMENTS_MAX = 100;
/** Seconds after which a video without an end of its own ends at the latest: the default, and the most that an operator may set. */
export const ENDLESS_SECONDS = { default: 3600, max: 4 * 3600 } as const;
/** Seconds of an endless video that are paid ahead at a time. */
export const ENDLESS_BLOCK_SECONDS = 60;
/** Prompts that one video may be sent while it is made, and those of them that its worker has not answered yet. */
export const LIVE_PROMPTS_MAX = { in_all: 1000, unanswered: 50 } as const;
/** Characters (UTF-16 units) of all prompts that one video may be sent while it is made. */
export const LIVE_PROMPTS_MAX_CHARACTERS = 500_000;
/** Chunks over which the turn to a prompt may be spread. */
export const BLEND_CHUNKS_MAX = 100;
/** Seeds are unsigned 32-bit integers. */
export const SEED_MAX = 2 ** 32 - 1;

/** Seconds that one upload may take. A deleted video's objects are erased when no upload can still be under way. */
export const UPLOAD_TIMEOUT_SECONDS = 120;
/** Seconds that a worker has to time-stamp a published video: it reads and writes its files once, and asks each authority. */
export const RESTAMP_SECONDS = 3 * UPLOAD_TIMEOUT_SECONDS;
/** How often a worker is asked to; the waits between double up to the longest. With the first at 300 s the last is asked after 40 hours. */
export const RESTAMP_TRIES = 12;
export const RESTAMP_WAIT_SECONDS = { default: 300, max: 6 * 3600 } as const;
/** Seconds that a file stays behind the one that took its place, for those who are reading it. */
export const REPLACED_FILE_SECONDS = 3600;
/** Characters that a secret of the deployment must have at least. */
export const SECRET_MIN_CHARACTERS = 32;
/** Claims in a row that end without a new commit before the video fails. */
export const MAX_FRUITLESS_ATTEMPTS = 3;
/** Seconds that a video waits for its next attempt after the first fruitless one that ended with an error, and after later ones. */
export const RETRY_DELAYS_SECONDS = { first: 5, later: 30 } as const;
/** Days that a finished video is kept. */
export const RETENTION_DAYS = 30;

/** Characters in an `Idempotency-Key`. */
export const IDEMPOTENCY_KEY_MAX_CHARACTERS = 255;
/** Seconds that an `Idempotency-Key` is remembered. */
export const IDEMPOTENCY_KEY_SECONDS = 24 * 60 * 60;
/** Seconds in which a client's own retry, without a key, is recognised by its body. */
export const SDK_RETRY_SECONDS = 120;
/** Seconds that a first request is taken to be under way; one that was broken off may be repeated after that at the latest. */
export const IDEMPOTENCY_HOLD_SECONDS = 10;
/** Words that a warning of unknown ones names. */
export const WARNED_WORDS_MAX = 20;
/** Texts in one request for moderation. */
export const MODERATION_INPUTS_MAX = 32;
/** Days that the record of a refused prompt is kept. */
export const MODERATION_AUDIT_DAYS = 90;
/** Videos on one page of a list. */
export const LIST_LIMITS = { default: 20, max: 100 } as const;
/** Hours that the place of an erased video is kept, for lists that are being read. */
export const LIST_PLACE_HOURS = 24;

/** Segments that a playlist lists; of a video that has more, the last ones. */
export const PLAYLIST_SEGMENTS_MAX = 1000;
/** Connections at once to the events of one video: in all, and of one key or address. */
export const EVENT_READERS_MAX = { video: 1000, reader: 20 } as const;
/** Players at once that are held back until a video has its first segment; more of them get an empty playlist at once. */
export const PLAYLIST_WAITS_MAX = 1000;
/** Requests a minute for what a stream URL opens, of one client address: a player of one-second segments sends about 180. */
export const STREAM_REQUESTS_PER_MINUTE = 1200;
/** Seconds that an address to watch a video is good for. */
export const STREAM_URL_SECONDS = { min: 60, max: 30 * 24 * 60 * 60, default: 24 * 60 * 60 } as const;

/** Bytes in a file that the edge holds in memory, more than once, to check it. Larger ones are checked in one pass, or where they lie. */
export const VERIFY_MAX_BYTES = 16 * 1024 * 1024;
/** Bytes in an MP4 that the edge checks in one pass, without holding it. */
export const VERIFY_STREAM_MAX_BYTES = 2 * 1024 * 1024 * 1024;
/** The same of a file that the edge fetches for a visitor without a key, who pays with nothing of his own for it. */
export const VISITOR_URL_MAX_BYTES = 256 * 1024 * 1024;
/** Seconds from its beginning of which a video has a fingerprint. */
export const FINGERPRINT_MAX_SECONDS = 3600;
/** Half seconds that one segment may tell of for the fingerprint: what fits into a commit, WORKER_BODY_MAX_BYTES. */
export const LUMA_CELLS_MAX = 600;
/** Hashes that one look-up by fingerprint compares: half a minute, at four beginnings of its seconds. */
export const HASHES_MAX = 120;
/** Seconds that must agree in a look-up by fingerprint, and so the hashes that it needs: one may look like a second of anything. */
export const HASHES_MIN = 2;
/** Checks of a file a minute, for a client address that shows no key. */
export const VISITOR_CHECKS_PER_MINUTE = 10;
/** Seconds after its credits were reserved in which a video must be recorded; a reservation without a video is released. */
export const RESERVATION_SECONDS = 60;
/** Bytes in a JSON body of the account, webhook and admin routes. */
export const JSON_BODY_MAX_BYTES = 16 * 1024;
/** Characters in the name of an account, a key or a webhook endpoint. */
export const NAME_MAX_CHARACTERS = 100;
/** The most that one grant, budget or price cap may name: what a double holds exactly, with room for sums. */
export const MICRO_USD_MAX = 1_000_000_000_000;
/** Webhook endpoints of one account. */
export const WEBHOOK_ENDPOINTS_MAX = 20;
/** Characters in a webhook endpoint's URL. */
export const URL_MAX_CHARACTERS = 2048;
/** Days that the log of webhook deliveries goes back. */
export const WEBHOOK_LOG_DAYS = 30;
/** Days that one request for usage may cover. */
export const USAGE_MAX_DAYS = 366;
