/** One line for something that takes long: on a terminal with the seconds that have passed, drawn again; elsewhere a line now and then. */

const PLAIN_INTERVAL_MS = 30_000;

/**
 * @param text of what is waited for
 * @returns `end`, which leaves the line as it is; may be repeated
 */
export function showElapsed(text, stream = process.stderr) {
  const began_ms = Date.now();
  const seconds = () => Math.round((Date.now() - began_ms) / 1000);
  stream.write(stream.isTTY ? text : `${text}\n`);
  const timer = setInterval(() => stream.write(nextWords(stream, text, seconds())), stream.isTTY ? 1000 : PLAIN_INTERVAL_MS);
  let has_ended = false;
  return {
    end() {
      clearInterval(timer);
      if (!has_ended && stream.isTTY) stream.write('\n');
      has_ended = true;
    },
  };
}

/** What is written after so many seconds of waiting. */
export function nextWords({ isTTY, columns = 80 }, text, seconds) {
  if (!isTTY) return `Still at it, ${seconds} s ...\n`;
  const after = ` ${seconds} s`;
  // A line that is broken in two cannot be drawn again.
  return `\r\x1b[2K${text.slice(0, Math.max(0, columns - 1 - after.length))}${after}`;
}
