"""How far the text encoder carries a trained word to its synonyms, before any training.

Every synonym stands in the same sentences as the trained words. It counts as understood where its
token state, less the mean over the trained words, lies nearest (cosine) to that of the right word.

    python measure_text.py --encoder text_encoder.onnx [--words words.json]

words.json: {"noun": {"dog": ["puppy", ...], ...}, "colour": {...}}, trained words with held-out
synonyms; synonyms compete against all trained words of all kinds. The last line is JSON.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from text_encoder import TextEncoder
from word_piece import split_pieces

SENTENCES = {"noun": "a {} runs on the beach", "colour": "a {} thing runs on the beach"}
WORDS = {
    "noun": {
        "dog": ["puppy", "hound", "doggy", "poodle"],
        "cat": ["kitty", "kitten", "feline"],
        "horse": ["pony", "stallion", "mare"],
        "car": ["automobile", "sedan", "vehicle"],
        "boat": ["vessel", "ship", "sailboat", "yacht"],
        "airplane": ["aeroplane", "plane", "jet", "aircraft"],
        "fish": ["trout", "salmon", "goldfish"],
        "bird": ["sparrow", "songbird", "robin", "seagull"],
        "house": ["cottage", "home", "cabin"],
        "ball": ["sphere", "football", "globe"],
    },
    "colour": {
        "red": ["scarlet", "crimson", "ruby"],
        "orange": ["tangerine", "amber"],
        "yellow": ["golden", "lemon"],
        "green": ["emerald", "lime"],
        "blue": ["azure", "navy", "turquoise"],
        "purple": ["violet", "lilac", "mauve"],
        "pink": ["rosy", "magenta"],
    },
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoder", type=Path, required=True)
    parser.add_argument("--words", type=Path, help="JSON with trained words and their synonyms; default: the list in this file")
    args = parser.parse_args()
    words = json.loads(args.words.read_text()) if args.words else WORDS
    print(json.dumps(measure(TextEncoder(args.encoder), words)))


def measure(encoder: TextEncoder, words: dict[str, dict[str, list[str]]]) -> dict:
    trained = [(kind, word) for kind, group in words.items() for word in group]
    synonyms = [(kind, word, synonym) for kind, group in words.items() for word, others in group.items() for synonym in others]
    anchors = np.stack([state_of(encoder, kind, word) for kind, word in trained])
    mean = anchors.mean(0)
    anchors = unit(anchors - mean)
    right, shares = [], {}
    for kind, word, synonym in synonyms:
        nearest = trained[int((anchors @ unit(state_of(encoder, kind, synonym) - mean)).argmax())][1]
        right.append(nearest == word)
        if nearest != word:
            print(f"{synonym} is nearest to {nearest}, not to {word}")
    for kind in words:
        shares[kind] = round(float(np.mean([hit for hit, (own, *_) in zip(right, synonyms) if own == kind])), 3)
    return {"synonyms": len(synonyms), "nearest_is_right": round(float(np.mean(right)), 3), **shares}


def state_of(encoder: TextEncoder, kind: str, word: str) -> np.ndarray:
    """[384]: the mean over the word's own pieces, as it stands in its kind's sentence."""
    before, after = SENTENCES[kind].split("{}")
    states, _ = encoder.encode([f"{before}{word}{after}"])
    start = 1 + len(split_pieces(before))
    return states[0, start : start + len(split_pieces(word))].astype(np.float32).mean(0)


def unit(x: np.ndarray) -> np.ndarray:
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


if __name__ == "__main__":
    main()
