/** Refusals of a video that needs no work from us: finished, in other hands, or deleted. */
import type { EdgeError } from './edge-client.ts';

export const NOT_OURS: readonly EdgeError['code'][] = ['video_finished', 'lease_held', 'lease_lost', 'video_not_found'];
