/** The state of a stream as a viewer reads it: one verdict, how much of it was checked, and what its maker states. */
import { element, icon } from './element.ts';
import { facts } from './show-report.ts';
import type { StreamState } from './watch-stream.ts';

interface Summary {
  readonly tone: 'good' | 'unsure' | 'bad';
  readonly title: string;
  readonly text: string;
}

export function showStream(state: StreamState): Node[] {
  const { tone, title, text } = summaryOf(state);
  const { start, segments } = state;
  return [
    element(
      'div',
      { class: `verdict ${tone}`, 'data-verdict': start?.checked.verdict ?? 'none', 'data-phase': state.phase },
      icon(tone),
      element('div', {}, element('h2', {}, title), element('p', {}, text), element('p', { class: 'count' }, countOf(state))),
    ),
    ...(segments.length > 0 ? [strip(state)] : []),
    ...(start
      ? [element('h3', {}, state.phase === 'stopped' ? 'What the stream states of itself' : 'What its maker states'), facts(start.report)]
      : []),
    ...(segments.length > 0 ? [lines(state)] : []),
  ];
}

/** For a screen reader, which hears no more than what changed. */
export function spoken(state: StreamState): string {
  return `${summaryOf(state).title}.`;
}

function summaryOf({ phase, start, segments }: StreamState): Summary {
  const last = segments.at(-1);
  if (phase === 'stopped' && last && last.verdict !== 'valid') {
    const text = 'Playing ends before it: what is shown above came earlier and is as it was signed.';
    return { tone: 'bad', title: last.sentence.replace(/\.$/, ''), text };
  }
  if (phase === 'stopped') return { tone: 'bad', title: 'This stream can’t be relied on', text: start?.checked.sentence ?? '' };
  if (!start)
    return { tone: 'unsure', title: 'Waiting for the first segment', text: 'The video has not begun. This page goes on by itself.' };
  const so_far = phase === 'ended' ? '' : ' so far';
  const name = start.report.signer?.name ?? 'an unnamed signer';
  switch (start.checked.verdict) {
    case 'ours':
      return { tone: 'good', title: `Made by us, and unaltered${so_far}`, text: `Signed by this service (${name}) while it was made.` };
    case 'another':
      return { tone: 'good', title: `Signed by another, and unaltered${so_far}`, text: `Signed by ${name} while it was made.` };
    default:
      return {
        tone: 'unsure',
        title: `Unaltered${so_far}, but the signer is unknown`,
        text: `“${name}” is only what the stream says; nobody here vouches for it. Anyone can sign under any name.`,
      };
  }
}

function countOf({ segments, checked, seconds, phase, missed }: StreamState): string {
  // A bad one is the last that is looked at.
  const good = checked - Number(segments.at(-1)?.verdict !== 'valid');
  const verified = `${good} of ${checked} ${checked === 1 ? 'segment' : 'segments'} verified (${Math.round(seconds)} seconds).`;
  const before = missed > 0 ? ` ${missed} earlier ones are not listed any more.` : '';
  const after = { waiting: '', playing: ' More is being made.', ended: ' The stream has ended.', stopped: '' }[phase];
  return checked === 0 ? '' : verified + before + after;
}

function strip({ segments }: StreamState): HTMLElement {
  const shown = segments.slice(-STRIP_MAX);
  const squares = shown.map(({ verdict, sentence }) =>
    element('li', { class: `square ${verdict === 'valid' ? 'good' : 'bad'}`, title: sentence }),
  );
  return element('ol', { class: 'strip', 'aria-hidden': 'true' }, ...squares);
}

function lines({ segments, checked }: StreamState): HTMLElement {
  const text = segments.map(({ verdict, sentence }) => `${verdict.padEnd(14)} ${sentence}`).join('\n');
  const list = element('pre', { tabindex: '0', 'aria-label': 'Segments' }, text);
  return element(
    'details',
    {},
    element('summary', {}, checked > segments.length ? `For experts: the last ${segments.length} segments` : 'For experts: every segment'),
    list,
  );
}

const STRIP_MAX = 120;
