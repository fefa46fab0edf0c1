"""What two readers that sign nothing of ours say of files: Python's c2pa, and encypher-c2pa, which shares no code with c2pa-rs.

`python other_readers.py ROOT_PEM FILE ...` prints one line of JSON.
"""

import json
import sys

import c2pa
import encypher_c2pa

# C2PA's claim signing, document signing, e-mail: newer readers accept none unless they are told
PURPOSES = "1.3.6.1.4.1.62558.2.1\n1.3.6.1.5.5.7.3.36\n1.3.6.1.5.5.7.3.4\n"


def main() -> None:
    roots = open(sys.argv[1]).read()
    settings = c2pa.Settings.from_dict({"trust": {"user_anchors": roots, "trust_config": PURPOSES}, "verify": {"verify_trust": True, "remote_manifest_fetch": False, "ocsp_fetch": False}})
    said = {}
    for path in sys.argv[2:]:
        report = json.loads(c2pa.Reader(path, context=c2pa.Context(settings)).json())
        other = encypher_c2pa.verify(path, trust_pem=roots, no_default_trust=True, telemetry=False)
        failures = [each["code"] for each in other["validation_results"].get("failure", [])]
        said[path] = {"c2pa": report["validation_state"], "encypher": other["validation_state"], "failures": failures}
    print(json.dumps(said))


main()
