"""Says a scene in words, in many ways. Parts are left out at random, so that short prompts work too.

`KNOWN` lists what can be said, by kind; words marked held out are said only by `eval_prompts`.
"""

import re
from collections.abc import Iterable

import numpy as np

from places import PLACES
from story import Actor, Scene, draw_scene
from things import COLOURS, INDEX, THINGS

PREFIXES = ("a video of", "a cartoon of", "an animation of", "a clip of", "a picture book scene with", "show me", "imagine")
TRAVEL = {
    "walker": (("walks", "walking"), ("runs", "running"), ("wanders", "wandering"), ("strolls", "strolling")),
    "flyer": (("flies", "flying"), ("glides", "gliding"), ("floats", "floating"), ("soars", "soaring")),
    "swimmer": (("swims", "swimming"), ("glides", "gliding")),
    "vehicle": (("drives", "driving"), ("rolls", "rolling"), ("rides", "riding")),
    "boat": (("sails", "sailing"), ("floats", "floating")),
    "object": (("slides", "sliding"), ("drifts", "drifting"), ("rolls", "rolling")),
}
ANY_TRAVEL = (("moves", "moving"), ("goes", "going"), ("travels", "travelling"))
DIRECTION = {
    "left": ("left", "to the left", "leftwards", "towards the left"),
    "right": ("right", "to the right", "rightwards", "towards the right"),
    "up": ("up", "upwards", "up into the air", "higher and higher"),
    "down": ("down", "downwards"),
}
STEADY = {
    "still": (("stays still", "staying still"), ("stands still", "standing still"), ("waits", "waiting"), ("rests", "resting"), ("does not move", "not moving")),
    "up": (("rises", "rising"), ("climbs", "climbing"), ("ascends", "ascending")),
    "down": (("falls", "falling"), ("sinks", "sinking"), ("drops", "dropping"), ("descends", "descending")),
    "bounce": (("bounces", "bouncing"), ("jumps", "jumping"), ("hops", "hopping"), ("jumps up and down", "jumping up and down")),
    "spin": (("spins", "spinning"), ("rotates", "rotating"), ("turns around and around", "turning around and around"), ("twirls", "twirling")),
    "circle": (("circles", "circling"), ("flies in circles", "flying in circles"), ("moves in a circle", "moving in a circle"), ("loops around", "looping around")),
    "grow": (("grows", "growing"), ("gets bigger", "getting bigger"), ("becomes larger", "becoming larger")),
    "shrink": (("shrinks", "shrinking"), ("gets smaller", "getting smaller"), ("becomes tiny", "becoming tiny")),
}
SPEED = {"slow": ("slowly", "gently"), "normal": (), "fast": ("quickly", "fast", "rapidly")}
SIZE = {"small": ("small", "little", "tiny"), "normal": (), "big": ("big", "large", "huge")}
PLACE = {
    "beach": ("on the beach", "on a beach", "at the beach", "by the seaside", "on the sand by the sea"),
    "sea": ("in the sea", "over the sea", "on the ocean", "in the ocean", "at sea", "in the water"),
    "forest": ("in the forest", "in a forest", "through the forest", "in the woods", "among the trees"),
    "desert": ("in the desert", "in a desert", "across the desert", "among the dunes"),
    "city": ("in the city", "in a city", "on the street", "in the town", "between tall buildings"),
    "mountains": ("in the mountains", "over the mountains", "in snowy mountains", "near the mountains"),
    "meadow": ("in the meadow", "in a meadow", "on the grass", "in a green field", "over the hills"),
    "space": ("in space", "in outer space", "through space", "among the stars"),
    "room": ("in a room", "in the room", "inside a room", "indoors", "in the living room"),
    "farm": ("on the farm", "on a farm", "at the farm", "near the barn"),
}
NIGHT = ("at night", "by night", "in the dark", "under the moon")
DAY = ("by day", "in the daytime", "in daylight")
WEATHER = {"rain": ("in the rain", "while it rains", "on a rainy day"), "snow": ("in the snow", "while it snows", "in falling snow"), "clear": ()}
WEATHER_EVENT = {"rain": ("it starts to rain", "it begins to rain", "rain falls"), "snow": ("it starts to snow", "it begins to snow", "snow falls"), "clear": ("the sky clears", "the weather clears up")}
NIGHT_EVENT = ("the sun sets", "night falls", "it gets dark", "it becomes night")
DAY_EVENT = ("the sun rises", "day breaks", "it gets light", "it becomes day")
CAMERA = {
    "pan left": ("the camera pans left", "the camera moves left"),
    "pan right": ("the camera pans right", "the camera moves right"),
    "zoom in": ("the camera zooms in", "zoom in", "the camera comes closer"),
    "zoom out": ("the camera zooms out", "zoom out", "the camera moves back"),
}
RELATION = {"left of": ("to the left of", "left of"), "right of": ("to the right of", "right of"), "above": ("above", "over"), "chases": ("chases", "follows", "runs after")}
EVENT_FRAMES = 8


