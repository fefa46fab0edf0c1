/** How Node runs the worker and its inference child. Benchmarks of the child's loop run likewise, so that they measure what a worker gets. */
import { readFileSync } from 'node:fs';

/**
 * V8 doubles the space for young objects whenever enough of them outlive a collection, up to twice 64 MB, and never gives it
 * back: within the first 500 chunks of a video the child grew by 45 MB, and the worker kept 130 MB, with nothing in use. Tensors
 * and pictures lie outside of that space. With 1 MB a chunk of the shipped package costs the child eleven collections of a tenth of
 * a millisecond. In a file of its own, which the launcher reads before there is TypeScript.
 */
export const NODE_FLAGS: readonly string[] = JSON.parse(readFileSync(new URL('../node-flags.json', import.meta.url), 'utf8'));
