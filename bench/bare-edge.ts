/**
 * What `POST /v1/videos` and `GET …/content` are measured against: bare Hono routes that make the same store and queue calls
 * and nothing else. No key, no validation, no transitions, no view.
 */
import { DurableObject } from 'cloudflare:workers';
import { AwsClient } from 'aws4fetch';
import { Hono } from 'hono';

interface Env {
  readonly VIDEO: DurableObjectNamespace<VideoObject>;
  readonly ACCOUNT: DurableObjectNamespace<AccountObject>;
  readonly DB: D1Database;
  readonly MEDIA: R2Bucket;
  readonly SQS_QUEUE_URL: string;
  readonly SQS_ENDPOINT: string;
  readonly AWS_REGION: string;
  readonly AWS_ACCESS_KEY_ID: string;
  readonly AWS_SECRET_ACCESS_KEY: string;
}

const app = new Hono<{ Bindings: Env }>();

app.post('/v1/videos', async (c) => {
  const body = await c.req.json();
  // The look-up that authentication makes.
  await c.env.DB.prepare('SELECT * FROM api_keys WHERE id = ?').bind('00000000').first();
  const id = crypto.randomUUID();
  await c.env.ACCOUNT.getByName('acct_development').reserve(id);
  await c.env.VIDEO.getByName(id).create(id, JSON.stringify(body));
  return c.json({ id });
});

app.put('/v1/videos/:id/content', async (c) => {
  await c.env.MEDIA.put(c.req.param('id'), c.req.raw.body);
  return c.body(null, 204);
});

app.get('/v1/videos/:id/content', async (c) => {
  const object = await c.env.MEDIA.get(c.req.param('id'));
  if (!object) return c.notFound();
  return c.body(object.body, 200, { 'content-type': 'video/mp4', 'content-length': String(object.size) });
});

export default app;

/** The entry that a reservation makes, and its alarm. */
export class AccountObject extends DurableObject<Env> {
  async reserve(id: string): Promise<void> {
    const { sql } = this.ctx.storage;
    sql.exec('CREATE TABLE IF NOT EXISTS ledger (id TEXT)');
    sql.exec('INSERT INTO ledger VALUES (?)', id);
    await this.ctx.storage.setAlarm(Date.now() + 60_000);
  }

  override alarm(): void {}
}

/** Bound like the edge's own; no request reaches it. */
export class WebhookObject extends DurableObject<Env> {}

export class VideoObject extends DurableObject<Env> {
  async create(id: string, body: string): Promise<void> {
    const { sql } = this.ctx.storage;
    sql.exec('CREATE TABLE video (id TEXT, body TEXT)');
    sql.exec('INSERT INTO video VALUES (?, ?)', id, body);
    await this.ctx.storage.setAlarm(Date.now());
  }

  override async alarm(): Promise<void> {
    const [row] = this.ctx.storage.sql.exec<{ id: string }>('SELECT id FROM video').toArray();
    const id = row?.id ?? '';
    const {
      SQS_QUEUE_URL: QueueUrl,
      SQS_ENDPOINT,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
    } = this.env;
    const aws = new AwsClient({ service: 'sqs', region, accessKeyId, secretAccessKey, retries: 0 });
    await aws.fetch(SQS_ENDPOINT, {
      method: 'POST',
      headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'AmazonSQS.SendMessage' },
      body: JSON.stringify({ QueueUrl, MessageBody: JSON.stringify({ version: 1, video_id: id, queued_at_ms: Date.now() }) }),
    });
    await this.env.DB.prepare('INSERT INTO videos VALUES (?, ?, ?, ?, ?, ?)')
      .bind(id, 'acct_development', 'queued', 'none', Date.now(), Date.now())
      .run();
  }
}
