/** Every bound that both sides enforce. An error text quotes the constant it was checked against. */

/** Characters (Unicode code points) in a prompt, as in OpenAI's contract: 1 to 32,000. */
export const PROMPT_MAX_CHARACTERS = 32_000;
/** Bytes in the body of a request that creates a video. */
export const CREATE_BODY_MAX_BYTES = 1024 * 1024;
/** Bytes in one uploaded object: Cloudflare refuses larger request bodies on its common plans. */
export const ASSET_MAX_BYTES = 100 * 1024 * 1024;
/** Bytes in a JSON body that a worker sends. */
export const WORKER_BODY_MAX_BYTES = 256 * 1024;
/** Seeds are unsigned 32-bit integers. */
export const SEED_MAX = 2 ** 32 - 1;

/** Seconds that one upload may take. A deleted video's objects are erased when no upload can still be under way. */
export const UPLOAD_TIMEOUT_SECONDS = 120;
/** Characters that a secret of the deployment must have at least. */
export const SECRET_MIN_CHARACTERS = 32;
/** Claims in a row that end without a new commit before the video fails. */
export const MAX_FRUITLESS_ATTEMPTS = 3;
/** Seconds that a video waits for its next attempt after the first fruitless one that ended with an error, and after later ones. */
export const RETRY_DELAYS_SECONDS = { first: 5, later: 30 } as const;
/** Days that a finished video is kept. */
export const RETENTION_DAYS = 30;
