/** `everframe verify`: who made a file, with what, and whether it was altered since. Needs no network. */
import { checkManifest } from '../check-manifest.ts';
import { helpHint, readCommandLine } from '../command-line.ts';
import { usageFailure } from '../failure.ts';
import { manifestText } from '../manifest-text.ts';
import { mediaTypeOf } from '../media-type.ts';
import { DEFAULT_DATA_DIR } from '../repository.ts';
import { readLocalTrustAnchors, readTrustAnchors } from '../trust-anchors.ts';

const HELP = `everframe verify <file>: say who made a video or picture, and whether it was altered since.

  npm run verify -- <file> [options]

  --trust <root.pem>   trust signers under this root certificate (default: the local signer's, where there is one)
  --data-dir <folder>  the folder whose local signer is trusted (default: .everframe)
  --json               print one line of JSON: state, signer, model, created_at, failures and more

Exit code 0: unaltered since it was signed. 1: altered, without credential, or not to be checked here.
`;

export async function verify(args: readonly string[]): Promise<number> {
  const { values, positionals } = readCommandLine('verify', args, {
    trust: { type: 'string' },
    'data-dir': { type: 'string' },
    json: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const [path, ...others] = positionals;
  if (path === undefined) throw usageFailure(`verify needs a file. ${helpHint('verify')}`);
  if (others.length > 0) throw usageFailure(`verify takes one file; got ${positionals.length}.`);

  const anchors =
    values.trust === undefined ? await readLocalTrustAnchors(values['data-dir'] ?? DEFAULT_DATA_DIR) : readTrustAnchors(values.trust);
  const report = await checkManifest(path, await mediaTypeOf(path), anchors);
  process.stdout.write(values.json ? `${JSON.stringify({ file: path, ...report })}\n` : `${manifestText(report).join('\n')}\n`);
  return report.state === 'trusted' || report.state === 'valid' ? 0 : 1;
}
