"""Says a Scene in words, in many ways; and the word-level tokenizer that reads such sentences.

Attributes are left out at random, so that short prompts work too; a word the vocabulary lacks is
sometimes put in, so that unknown words do little harm.
"""

import re
import unicodedata

import numpy as np

from world import COLOURS, MOTIONS, OBJECTS, PLACES, SIZES, SPEEDS, Scene

PAD, UNKNOWN, NULL = 0, 1, 2
MAX_TOKENS = 24

PREFIXES = ["a video of", "a clip of", "a cartoon of", "an animation of", "a short film of", "a scene with", "show me", "imagine", "there is"]
ANYTHING = ["something", "a thing", "an object"]
TRAVEL = {"moves": "moving", "goes": "going", "glides": "gliding", "drifts": "drifting", "travels": "travelling", "slides": "sliding"}
OWN_TRAVEL = {
    "ball": {"rolls": "rolling"},
    "box": {"slides": "sliding"},
    "star": {"shoots": "shooting"},
    "car": {"drives": "driving", "races": "racing"},
    "boat": {"sails": "sailing"},
    "balloon": {"floats": "floating", "flies": "flying"},
    "fish": {"swims": "swimming"},
    "bird": {"flies": "flying"},
}
ANY_TRAVEL = {"flies": "flying", "floats": "floating", "swims": "swimming", "drives": "driving", "sails": "sailing"}
STEADY = {
    "rises": {"rises": "rising", "climbs": "climbing", "ascends": "ascending"},
    "falls": {"falls": "falling", "sinks": "sinking", "drops": "dropping", "descends": "descending"},
    "bounces": {"bounces": "bouncing", "jumps": "jumping", "hops": "hopping", "bounces up and down": "bouncing up and down"},
    "circles": {"circles": "circling", "loops": "looping"},
    "still": {"stays still": "staying still", "stands still": "standing still", "rests": "resting", "waits": "waiting", "hovers": "hovering", "stays": "staying", "does not move": "not moving"},
}
DIRECTION = {
    "left": ["left", "to the left", "towards the left", "leftwards"],
    "right": ["right", "to the right", "towards the right", "rightwards"],
    "rises": ["up", "upwards", "up into the air"],
    "falls": ["down", "downwards"],
    "circles": ["in a circle", "in circles", "round and round", "around in a circle"],
}
PLACE_PHRASES = {
    "sea": ["over the sea", "on the sea", "in the sea", "above the sea", "at sea", "over the ocean", "on the ocean", "in the ocean", "on the water", "above the water", "near the sea"],
    "forest": ["in the forest", "in a forest", "through the forest", "over the forest", "above the forest", "in the woods", "through the woods", "among the trees"],
    "desert": ["in the desert", "in a desert", "across the desert", "over the desert", "over the dunes", "above the dunes", "over the sand", "on the sand"],
    "city": ["in the city", "in a city", "in the city at night", "over the city", "above the city", "through the city", "in the town", "over the town", "on the street", "in the city by night"],
    "space": ["in space", "in outer space", "through space", "across space", "in the cosmos", "in dark space"],
    "meadow": ["in a meadow", "in the meadow", "over the meadow", "across the meadow", "in the field", "over a field", "on the grass", "over the grass"],
    "mountains": ["in the mountains", "over the mountains", "above the mountains", "near the mountains", "in the snow", "over the snow", "on the snow", "over the snowy mountains", "in snowy mountains"],
    "studio": ["in a studio", "in the studio", "in a room", "in an empty room", "on a plain background", "in front of a plain background", "in front of a wall"],
}


