/** The contracts that edge and worker share. No I/O, no platform. */
export * from './api-key.ts';
export * from './asset-keys.ts';
export * from './commit.ts';
export * from './describe-error.ts';
export * from './errors.ts';
export * from './generation.ts';
export * from './hmac.ts';
export * from './job-message.ts';
export * from './known-words.ts';
export * from './limits.ts';
export * from './model-package.ts';
export * from './price.ts';
export * from './prompt.ts';
export * from './scopes.ts';
export * from './video.ts';
export * from './video-id.ts';
export * from './webhook.ts';
