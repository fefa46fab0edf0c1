"""Renders a scene: a place, and drawings that move over it on a torus. 128x128, 8 frames a second.

What leaves at one edge comes in at the other in the same frame, and phases can be read from half a
second, so the next frames always follow from the last eight, the prompt and the scene's past.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from drawings import draw_thing
from places import SIDE, draw_place
from story import Scene
from things import INDEX, THINGS

FPS = 8
DIAMETER = {"small": 40.0, "normal": 56.0, "big": 76.0}
STEP = {"slow": 2.0, "normal": 4.0, "fast": 7.0}  # pixels a frame
PERIOD = {"slow": 1.5, "normal": 1.0, "fast": 0.65}
BOUNCE_FRAMES, SPIN_FRAMES, CIRCLE_FRAMES, GROW_FRAMES = 10, 16, 20, 30
GROWN, SHRUNK = 1.4, 0.6
# Frames that a change takes
TURN = {"time": 12, "weather": 4, "thing": 6, "place": 8, "colour": 6, "motion": 0}
SWAY = 1.0


@dataclass
class Clip:
    frames: np.ndarray  # uint8 [F, 128, 128, 3]
    tracks: np.ndarray  # float32 [F, actors, 6]: x, y, diameter, angle, mirrored, visible
    thing_ids: np.ndarray  # int [F, actors]


def render(scene: Scene, first_frame: int = 0, frames: int = 48) -> Clip:
    """Frames [first_frame, first_frame + frames) of the scene."""
    rng = np.random.default_rng([scene.seed, 2])
    backdrop = Backdrop(scene, rng)
    tracks, thing_ids, looks = follow(scene, first_frame + frames, rng)
    pictures = np.empty((frames, SIDE, SIDE, 3), np.uint8)
    for number in range(frames):
        frame = first_frame + number
        picture = backdrop.at(frame)
        for (x, y, diameter, angle, mirrored, visible), faces in zip(tracks[frame], looks[frame]):
            for thing, colour, share, mix in faces:
                paste(picture, draw_mixed(thing, colour, mix), x, y, diameter * share, angle, mirrored > 0.5, backdrop.light(frame))
        backdrop.weather_at(frame, picture)
        pictures[number] = zoomed(picture, scene.camera, frame)
    at = slice(first_frame, first_frame + frames)
    return Clip(pictures, zoom_tracks(tracks, scene.camera)[at], thing_ids[at])


class Backdrop:
    """The place as it looks at each frame: panned, darkened, turning into another; static parts are kept."""

    def __init__(self, scene: Scene, rng: np.random.Generator):
        self.scene, self.after = scene, scene.after or scene
        self.pictures = draw_place(scene.place, rng)
        self.later = draw_place(self.after.place, rng) if self.after.place != scene.place else self.pictures
        self.drops = rng.uniform(0, SIDE, (70, 2))
        self.kept: tuple[tuple, np.ndarray] | None = None

    def at(self, frame: int) -> np.ndarray:
        turned = turn(self.scene, frame)
        night = self.scene.night + (self.after.night - self.scene.night) * turned
        pan = {"pan left": -2, "pan right": 2}.get(self.scene.camera, 0) * frame
        key = (turned if self.after.place != self.scene.place else 0, night)
        if self.kept is None or self.kept[0] != key:
            before, later = lit(self.pictures, night), lit(self.later, night)
            self.kept = key, before if before is later or key[0] == 0 else cv2.addWeighted(before, 1 - key[0], later, key[0], 0)
        return np.roll(self.kept[1], -pan, 1) if pan else self.kept[1].copy()

    def light(self, frame: int) -> float:
        """1 by day, less by night: drawings darken a little with their place."""
        turned = turn(self.scene, frame)
        return 1 - 0.3 * (self.scene.night + (self.after.night - self.scene.night) * turned)

    def weather_at(self, frame: int, picture: np.ndarray) -> None:
        turned = turn(self.scene, frame)
        same = self.after.weather == self.scene.weather
        for weather, share in ((self.scene.weather, 1 if same else 1 - turned), (self.after.weather, 0 if same else turned)):
            if weather == "clear" or share == 0:
                continue
            fall, drift = ((14, 4), (3, 1))[weather == "snow"]
            for x, y in self.drops[: int(len(self.drops) * share)]:
                x, y = (x + drift * frame) % SIDE, (y + fall * frame) % SIDE
                if weather == "rain":
                    cv2.line(picture, (int(x), int(y)), (int(x) + 2, int(y) + 7), (196, 220, 250), 1)
                else:
                    picture[int(y) : int(y) + 2, int(x) : int(x) + 2] = 252


def turn(scene: Scene, frame: int) -> float:
    """How far the change has come, 0..1."""
    if scene.after is None or frame < scene.change_frame:
        return 0.0
    return min(1.0, (frame - scene.change_frame + 1) / max(TURN[scene.change], 1))


def lit(pictures: tuple[np.ndarray, np.ndarray], night: float) -> np.ndarray:
    day, dark = pictures
    return day if night == 0 else dark if night == 1 else cv2.addWeighted(day, 1 - night, dark, night, 0)


def follow(scene: Scene, frames: int, rng: np.random.Generator):
    """Tracks [frames, actors, 6], thing ids, and for each frame and actor what to draw: (thing, colour, share of size, mix)."""
    actors = len(scene.actors)
    tracks, ids = np.zeros((frames, actors, 6), np.float32), np.zeros((frames, actors), np.int64)
    looks = [[None] * actors for _ in range(frames)]
    places = start_places(scene, rng)
    for number in range(actors):
        state = Motion(scene.actors[number], places[number], rng)
        for frame in range(frames):
            now = scene.at(frame).actors[number]
            tracks[frame, number] = state.step(now)
            turned = turn(scene, frame)
            old, new = scene.actors[number], now
            ids[frame, number] = INDEX[(new if turned >= 0.5 else old).thing if scene.change == "thing" else new.thing]
            if scene.change == "thing" and 0 < turned < 1:
                looks[frame][number] = [(INDEX[old.thing], old.colour, 1 - turned, None), (INDEX[new.thing], new.colour, turned, None)]
            elif scene.change == "colour" and 0 < turned < 1:
                looks[frame][number] = [(INDEX[new.thing], old.colour, 1, (new.colour, turned))]
            else:
                looks[frame][number] = [(INDEX[new.thing], new.colour, 1, None)]
    return tracks, ids, looks


class Motion:
    """One actor's place, turned, size from frame to frame; a new motion goes on from where the old one stands."""

    def __init__(self, actor, place, rng: np.random.Generator):
        self.x, self.y = place
        self.phase, self.motion, self.thing, self.angle, self.scale = rng.uniform(0, 1), None, None, 0.0, 1.0
        self.mirrored = bool(rng.random() < 0.5)
        self.began = False

    def step(self, actor) -> tuple[float, ...]:
        fresh = self.began and actor.motion != self.motion
        if fresh or not self.began:
            self.begin(actor, fresh)
        elif actor.thing != self.thing:
            self.look_ahead(actor)
        self.thing = actor.thing
        step, beat = STEP[actor.speed], 1 / PERIOD[actor.speed]
        diameter = DIAMETER[actor.size]
        x, y, angle = self.x, self.y, self.angle
        match actor.motion:
            case "left" | "right":
                x += step if actor.motion == "right" else -step
            case "up" | "down":
                y += step if actor.motion == "down" else -step
            case "bounce":
                self.phase += beat / BOUNCE_FRAMES
            case "spin":
                angle += 2 * np.pi * beat / SPIN_FRAMES
            case "circle":
                self.phase += beat / CIRCLE_FRAMES
            case "grow":
                self.scale = min(GROWN, self.scale + (GROWN - SHRUNK) * beat / GROW_FRAMES)
            case "shrink":
                self.scale = max(SHRUNK, self.scale - (GROWN - SHRUNK) * beat / GROW_FRAMES)
        self.x, self.y, self.angle = x % SIDE, y % SIDE, angle
        lifted, aside = 0.0, 0.0
        if actor.motion == "bounce":
            lifted = 34 * abs(np.sin(np.pi * self.phase))
        if actor.motion == "circle":
            aside, lifted = 22 * np.cos(2 * np.pi * self.phase), 22 * np.sin(2 * np.pi * self.phase)
        place = (self.x + aside) % SIDE, (self.y - lifted) % SIDE
        return (*place, diameter * self.scale, self.angle, float(self.mirrored), 1.0)

    def begin(self, actor, fresh: bool) -> None:
        faces = THINGS[INDEX[actor.thing]].faces
        if actor.motion in ("left", "right"):
            self.look_ahead(actor)
        elif not self.began and faces == "front":
            self.mirrored = False
        if fresh:
            self.phase, self.angle = 0.0, 0.0 if actor.motion != "spin" else self.angle
        elif actor.motion == "spin":
            self.angle = 2 * np.pi * self.phase
        elif actor.motion in ("grow", "shrink"):
            # A clip may begin anywhere on the way
            self.scale = SHRUNK + (GROWN - SHRUNK) * 0.5 * (self.phase if actor.motion == "grow" else 2 - self.phase)
        self.motion, self.began = actor.motion, True

    def look_ahead(self, actor) -> None:
        faces = THINGS[INDEX[actor.thing]].faces
        if actor.motion in ("left", "right"):
            self.mirrored = faces != "front" and faces != actor.motion


