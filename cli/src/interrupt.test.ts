/** What ends a command, and what ends it at once. In processes of their own, since they end. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { it } from 'node:test';

/** Five seconds between the events. @returns 0: asked to end in order; 130: ended at once; 1: neither */
function exitCodeAfter(...events: ('ctrl_c' | 'reader_gone')[]): number | null {
  const script = `
    const { createInterrupt } = await import(process.env.INTERRUPT);
    let now_ms = 0;
    Date.now = () => now_ms;
    const signal = createInterrupt();
    for (const event of JSON.parse(process.env.EVENTS)) {
      now_ms += 5000;
      if (event === 'ctrl_c') process.emit('SIGINT');
      else process.stdout.emit('error', new Error('EPIPE'));
    }
    process.exit(signal.aborted ? 0 : 1);`;
  const env = { ...process.env, INTERRUPT: join(import.meta.dirname, 'interrupt.ts'), EVENTS: JSON.stringify(events) };
  return spawnSync(process.execPath, ['--input-type=module', '-e', script], { env }).status;
}

it('Ctrl-C asks to end in order, a second one ends at once', () => {
  assert.equal(exitCodeAfter('ctrl_c'), 0);
  assert.equal(exitCodeAfter('ctrl_c', 'ctrl_c'), 130);
});

it('a reader that went away asks to end in order, however many lines fail', () => {
  assert.equal(exitCodeAfter('reader_gone', 'reader_gone', 'reader_gone'), 0);
  assert.equal(exitCodeAfter('ctrl_c', 'reader_gone'), 0);
});

it('nothing ends a command that nobody interrupts', () => {
  assert.equal(exitCodeAfter(), 1);
});
