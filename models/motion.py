"""Follows what the checker finds from frame to frame, and names motion, speed and relation from the paths.

Rules, not learning: each is the definition in world.py turned round. Positions are pixels on a torus.
"""

from dataclasses import dataclass

import numpy as np

from checker import SIDE, Found, FrameReading
from places import PLACES
from story import SPEEDS, WEATHERS
from things import COLOURS, NAMES
from world import BOUNCE_FRAMES, CIRCLE_FRAMES, PERIOD, SPIN_FRAMES, STEP

REACH = 20  # pixels a frame that a thing may jump, and as many again for each frame it was not seen
LOST_FRAMES = 4
SEEN_SHARE = 0.4  # of the frames, for a path to count
TRAVEL_STEP = 1.0  # pixels a frame
SWING = 5.0  # pixels of deviation from the straight path
GROWTH = 1.22  # last size over first
TURN = 0.13  # radians a frame


@dataclass
class Path:
    """One thing over time. Rows are the frames in which it was seen."""

    times: np.ndarray  # [N]
    places: np.ndarray  # [N, 2] x, y, unwrapped: they go on beyond the edges
    diameters: np.ndarray  # [N]
    angles: np.ndarray  # [N], radians
    surety: np.ndarray  # [N]
    thing: str = ""
    colour: str = ""


@dataclass
class ClipReading:
    paths: list[Path]  # the surest first
    place: str
    night: bool
    weather: str


def read_clip(readings: list[FrameReading]) -> ClipReading:
    place = PLACES[int(np.sum([each.places for each in readings], 0).argmax())]
    weather = WEATHERS[int(np.sum([each.weathers for each in readings], 0).argmax())]
    return ClipReading(follow_things(readings), place, bool(np.mean([each.night for each in readings]) > 0), weather)


def follow_things(readings: list[FrameReading]) -> list[Path]:
    """Links each thing found to the nearest path that can have led there; the paths that hold long enough."""
    open_paths: list[list[tuple[int, Found]]] = []
    for time, reading in enumerate(readings):
        free = [path for path in open_paths if time - path[-1][0] <= LOST_FRAMES]
        for found in reading.found:
            near = [(gap(path[-1][1], found), path) for path in free if gap(path[-1][1], found) < REACH * (time - path[-1][0])]
            if near:
                nearest = min(near, key=lambda pair: pair[0])[1]
                nearest.append((time, found))
                free = [path for path in free if path is not nearest]
            else:
                open_paths.append([(time, found)])
    kept = [path for path in open_paths if len(path) >= SEEN_SHARE * len(readings)]
    return [make_path(path) for path in sorted(kept, key=lambda path: -sum(found.score for _, found in path))]


def gap(a: Found, b: Found) -> float:
    return float(np.hypot(wrapped(a.x - b.x), wrapped(a.y - b.y)))


def wrapped(distance):
    return (distance + SIDE / 2) % SIDE - SIDE / 2


def make_path(seen: list[tuple[int, Found]]) -> Path:
    times, found = zip(*seen)
    places = np.array([(each.x, each.y) for each in found])
    unwrapped = places[0] + np.concatenate([np.zeros((1, 2)), np.cumsum(wrapped(np.diff(places, axis=0)), 0)])
    return Path(
        times=np.array(times),
        places=unwrapped,
        diameters=np.array([each.diameter for each in found]),
        angles=np.array([each.angle for each in found]),
        surety=np.array([each.surety for each in found]),
        thing=NAMES[int(np.sum([each.things * each.score for each in found], 0).argmax())],
        colour=list(COLOURS)[int(np.sum([each.colours * each.score for each in found], 0).argmax())],
    )


def name_motion(path: Path) -> str:
    """One of story.MOTIONS."""
    if len(path.times) < 6:
        return "still"
    ends = max(2, len(path.times) // 6)
    growth = np.median(path.diameters[-ends:]) / np.median(path.diameters[:ends])
    swing = np.std(path.places - straight(path), axis=0)
    velocity = mean_velocity(path)
    if growth > GROWTH or growth < 1 / GROWTH:
        return "grow" if growth > 1 else "shrink"
    if swing.min() > SWING:
        return "circle"
    if abs(velocity).max() > TRAVEL_STEP and swing.max() < SWING:
        across = abs(velocity[0]) > abs(velocity[1])
        if across:
            return "right" if velocity[0] > 0 else "left"
        return "down" if velocity[1] > 0 else "up"
    if swing[1] > SWING:
        return "bounce"
    if swing[0] > SWING:
        return "circle"
    return "spin" if turning(path) > TURN else "still"


def mean_velocity(path: Path) -> np.ndarray:
    return np.polyfit(path.times, path.places, 1)[0]


def straight(path: Path) -> np.ndarray:
    slope, start = np.polyfit(path.times, path.places, 1)
    return start + path.times[:, None] * slope


def turning(path: Path) -> float:
    """Radians a frame, clockwise, from pairs of neighbouring frames in which the angle is sure."""
    steps = (np.diff(path.angles) + np.pi) % (2 * np.pi) - np.pi
    good = (np.diff(path.times) == 1) & (np.minimum(path.surety[1:], path.surety[:-1]) > 0.4)
    return float(np.median(steps[good])) if good.sum() >= 4 else 0.0


def name_speed(path: Path, motion: str) -> str | None:
    """One of story.SPEEDS, the nearest by ratio; None where a motion has no speed that shows in its path."""
    if motion in ("left", "right", "up", "down"):
        velocity = abs(mean_velocity(path)[0 if motion in ("left", "right") else 1])
        return nearest(velocity, STEP)
    if motion == "spin":
        return nearest(2 * np.pi / SPIN_FRAMES / max(abs(turning(path)), 1e-3), PERIOD)
    if motion in ("bounce", "circle"):
        frames = {"bounce": BOUNCE_FRAMES, "circle": CIRCLE_FRAMES}[motion]
        return min(SPEEDS, key=lambda speed: cycle_error(path, motion, frames * PERIOD[speed]))
    return None


def cycle_error(path: Path, motion: str, period: float) -> float:
    """What is left of the path when the best cycle of this period is taken out, in square pixels."""
    turn = 2 * np.pi * path.times / period
    waves = [np.ones_like(turn), np.cos(turn), np.sin(turn)]
    if motion == "bounce":
        waves += [np.cos(2 * turn), np.sin(2 * turn)]
    basis = np.stack(waves, 1)
    columns = path.places if motion == "circle" else path.places[:, 1:]
    return float(((columns - basis @ np.linalg.lstsq(basis, columns, rcond=None)[0]) ** 2).mean())


def nearest(value: float, named: dict[str, float]) -> str:
    return min(named, key=lambda name: abs(np.log(max(value, 1e-3) / named[name])))


def name_relation(first: Path, second: Path) -> str | None:
    """How the first stands to the second: one of story.RELATIONS."""
    if not (shared := np.intersect1d(first.times, second.times)).size:
        return None
    places = first.places[np.isin(first.times, shared)]
    between = wrapped(places - second.places[np.isin(second.times, shared)])
    # Where the first stands lowest: at the top of a bounce it may be nearer round the torus
    apart = np.median(between[places[:, 1] >= np.quantile(places[:, 1], 0.8)], 0)
    speeds = [mean_velocity(path)[0] for path in (first, second)]
    if min(map(abs, speeds)) > TRAVEL_STEP and speeds[0] * speeds[1] > 0:
        return "chases" if apart[0] * speeds[0] < 0 else None
    if abs(apart[0]) > abs(apart[1]):
        return "left of" if apart[0] < 0 else "right of"
    return "above" if apart[1] < 0 else None
