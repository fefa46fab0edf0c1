/**
 * A loader for a site's own hls.js (its option `fLoader`): what it loads comes through whole, is checked, and reaches
 * hls.js only when it is good. It puts nothing on the page and knows nothing of buffers; how bytes are fetched is left to
 * the loader that hls.js would have taken.
 */
import type {
  FragmentLoaderConstructor,
  FragmentLoaderContext,
  HlsConfig,
  Loader,
  LoaderCallbacks,
  LoaderConfiguration,
  LoaderStats,
} from 'hls.js';
import { CheckedStream, type CheckedStreamOptions } from './checked-stream.ts';

export type { Fault, StartVerdict, Verdict } from './checked-stream.ts';

/** As HTTP has them: hls.js shows the sentence behind the number, and asks again after a 5xx. */
const REFUSED = 422;
const COULD_NOT_CHECK = 503;

/** One for each stream: what it has seen of one is held against the next. */
export function createVerifyingLoader(options: CheckedStreamOptions = {}): FragmentLoaderConstructor {
  const stream = new CheckedStream(options);

  return class VerifyingLoader implements Loader<FragmentLoaderContext> {
    readonly #loader: Loader<FragmentLoaderContext>;
    /** hls.js has been told how this request ended, or does not want to know. */
    #is_over = false;
    #giveUpStart: (() => void) | undefined;
    #is_start_here = false;

    constructor(config: HlsConfig) {
      this.#loader = new config.loader(config) as Loader<FragmentLoaderContext>;
    }

    get context(): FragmentLoaderContext | null {
      return this.#loader.context;
    }

    get stats(): LoaderStats {
      return this.#loader.stats;
    }

    load(context: FragmentLoaderContext, config: LoaderConfiguration, callbacks: LoaderCallbacks<FragmentLoaderContext>): void {
      const { frag, url } = context;
      // Segments that come before it wait for it: hls.js asks for both at once.
      const start = frag.sn === 'initSegment' ? stream.expectStart(frag) : undefined;
      this.#giveUpStart = start?.giveUp;
      const end = (tell: () => void) => {
        this.#giveUpStart?.();
        if (this.#is_over) return;
        this.#is_over = true;
        tell();
      };
      // Without `onProgress`, since a part of a segment can't be checked.
      this.#loader.load(context, config, {
        onSuccess: (response, stats, _, details) => {
          const { data } = response;
          const refuse = (code: number, text: string) => end(() => callbacks.onError({ code, text }, context, details, stats));
          if (!(data instanceof ArrayBuffer)) return refuse(COULD_NOT_CHECK, 'The loader of this page gives no bytes.');
          const bytes = new Uint8Array(data);
          this.#is_start_here = start !== undefined;
          (start ? start.check(bytes) : stream.checkSegment(bytes, frag, url)).then(
            (outcome) => {
              if (outcome === 'not_begun') return end(() => callbacks.onAbort?.(stats, context, details));
              if (outcome !== 'good') return refuse(REFUSED, outcome.sentence);
              end(() => {
                callbacks.onProgress?.(stats, context, data, details);
                callbacks.onSuccess(response, stats, context, details);
              });
            },
            (error: unknown) => refuse(COULD_NOT_CHECK, error instanceof Error ? error.message : String(error)),
          );
        },
        onError: (error, _, details, stats) => end(() => callbacks.onError(error, context, details, stats)),
        onTimeout: (stats, _, details) => end(() => callbacks.onTimeout(stats, context, details)),
        onAbort: (stats, _, details) => end(() => callbacks.onAbort?.(stats, context, details)),
      });
    }

    abort(): void {
      // A start that has come is wanted again at once: hls.js gives up the segment behind it for one that was aborted.
      if (this.#is_start_here) return;
      this.#loader.abort();
      this.#is_over = true;
      this.#giveUpStart?.();
    }

    destroy(): void {
      this.#is_over = true;
      this.#giveUpStart?.();
      this.#loader.destroy();
    }

    getCacheAge(): number | null {
      return this.#loader.getCacheAge?.() ?? null;
    }

    getResponseHeader(name: string): string | null {
      return this.#loader.getResponseHeader?.(name) ?? null;
    }
  };
}
