/** Addresses of this service name their video; of others nothing is known. */
export function videoOf(url: string): string | undefined {
  return /\/v1\/videos\/(video_[0-9a-f]{32})\//.exec(new URL(url).pathname)?.[1];
}
