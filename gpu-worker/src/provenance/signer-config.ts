/** Which signer a worker uses: `EVERFRAME_SIGNER` and the variables that belong to it. */

export interface CertificateFiles {
  /** PEM: the signing certificate, then those between it and the root. */
  readonly certificates_path: string;
  /** PEM: the root, or roots, that the first file leads to. */
  readonly trust_anchors_path: string;
}

export type SignerConfig =
  | { readonly kind: 'development'; readonly dir: string }
  | ({ readonly kind: 'pkcs8'; readonly key_path: string } & CertificateFiles)
  | ({ readonly kind: 'kms'; readonly key_id: string; readonly region: string; readonly endpoint: string | undefined } & CertificateFiles);

export const SIGNER_KINDS = ['development', 'pkcs8', 'kms'] as const;

/** What each variable must hold; the text of a refusal. */
const RULES = {
  EVERFRAME_SIGNER_DIR: 'a folder for keys and certificates of the development chain, which is made there',
  EVERFRAME_SIGNER_KEY: 'a PEM file with an unencrypted PKCS#8 private key on P-256',
  EVERFRAME_SIGNER_KMS_KEY: 'the ARN, id or alias of an AWS KMS key of the type ECC_NIST_P256 that may sign',
  EVERFRAME_SIGNER_CERTIFICATES: 'a PEM file with the signing certificate first, then those between it and the root',
  EVERFRAME_SIGNER_ROOTS: 'a PEM file with the root certificate that the chain leads to',
} as const;
type Variable = keyof typeof RULES;

/** @param environment without empty values */
export function readSignerConfig(environment: NodeJS.ProcessEnv): SignerConfig | { readonly faults: readonly string[] } {
  const faults: string[] = [];
  const named = environment.EVERFRAME_SIGNER ?? 'development';
  const kind = SIGNER_KINDS.find((known) => known === named);
  if (!kind) return { faults: [`EVERFRAME_SIGNER is '${named}'; it must be one of ${SIGNER_KINDS.join(', ')}`] };
  const need = (name: Variable): string => {
    const value = environment[name];
    if (!value) faults.push(`${name} is not set; with EVERFRAME_SIGNER=${kind} it must be ${RULES[name]}`);
    return value ?? '';
  };
  const config = configOf(kind, need, environment);
  return faults.length > 0 ? { faults } : config;
}

function configOf(kind: SignerConfig['kind'], need: (name: Variable) => string, environment: NodeJS.ProcessEnv): SignerConfig {
  if (kind === 'development') return { kind, dir: need('EVERFRAME_SIGNER_DIR') };
  const files = { certificates_path: need('EVERFRAME_SIGNER_CERTIFICATES'), trust_anchors_path: need('EVERFRAME_SIGNER_ROOTS') };
  if (kind === 'pkcs8') return { kind, key_path: need('EVERFRAME_SIGNER_KEY'), ...files };
  const key_id = need('EVERFRAME_SIGNER_KMS_KEY');
  return { kind, key_id, region: regionOf(key_id) ?? environment.AWS_REGION ?? '', endpoint: environment.KMS_ENDPOINT, ...files };
}

/** A key is used where it is, which need not be where the queue is: arn:aws:kms:<region>:<account>:key/<id>. */
function regionOf(key_id: string): string | undefined {
  return /^arn:[^:]+:kms:([^:]+):/.exec(key_id)?.[1];
}
