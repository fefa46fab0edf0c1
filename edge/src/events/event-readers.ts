/**
 * The side of a video's object in `GET …/events`: hibernating WebSockets to the requests that are read, so that an object
 * that is watched costs nothing while nothing happens. It has no timer; the requests keep their own connections alive.
 */
import { EVENT_READERS_MAX, PLAYLIST_WAITS_MAX } from '@everframe/shared';
import type { PublicEvent } from './public-events.ts';

/** Events in one message. */
const BATCH = 200;
/** Who waits for the first segment, by the name that its connection has here. No reader of events is called so. */
export const PLAYER = 'player';

/**
 * Answers with a socket on which events come. What has happened is sent in the same stretch in which the reader is known
 * from, so nothing is missed or told twice.
 * @param reader who reads: each may have a few connections. Players that wait have a bound of their own
 * @param happened what it has not seen
 * @param is_ended nothing else will happen
 */
export function acceptReader(ctx: DurableObjectState, reader: string, happened: readonly PublicEvent[], is_ended: boolean): Response {
  if (isFull(reader, (name) => ctx.getWebSockets(name).length)) return new Response(null, { status: 429 });
  const { 0: client, 1: server } = new WebSocketPair();
  ctx.acceptWebSocket(server, [reader]);
  send(server, happened);
  if (is_ended) server.close(1000);
  return new Response(null, { status: 101, webSocket: client });
}

/** @param connected how many connections there are of that name; without one, in all */
export function isFull(reader: string, connected: (name?: string) => number): boolean {
  if (reader === PLAYER) return connected(PLAYER) >= PLAYLIST_WAITS_MAX;
  const { video, reader: own } = EVENT_READERS_MAX;
  return connected() - connected(PLAYER) >= video || connected(reader) >= own;
}

/** @param is_ended nothing else will happen */
export function tellReaders(ctx: DurableObjectState, events: readonly PublicEvent[], is_ended: boolean): void {
  for (const socket of ctx.getWebSockets()) {
    send(socket, events);
    if (is_ended) socket.close(1000);
  }
}

function send(socket: WebSocket, events: readonly PublicEvent[]): void {
  try {
    for (let at = 0; at < events.length; at += BATCH) socket.send(JSON.stringify(events.slice(at, at + BATCH)));
  } catch {
    // The reader has gone; its socket goes with it.
  }
}