def start_places(scene: Scene, rng: np.random.Generator) -> list[tuple[float, float]]:
    """Where each actor begins: grounded kinds low, the others anywhere; two keep apart as their relation says."""
    first = scene.actors[0]
    kinds = [THINGS[INDEX[actor.thing]].kind for actor in scene.actors]
    half = DIAMETER[first.size] / 2
    grounded = bool(set(kinds) & {"walker", "vehicle", "boat", "object"}) and first.motion not in ("up", "down", "circle")
    low, high = (0.62 * SIDE, SIDE - half - 2) if grounded else (half + 4, SIDE - half - 2)
    if "swimmer" in kinds and scene.place == "sea":
        low = 0.5 * SIDE
    high = max(high, low + 1)
    x, y = rng.uniform(half, SIDE - half), rng.uniform(low, high)
    if first.motion in ("left", "right"):
        x = rng.uniform(0, SIDE)
    if len(scene.actors) == 1:
        return [(x, y)]
    gap = (DIAMETER[first.size] + DIAMETER[scene.actors[1].size]) / 2 + rng.uniform(1, 5)
    if scene.relation == "chases":
        ahead = 1 if first.motion == "right" else -1
        return [(x, y), ((x + ahead * gap) % SIDE, y)]
    if scene.relation == "above":
        y = half + rng.uniform(1, 6)
        return [(x, y), (x, min(y + gap, SIDE - DIAMETER[scene.actors[1].size] / 2))]
    middle = rng.uniform(0.42, 0.58) * SIDE
    side = -1 if scene.relation == "left of" else 1
    return [(middle + side * gap / 2, y), (middle - side * gap / 2, y)]


