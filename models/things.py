"""The things the model can draw: name, drawing, kind, and the words that people use for each.

`synonyms` are said in training captions; `held_out` never are, so that evaluation can ask with words
that only the pretrained text encoder knows. Drawings are icons of @iconify-json/fluent-emoji-flat.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Thing:
    name: str
    icon: str
    kind: str  # walker, flyer, swimmer, vehicle, boat, object
    faces: str  # the way the drawing looks: left, right or front
    colourable: bool
    homes: tuple[str, ...]  # places where it is seen most
    synonyms: tuple[str, ...] = ()
    held_out: tuple[str, ...] = ()
    hue: int | None = None  # degrees; which of the drawing's hues is its colour, if not the most common one


LAND, SKY, WATER = ("meadow", "farm", "forest"), ("meadow", "mountains", "beach", "farm"), ("sea",)

THINGS = (
    Thing("dog", "dog", "walker", "left", False, ("meadow", "city", "beach", "room"), ("hound",), ("puppy", "doggy")),
    Thing("cat", "cat", "walker", "left", False, ("room", "city", "farm"), ("tomcat",), ("kitty", "kitten")),
    Thing("horse", "horse", "walker", "left", False, ("meadow", "farm"), ("stallion", "mare"), ("pony",)),
    Thing("cow", "cow", "walker", "left", False, ("farm", "meadow"), (), ("cattle", "calf")),
    Thing("pig", "pig", "walker", "left", False, ("farm",), ("hog",), ("piglet", "swine")),
    Thing("sheep", "ewe", "walker", "left", False, ("farm", "mountains", "meadow"), ("ewe",), ("lamb",)),
    Thing("rabbit", "rabbit", "walker", "left", False, LAND, ("bunny",), ("hare",)),
    Thing("elephant", "elephant", "walker", "left", False, ("desert", "meadow", "forest"), (), ("mammoth",)),
    Thing("giraffe", "giraffe", "walker", "left", False, ("desert", "meadow"), (), ()),
    Thing("camel", "camel", "walker", "left", False, ("desert",), ("dromedary",), ()),
    Thing("turtle", "turtle", "walker", "left", True, ("beach", "sea"), ("sea turtle",), ("tortoise",)),
    Thing("snail", "snail", "walker", "left", False, ("forest", "meadow"), (), ("slug",)),
    Thing("penguin", "penguin", "walker", "left", False, ("mountains", "sea"), (), ()),
    Thing("rooster", "rooster", "walker", "left", False, ("farm",), ("cock",), ("chicken", "hen")),
    Thing("dinosaur", "t-rex", "walker", "left", True, ("forest", "desert"), ("t-rex", "tyrannosaurus"), ("dino",)),
    Thing("dragon", "dragon", "flyer", "left", True, ("mountains", "forest"), (), ("wyvern",)),
    Thing("bird", "bird", "flyer", "left", True, SKY, ("songbird",), ("sparrow", "robin")),
    Thing("duck", "duck", "flyer", "left", False, ("sea", "farm"), ("mallard",), ("duckling",)),
    Thing("owl", "owl", "flyer", "front", False, ("forest",), (), ()),
    Thing("butterfly", "butterfly", "flyer", "front", True, ("meadow", "forest"), (), ("moth",)),
    Thing("bee", "honeybee", "flyer", "left", False, ("meadow", "farm"), ("honeybee",), ("bumblebee", "wasp")),
    Thing("bat", "bat", "flyer", "front", False, ("forest", "city", "mountains"), (), ()),
    Thing("fish", "fish", "swimmer", "left", True, WATER, (), ("goldfish", "trout")),
    Thing("whale", "whale", "swimmer", "left", False, WATER, (), ("humpback",)),
    Thing("dolphin", "dolphin", "swimmer", "left", False, WATER, (), ("porpoise",)),
    Thing("shark", "shark", "swimmer", "left", False, WATER, (), ()),
    Thing("octopus", "octopus", "swimmer", "front", True, WATER, (), ("squid",)),
    Thing("crab", "crab", "walker", "front", False, ("beach", "sea"), (), ("lobster",)),
    Thing("car", "automobile", "vehicle", "left", True, ("city", "desert"), ("auto",), ("automobile", "sedan")),
    Thing("bus", "bus", "vehicle", "left", True, ("city",), ("coach",), ("minibus",), hue=42),
    Thing("train", "locomotive", "vehicle", "left", False, ("city", "mountains", "meadow"), ("steam train", "locomotive"), ("railway engine",)),
    Thing("tractor", "tractor", "vehicle", "left", True, ("farm",), (), ()),
    Thing("bicycle", "bicycle", "vehicle", "left", True, ("city", "meadow"), ("bike",), ("cycle",)),
    Thing("sailboat", "sailboat", "boat", "front", True, WATER, ("boat", "sailing boat"), ("yacht", "vessel"), hue=42),
    Thing("airplane", "airplane", "flyer", "right", False, ("city", "mountains", "sea"), ("plane",), ("aeroplane", "jet")),
    Thing("helicopter", "helicopter", "flyer", "left", True, ("city", "mountains", "sea"), (), ("chopper",)),
    Thing("rocket", "rocket", "flyer", "right", False, ("space",), ("rocket ship",), ("spaceship",)),
    Thing("ufo", "flying-saucer", "flyer", "front", False, ("space", "city", "farm"), ("flying saucer",), ("alien spacecraft",)),
    Thing("balloon", "balloon", "flyer", "front", True, SKY + ("city",), (), ()),
    Thing("ball", "soccer-ball", "object", "front", False, ("beach", "meadow", "room"), ("soccer ball",), ("football",)),
    Thing("apple", "red-apple", "object", "front", True, ("farm", "room"), (), ()),
    Thing("pumpkin", "jack-o-lantern", "object", "front", False, ("farm", "forest"), ("jack-o'-lantern",), ("gourd",)),
    Thing("umbrella", "umbrella", "object", "front", True, ("beach", "city"), (), ("parasol",)),
    Thing("star", "star", "flyer", "front", True, ("space",), (), ()),
    Thing("heart", "red-heart", "object", "front", True, ("room", "space"), (), ()),
    Thing("mushroom", "mushroom", "object", "front", True, ("forest",), (), ("toadstool",)),
    Thing("house", "house", "object", "front", True, ("meadow", "beach", "mountains"), ("cottage",), ("home", "cabin")),
    Thing("robot", "robot", "object", "front", False, ("city", "space", "room"), (), ("android",)),
)
NAMES = tuple(thing.name for thing in THINGS)
INDEX = {name: number for number, name in enumerate(NAMES)}

COLOURS = {
    "red": ((228, 40, 46), ("red", "bright red", "ruby red"), ("scarlet", "crimson")),
    "orange": ((250, 134, 24), ("orange", "bright orange"), ("tangerine",)),
    "yellow": ((252, 214, 48), ("yellow", "bright yellow"), ("golden",)),
    "green": ((48, 178, 72), ("green", "emerald green"), ("lime",)),
    "blue": ((44, 110, 236), ("blue", "sky blue", "navy blue"), ("azure",)),
    "purple": ((140, 70, 210), ("purple", "deep purple"), ("violet",)),
    "pink": ((250, 128, 188), ("pink", "bright pink"), ("rosy",)),
    "white": ((244, 244, 248), ("white", "snow white"), ()),
}