def describe(scene: Scene, frame: int, rng: np.random.Generator, full: bool = False, held_out_words: bool = False) -> str:
    """One sentence for what holds at `frame`; soon after a change it may tell that as an event.

    `full` always names thing, colour, place, motion and speed; `held_out_words` uses words that training never says.
    """
    pick = lambda options: options[rng.integers(len(options))] if len(options) else ""
    keep = lambda share: full or rng.random() < share
    now = scene.at(frame)
    place = pick(PLACE[now.place]) if keep(0.85) else ""
    sky = ""
    if now.weather != "clear" and keep(0.9):
        sky = pick(WEATHER[now.weather])
    if now.night and keep(0.9):
        sky = f"{sky} {pick(NIGHT)}"
    elif not full and rng.random() < 0.08 and now.place != "space":
        sky = f"{sky} {pick(DAY)}"
    recent = scene.after is not None and 0 <= frame - scene.change_frame < EVENT_FRAMES
    event = tell_change(scene, pick) if recent and not full and rng.random() < 0.5 else ""
    camera = pick(CAMERA.get(now.camera, ())) if keep(0.8) else ""
    progressive = rng.random() < 0.4
    subject = say_actor(now.actors[0], rng, full, held_out_words)
    if now.relation:
        other = say_actor(now.actors[1], rng, full, held_out_words)
        link = pick(RELATION[now.relation])
        if now.relation == "chases":
            action = f"{link} {other} {'to the ' + now.actors[0].motion if keep(0.5) else ''}"
            progressive = False
        else:
            action = f"{'is ' if rng.random() < 0.3 else ''}{link} {other}"
            if now.actors[0].motion != "still" and keep(0.8):
                action = f"{pick(STEADY[now.actors[0].motion])[0]} {link} {other}"
                progressive = False
    else:
        action = say_motion(now.actors[0], rng, progressive, keep) if keep(0.85) else ""
    order = rng.random()
    if order < 0.7 or not place:
        words = f"{subject} {action} {place} {sky}"
    elif order < 0.85:
        words = f"{place} {sky} {subject} {action}"
    else:
        words = f"{subject} {place} {sky} {action}"
    if rng.random() < 0.25 and (progressive or not action):
        words = f"{pick(PREFIXES)} {words}"
    if event:
        words = f"{words}, {event}" if rng.random() < 0.7 else f"{event}, {words}"
    if camera:
        words = f"{words}, {camera}"
    return " ".join(words.split()).replace(" ,", ",")


def say_actor(actor: Actor, rng: np.random.Generator, full: bool, held_out_words: bool) -> str:
    pick = lambda options: options[rng.integers(len(options))] if len(options) else ""
    thing = THINGS[INDEX[actor.thing]]
    noun = pick(thing.synonyms) if thing.synonyms and rng.random() < 0.3 else thing.name
    if held_out_words and thing.held_out:
        noun = pick(thing.held_out)
    colour = ""
    if actor.colour and (full or rng.random() < 0.92):
        names, unseen = COLOURS[actor.colour][1:]
        colour = names[0] if rng.random() < 0.7 or full else pick(names)
        if held_out_words and unseen and not thing.held_out:
            colour = pick(unseen)
    size = pick(SIZE[actor.size]) if not full and rng.random() < 0.6 else ""
    phrase = " ".join(f"{size} {colour} {noun}".split())
    if rng.random() < 0.8:
        return with_article(phrase)
    return f"the {phrase}" if rng.random() < 0.7 else phrase


def with_article(phrase: str) -> str:
    return f"{'an' if phrase[0] in 'aeiou' and not phrase.startswith(('ufo', 'uni')) else 'a'} {phrase}"


