"""Expected numbers for the worker's CLIP tokenizer, from an implementation that is not ours, with as much of CLIP's vocabulary as they need.

`pip install open_clip_torch`, then `python golden_byte_pairs.py`.
"""

import importlib.metadata
import json
from pathlib import Path

from open_clip.tokenizer import SimpleTokenizer, bytes_to_unicode

OUTPUT = Path(__file__).parent.parent / "gpu-worker/src/model/byte-pair.golden.json"
MAX_TOKENS = 77
PROMPTS = (
    "",
    "a golden puppy runs on the beach",
    "  A RED   Balloon\tover\nthe Sea ",
    "it's 1999, isn't it? they'll say: we've won!",
    "hello,world.foo:bar;baz... 50% #1 @home (see [1])",
    "Ünïcödé café naïve Ångström",
    "una niña corre por la playa",
    "一只小狗 在海滩上跑",
    "мальчик и собака",
    "👩‍🚀 in space 🚀🚀",
    "x²+y³=½",
    "<|endoftext|> is text",
    "antidisestablishmentarianism",
    "a " * 100,
    "supercalifragilistic " * 30,
)


def main() -> None:
    tokenizer = SimpleTokenizer()
    first, last = tokenizer.encoder["<start_of_text>"], tokenizer.encoder["<end_of_text>"]
    merges, cases = set(), []
    ranks = tokenizer.bpe_ranks
    for prompt in PROMPTS:
        # The special's own characters apart, as a prompt is only text to us
        parts = ["<|", "endoftext", "|>", "is text"] if prompt.startswith("<|") else [prompt]
        pieces = [piece for part in parts for piece in tokenizer.encode(part.strip())]
        told = [first, *pieces[: MAX_TOKENS - 2], last]
        cases.append({"prompt": prompt, "ids": told + [0] * (MAX_TOKENS - len(told))})
        for piece in pieces:
            collect(tokenizer.decoder[piece], ranks, merges)
    letters = list(bytes_to_unicode().values())
    kept = sorted(merges, key=ranks.get)
    names = ["!", *letters, *(f"{letter}</w>" for letter in letters), *("".join(pair) for pair in kept)]
    vocabulary = {name: tokenizer.encoder[name] for name in names} | {"<|startoftext|>": first, "<|endoftext|>": last}
    written_with = f"open_clip_torch {importlib.metadata.version('open_clip_torch')}"
    lines = ",\n    ".join(json.dumps(case) for case in cases)
    content = f'{{"written_with": {json.dumps(written_with)}, "max_tokens": {MAX_TOKENS}, "pad_token": "!",\n  "vocabulary": {json.dumps(vocabulary)},\n'
    OUTPUT.write_text(f'{content}  "merges": {json.dumps([" ".join(pair) for pair in kept])},\n  "cases": [\n    {lines}\n  ]}}\n')


def collect(piece: str, ranks: dict, merges: set) -> None:
    """The merges that make a piece of single characters."""
    stem = piece.removesuffix("</w>")
    parts = [*stem[:-1], stem[-1] + "</w>"] if stem != piece else list(stem)
    while len(parts) > 1:
        pair = min(zip(parts, parts[1:]), key=lambda pair: ranks.get(pair, len(ranks)))
        merges.add(pair)
        place = next(place for place in range(len(parts) - 1) if (parts[place], parts[place + 1]) == pair)
        parts[place : place + 2] = ["".join(pair)]


if __name__ == "__main__":
    main()
