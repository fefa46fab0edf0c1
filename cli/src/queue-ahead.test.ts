/** What a person reads whose video waits. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Video } from './api-client.ts';
import { queueAheadText } from './queue-ahead.ts';

const stop = (id: string) => `stop ${id}`;

function video(id: string, status: Video['status'], more: Partial<Video> = {}): Video {
  return { id, status, progress: 0, model: 'm', seconds: '4', size: '128x128', error: null, ...more };
}

it('an endless video that is being made is told with its length and how it is ended', () => {
  const endless = video('video_1', 'in_progress', { seconds: 'endless', fps: 8, frames: { done: 1480, total: null } });
  assert.deepEqual(queueAheadText([video('video_2', 'queued'), endless], 'video_2', stop), [
    'Before it: video_1 is being made and endless, 3 min 5 s so far: it goes on until it is ended. To end it with what is made: stop video_1',
  ]);
});

it('what waits in front of it is counted, what came later and what is finished is not', () => {
  const videos = [
    video('newer', 'queued'),
    video('own', 'queued'),
    video('older', 'queued'),
    video('first', 'in_progress', { seconds: '60', progress: 40 }),
    video('done', 'completed'),
  ];
  assert.deepEqual(queueAheadText(videos, 'own', stop), [
    'Before it: first is being made, 60 s long, 40 % done. To end it with what is made: stop first',
    'One more waits in front of it.',
  ]);
});

it('a video that is alone waits behind nothing', () => {
  assert.deepEqual(queueAheadText([video('own', 'queued'), video('done', 'completed')], 'own', stop), []);
});
