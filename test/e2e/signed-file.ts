/** Small real files, made by ffmpeg and signed by c2pa-node under a chain of a test's own. */
import { execFile } from 'node:child_process';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { Builder, LocalSigner } from '@contentauth/c2pa-node';
import { openDevelopmentChain } from '@everframe/gpu-worker/development-chain';
import ffmpeg from '@ffmpeg-installer/ffmpeg';

const run = promisify(execFile);

export type Kind = 'video/mp4' | 'image/jpeg';

const MADE_BY_MODEL = 'http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia';

/** One second of a test pattern, or one picture of it. */
export async function makeFile(path: string, kind: Kind): Promise<void> {
  const output =
    kind === 'video/mp4' ? ['-t', '1', '-c:v', 'libx264', '-pix_fmt', 'yuv420p', '-movflags', '+faststart'] : ['-frames:v', '1'];
  await run(ffmpeg.path, ['-loglevel', 'error', '-y', '-f', 'lavfi', '-i', 'testsrc=size=128x96:rate=8', ...output, path]);
}

/** The same with so many more bytes behind its samples, which no player looks at. @param path of an MP4 whose samples come last */
export async function enlarge(source: string, path: string, bytes: number): Promise<void> {
  const file = await readFile(source);
  let at = 0;
  while (file.toString('latin1', at + 4, at + 8) !== 'mdat') at += file.readUInt32BE(at);
  file.writeUInt32BE(file.readUInt32BE(at) + bytes, at);
  await writeFile(path, Buffer.concat([file, Buffer.alloc(bytes, 7)]));
}

/** The same pictures without any metadata, as a site that re-packs uploads leaves them. */
export async function strip(source: string, path: string): Promise<void> {
  await run(ffmpeg.path, ['-loglevel', 'error', '-y', '-i', source, '-c', 'copy', '-map_metadata', '-1', path]);
}

export interface Signing {
  /** Folder of the chain, which is made there. */
  readonly signer_dir: string;
  readonly title: string;
  /** A file that this one is an edit of. */
  readonly parent?: string;
  /** A picture for the claim. */
  readonly thumbnail?: string;
  /** The manifest's name; default a new one. Nobody keeps a signer from taking another's. */
  readonly label?: string;
}

export async function sign(
  source: string,
  path: string,
  kind: Kind,
  { signer_dir, title, parent, thumbnail, label }: Signing,
): Promise<void> {
  const chain = await openDevelopmentChain(signer_dir);
  const action = parent
    ? [
        { action: 'c2pa.opened', parameters: { ingredientIds: ['parent'] } },
        { action: 'c2pa.edited', digitalSourceType: MADE_BY_MODEL },
      ]
    : [
        {
          action: 'c2pa.created',
          when: '2026-11-01T12:00:00Z',
          digitalSourceType: MADE_BY_MODEL,
          softwareAgent: { name: 'Everframe', version: '0.1.0' },
          parameters: { 'org.everframe.model': 'toybox-1', 'org.everframe.seed': 7 },
        },
      ];
  const definition = {
    claim_version: 2,
    title,
    ...(label && { label }),
    format: kind,
    claim_generator_info: [{ name: 'Everframe', version: '0.1.0' }],
    ...(thumbnail && { thumbnail: { format: 'image/jpeg', identifier: 'thumb' } }),
    assertions: [{ label: 'c2pa.actions.v2', created: true, data: { actions: action } }],
  };
  const settings = {
    trust: { trust_anchors: chain.trust_anchors_pem },
    verify: { verify_after_sign: false, remote_manifest_fetch: false },
    builder: { thumbnail: { enabled: false } },
  };
  const builder = Builder.withJson(definition, settings);
  if (thumbnail) await builder.addResource('thumb', { path: thumbnail, mimeType: 'image/jpeg' });
  if (parent) {
    await builder.addIngredient(JSON.stringify({ title: 'parent', relationship: 'parentOf', label: 'parent' }), {
      path: parent,
      mimeType: kind,
    });
  }
  const key = Buffer.from(chain.private_key.export({ type: 'pkcs8', format: 'pem' }));
  const signer = LocalSigner.newSigner(Buffer.from(chain.certificate_chain_pem), key, 'es256');
  // Signing takes the same path twice ill.
  const draft = `${path}.source`;
  await copyFile(source, draft);
  builder.sign(signer, { path: draft, mimeType: kind }, { path, mimeType: kind });
}
