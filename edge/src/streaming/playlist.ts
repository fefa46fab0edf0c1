/** A video's segments as an HLS media playlist: RFC 8216, with the segments of CMAF that the worker commits. */
import { INIT_DIGITS, type StreamedSegment } from '../videos/stream-tables.ts';

export interface Playlist {
  /** Those that are listed, in order. */
  readonly segments: readonly StreamedSegment[];
  /** Frames a second. */
  readonly fps: number;
  /** Frames of the longest segment to come: what a player may rely on must not change. */
  readonly longest_frames: number;
  /** From its first segment on, nothing is ever taken away from it. */
  readonly is_whole: boolean;
  readonly is_ended: boolean;
  /** Query of each address in it, with its `?`; empty for none. */
  readonly query: string;
}

export function writePlaylist({ segments, fps, query, ...playlist }: Playlist): string {
  const longest = Math.max(playlist.longest_frames, ...segments.map(({ frames }) => frames));
  const lines = [
    '#EXTM3U',
    '#EXT-X-VERSION:7',
    `#EXT-X-TARGETDURATION:${Math.ceil(longest / fps)}`,
    '#EXT-X-INDEPENDENT-SEGMENTS',
    `#EXT-X-MEDIA-SEQUENCE:${segments[0]?.chunk_index ?? 0}`,
  ];
  const { discontinuity = 0 } = segments[0] ?? {};
  if (discontinuity > 0) lines.push(`#EXT-X-DISCONTINUITY-SEQUENCE:${discontinuity}`);
  // Without it, players begin three segments from the end of what is still growing (section 6.3.3).
  if (playlist.is_whole) lines.push('#EXT-X-PLAYLIST-TYPE:EVENT', '#EXT-X-START:TIME-OFFSET=0');
  let init: string | undefined;
  for (const segment of segments) {
    if (init !== segment.init) {
      if (init !== undefined) lines.push('#EXT-X-DISCONTINUITY');
      init = segment.init;
      lines.push(`#EXT-X-MAP:URI="segments/${initName(segment)}${query}"`);
    }
    lines.push(`#EXTINF:${(segment.frames / fps).toFixed(6)},`, `segments/${segment.chunk_index}.m4s${query}`);
  }
  if (playlist.is_ended) lines.push('#EXT-X-ENDLIST');
  return `${lines.join('\n')}\n`;
}

/** By its content: a list that has moved on names the same object, and players have it already. */
function initName({ init }: StreamedSegment): string {
  return `init-${init}.mp4`;
}

const SEGMENT_NAME = new RegExp(`^(?:(\\d{1,9})\\.m4s|init-([0-9a-f]{${INIT_DIGITS}})\\.mp4)$`);

/** Which object a name of a playlist means. */
export type SegmentName = { readonly chunk_index: number } | { readonly init: string };

/** @returns undefined where no playlist has such a name */
export function parseSegmentName(name: string): SegmentName | undefined {
  const [, chunk_index, init] = SEGMENT_NAME.exec(name) ?? [];
  if (chunk_index !== undefined) return { chunk_index: Number(chunk_index) };
  return init === undefined ? undefined : { init };
}
