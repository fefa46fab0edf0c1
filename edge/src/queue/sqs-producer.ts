/**
 * SendMessage to SQS by its JSON protocol. Knows nothing of videos but the message's shape, and never retries:
 * the video's outbox does, with its own back-off.
 */
import type { JobMessage } from '@everframe/shared';
import { AwsClient } from 'aws4fetch';
import type { QueueSettings } from '../env.ts';

const TIMEOUT_MS = 5_000;

/** @throws Error carrying the name that AWS gave the failure */
export async function sendJobMessage(queue: QueueSettings, message: JobMessage): Promise<void> {
  const client = new AwsClient({
    accessKeyId: queue.accessKeyId,
    secretAccessKey: queue.secretAccessKey,
    region: queue.region,
    service: 'sqs',
    retries: 0,
  });
  const response = await client.fetch(new URL('/', queue.endpoint), {
    method: 'POST',
    headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'AmazonSQS.SendMessage' },
    body: JSON.stringify({ QueueUrl: queue.url, MessageBody: JSON.stringify(message) }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`SQS refused the message: ${errorName(response, text)} (HTTP ${response.status})`);
}

/** `x-amzn-query-error: <name>;<fault>`, or `__type` of the body, as `<namespace>#<name>`. */
function errorName(response: Response, text: string): string {
  const header = response.headers.get('x-amzn-query-error');
  if (header) return header.split(';')[0] ?? header;
  const [, type] = /"__type"\s*:\s*"([^"]{1,200})"/.exec(text) ?? [];
  return type?.split('#').at(-1) ?? 'no error name';
}
