import json
from pathlib import Path

import pytest

from word_piece import MAX_TOKENS, split_pieces, tokenize

GOLDEN = Path(__file__).parent.parent / "gpu-worker" / "src" / "model" / "tokenizer.golden.json"
VECTORS = json.loads(GOLDEN.read_text())["prompts"]  # written by golden_tokenizer.py


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: ascii(vector["prompt"])[:30])
def test_prompts_become_the_ids_that_an_independent_tokenizer_gives_them(vector):
    assert tokenize(vector["prompt"]) == vector["token_ids"]
    assert len(split_pieces(vector["prompt"])) + 2 == vector["tokens"]


def test_the_absence_of_a_prompt_is_two_tokens():
    assert tokenize("") == [101, 102] + [0] * (MAX_TOKENS - 2)
