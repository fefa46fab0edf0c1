/** `everframe verify`: who made a file, with what, and whether it was altered since. Needs no network, unless a service is to be asked. */
import type { Verdict } from '@everframe/shared/verification';
import { checkManifest } from '../check-manifest.ts';
import { helpHint, readCommandLine } from '../command-line.ts';
import { usageFailure } from '../failure.ts';
import { manifestText } from '../manifest-text.ts';
import { mediaTypeOf } from '../media-type.ts';
import { askPublished } from '../published.ts';
import { recover } from '../recover.ts';
import { DEFAULT_DATA_DIR } from '../repository.ts';
import { readLocalTrustAnchors, readTrustAnchors } from '../trust-anchors.ts';

const HELP = `everframe verify <file>: say who made a video or picture, and whether it was altered since.

  npm run verify -- <file> [options]

  --own <roots.pem>    files under these roots are "made by this service" (default: the local signer's, where there is one)
  --trust <list.pem>   other signers under these roots are known by name, for example those of C2PA's trust list
  --data-dir <folder>  the folder whose local signer counts as own (default: .everframe)
  --service <address>  ask this service whether it published these very bytes; where the file has no credential, whose its pictures are
  --json               print one line of JSON: the report that POST /v1/verify gives

A file without a credential is decoded with ffmpeg (FFMPEG_PATH, else the one of the PATH, else the one that the packages of this checkout
brought) to look for an invisible mark. Nothing of it leaves this machine; with --service the mark and hashes of
its seconds do, and of a file with a credential only the name of its manifest.

With NODE_ENV=production the local signer's root, and any other of a development chain, is not trusted.

Exit code 0: unaltered, by a signer that is known. 3: altered, or its credential does not hold. 4: no credential.
5: unaltered, by a signer that nobody here knows. 1: it could not be checked. 2: wrong command line.
`;

const EXIT_CODES: Readonly<Record<Verdict, number>> = {
  ours: 0,
  another: 0,
  unreadable: 1,
  altered: 3,
  invalid_credential: 3,
  no_credential: 4,
  unknown_signer: 5,
};

export async function verify(args: readonly string[]): Promise<number> {
  const { values, positionals } = readCommandLine('verify', args, {
    own: { type: 'string' },
    trust: { type: 'string' },
    'data-dir': { type: 'string' },
    service: { type: 'string' },
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

  const { service } = values;
  if (service !== undefined && !URL.canParse(service)) {
    throw usageFailure(`--service must be an address such as https://videos.example.com; got '${service}'.`);
  }

  const own = values.own === undefined ? await readLocalTrustAnchors(values['data-dir'] ?? DEFAULT_DATA_DIR) : readTrustAnchors(values.own);
  const trust = { own_roots_pem: own ?? '', trust_list_pem: values.trust === undefined ? '' : readTrustAnchors(values.trust) };
  const report = await checkManifest(path, await mediaTypeOf(path), trust);
  const { manifest_label, verdict } = report;
  // Anybody can sign other pictures under the name of a manifest that the service published.
  const is_own = manifest_label !== null && verdict === 'ours';
  const published = is_own && service !== undefined ? await askPublished(path, manifest_label, service, trust.own_roots_pem) : {};
  const recovered = report.verdict === 'no_credential' ? await recover(path, service) : {};
  const { lines = [], ...signs } = { ...published, ...recovered };
  process.stdout.write(
    values.json ? `${JSON.stringify({ file: path, ...report, ...signs })}\n` : `${[...manifestText(report), ...lines].join('\n')}\n`,
  );
  return EXIT_CODES[report.verdict];
}
