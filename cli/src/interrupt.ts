/**
 * One signal for "end now": Ctrl-C, SIGTERM, a closed terminal, or the death of the launcher that started us.
 * A second Ctrl-C, a while after the first, ends the process at once; what it leaves is cleaned up at the next start.
 */

/** A terminal and a launcher may both send the same Ctrl-C. */
const SAME_KEYPRESS_MS = 1000;
const PARENT_POLL_MS = 500;

export function createInterrupt(): AbortSignal {
  const controller = new AbortController();
  let first_at_ms = 0;
  const endNow = () => {
    if (controller.signal.aborted) return;
    first_at_ms = Date.now();
    controller.abort();
  };
  const onSignal = () => {
    if (controller.signal.aborted && Date.now() - first_at_ms > SAME_KEYPRESS_MS) process.exit(130);
    endNow();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);

  if (process.env.EVERFRAME_LAUNCHER_PID === String(process.ppid)) {
    const launcher = process.ppid;
    setInterval(() => {
      if (process.ppid !== launcher) endNow();
    }, PARENT_POLL_MS).unref();
  }
  // A reader that went away (`| head`) must not keep the stack running; every later line fails again, and asks for no haste.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', endNow);
  return controller.signal;
}

/** Resolves when the signal aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
