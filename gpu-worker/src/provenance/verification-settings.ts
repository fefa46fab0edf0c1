/** How every reading is judged, our own read-back included: by the given roots alone, and without the network. */

/** Key purposes that a claim signer's certificate may have, one a line; newer readers accept none unless they are told. */
const ACCEPTED_PURPOSES = ['1.3.6.1.4.1.62558.2.1', '1.3.6.1.5.5.7.3.36', '1.3.6.1.5.5.7.3.4', ''].join('\n');

/** @param trust_anchors_pem without it every signer is unknown */
export function verificationSettings(trust_anchors_pem: string | undefined): object {
  return {
    trust: { ...(trust_anchors_pem && { trust_anchors: trust_anchors_pem }), trust_config: ACCEPTED_PURPOSES },
    verify: { verify_trust: true, verify_after_sign: true, remote_manifest_fetch: false, ocsp_fetch: false },
    core: { allowed_network_hosts: [] },
  };
}
