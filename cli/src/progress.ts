/** How far a video is, or a start, as text: frames, speed against playback, time left. The arithmetic is pure; `ProgressLine` and `StepLine` draw. */

export interface Progress {
  readonly frames_done: number;
  readonly frames_total: number;
  /** Of the finished video, in seconds. */
  readonly video_seconds: number;
  /** Since the first frames were begun. */
  readonly elapsed_ms: number;
}

const BAR_CELLS = 24;
const PLAIN_INTERVAL_MS = 2000;

/** For example `[######------]  48/96 frames  1.3x real time  3 s left` */
export function progressText(progress: Progress): string {
  const { frames_done, frames_total } = progress;
  const cells = frames_total > 0 ? Math.floor((frames_done / frames_total) * BAR_CELLS) : 0;
  const bar = `[${'#'.repeat(cells)}${'-'.repeat(BAR_CELLS - cells)}]`;
  return [bar, `${frames_done}/${frames_total} frames`, ...speedText(progress)].join('  ');
}

/** Nothing before the first frames: one cannot tell yet. */
function speedText({ frames_done, frames_total, video_seconds, elapsed_ms }: Progress): string[] {
  if (frames_done <= 0 || elapsed_ms <= 0) return [];
  const made_seconds = (video_seconds * frames_done) / frames_total;
  const speed = made_seconds / (elapsed_ms / 1000);
  const left_seconds = Math.ceil((elapsed_ms / 1000) * (frames_total / frames_done - 1));
  const left = left_seconds > 0 ? [`${durationText(left_seconds)} left`] : [];
  return [`${speed.toFixed(speed < 10 ? 2 : 0)}x real time`, ...left];
}

/** For example `45 s`, `3 min 5 s`, `2 h 10 min` */
export function durationText(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

/** On a terminal one line that is drawn again; elsewhere a plain line now and then. */
export class ProgressLine {
  readonly #stream: NodeJS.WriteStream;
  #last_text = '';
  #last_plain_ms = 0;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  show(text: string, now_ms: number): void {
    if (text === this.#last_text) return;
    if (this.#stream.isTTY) {
      const width = Math.max(20, this.#stream.columns || 80) - 1;
      this.#stream.write(`\r\x1b[2K${text.slice(0, width)}`);
    } else {
      if (now_ms - this.#last_plain_ms < PLAIN_INTERVAL_MS) return;
      this.#last_plain_ms = now_ms;
      this.#stream.write(`${text}\n`);
    }
    this.#last_text = text;
  }

  /** Leaves the line that is there, so that other text follows below; what is shown after that is shown at once. */
  end(): void {
    if (this.#stream.isTTY && this.#last_text !== '') this.#stream.write('\n');
    this.#last_text = '';
    this.#last_plain_ms = 0;
  }
}

/** The steps of something that takes long: on a terminal one line with the seconds of the step, elsewhere a line for each. */
export class StepLine {
  readonly #stream: NodeJS.WriteStream;
  readonly #what: string;
  #timer: NodeJS.Timeout | undefined;

  constructor(stream: NodeJS.WriteStream, what: string) {
    this.#stream = stream;
    this.#what = what;
  }

  /** The next step begins. */
  step(name: string): void {
    clearInterval(this.#timer);
    const began_at_ms = Date.now();
    const text = `${this.#what}: ${name} ...`;
    if (!this.#stream.isTTY) {
      this.#stream.write(`${text}\n`);
      return;
    }
    const width = Math.max(20, this.#stream.columns || 80) - 1;
    const draw = () => {
      const seconds = Math.floor((Date.now() - began_at_ms) / 1000);
      this.#stream.write(`\r\x1b[2K${`${text}${seconds > 0 ? ` ${seconds} s` : ''}`.slice(0, width)}`);
    };
    draw();
    this.#timer = setInterval(draw, 1000).unref();
  }

  /** Takes the line away: before other text, and at the end. */
  clear(): void {
    clearInterval(this.#timer);
    if (this.#stream.isTTY) this.#stream.write('\r\x1b[2K');
  }
}