def describe(scene: Scene, rng: np.random.Generator, full: bool = False) -> str:
    """One sentence; `full` names object, colour, place and motion always and adds no oddities."""
    pick = lambda options: options[rng.integers(len(options))]
    keep = lambda share: full or rng.random() < share
    colour = pick(COLOURS[scene.colour]) if keep(0.92) else ""
    size = pick(SIZES[scene.size]) if not full and rng.random() < 0.35 else ""
    noun = pick(OBJECTS[scene.object]) if keep(0.95) else ""
    subject = f"{article(f'{size} {colour} {noun}', rng)} {size} {colour} {noun}" if noun else pick(ANYTHING)
    if not noun and colour:
        subject = f"something {colour}"
    progressive = rng.random() < 0.45
    action = pick_action(scene, rng, progressive) if keep(0.92) else ""
    adverb = pick(SPEEDS[scene.speed]) if action and scene.motion != "still" and rng.random() < 0.35 else ""
    place = pick(PLACE_PHRASES[scene.place]) if keep(0.93) else ""
    order = rng.random()
    if order < 0.68:
        words = f"{subject} {action} {adverb} {place}"
    elif order < 0.78:
        words = f"{place} {subject} {action} {adverb}"
    elif order < 0.88:
        words = f"{subject} {place} {action} {adverb}"
    else:
        words = f"{subject} {adverb} {action} {place}"
    if rng.random() < 0.2 and progressive:
        words = f"{pick(PREFIXES)} {words}"
    if not full and rng.random() < 0.06:
        words = put_unknown(words, rng)
    return " ".join(words.split())


def article(phrase: str, rng: np.random.Generator) -> str:
    first = phrase.split()[0]
    draw = rng.random()
    if draw < 0.72:
        return "an" if first[0] in "aeiou" else "a"
    return "the" if draw < 0.85 else "one" if draw < 0.88 else ""


def pick_action(scene: Scene, rng: np.random.Generator, progressive: bool) -> str:
    """A verb phrase, "rises" or "drifting to the left"; the second form follows "a video of"."""
    steady = STEADY.get(scene.motion, {})
    directed = DIRECTION.get(scene.motion)
    if steady and (directed is None or rng.random() < 0.6):
        verb = list(steady)[rng.integers(len(steady))]
        return steady[verb] if progressive else verb
    verbs = {**TRAVEL, **OWN_TRAVEL[scene.object]}
    draw = rng.random()
    source = OWN_TRAVEL[scene.object] if draw < 0.35 else ANY_TRAVEL if draw < 0.5 else verbs
    verb = list(source)[rng.integers(len(source))]
    return f"{source[verb] if progressive else verb} {directed[rng.integers(len(directed))]}"


def put_unknown(words: str, rng: np.random.Generator) -> str:
    parts = words.split()
    parts.insert(rng.integers(len(parts) + 1), "unknownword")
    return " ".join(parts)


def split_words(prompt: str) -> list[str]:
    """NFKC, lower case, runs of ASCII letters."""
    return re.findall(r"[a-z]+", unicodedata.normalize("NFKC", prompt).lower())


def build_vocabulary() -> dict[str, int]:
    """Every word the grammar can say, in alphabetical order, ids from 3."""
    tables = [PREFIXES, ANYTHING, ["a an the one is", "leftward rightward upward downward"]]
    tables += [list(group) + list(group.values()) for group in (TRAVEL, ANY_TRAVEL, *OWN_TRAVEL.values(), *STEADY.values())]
    for group in (OBJECTS, COLOURS, PLACES, MOTIONS, SIZES, SPEEDS, DIRECTION, PLACE_PHRASES):
        tables += list(group.values())
    words = sorted({word for table in tables for phrase in table for word in split_words(phrase)})
    return {word: number for number, word in enumerate(words, start=3)}


VOCABULARY = build_vocabulary()


def tokenize(prompt: str) -> list[int]:
    """Exactly MAX_TOKENS ids: known words, UNKNOWN for others, PAD behind; no word at all is NULL."""
    ids = [VOCABULARY.get(word, UNKNOWN) for word in split_words(prompt)][:MAX_TOKENS]
    ids = ids or [NULL]
    return ids + [PAD] * (MAX_TOKENS - len(ids))


NULL_TOKENS = [NULL] + [PAD] * (MAX_TOKENS - 1)