def draw_mixed(thing: int, colour: str | None, mix: tuple[str, float] | None) -> list[np.ndarray]:
    drawing = draw_thing(thing, colour)
    if mix is None:
        return drawing
    other, share = mix
    return [a * (1 - share) + b * share for a, b in zip(drawing, draw_thing(thing, other))]


def paste(picture: np.ndarray, copies: list[np.ndarray], x: float, y: float, diameter: float, angle: float, mirrored: bool, light: float) -> None:
    """Blends a drawing into `picture` in place, centred on (x, y), on the torus."""
    if diameter < 3:
        return
    copy = min(copies, key=lambda c: (c.shape[0] < diameter, c.shape[0]))
    scale = diameter / copy.shape[0]
    half = int(np.ceil(diameter * (0.72 if angle else 0.52))) + 1
    left, top = int(np.floor(x)) - half, int(np.floor(y)) - half
    cos, sin, flip = np.cos(angle) * scale, np.sin(angle) * scale, -1 if mirrored else 1
    middle = copy.shape[0] / 2 - 0.5
    matrix = np.float64([[cos * flip, -sin, 0], [sin * flip, cos, 0]])
    matrix[:, 2] = np.array([x - left, y - top]) - matrix[:, :2] @ [middle, middle]
    side = 2 * half + 1
    patch = cv2.warpAffine(copy, matrix, (side, side), flags=cv2.INTER_LINEAR)
    rows, columns = np.arange(top, top + side) % SIDE, np.arange(left, left + side) % SIDE
    inside = top >= 0 and left >= 0 and top + side <= SIDE and left + side <= SIDE
    where = (slice(top, top + side), slice(left, left + side)) if inside else np.ix_(rows, columns)
    under = picture[where]
    picture[where] = (under * (1 - patch[..., 3:]) + patch[..., :3] * light + 0.5).astype(np.uint8)


def shrink(frame: np.ndarray) -> np.ndarray:
    """A 128x128 frame at the base model's 64x64."""
    return cv2.resize(frame, (64, 64), interpolation=cv2.INTER_AREA)


def zoom_at(camera: str, frame) -> np.ndarray:
    share = np.minimum(np.asarray(frame) / 32, 1)
    return {"zoom in": 1 + 0.5 * share, "zoom out": 1.5 - 0.5 * share}.get(camera, np.ones_like(share, dtype=float))


def zoomed(picture: np.ndarray, camera: str, frame: int) -> np.ndarray:
    scale = float(zoom_at(camera, frame))
    if scale == 1:
        return picture
    margin = SIDE / 2 - 0.5
    matrix = np.float64([[scale, 0, margin * (1 - scale)], [0, scale, margin * (1 - scale)]])
    return cv2.warpAffine(picture, matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR)


def zoom_tracks(tracks: np.ndarray, camera: str) -> np.ndarray:
    scale = zoom_at(camera, np.arange(len(tracks)))[:, None]
    moved = tracks.copy()
    moved[..., :2] = (tracks[..., :2] - SIDE / 2) * scale[..., None] + SIDE / 2
    moved[..., 2] *= scale
    return moved
