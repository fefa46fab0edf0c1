/** The page at /watch: the address of a stream, by hand or behind the page's own `#`, to a player that shows what it checked. */
import { Screen } from './screen.ts';
import { showStream, spoken } from './show-stream.ts';
import { type StreamState, watchStream } from './watch-stream.ts';

const form = find('watch', HTMLFormElement);
const choose = find('choose', HTMLDetailsElement);
const address = find('address', HTMLInputElement);
const api_key = find('key', HTMLInputElement);
const status = find('status', HTMLElement);
const result = find('result', HTMLElement);
const video = find('video', HTMLVideoElement);
let current: AbortController | undefined;

form.addEventListener('submit', (event) => {
  event.preventDefault();
  void watch();
});
window.addEventListener('hashchange', watchHash);
status.textContent = 'Nothing is playing yet.';
watchHash();

/** Behind the `#`, an address is sent to no server. */
function watchHash(): void {
  const given = decoded(location.hash.slice(1));
  if (!given) return;
  address.value = given;
  // Whoever was given a link came for the picture.
  choose.open = false;
  void watch();
}

/** What no escape makes sense of stays as it is: it is judged as an address. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

async function watch(): Promise<void> {
  current?.abort();
  const mine = new AbortController();
  current = mine;
  const url = streamUrl(address.value.trim());
  if (!url) {
    choose.open = true;
    status.textContent = 'This is neither the address of a stream nor the id of a video.';
    return;
  }
  const can_play = Screen.isSupported();
  video.hidden = !can_play;
  result.hidden = false;
  say(can_play ? '' : 'This browser can’t play the stream piece by piece; it is checked all the same.');
  try {
    const screen = can_play ? new Screen(video, mine.signal) : undefined;
    await watchStream({ url, api_key: api_key.value.trim(), screen, onChange: show, signal: mine.signal });
  } catch (error) {
    if (mine.signal.aborted) return;
    choose.open = true;
    say(error instanceof Error ? error.message : String(error));
  }
}

let heard = '';

/** The details stay open while the list under them grows. */
function show(state: StreamState): void {
  if (state.phase === 'stopped' && state.seconds === 0) video.hidden = true;
  const open = result.querySelector('details')?.open ?? false;
  result.replaceChildren(...showStream(state));
  const details = result.querySelector('details');
  if (details) details.open = open;
  const sentence = spoken(state);
  if (sentence !== heard) {
    heard = sentence;
    status.classList.add('spoken');
    status.textContent = sentence;
  }
}

function say(sentence: string): void {
  heard = '';
  status.classList.remove('spoken');
  status.textContent = sentence;
}

/** An address as it is; an id becomes the address that this site has for it. */
function streamUrl(given: string): string | undefined {
  if (/^video_[0-9a-f]{32}$/.test(given)) return new URL(`/v1/videos/${given}/stream.m3u8`, location.origin).href;
  if (!URL.canParse(given)) return undefined;
  const { protocol, href } = new URL(given);
  return protocol === 'https:' || protocol === 'http:' ? href : undefined;
}

function find<T extends HTMLElement>(id: string, kind: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`The page has no #${id}`);
  return found;
}
