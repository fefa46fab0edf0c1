/** The signer that the configuration names. Everything that could fail at the first video fails here, at start. */
import { openDevelopmentSigner } from './development-signer.ts';
import { openKmsSigner } from './kms-signer.ts';
import { openPkcs8Signer } from './pkcs8-signer.ts';
import type { Signer } from './signer.ts';
import type { SignerConfig } from './signer-config.ts';

/** @throws Error naming the variable or file at fault, its value, and what to do */
export async function openSigner(config: SignerConfig, now = new Date()): Promise<Signer> {
  switch (config.kind) {
    case 'development':
      return openDevelopmentSigner(config.dir);
    case 'pkcs8':
      return openPkcs8Signer(config, now);
    case 'kms':
      return openKmsSigner(config, now);
  }
}
