/** The edge as workerd's modules, bundled in this process the way wrangler would: TypeScript, workspace links, WebAssembly. */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { Failure } from '../failure.ts';

/** As Miniflare takes them; the first is the Worker. */
export type EdgeModules = [
  { readonly type: 'ESModule'; readonly path: string; readonly contents: string },
  ...{ readonly type: 'CompiledWasm'; readonly path: string; readonly contents: Uint8Array<ArrayBuffer> }[],
];

/** @param entry the Worker's main file */
export async function bundleEdge(entry: string): Promise<EdgeModules> {
  const wasm_files = new Map<string, string>();
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
      plugins: [collectWasm(wasm_files)],
    });
    const [output] = outputFiles;
    if (!output) throw new Error('esbuild wrote nothing');
    const wasm = [...wasm_files].map(async ([path, file]) => ({
      type: 'CompiledWasm' as const,
      path,
      contents: new Uint8Array(await readFile(file)),
    }));
    return [{ type: 'ESModule', path: 'index.js', contents: output.text }, ...(await Promise.all(wasm))];
  } catch (error) {
    throw new Failure(`The edge could not be bundled: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/** workerd compiles WebAssembly itself: the import stays, under the file's own name. */
function collectWasm(files: Map<string, string>): Plugin {
  const RESOLVING = Symbol('resolving');
  return {
    name: 'collect-wasm',
    setup({ onResolve, resolve }) {
      onResolve({ filter: /\.wasm$/ }, async ({ path, pluginData, kind, importer, resolveDir }) => {
        if (pluginData === RESOLVING) return undefined;
        const found = await resolve(path, { kind, importer, resolveDir, pluginData: RESOLVING });
        if (found.errors.length > 0) return { errors: found.errors };
        const name = basename(found.path);
        files.set(name, found.path);
        return { path: `./${name}`, external: true };
      });
    },
  };
}
