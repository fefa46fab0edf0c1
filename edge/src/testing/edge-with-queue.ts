/** For tests: the edge and the queue that it rings at, begun and ended together. */
import { startEdge } from './edge.ts';
import { startQueue } from './queue.ts';

export type EdgeWithQueue = Awaited<ReturnType<typeof startEdgeWithQueue>>;

/** @param vars overrides of wrangler.toml's */
export async function startEdgeWithQueue(vars: Record<string, string> = {}) {
  const queue = await startQueue();
  try {
    const edge = await startEdge({ SQS_QUEUE_URL: queue.url, SQS_ENDPOINT: queue.endpoint, ...vars });
    const close = async () => {
      await edge.close();
      await queue.close();
    };
    return { ...edge, queue, close };
  } catch (error) {
    await queue.close();
    throw error;
  }
}
