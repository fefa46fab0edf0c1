/**
 * Which Node runs Everframe: this one if it runs TypeScript without a flag, else one that npm can bring as a package
 * into tools/node24. Where npm has none for the platform, says what to install.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensurePackages, forgetPackages } from './ensure-packages.mjs';

/** @returns path of the node program to use */
export async function ensureNode(root) {
  if (runsTypeScript(process.versions.node)) return process.execPath;
  const folder = join(root, 'tools', 'node24');
  const { optionalDependencies } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const system = process.platform === 'win32' ? 'win' : process.platform;
  const name = `node-${system}-${process.arch}`;
  if (!(name in optionalDependencies)) {
    throw new Error(
      `Everframe needs Node 22.18 or newer; this is ${process.versions.node}, and npm has no newer one for ${system}-${process.arch}. ` +
        'Install Node 24 (https://nodejs.org, or `brew install node@24`) and run this again.',
    );
  }
  await ensurePackages(folder, process.execPath, 'Node 24');
  const node = join(folder, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  if (existsSync(node)) return node;
  // npm passes over an optional package that it cannot fetch, and calls that success.
  forgetPackages(folder);
  throw new Error(
    `npm did not bring ${name}, which Everframe needs, as this Node is ${process.versions.node}. ` +
      'It needs the network the first time; or install Node 22.18 or newer (https://nodejs.org) and run this again.',
  );
}

/** 22.18 and 23.6 are the first of their lines that strip types by default; wrangler asks for 22.12. */
export function runsTypeScript(version) {
  const [major, minor] = version.split('.').map(Number);
  return major >= 24 || (major === 23 && minor >= 6) || (major === 22 && minor >= 18);
}
