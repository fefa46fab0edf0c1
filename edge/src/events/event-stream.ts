/** Server-sent events (WHATWG HTML, section 9.2) out of the messages that a video's object sends to a socket. */
import type { PublicEvent } from './public-events.ts';

/** workerd learns that a client has gone from a write that fails: no reader that is gone is kept much longer. */
const HEARTBEAT_MS = 5000;
/** Milliseconds after which a client connects again. */
const RETRY_MS = 2000;
/** Messages that wait for a slow client before it is cut off; it comes again and goes on where it was. */
const WAITING_MAX = 1000;

/** Ends when the socket does; when nobody reads any more, the socket is closed. */
export function eventStream(socket: WebSocket, video_id: string): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let heartbeat: ReturnType<typeof setInterval>;
  const end = (controller: ReadableStreamDefaultController<Uint8Array>) => {
    clearInterval(heartbeat);
    socket.close(1000);
    try {
      controller.close();
    } catch {
      // It was closed before: both ends may tell.
    }
  };
  return new ReadableStream<Uint8Array>({
    start(controller) {
      const write = (text: string) => {
        if ((controller.desiredSize ?? 0) < -WAITING_MAX) return end(controller);
        controller.enqueue(encoder.encode(text));
      };
      write(`retry: ${RETRY_MS}\n\n`);
      heartbeat = setInterval(() => write(': still here\n\n'), HEARTBEAT_MS);
      socket.addEventListener('message', ({ data }) => {
        const events = JSON.parse(String(data)) as PublicEvent[];
        write(events.map((event) => frame(event, video_id)).join(''));
      });
      socket.addEventListener('close', () => end(controller));
      socket.addEventListener('error', () => end(controller));
      socket.accept();
    },
    cancel() {
      clearInterval(heartbeat);
      socket.close(1000);
    },
  });
}

/** Its data has the shape of a webhook's body. */
function frame({ id, type, created_at_ms, data }: PublicEvent, video_id: string): string {
  const body = { id: String(id), object: 'event', type, created_at: Math.floor(created_at_ms / 1000), data: { id: video_id, ...data } };
  return `id: ${id}\nevent: ${type}\ndata: ${JSON.stringify(body)}\n\n`;
}
