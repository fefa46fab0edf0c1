/** The edge as one module, bundled in this process the way wrangler would: TypeScript, workspace links, model.json files. */
import { build } from 'esbuild';
import { Failure } from '../failure.ts';

/** @param entry the Worker's main file */
export async function bundleEdge(entry: string): Promise<string> {
  try {
    const { outputFiles } = await build({
      entryPoints: [entry],
      bundle: true,
      write: false,
      format: 'esm',
      target: 'es2024',
      platform: 'neutral',
      mainFields: ['module', 'main'],
      conditions: ['workerd', 'worker', 'browser', 'module'],
      external: ['cloudflare:*', 'node:*'],
      logLevel: 'silent',
    });
    const [output] = outputFiles;
    if (!output) throw new Error('esbuild wrote nothing');
    return output.text;
  } catch (error) {
    throw new Failure(`The edge could not be bundled: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
