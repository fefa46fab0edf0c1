/** The public API as `generate` uses it: create, read, download. A client like any other, with no private door. */
import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { LIST_LIMITS } from '@everframe/shared';
import { Failure } from './failure.ts';
import type { Address } from './next-steps.ts';

export interface Video {
  readonly id: string;
  readonly status: 'queued' | 'in_progress' | 'completed' | 'failed';
  /** 0 to 100 */
  readonly progress: number;
  readonly model: string;
  /** As text; `endless` while such a video goes on. */
  readonly seconds: string;
  readonly size: string;
  readonly error: { readonly code: string; readonly message: string } | null;
  /** Beyond OpenAI's contract; absent from another server. */
  readonly seed?: number;
  readonly frames?: { readonly done: number; readonly total: number | null };
  readonly fps?: number;
  /** Who told it to end early; null where nobody did. */
  readonly ended_by?: string | null;
}

/** A video as the answer to its creation shows it. */
export interface CreatedVideo extends Video {
  /** What the model will not do with the prompt. Absent from another server. */
  readonly warnings?: readonly { readonly code: string; readonly message: string; readonly param: string }[];
}

export interface CreateVideo {
  readonly prompt: string;
  readonly seconds?: string;
  readonly size?: string;
  readonly model?: string;
  readonly seed?: string;
  /** A picture. */
  readonly input_reference?: File;
}

const ATTEMPTS = 5;
const FIRST_PAUSE_MS = 300;
const ANSWER_TIMEOUT_MS = 30_000;

export class ApiClient {
  readonly #address: Address;
  readonly #signal: AbortSignal;

  /** @param signal ends every request */
  constructor(address: Address, signal: AbortSignal) {
    this.#address = address;
    this.#signal = signal;
  }

  /** Not repeated when the answer is lost: that could make a second video. */
  async createVideo(fields: CreateVideo): Promise<CreatedVideo> {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) if (value !== undefined) form.set(name, value);
    const response = await this.#send('POST', '/v1/videos', form);
    return (await response.json()) as CreatedVideo;
  }

  async getVideo(id: string): Promise<Video> {
    const response = await this.#retry(() => this.#send('GET', `/v1/videos/${id}`));
    return (await response.json()) as Video;
  }

  /** The newest videos of the account. */
  async listVideos(): Promise<readonly Video[]> {
    const response = await this.#retry(() => this.#send('GET', `/v1/videos?limit=${LIST_LIMITS.max}`));
    return ((await response.json()) as { data: Video[] }).data;
  }

  /** The video ends with what is made of it; without a frame at once. */
  async cancelVideo(id: string): Promise<Video> {
    const response = await this.#retry(() => this.#send('POST', `/v1/videos/${id}/cancel`));
    return (await response.json()) as Video;
  }

  /** Where the video can be watched while it is made; undefined on a server that has no such page. */
  async watchUrl(id: string): Promise<string | undefined> {
    const { url } = this.#address;
    try {
      const response = await this.#send('POST', `/v1/videos/${id}/stream_url`);
      return `${url}/watch#${((await response.json()) as { url: string }).url}`;
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      return undefined;
    }
  }

  async deleteVideo(id: string): Promise<void> {
    await this.#send('DELETE', `/v1/videos/${id}`);
  }

  /** Writes a file of the finished video to `path`, which must not exist. */
  async download(id: string, variant: 'video' | 'thumbnail', path: string): Promise<void> {
    const response = await this.#retry(() => this.#send('GET', `/v1/videos/${id}/content?variant=${variant}`, undefined, false));
    if (!response.body) throw new Failure(`The server sent no ${variant}.`);
    await pipeline(Readable.fromWeb(response.body), createWriteStream(path, { flags: 'wx' }), { signal: this.#signal });
  }

  async #send(method: string, path: string, body?: FormData, timed = true): Promise<Response> {
    const { url, api_key } = this.#address;
    const signal = timed ? AbortSignal.any([this.#signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]) : this.#signal;
    let response: Response;
    try {
      response = await fetch(`${url}${path}`, { method, headers: { authorization: `Bearer ${api_key}` }, signal, ...(body && { body }) });
    } catch (cause) {
      if (this.#signal.aborted) throw cause;
      throw new ServerFailure(`${url} does not answer.`, { cause });
    }
    if (response.ok) return response;
    const text = await response.text();
    const sentence = refusalText(text) ?? `${url} answered ${response.status} to ${method} ${path}.`;
    throw response.status >= 500 ? new ServerFailure(sentence) : new Failure(sentence);
  }

  /** Reading is harmless to repeat. */
  async #retry<T>(read: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await read();
      } catch (error) {
        if (!(error instanceof ServerFailure) || attempt === ATTEMPTS || this.#signal.aborted) throw error;
        await new Promise((resolve) => setTimeout(resolve, FIRST_PAUSE_MS * 2 ** (attempt - 1)));
      }
    }
  }
}

/** The server's fault, or the network's: worth another try. */
class ServerFailure extends Failure {}

/** The sentence in an answer of OpenAI's error shape. */
function refusalText(body: string): string | undefined {
  try {
    const { error } = JSON.parse(body) as { error?: { message?: unknown } };
    return typeof error?.message === 'string' ? error.message : undefined;
  } catch {
    return undefined;
  }
}
