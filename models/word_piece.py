"""Prompts to WordPiece ids, as BERT's uncased tokenizer makes them; the twin of gpu-worker's word-piece.ts.

A prompt is only text: "[MASK]" in one is three tokens, never the special one. `golden_tokenizer.py`
holds both twins to the `tokenizers` package.
"""

import re
import unicodedata
from functools import cache
from pathlib import Path

VOCABULARY_PATH = Path(__file__).parent / "vocab.txt"
MAX_TOKENS = 32
PAD, UNKNOWN, FIRST, LAST = "[PAD]", "[UNK]", "[CLS]", "[SEP]"
MAX_WORD_LENGTH = 100  # characters; a longer word is unknown, as in BERT

# Ideographs, each a word of its own; the ranges of the `tokenizers` package
IDEOGRAPH = re.compile("([\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002a6df\U0002a700-\U0002b81f\U0002b920-\U0002ceaf\U0002f800-\U0002fa1f])")
ASCII_SYMBOLS = set("$+<=>^`|~")  # punctuation to BERT, not to Unicode
WHITE_SPACE = set("\t\n\r")


def tokenize(prompt: str) -> list[int]:
    """[CLS], pieces, [SEP], padding: exactly MAX_TOKENS ids; what does not fit is left out."""
    vocabulary = read_vocabulary()
    ids = [vocabulary[piece] for piece in split_pieces(prompt)][: MAX_TOKENS - 2]
    return ([vocabulary[FIRST], *ids, vocabulary[LAST]] + [vocabulary[PAD]] * MAX_TOKENS)[:MAX_TOKENS]


def split_pieces(prompt: str) -> list[str]:
    return [piece for word in split_words(prompt) for piece in split_word(word)]


@cache
def read_vocabulary() -> dict[str, int]:
    """One piece a line; its id is the line's number from 0."""
    return {piece: index for index, piece in enumerate(VOCABULARY_PATH.read_text(encoding="utf-8").removesuffix("\n").split("\n"))}


def split_words(prompt: str) -> list[str]:
    """Lower case without accents; punctuation marks and ideographs stand alone."""
    spaced = IDEOGRAPH.sub(r" \1 ", clean(prompt))
    bare = "".join(char for char in unicodedata.normalize("NFD", spaced) if unicodedata.category(char) != "Mn")
    # Character by character: no rule for a sigma at a word's end
    lower = "".join(char.lower() for char in bare)
    return "".join(f" {char} " if is_punctuation(char) else char for char in lower).split(" ")


def clean(prompt: str) -> str:
    """White space becomes a space; controls, formats such as zero-width joiners, and private characters go."""
    kept = (" " if char in WHITE_SPACE or is_space(char) else char for char in prompt if char in WHITE_SPACE or not is_removed(char))
    return "".join(kept)


def is_removed(char: str) -> bool:
    return char == "\ufffd" or unicodedata.category(char) in ("Cc", "Cf", "Co", "Cs")


def is_space(char: str) -> bool:
    return unicodedata.category(char) in ("Zs", "Zl", "Zp")


def is_punctuation(char: str) -> bool:
    return char in ASCII_SYMBOLS or unicodedata.category(char).startswith("P")


def split_word(word: str) -> list[str]:
    """The longest known piece first; a word with a part that no piece fits is unknown as a whole."""
    vocabulary, pieces, start = read_vocabulary(), [], 0
    if len(word) > MAX_WORD_LENGTH:
        return [UNKNOWN]
    while start < len(word):
        prefix = "##" if start else ""
        end = next((end for end in range(len(word), start, -1) if prefix + word[start:end] in vocabulary), None)
        if end is None:
            return [UNKNOWN]
        pieces.append(prefix + word[start:end])
        start = end
    return pieces