def say_motion(actor: Actor, rng: np.random.Generator, progressive: bool, keep) -> str:
    pick = lambda options: options[rng.integers(len(options))] if len(options) else ""
    steady, directed = STEADY.get(actor.motion, ()), DIRECTION.get(actor.motion, ())
    if steady and (not directed or rng.random() < 0.6):
        verb = pick(steady)[progressive]
    else:
        verbs = TRAVEL[THINGS[INDEX[actor.thing]].kind] if rng.random() < 0.75 else ANY_TRAVEL
        verb = f"{pick(verbs)[progressive]} {pick(directed)}"
    speed = pick(SPEED[actor.speed]) if actor.motion != "still" and keep(0.75) else ""
    return f"{verb} {speed}" if rng.random() < 0.75 else f"{speed} {verb}"


def tell_change(scene: Scene, pick) -> str:
    after = scene.after
    match scene.change:
        case "time":
            return pick(NIGHT_EVENT if after.night else DAY_EVENT)
        case "weather":
            return pick(WEATHER_EVENT[after.weather])
        case "thing":
            return f"the {scene.actors[0].thing} turns into {with_article(after.actors[0].thing)}"
        case "place":
            return f"now {pick(PLACE[after.place])}"
        case "colour":
            return f"it turns {after.actors[0].colour}"
    return ""


def eval_prompts(count: int, seed: int, kind: str) -> list[tuple[Scene, str]]:
    """Scenes of pairs kept out of training, with full prompts. Kinds: single, two, synonyms (held-out words), change."""
    found, number = [], seed * 1_000_000
    while len(found) < count:
        number += 1
        scene = draw_scene(number, "held_out")
        thing, colour = THINGS[INDEX[scene.actors[0].thing]], scene.actors[0].colour
        plain = scene.camera == "still" and scene.weather == "clear" and not scene.night
        fits = {
            "single": plain and not scene.relation and not scene.after,
            "two": plain and scene.relation is not None and not scene.after,
            "synonyms": plain and not scene.relation and not scene.after and bool(thing.held_out or (colour and COLOURS[colour][2])),
            "change": scene.after is not None and not scene.relation,
        }[kind]
        if fits:
            found.append((scene, describe(scene, 0, np.random.default_rng([number, 3]), full=True, held_out_words=kind == "synonyms")))
    return found


def known() -> dict[str, dict[str, list[str]]]:
    """What the model knows, by kind: each name with the words for it."""
    spoken = lambda verbs: [form for pair in verbs for form in pair]
    motions = {motion: spoken(STEADY.get(motion, ())) + list(DIRECTION.get(motion, ())) for motion in (*STEADY, "left", "right")}
    return {
        "things": {thing.name: [thing.name, *thing.synonyms, *thing.held_out] for thing in THINGS},
        "colours": {name: [*said, *unseen] for name, (_, said, unseen) in COLOURS.items()},
        "colourable": {"things": [thing.name for thing in THINGS if thing.colourable]},
        "places": {place: list(PLACE[place]) for place in PLACES},
        "motions": motions,
        "travel": {kind: spoken(verbs) for kind, verbs in {**TRAVEL, "any": ANY_TRAVEL}.items()},
        "speeds": {name: list(said) for name, said in SPEED.items() if said},
        "sizes": {name: list(said) for name, said in SIZE.items() if said},
        "weather": {name: [*WEATHER[name], *WEATHER_EVENT[name]] for name in WEATHER},
        "times": {"night": [*NIGHT, *NIGHT_EVENT], "day": [*DAY, *DAY_EVENT]},
        "camera": {name: list(said) for name, said in CAMERA.items()},
        "relations": {name: list(said) for name, said in RELATION.items()},
        "framing": {"any": [*PREFIXES, "it turns", "turns into", "now", "is"]},
    }


def known_words() -> list[str]:
    return words_of(phrase for group in known().values() for said in group.values() for phrase in said)


def trained_words() -> list[str]:
    """The known words without the held-out ones, which training never says."""
    held_out = {*words_of(word for thing in THINGS for word in thing.held_out), *words_of(word for _, _, unseen in COLOURS.values() for word in unseen)}
    phrases = [phrase for kind, group in known().items() if kind not in ("things", "colours") for said in group.values() for phrase in said]
    said = [word for thing in THINGS for word in (thing.name, *thing.synonyms)] + [word for _, names, _ in COLOURS.values() for word in names]
    assert not held_out & {*words_of(said)}, "a held-out word is said in training"
    return words_of([*phrases, *said])


def words_of(phrases: Iterable[str]) -> list[str]:
    return sorted({word for phrase in phrases for word in re.findall(r"[a-z']+", phrase.lower())})


