"""CLIP's tokenizer against golden_byte_pairs.py, whose numbers another implementation made."""

import json
from pathlib import Path

from streamingt2v.byte_pairs import BytePairs

GOLDEN = Path(__file__).parent.parent / "gpu-worker/src/model/byte-pair.golden.json"


def test_prompts_in_many_scripts_have_the_ids_that_the_reference_gives(tmp_path):
    golden = json.loads(GOLDEN.read_text())
    (tmp_path / "vocab.json").write_text(json.dumps(golden["vocabulary"]))
    (tmp_path / "merges.txt").write_text("\n".join(["#version: 0.2", *golden["merges"]]) + "\n")
    tokenizer = BytePairs.read(tmp_path / "vocab.json", tmp_path / "merges.txt", golden["max_tokens"], golden["pad_token"])
    assert len(golden["cases"]) > 10
    for case in golden["cases"]:
        assert tokenizer.encode(case["prompt"]) == case["ids"], case["prompt"]
