/** How Node runs the inference child. Benchmarks of its loop run under the same flags, so that they measure what a worker gets. */

/**
 * V8 doubles the space for young objects whenever enough of them outlive a collection, up to twice 32 MB, and never gives it
 * back: within the first 500 chunks of a video the process grew by 45 MB, of which nothing was in use. Tensors lie outside of
 * that space. With 1 MB a chunk of the shipped package makes eleven collections of a tenth of a millisecond.
 */
export const INFERENCE_FLAGS: readonly string[] = ['--max-semi-space-size=1'];
