/** What signs our claims: a key that may lie in this process or in a key service, and the certificates that vouch for it. */

export interface Signer {
  readonly alg: 'es256';
  /** PEM: the signing certificate first, the root left out. */
  readonly certificate_chain_pem: string;
  /** PEM: the roots by which our own output must be trusted before it leaves. */
  readonly trust_anchors_pem: string;
  /** When the first certificate of the chain ends. */
  readonly valid_until: Date;
  /** @returns r and s, 32 bytes each (IEEE P1363), over the SHA-256 of `bytes` */
  sign(bytes: Uint8Array): Promise<Uint8Array>;
}
