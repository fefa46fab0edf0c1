"""The closed world the model knows: objects, colours, places, motions, and the words for each.

A `Scene` is one clip's full description; everything drawn or said about a clip comes from it.
Knows nothing of pixels (places.py, sprites.py) or of sentences (captions.py).
"""

from dataclasses import dataclass

import numpy as np

OBJECTS = {
    "ball": ["ball", "sphere"],
    "box": ["box", "cube"],
    "star": ["star"],
    "car": ["car", "automobile"],
    "boat": ["boat", "ship", "sailboat"],
    "balloon": ["balloon"],
    "fish": ["fish"],
    "bird": ["bird"],
}
COLOURS = {
    "red": ["red"],
    "orange": ["orange"],
    "yellow": ["yellow", "golden"],
    "green": ["green"],
    "blue": ["blue"],
    "purple": ["purple", "violet"],
    "pink": ["pink"],
    "white": ["white"],
}
PLACES = {
    "sea": ["sea", "ocean", "water"],
    "forest": ["forest", "woods", "trees"],
    "desert": ["desert", "dunes", "sand"],
    "city": ["city", "town", "street"],
    "space": ["space", "cosmos"],
    "meadow": ["meadow", "field", "grass"],
    "mountains": ["mountains", "snow"],
    "studio": ["studio", "room", "background"],
}
MOTIONS = {
    "left": ["left"],
    "right": ["right"],
    "rises": ["rises", "up", "upwards", "climbs", "ascends"],
    "falls": ["falls", "down", "downwards", "sinks", "drops", "descends"],
    "bounces": ["bounces", "jumps", "hops"],
    "circles": ["circles", "circle", "round", "loops"],
    "still": ["still", "rests", "waits", "stands"],
}
SIZES = {"small": ["small", "little", "tiny"], "big": ["big", "large", "huge"]}
SPEEDS = {"slow": ["slowly"], "fast": ["quickly", "fast"]}

PALETTE = {
    "red": (226, 38, 38),
    "orange": (250, 138, 22),
    "yellow": (252, 220, 40),
    "green": (52, 196, 62),
    "blue": (44, 84, 232),
    "purple": (144, 52, 200),
    "pink": (252, 132, 190),
    "white": (248, 248, 248),
}

# Pairs kept out of training: evaluation asks for them to see whether attributes combine.
HELD_OUT_PAIRS = {
    ("ball", "pink"),
    ("box", "blue"),
    ("star", "green"),
    ("car", "yellow"),
    ("boat", "purple"),
    ("balloon", "white"),
    ("fish", "red"),
    ("bird", "orange"),
}


@dataclass(frozen=True)
class Scene:
    """One clip: what is seen and how it moves. `seed` fixes everything the words leave open."""

    object: str
    colour: str
    place: str
    motion: str
    size: str
    speed: str
    seed: int


def draw_scene(seed: int, held_out: bool = False) -> Scene:
    """A uniform draw of attributes; held-out pairs only if asked for (then only those)."""
    rng = np.random.default_rng([seed, 1])
    pick = lambda names: list(names)[rng.integers(len(names))]
    while True:
        thing, colour = pick(OBJECTS), pick(COLOURS)
        if ((thing, colour) in HELD_OUT_PAIRS) == held_out:
            break
    return Scene(thing, colour, pick(PLACES), pick(MOTIONS), pick(SIZES), pick(SPEEDS), seed)
