"""CLIP's tokenizer: byte pairs of lower-case words; the twin of the worker's `byte-pair.ts`.

A prompt is only text: `<|endoftext|>` in one is its characters, never the special token.
"""

import json
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

FIRST, LAST = "<|startoftext|>", "<|endoftext|>"
ENDINGS = ("'s", "'t", "'re", "'ve", "'m", "'ll", "'d")


@dataclass(frozen=True)
class BytePairs:
    ids: dict[str, int]
    # By pair of pieces, the earlier the sooner joined
    ranks: dict[tuple[str, str], int]
    max_tokens: int
    pad: int

    @staticmethod
    def read(vocabulary: Path, merges: Path, max_tokens: int, pad_token: str) -> "BytePairs":
        ids = json.loads(vocabulary.read_text())
        lines = [line for line in merges.read_text().split("\n") if line and not line.startswith("#version")]
        ranks = {tuple(line.split(" ")): rank for rank, line in enumerate(lines)}
        return BytePairs(ids, ranks, max_tokens, ids[pad_token])

    def encode(self, prompt: str) -> list[int]:
        """Exactly max_tokens ids: first, pieces, last, padding; what does not fit is left out."""
        pieces = [self.ids[piece] for word in split_words(prompt) for piece in self.join(word)]
        ids = [self.ids[FIRST], *pieces[: self.max_tokens - 2], self.ids[LAST]]
        return ids + [self.pad] * (self.max_tokens - len(ids))

    def join(self, word: str) -> list[str]:
        *pieces, last = (BYTE_NAMES[byte] for byte in word.encode())
        pieces.append(f"{last}</w>")
        while len(pieces) > 1:
            ranked = [(self.ranks.get(pair, len(self.ranks)), place) for place, pair in enumerate(zip(pieces, pieces[1:]))]
            rank, place = min(ranked)
            if rank == len(self.ranks):
                break
            pieces[place : place + 2] = [pieces[place] + pieces[place + 1]]
        return pieces


def split_words(prompt: str) -> list[str]:
    """Runs of letters, single digits, runs of everything else; an English ending stands alone."""
    text = re.sub(r"\s+", " ", unicodedata.normalize("NFC", prompt)).strip().lower()
    words, place = [], 0
    while place < len(text):
        ending = next((ending for ending in ENDINGS if text.startswith(ending, place)), None)
        if ending:
            end = place + len(ending)
        else:
            kind, end = kind_of(text[place]), place + 1
            # A digit is a word of its own; an ending behind other signs is of these, as in the published pattern
            while end < len(text) and kind in ("letter", "sign") and kind_of(text[end]) == kind:
                end += 1
        if kind_of(text[place]) != "space":
            words.append(text[place:end])
        place = end
    return words


def kind_of(character: str) -> str:
    if character.isspace():
        return "space"
    category = unicodedata.category(character)[0]
    return {"L": "letter", "N": "digit"}.get(category, "sign")


def name_bytes() -> list[str]:
    """Each byte as a character that can be seen: itself where it is one, else the next beyond Latin-1."""
    seen = {*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)}
    hidden = [byte for byte in range(256) if byte not in seen]
    return [chr(byte) if byte in seen else chr(256 + hidden.index(byte)) for byte in range(256)]


BYTE_NAMES = name_bytes()
