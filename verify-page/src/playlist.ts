/** A media playlist (RFC 8216), as far as it says which bytes come next. */

export interface ListedSegment {
  readonly init_url: string;
  readonly url: string;
  readonly seconds: number;
}

export interface Playlist {
  /** Number of the first listed segment: how many are not listed any more. */
  readonly first: number;
  readonly segments: readonly ListedSegment[];
  readonly target_seconds: number;
  readonly is_ended: boolean;
}

/** @param url where it was read from; what it names is relative to it */
export function parsePlaylist(text: string, url: string): Playlist {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  if (lines[0] !== '#EXTM3U') throw new Error('This address leads to no stream.');
  if (lines.some((line) => line.startsWith('#EXT-X-STREAM-INF')))
    throw new Error('This address leads to a choice of streams. Give the one of a single stream.');
  const tag = (name: string) => lines.find((line) => line.startsWith(`#${name}:`))?.slice(name.length + 2);
  const segments: ListedSegment[] = [];
  let init_url = '';
  let seconds = 0;
  for (const line of lines) {
    const [, init] = /^#EXT-X-MAP:.*URI="([^"]+)"/.exec(line) ?? [];
    if (init !== undefined) init_url = new URL(init, url).href;
    else if (line.startsWith('#EXTINF:')) seconds = Number.parseFloat(line.slice('#EXTINF:'.length));
    else if (line && !line.startsWith('#')) segments.push({ init_url, url: new URL(line, url).href, seconds });
  }
  return {
    first: Number(tag('EXT-X-MEDIA-SEQUENCE') ?? 0),
    segments,
    target_seconds: Number(tag('EXT-X-TARGETDURATION') ?? 1),
    is_ended: lines.includes('#EXT-X-ENDLIST'),
  };
}
