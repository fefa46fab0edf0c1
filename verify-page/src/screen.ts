/**
 * The video element, fed by hand: only what was given to `show` is ever played. Without Media Source Extensions nothing
 * is, and the stream can still be checked.
 */

export class Screen {
  readonly #video: HTMLVideoElement;
  readonly #source = new MediaSource();
  #buffer: SourceBuffer | undefined;

  static isSupported(): boolean {
    return typeof MediaSource !== 'undefined';
  }

  /** @param signal ends what the screen holds before it was opened */
  constructor(video: HTMLVideoElement, signal: AbortSignal) {
    this.#video = video;
    const url = URL.createObjectURL(this.#source);
    video.src = url;
    // Once the element has opened the source, the name would only keep it in memory.
    const forget = () => URL.revokeObjectURL(url);
    this.#source.addEventListener('sourceopen', forget, { once: true });
    signal.addEventListener('abort', forget, { once: true });
  }

  /** @param init first of all, and again wherever it changes */
  async begin(init: Uint8Array<ArrayBuffer>): Promise<void> {
    if (this.#source.readyState !== 'open') await once(this.#source, 'sourceopen');
    this.#buffer ??= this.#source.addSourceBuffer(`video/mp4; codecs="${codecOf(init)}"`);
    await this.#append(init);
  }

  async show(segment: Uint8Array<ArrayBuffer>): Promise<void> {
    await this.#forget();
    await this.#append(segment);
  }

  /** Resolves when there is less left to play than what is asked for ahead. */
  async hungry(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && this.#ahead() > AHEAD_SECONDS) await pause(500, signal);
  }

  end(): void {
    if (this.#source.readyState === 'open') this.#source.endOfStream();
  }

  #ahead(): number {
    const { buffered, currentTime } = this.#video;
    return buffered.length > 0 ? buffered.end(buffered.length - 1) - currentTime : 0;
  }

  /** A stream may have no end; the browser's buffer has one. */
  async #forget(): Promise<void> {
    const until = this.#video.currentTime - KEPT_SECONDS;
    const { buffered } = this.#video;
    if (!this.#buffer || buffered.length === 0 || until - buffered.start(0) < KEPT_SECONDS) return;
    this.#buffer.remove(0, until);
    await once(this.#buffer, 'updateend');
  }

  async #append(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    if (!this.#buffer) throw new Error('The stream has segments before its start.');
    this.#buffer.appendBuffer(bytes);
    await once(this.#buffer, 'updateend');
    if (this.#video.error) throw new Error('This browser could not play the stream.');
  }
}

export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
  });
}

/** `avc1.` and the three bytes behind the version of the AVC configuration (RFC 6381, section 3.3). */
function codecOf(init: Uint8Array): string {
  const at = new TextDecoder('latin1').decode(init).indexOf('avcC');
  if (at === -1) throw new Error('The stream is no H.264 video.');
  return `avc1.${[...init.subarray(at + 5, at + 8)].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

function once(target: EventTarget, event: string): Promise<void> {
  return new Promise((resolve) => target.addEventListener(event, () => resolve(), { once: true }));
}

const AHEAD_SECONDS = 60;
const KEPT_SECONDS = 60;
