/**
 * How often the rules are right, on prompts that one hand wrote and labelled. `tuning` is what the rules were corrected
 * against. `held_out` has the same kinds of prompts, and no rule was changed for it. `written_after` was written when the
 * rules stood, in other words: it says most of prompts that nobody thought of.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { KNOWN_WORDS } from '../catalogue.ts';
import { brokenRules } from './rules.ts';

interface Labelled {
  readonly blocked: readonly { readonly text: string; readonly category: string; readonly how: string }[];
  readonly innocent: readonly string[];
}
type Split = 'tuning' | 'held_out' | 'written_after';

const PROMPTS: Record<Split, Labelled> = JSON.parse(readFileSync(join(import.meta.dirname, 'labelled-prompts.json'), 'utf8'));

/** What a change of the rules may not fall below. */
const FLOORS: Readonly<Record<Split, { readonly precision: number; readonly recall: number }>> = {
  tuning: { precision: 0.99, recall: 0.98 },
  held_out: { precision: 0.98, recall: 0.97 },
  written_after: { precision: 0.9, recall: 0.7 },
};

for (const split of Object.keys(FLOORS) as Split[]) {
  test(`precision and recall on the prompts of ${split} are no lower than they were`, (t) => {
    const { blocked, innocent } = PROMPTS[split];
    const found = blocked.filter(({ text }) => brokenRules(text).length > 0);
    const wrong = innocent.filter((text) => brokenRules(text).length > 0);
    const precision = found.length / (found.length + wrong.length);
    const recall = found.length / blocked.length;
    t.diagnostic(
      `${split}: ${found.length} of ${blocked.length} harmful found, ${wrong.length} of ${innocent.length} harmless refused: ` +
        `precision ${precision.toFixed(3)}, recall ${recall.toFixed(3)}`,
    );
    assert.ok(precision >= FLOORS[split].precision && recall >= FLOORS[split].recall);
  });
}

test('what is found has the category that it was labelled with', () => {
  for (const { text, category } of [...PROMPTS.tuning.blocked, ...PROMPTS.held_out.blocked]) {
    const rules = brokenRules(text);
    if (rules.length === 0) continue;
    const categories = rules.flatMap((rule) => rule.categories);
    assert.ok(
      categories.some((found) => found === category),
      `${category}: ${categories}: ${JSON.stringify(text)}`,
    );
  }
});

test('no prompt is in two splits, and there are as many of each kind as the figures need', () => {
  const all = Object.values(PROMPTS).flatMap(({ blocked, innocent }) => [...blocked.map(({ text }) => text), ...innocent]);
  assert.equal(new Set(all).size, all.length);
  const count = (kind: keyof Labelled) => Object.values(PROMPTS).reduce((sum, labelled) => sum + labelled[kind].length, 0);
  assert.ok(count('blocked') >= 160 && count('innocent') >= 200);
});

test('the longest prompts, and those made to be slow, are judged in a moment', () => {
  const hostile = ['a small red ball ', 'porn ', 'cut her ', 'a.', 'ab', 'a ', '裸', 'aaa', 'how to '];
  for (const part of hostile) {
    const prompt = part.repeat(32_000 / part.length);
    const started = performance.now();
    brokenRules(prompt);
    const took_ms = performance.now() - started;
    assert.ok(took_ms < 5000, `${JSON.stringify(part)} took ${took_ms} ms`);
  }
});

test('no prompt out of the words that a served model knows is refused', () => {
  for (const [model, known] of Object.entries(KNOWN_WORDS)) {
    const words = [...known];
    // Any walk through the list will do; this one meets other neighbours in each round.
    for (let round = 1; round <= 1500; round++) {
      const prompt = Array.from({ length: 12 }, (_, i) => words[(round * 7919 + i * (round + 31)) % words.length]).join(' ');
      assert.deepEqual(
        brokenRules(prompt).map((rule) => rule.id),
        [],
        `${model}: ${prompt}`,
      );
    }
  }
});
