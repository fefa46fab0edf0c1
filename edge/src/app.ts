/** Table of contents of the edge: middleware, routes, refusals, in the order in which a request meets them. */
import { Hono } from 'hono';
import { createAccount, getAccount, grantCredits, listAccounts, listLedger, refundVideo } from './admin/accounts.ts';
import { createKey, listKeys, revokeKey, rotateKey } from './admin/keys.ts';
import { type AppEnv, readSettings } from './env.ts';
import { watchEvents } from './events/watch-events.ts';
import { allowMethods } from './middleware/allow-methods.ts';
import { answerError, unknownRoute } from './middleware/answer-error.ts';
import { authenticate } from './middleware/authenticate.ts';
import { authenticateAdmin } from './middleware/authenticate-admin.ts';
import { authenticateWorker } from './middleware/authenticate-worker.ts';
import { requestId } from './middleware/request-id.ts';
import { anyOrigin, securityHeaders } from './middleware/response-headers.ts';
import { getCallbackSecret } from './openrouter/callback-secret.ts';
import { createJob } from './openrouter/create-job.ts';
import { getJob } from './openrouter/get-job.ts';
import { getJobContent } from './openrouter/get-job-content.ts';
import { listVideoModels } from './openrouter/list-models.ts';
import { listPublications } from './publications/list-publications.ts';
import { cancelVideo } from './routes/cancel-video.ts';
import { createModeration } from './routes/create-moderation.ts';
import { createVideo } from './routes/create-video.ts';
import { deleteVideo } from './routes/delete-video.ts';
import { editVideo } from './routes/edit-video.ts';
import { estimateVideo } from './routes/estimate-video.ts';
import { extendVideo } from './routes/extend-video.ts';
import { getContent } from './routes/get-content.ts';
import { getDocs } from './routes/get-docs.ts';
import { getDocument } from './routes/get-document.ts';
import { getUsage } from './routes/get-usage.ts';
import { getVideo } from './routes/get-video.ts';
import { listVideos } from './routes/list-videos.ts';
import { getModel, listModels } from './routes/models.ts';
import { remixVideo } from './routes/remix-video.ts';
import { createCharacter, getCharacter } from './routes/unsupported.ts';
import { listVideoPrompts, steerVideo } from './routes/video-prompts.ts';
import {
  createEndpoint,
  deleteEndpoint,
  getEndpoint,
  listDeliveries,
  listEndpoints,
  listEventTypes,
  rotateSecret,
  testEndpoint,
  updateEndpoint,
} from './routes/webhook-endpoints.ts';
import { findMatches } from './soft-bindings/find-matches.ts';
import { getManifest } from './soft-bindings/get-manifest.ts';
import { listAlgorithms } from './soft-bindings/list-algorithms.ts';
import { refuseContent } from './soft-bindings/refuse-content.ts';
import { authenticateViewer } from './streaming/authenticate-viewer.ts';
import { createStreamUrl } from './streaming/create-stream-url.ts';
import { getPlaylist } from './streaming/get-playlist.ts';
import { getSegment } from './streaming/get-segment.ts';
import { checkProvenance } from './verification/check-provenance.ts';
import { getProvenance } from './verification/get-provenance.ts';
import { getTrust } from './verification/get-trust.ts';
import { limitVisitors } from './verification/limit-visitors.ts';
import { verifyFile } from './verification/verify-file.ts';
import { beatVideo } from './worker-api/beat.ts';
import { claimVideo } from './worker-api/claim.ts';
import { commitSegment } from './worker-api/commit.ts';
import { completeVideo } from './worker-api/complete.ts';
import { downloadAsset } from './worker-api/download.ts';
import { listEvents } from './worker-api/events.ts';
import { failVideo } from './worker-api/fail.ts';
import { releaseVideo } from './worker-api/release.ts';
import { restampVideo, videoRestamped } from './worker-api/restamp.ts';
import { uploadAsset } from './worker-api/upload.ts';

export const app = new Hono<AppEnv>();

app.use(requestId());
app.use(securityHeaders());
app.use('/v1/*', anyOrigin());
app.use('/api/v1/*', anyOrigin());
app.use(async (c, next) => {
  c.set('settings', readSettings(c.env));
  await next();
});
app.use('/admin/v1/*', authenticateAdmin());
app.use('/internal/v1/videos/*', authenticateWorker());
app.use(allowMethods(app));

app.get('/healthz', (c) => c.json({ status: 'ok' }));
app.get('/openapi.json', anyOrigin(), getDocument);
app.get('/docs', getDocs);

