/** How every reading of a file is judged, at the edge, in the page and at the terminal: by given roots alone, without the network. */

/** PEM certificates, any number in each; an empty text for none. */
export interface TrustRoots {
  /** Whoever these vouch for is this service. */
  readonly own_roots_pem: string;
  /** Whoever these vouch for is known by name. */
  readonly trust_list_pem: string;
}

export const NO_TRUST: TrustRoots = { own_roots_pem: '', trust_list_pem: '' };

/**
 * Key purposes that a claim signer's certificate may have (C2PA 2.4, section 14.5.1), one a line: C2PA's own claim
 * signing, document signing, e-mail protection. Newer readers accept none unless they are told.
 */
const ACCEPTED_PURPOSES = ['1.3.6.1.4.1.62558.2.1', '1.3.6.1.5.5.7.3.36', '1.3.6.1.5.5.7.3.4', ''].join('\n');

/** Settings of c2pa-rs, as c2pa-node and c2pa-wasm take them. Which of the two lists vouched, its report names. */
export function readerSettings({ own_roots_pem, trust_list_pem }: TrustRoots): object {
  return {
    trust: {
      ...(own_roots_pem && { user_anchors: own_roots_pem }),
      ...(trust_list_pem && { trust_anchors: trust_list_pem }),
      trust_config: ACCEPTED_PURPOSES,
    },
    verify: { verify_trust: true, remote_manifest_fetch: false, ocsp_fetch: false },
    core: { allowed_network_hosts: [] },
  };
}
