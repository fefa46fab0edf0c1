/** Which `ffmpeg` program is used, here and at the command line: the one place where that is decided. */
import { type ChildProcess, spawn } from 'node:child_process';

const VERSION_TIMEOUT_MS = 10_000;

/**
 * The program that is named; without a name `ffmpeg` of the PATH; and where that does not run either, what `installed` brings.
 * @param named FFMPEG_PATH
 * @param installed a program to fall back to, looked for only then. The worker has none: its encoder in WebAssembly needs no program
 * @returns undefined when none is named and none runs
 * @throws Error when the named one does not run
 */
export async function findFfmpeg(
  named: string | undefined,
  installed: () => Promise<string | undefined> = async () => undefined,
): Promise<string | undefined> {
  if (named !== undefined) {
    const failure = await tryOut(named);
    if (failure === undefined) return named;
    throw new Error(`FFMPEG_PATH names ${named}, which does not run. Name a working ffmpeg, or none to do without.`, { cause: failure });
  }
  if ((await tryOut('ffmpeg')) === undefined) return 'ffmpeg';
  const other = await installed();
  return other !== undefined && (await tryOut(other)) === undefined ? other : undefined;
}

/** The program that the test packages bring, which lies in every checkout; undefined where it has none for this platform. */
export async function packagedFfmpeg(): Promise<string | undefined> {
  try {
    return (await import('@ffmpeg-installer/ffmpeg')).default.path;
  } catch {
    // Installed without them, or on a platform that they know nothing of.
    return undefined;
  }
}

/** @returns why it does not run; undefined when it does */
function tryOut(path: string): Promise<unknown> {
  return new Promise((resolve) => {
    const child: ChildProcess = spawn(path, ['-version'], {
      stdio: 'ignore',
      signal: AbortSignal.timeout(VERSION_TIMEOUT_MS),
      killSignal: 'SIGKILL',
    });
    child.on('error', resolve);
    child.on('close', (code, signal) => resolve(code === 0 ? undefined : new Error(`it ended with ${signal ?? `status ${code}`}`)));
  });
}