app.post('/v1/videos', authenticate('videos.write'), createVideo);
app.get('/v1/videos', authenticate('videos.read'), listVideos);
app.post('/v1/videos/estimate', authenticate('videos.read'), estimateVideo);
app.post('/v1/videos/edits', authenticate('videos.write'), editVideo);
app.post('/v1/videos/extensions', authenticate('videos.write'), extendVideo);
app.post('/v1/videos/characters', authenticate('videos.write'), createCharacter);
app.get('/v1/videos/characters/:id', authenticate('videos.read'), getCharacter);
app.get('/v1/videos/:id', authenticate('videos.read'), getVideo);
app.delete('/v1/videos/:id', authenticate('videos.write'), deleteVideo);
app.get('/v1/videos/:id/content', authenticate('videos.read'), getContent);
app.post('/v1/videos/:id/stream_url', authenticate('videos.read'), createStreamUrl);
app.get('/v1/videos/:id/events', authenticateViewer(), watchEvents);
app.get('/v1/videos/:id/stream.m3u8', authenticateViewer(), getPlaylist);
app.get('/v1/videos/:id/segments/:name', authenticateViewer(), getSegment);
app.get('/v1/videos/:id/provenance', authenticate('videos.read'), getProvenance);
app.post('/v1/videos/:id/cancel', authenticate('videos.write'), cancelVideo);
app.post('/v1/videos/:id/prompts', authenticate('videos.write'), steerVideo);
app.get('/v1/videos/:id/prompts', authenticate('videos.read'), listVideoPrompts);
app.post('/v1/videos/:id/remix', authenticate('videos.write'), remixVideo);
app.get('/v1/models', authenticate(), listModels);
app.get('/v1/models/:model', authenticate(), getModel);

app.post('/v1/moderations', authenticate(), createModeration);

app.post('/v1/content_provenance_checks', limitVisitors(), checkProvenance);
app.post('/v1/verify', limitVisitors(), verifyFile);
app.get('/v1/verify/trust', getTrust);

app.get('/v1/publications/:id', limitVisitors(), listPublications);

app.get('/v1/c2pa/matches/byBinding', limitVisitors(), findMatches);
app.post('/v1/c2pa/matches/byBinding', limitVisitors(), findMatches);
app.post('/v1/c2pa/matches/byContent', refuseContent);
app.get('/v1/c2pa/manifests/:id', limitVisitors(), getManifest);
app.get('/v1/c2pa/services/supportedAlgorithms', listAlgorithms);

app.get('/v1/usage', authenticate('usage.read'), getUsage);

app.get('/v1/callback_secret', authenticate('webhooks'), getCallbackSecret);
app.get('/v1/webhook_event_types', authenticate('webhooks'), listEventTypes);
app.post('/v1/webhook_endpoints', authenticate('webhooks'), createEndpoint);
app.get('/v1/webhook_endpoints', authenticate('webhooks'), listEndpoints);
app.get('/v1/webhook_endpoints/:id', authenticate('webhooks'), getEndpoint);
app.post('/v1/webhook_endpoints/:id', authenticate('webhooks'), updateEndpoint);
app.delete('/v1/webhook_endpoints/:id', authenticate('webhooks'), deleteEndpoint);
app.post('/v1/webhook_endpoints/:id/rotate_secret', authenticate('webhooks'), rotateSecret);
app.post('/v1/webhook_endpoints/:id/test', authenticate('webhooks'), testEndpoint);
app.get('/v1/webhook_endpoints/:id/deliveries', authenticate('webhooks'), listDeliveries);

app.post('/api/v1/videos', authenticate('videos.write'), createJob);
app.get('/api/v1/videos/models', authenticate(), listVideoModels);
app.get('/api/v1/videos/:id', authenticate('videos.read'), getJob);
app.get('/api/v1/videos/:id/content', authenticateViewer('file'), getJobContent);

app.post('/admin/v1/accounts', createAccount);
app.get('/admin/v1/accounts', listAccounts);
app.get('/admin/v1/accounts/:id', getAccount);
app.get('/admin/v1/accounts/:id/ledger', listLedger);
app.post('/admin/v1/accounts/:id/credits', grantCredits);
app.post('/admin/v1/accounts/:id/refunds', refundVideo);
app.post('/admin/v1/accounts/:id/keys', createKey);
app.get('/admin/v1/accounts/:id/keys', listKeys);
app.delete('/admin/v1/keys/:id', revokeKey);
app.post('/admin/v1/keys/:id/rotate', rotateKey);

app.put('/internal/v1/assets/:key{.+}', uploadAsset);
app.get('/internal/v1/assets/:key{.+}', downloadAsset);

app.get('/internal/v1/videos/:id/events', listEvents);
app.post('/internal/v1/videos/:id/claim', claimVideo);
app.post('/internal/v1/videos/:id/beat', beatVideo);
app.post('/internal/v1/videos/:id/commit', commitSegment);
app.post('/internal/v1/videos/:id/complete', completeVideo);
app.post('/internal/v1/videos/:id/fail', failVideo);
app.post('/internal/v1/videos/:id/release', releaseVideo);
app.post('/internal/v1/videos/:id/restamp', restampVideo);
app.post('/internal/v1/videos/:id/restamped', videoRestamped);

app.notFound(unknownRoute);
app.onError(answerError);
