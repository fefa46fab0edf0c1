"""What a clip tells: who is where, does what, and what changes. A `Scene` follows from its seed alone.

Knows nothing of pixels (world.py) or of sentences (captions.py). Some pairs are kept out of training,
so that evaluation can see whether the model puts together what it has only met apart.
"""

from dataclasses import dataclass, replace

import numpy as np

from places import PLACES
from things import COLOURS, INDEX, THINGS

MOTIONS = ("still", "left", "right", "up", "down", "bounce", "spin", "circle", "grow", "shrink")
SPEEDS = ("slow", "normal", "fast")
SIZES = ("small", "normal", "big")
RELATIONS = ("left of", "right of", "above", "chases")
CAMERAS = ("still", "pan left", "pan right", "zoom in", "zoom out")
WEATHERS = ("clear", "rain", "snow")
CHANGES = ("motion", "time", "weather", "thing", "place", "colour")
MOTION_SHARES = np.array([3, 4, 4, 2, 2, 3, 2, 2, 1.5, 1.5]) / 25


@dataclass(frozen=True)
class Actor:
    thing: str
    colour: str | None
    size: str
    motion: str
    speed: str


@dataclass(frozen=True)
class Scene:
    """`after` is the scene that holds from frame `change_frame` on; both 0 and None where nothing changes."""

    seed: int
    place: str
    night: bool
    weather: str
    camera: str
    actors: tuple[Actor, ...]
    relation: str | None = None
    change: str | None = None
    change_frame: int = 0
    after: "Scene | None" = None

    def at(self, frame: int) -> "Scene":
        """The state that holds at a frame."""
        return self.after if self.after and frame >= self.change_frame else self


def held_out(actor: Actor, place: str) -> bool:
    """About 8 % of the pairs of thing and place (never its home), thing and motion, thing and colour; at most one of each a thing."""
    thing = INDEX[actor.thing]
    home = place in THINGS[thing].homes
    return (
        (thing % 5 != 0 and not home and PLACES.index(place) == (7 * thing + 5) % 10)
        or (thing % 5 != 1 and MOTIONS.index(actor.motion) == (3 * thing + 1) % 10)
        or (thing % 3 != 0 and actor.colour is not None and list(COLOURS).index(actor.colour) == (3 * thing + 1) % 8)
    )


def draw_scene(seed: int, split: str = "train") -> Scene:
    """A scene without held-out pairs ('train'), or with a main actor that is one ('held_out')."""
    rng = np.random.default_rng([seed, 1])
    while True:
        scene = draw_any(seed, rng)
        scenes = [scene] + ([scene.after] if scene.after else [])
        unseen = [any(held_out(actor, each.place) for actor in each.actors) for each in scenes]
        if (split == "train" and not any(unseen)) or (split == "held_out" and held_out(scene.actors[0], scene.place)):
            return scene


def draw_any(seed: int, rng: np.random.Generator) -> Scene:
    first = draw_actor(rng)
    place = draw_place_for(first, rng)
    relation, actors = None, (first,)
    if rng.random() < 0.22:
        relation = RELATIONS[rng.integers(4)]
        second = draw_actor(rng)
        while second.thing == first.thing:
            second = draw_actor(rng)
        if relation == "chases":
            motion, speed = ("left", "right")[rng.integers(2)], first.speed
            actors = (replace(first, motion=motion), replace(second, motion=motion, speed=speed, size=first.size))
        else:
            motion = ("still", "bounce", "spin")[rng.integers(3)]
            actors = (replace(first, motion=motion, size=SIZES[rng.integers(2)]), replace(second, motion="still", size="normal"))
        actors = tuple(replace(actor, size="small" if actor.size == "big" else actor.size) for actor in actors)
    weather = WEATHERS[rng.choice(3, p=[0.86, 0.07, 0.07])] if place not in ("space", "room") else "clear"
    camera = "still" if rng.random() < 0.9 or relation else CAMERAS[rng.integers(1, 5)]
    night = bool(rng.random() < 0.18) and place != "space"
    scene = Scene(seed, place, night, weather, camera, actors, relation)
    if rng.random() < 0.45 and camera == "still":
        scene = draw_change(scene, rng)
    return scene


def draw_actor(rng: np.random.Generator) -> Actor:
    thing = THINGS[rng.integers(len(THINGS))]
    colour = list(COLOURS)[rng.integers(len(COLOURS))] if thing.colourable else None
    motion = MOTIONS[rng.choice(10, p=MOTION_SHARES)]
    return Actor(thing.name, colour, SIZES[rng.choice(3, p=[0.2, 0.5, 0.3])], motion, SPEEDS[rng.choice(3, p=[0.25, 0.5, 0.25])])


def draw_place_for(actor: Actor, rng: np.random.Generator) -> str:
    homes = THINGS[INDEX[actor.thing]].homes
    return homes[rng.integers(len(homes))] if rng.random() < 0.5 else PLACES[rng.integers(10)]


def draw_change(scene: Scene, rng: np.random.Generator) -> Scene:
    kinds = ["motion", "motion", "time", "weather", "thing", "place", "colour"]
    if scene.relation:
        kinds = ["time", "weather", "place"]
    kind = kinds[rng.integers(len(kinds))]
    first, after = scene.actors[0], None
    if kind == "motion":
        after = replace(scene, actors=(replace(first, motion=pick_other(MOTIONS, first.motion, rng)),))
    elif kind == "time" and scene.place != "space":
        after = replace(scene, night=not scene.night)
    elif kind == "weather" and scene.place not in ("space", "room"):
        after = replace(scene, weather=pick_other(WEATHERS, scene.weather, rng))
    elif kind == "thing":
        other = draw_actor(rng)
        after = replace(scene, actors=(replace(other, motion=first.motion, speed=first.speed, size=first.size),)) if other.thing != first.thing else None
    elif kind == "place":
        place = pick_other(PLACES, scene.place, rng)
        indoors = place in ("space", "room")
        after = replace(scene, place=place, weather="clear" if indoors else scene.weather, night=scene.night and place != "space")
    elif kind == "colour" and first.colour:
        after = replace(scene, actors=(replace(first, colour=pick_other(tuple(COLOURS), first.colour, rng)),))
    if after is None:
        return scene
    return replace(scene, change=kind, change_frame=int(8 * rng.integers(1, 4)), after=after)


def pick_other(options: tuple[str, ...], than: str, rng: np.random.Generator) -> str:
    others = [option for option in options if option != than]
    return others[rng.integers(len(others))]


