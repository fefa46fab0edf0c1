/**
 * A video's recorded history as its readers see it. One record may be several events, so an event's id is ten times the
 * record's and a digit: whoever lost the connection between two of them goes on at the second.
 */
import type { RecordedEvent, VideoRecord } from '@everframe/shared';
import { progressOf, totalOf } from '../routes/video-view.ts';

export interface PublicEvent {
  /** Rises from event to event of a video. */
  readonly id: number;
  readonly type: `video.${'queued' | 'in_progress' | 'segment' | 'progress' | 'prompt' | 'ending' | 'completed' | 'failed'}`;
  readonly created_at_ms: number;
  readonly data: Readonly<Record<string, unknown>>;
}

const EVENTS_PER_RECORD = 10;

/**
 * @param after id of the last event that is known; 0 for none
 * @param records those of the video from that one's on
 * @returns undefined where the video had no such event
 */
export function eventsAfter(
  video: VideoRecord,
  after: number,
  records: (from: number) => readonly RecordedEvent[],
): PublicEvent[] | undefined {
  const events = toPublicEvents(video, records(Math.floor(after / EVENTS_PER_RECORD)));
  if (after !== 0 && !events.some(({ id }) => id === after)) return undefined;
  return events.filter(({ id }) => id > after);
}

/** @param records in order, and all that were written in one step with any of them */
export function toPublicEvents(video: VideoRecord, records: readonly RecordedEvent[]): PublicEvent[] {
  return records.flatMap((record, i) =>
    describe(video, record, records[i + 1]).map((event, part) => ({
      ...{ id: record.id * EVENTS_PER_RECORD + part, created_at_ms: record.created_at_ms },
      ...event,
    })),
  );
}

/** Who worked on the video, and how often, is none of its readers' business. */
function describe(video: VideoRecord, record: RecordedEvent, next: RecordedEvent | undefined): Pick<PublicEvent, 'type' | 'data'>[] {
  switch (record.type) {
    case 'queued':
      return [{ type: 'video.queued', data: {} }];
    case 'released':
    case 'lease_expired':
      // The last attempt ends the video in the same step.
      return next?.type === 'failed' ? [] : [{ type: 'video.queued', data: {} }];
    case 'claimed':
      return [{ type: 'video.in_progress', data: {} }];
    case 'committed': {
      const { chunk_index, frames_done } = record;
      const then = { status: 'in_progress', frames_done, command: video.command, endless: video.endless } as const;
      const frames = { done: frames_done, total: totalOf(then) };
      const progress = progressOf(then);
      return [
        { type: 'video.segment', data: { index: chunk_index, url: `/v1/videos/${video.id}/segments/${chunk_index}.m4s`, frames } },
        { type: 'video.progress', data: { progress, frames } },
      ];
    }
    case 'prompt_answered': {
      const { prompt_id, outcome } = record;
      if (outcome.status === 'refused') return [{ type: 'video.prompt', data: { prompt_id, status: 'refused', code: outcome.code } }];
      const { frame, chunk_index } = outcome;
      const takes_effect = { frame, seconds: frame / video.command.fps, chunk: chunk_index };
      return [{ type: 'video.prompt', data: { prompt_id, status: 'scheduled', takes_effect } }];
    }
    case 'ending':
      return [{ type: 'video.ending', data: { by: record.by } }];
    case 'completed':
      return [{ type: 'video.completed', data: {} }];
    case 'cancelled':
    case 'failed':
      return [{ type: 'video.failed', data: { error: video.error } }];
  }
}
