/** What the Worker exports: the HTTP handler, the minute cron and the Durable Objects. */
import { app } from './app.ts';
import type { Env } from './env.ts';
import { sweepVideos } from './sweep.ts';

export { AccountObject } from './accounts/account-object.ts';
export { VideoObject } from './videos/video-object.ts';
export { WebhookObject } from './webhooks/webhook-object.ts';

export default {
  fetch: app.fetch,
  scheduled: (event, env) => sweepVideos(env, event.scheduledTime),
} satisfies ExportedHandler<Env>;
