/**
 * Hands what the edge asks of a video to the stream that makes it, and keeps each answer until a commit has stored it.
 * A worker that dies before that leaves the directive unanswered, and the next one is asked again.
 */
import { type Directive, type DirectiveAnswer, describeError, type GenerationCommand, insertSegment } from '@everframe/shared';
import type { VideoStream } from './inference-process.ts';
import type { Log } from './log.ts';

export class Steering {
  readonly #stream: Pick<VideoStream, 'steer' | 'stop'>;
  readonly #log: Log;
  readonly #known = new Set<string>();
  #command: GenerationCommand;
  #answers: readonly DirectiveAnswer[] = [];
  /** One after the other: of two prompts for one border the later one counts. */
  #obeyed: Promise<void> = Promise.resolve();

  constructor(stream: Pick<VideoStream, 'steer' | 'stop'>, command: GenerationCommand, log: Log) {
    this.#stream = stream;
    this.#command = command;
    this.#log = log;
  }

  /** With all prompts that were accepted so far, and the end where it was told to stop. */
  get command(): GenerationCommand {
    return this.#command;
  }

  /** That no commit has stored yet. A chunk that obeys a prompt comes behind the answer to it. */
  get answers(): readonly DirectiveAnswer[] {
    return this.#answers;
  }

  /** Those that are known are left alone. Resolves when the stream has heard of all. */
  obey(directives: readonly Directive[] = []): Promise<void> {
    for (const directive of directives) {
      if (this.#known.has(directive.id)) continue;
      this.#known.add(directive.id);
      this.#obeyed = this.#obeyed.then(() => this.#ask(directive));
    }
    return this.#obeyed;
  }

  /** A commit has stored these. */
  stored(answers: readonly DirectiveAnswer[]): void {
    this.#answers = this.#answers.filter((answer) => !answers.includes(answer));
  }

  async #ask(directive: Directive): Promise<void> {
    const { id } = directive;
    try {
      if (directive.type === 'stop') await this.#stop();
      else await this.#steer(directive);
    } catch (error) {
      // The stream has ended: with the video, whose end answers the directive, or in a failure that it tells itself.
      this.#log('info', 'a directive came too late', { directive: id, error: describeError(error) });
    }
  }

  async #steer({ id, prompt }: Extract<Directive, { type: 'prompt' }>): Promise<void> {
    const answer = await this.#stream.steer(prompt);
    if (answer.outcome === 'accepted') {
      const { segment, applied } = answer;
      this.#command = { ...this.#command, segments: insertSegment(this.#command.segments, segment) };
      this.#answers = [...this.#answers, { id, outcome: 'accepted', ...applied }];
    } else {
      const { reason, first_free_frame } = answer;
      this.#answers = [...this.#answers, { id, outcome: 'refused', reason, first_free_frame }];
    }
    this.#log('info', 'steered', { directive: id, outcome: answer.outcome });
  }

  /** Whoever resumes the video is told to stop again, so there is nothing to store. */
  async #stop(): Promise<void> {
    const frames = await this.#stream.stop();
    this.#command = { ...this.#command, frames };
    this.#log('info', 'stopping', { frames });
  }
}
