import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fold, readings } from './fold.ts';

const CASES: readonly (readonly [how: string, prompt: string, word: string])[] = [
  ['capitals', 'BALLOON', 'balloon'],
  ['full width', '\uff42alloon', 'balloon'],
  ['mathematical letters', '\u{1d41b}alloon', 'balloon'],
  ['letters in circles', '\u24d1alloon', 'balloon'],
  ['letters of flags', '🇧🇦🇱🇱', 'ball'],
  ['accents', 'b\u00e0ll\u00f6o\u0303n', 'balloon'],
  ['zero-width characters', 'bal\u200bl\u2060o\u00adon', 'balloon'],
  ['Cyrillic look-alikes', 'b\u0430ll\u043e\u043en', 'balloon'],
  ['Greek look-alikes', 'ball\u03bf\u03bfn', 'balloon'],
  ['digits for letters', 'b4ll0on', 'balloon'],
  ['one for i', 'p1nk', 'pink'],
  ['one for l', 'b1ue', 'blue'],
  ['spaces between', 'b a l l o o n', 'balloon'],
  ['an article before spaces between', 'a b a l l', 'ball'],
  ['points between', 'b.a.l.l', 'ball'],
  ['a hyphen within', 'bal-loon', 'balloon'],
  ['a masked vowel', 'b*ll', 'ball'],
  ['repeated letters', 'baaaall', 'ball'],
  ['a doubled letter repeated', 'balllll', 'ball'],
];

test('each way to hide a word is undone in some reading', () => {
  for (const [how, prompt, word] of CASES) {
    assert.ok(
      readings(prompt).some((reading) => reading.includes(` ${word} `)),
      `${how}: ${JSON.stringify(readings(prompt))}`,
    );
  }
});

test('a plain prompt has one reading, and the first reading keeps words apart', () => {
  assert.deepEqual(readings('a red ball rolls'), [' a red ball rolls ']);
  assert.deepEqual(readings("The dog's half-open box")[0], ' the dog half open box ');
});

test('words of other scripts stay what they are', () => {
  assert.deepEqual(readings('красный мяч катится'), [' красныи мяч катится ']);
  assert.equal(fold('한국어 문장'), '한국어 문장');
});
