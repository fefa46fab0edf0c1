/** The programs of /verify and /watch, and the loader for hls.js, bundled into public/verify/: nothing on the pages comes from another host. */
import { randomUUID } from 'node:crypto';
import { copyFile, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const TARGET = join(HERE, 'public/verify');

/** Safe to run at the same time as another: each file is moved into place whole. */
export async function buildVerifyPage(): Promise<void> {
  const { outputFiles } = await build({
    entryPoints: ['page', 'watch', 'hls-loader', 'reader-worker'].map((name) => join(HERE, `src/${name}.ts`)),
    outdir: TARGET,
    bundle: true,
    write: false,
    minify: true,
    format: 'esm',
    target: 'es2022',
    logLevel: 'silent',
  });
  const wasm = createRequire(import.meta.url).resolve('@contentauth/c2pa-wasm/c2pa.wasm');
  await Promise.all([
    ...outputFiles.map(({ path, contents }) => place(basename(path), (aside) => writeFile(aside, contents))),
    place('c2pa.wasm', (aside) => copyFile(wasm, aside)),
  ]);
}

async function place(name: string, write: (aside: string) => Promise<void>): Promise<void> {
  const aside = join(TARGET, `.${name}-${randomUUID()}`);
  await write(aside);
  await rename(aside, join(TARGET, name));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await buildVerifyPage();
