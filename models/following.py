"""Whether a clip shows what its scene asks for: one right or wrong for each thing that the prompt says.

The reading comes from checker.py and motion.py. What a prompt leaves open (a normal speed, the colour of
a cow, a clear day) is not asked.
"""

from itertools import permutations

import numpy as np

from checker import Checker, read_frames
from motion import ClipReading, Path, name_motion, name_relation, name_speed, read_clip
from story import Actor, Scene

# Their mean is a prompt's score; speed and count are told apart from it
SCORED = ("thing", "colour", "place", "motion", "relation", "sky")
ATTRIBUTES = (*SCORED, "speed", "count")
SPOKEN_SPEEDS = ("slow", "fast")
SPEEDLESS = ("still", "grow", "shrink")
ENDING = ("grow", "shrink")
CANDIDATES = 4
CHANGED_ATTRIBUTE = {"motion": "motion", "time": "sky", "weather": "sky", "thing": "thing", "place": "place", "colour": "colour"}


def read(checker: Checker, frames: np.ndarray) -> ClipReading:
    return read_clip(read_frames(checker, frames))


def judge(scene: Scene, clip: ClipReading) -> dict[str, list[bool]]:
    """By attribute, an answer for each time it is asked; `scene` is the state that should hold through the whole clip."""
    first, *others = scene.actors
    paths = match(scene.actors, clip.paths)
    answers: dict[str, list[bool]] = {
        "place": [clip.place == scene.place],
        "count": [len(clip.paths) == len(scene.actors)],
        "thing": [path is not None and path.thing == actor.thing for actor, path in zip(scene.actors, paths)],
        "colour": [path is not None and path.colour == actor.colour for actor, path in zip(scene.actors, paths) if actor.colour],
        "motion": [paths[0] is not None and name_motion(paths[0]) == first.motion],
    }
    if scene.night or scene.weather != "clear":
        answers["sky"] = [shows_sky(scene, clip)]
    if others:
        seen = paths[0] is not None and paths[1] is not None
        answers["relation"] = [seen and name_relation(paths[0], paths[1]) == scene.relation]
    elif first.speed in SPOKEN_SPEEDS and first.motion not in SPEEDLESS:
        answers["speed"] = [paths[0] is not None and name_speed(paths[0], first.motion) == first.speed]
    return answers


def shows_sky(scene: Scene, clip: ClipReading) -> bool:
    return clip.night == scene.night and clip.weather == scene.weather


def match(actors: tuple[Actor, ...], paths: list[Path]) -> tuple[Path | None, ...]:
    """Which path is which actor: as many things and colours right as can be, then the surest."""
    choices = [*paths[:CANDIDATES], *[None] * len(actors)]
    if len(actors) == 1:
        return (choices[0],)

    def fit(chosen: tuple[Path | None, ...]) -> tuple[int, int]:
        pairs = [(actor, path) for actor, path in zip(actors, chosen) if path]
        return sum(2 * (path.thing == actor.thing) + (path.colour == actor.colour) for actor, path in pairs), len(pairs)

    return max(permutations(choices, len(actors)), key=fit)


def score(answers: dict[str, list[bool]]) -> float:
    return float(np.mean([right for name in SCORED for right in answers.get(name, [])]))


def judge_change(scene: Scene, clip: ClipReading) -> tuple[bool, float]:
    """Of a clip that should show the state after the change: whether what changed did, and the share of the rest that holds."""
    answers = {"sky": [shows_sky(scene.after, clip)], **judge(scene.after, clip)}
    changed = CHANGED_ATTRIBUTE[scene.change]
    # What grew before the change has grown up by now
    ended = ("motion",) if scene.after.actors[0].motion in ENDING else ()
    kept = {name: right for name, right in answers.items() if name not in (changed, *ended)}
    return all(answers[changed]), score(kept)
