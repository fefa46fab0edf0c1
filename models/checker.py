"""Reads a clip without any learned part: object, colour, place and motion from pixels alone.

The object's mask is what differs from the per-pixel median frame, so an object that stays still is
invisible here: then only place and "nothing moves" can be judged.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image

from places import SIDE, draw_place
from sprites import draw_sprite
from world import COLOURS, OBJECTS, PALETTE, PLACES

DIFFERENCE = 48  # grey levels of 255, in the most different channel
SMALLEST_OBJECT = 110  # pixels
SILHOUETTE_SIDE = 32
TEMPLATES_A_PLACE = 24


@dataclass
class Reading:
    object: str | None
    colour: str | None
    place: str
    motion: str
    frames_with_object: float


def read_clip(frames: np.ndarray) -> Reading:
    """frames uint8 [T, 128, 128, 3], T of about 30 or more so that the median is the background."""
    background = np.median(frames, axis=0)
    masks = [clean(np.abs(frame - background).max(-1) > DIFFERENCE) for frame in frames]
    present = [mask.sum() >= SMALLEST_OBJECT for mask in masks]
    share = float(np.mean(present))
    place = nearest_place(background)
    if share < 0.5:
        return Reading(None, None, place, "still", share)
    return Reading(
        object=nearest_object([mask for mask, seen in zip(masks, present) if seen]),
        colour=nearest_colour([frame[mask] for frame, mask, seen in zip(frames, masks, present) if seen]),
        place=place,
        motion=classify_motion(np.array([centre(mask) if seen else (np.nan, np.nan) for mask, seen in zip(masks, present)])),
        frames_with_object=share,
    )


def clean(mask: np.ndarray) -> np.ndarray:
    """Keeps pixels of which at least five of the nine around them are set; the edges wrap."""
    around = sum(np.roll(mask.astype(np.int8), (dy, dx), (0, 1)) for dy in (-1, 0, 1) for dx in (-1, 0, 1))
    return around >= 5


def centre(mask: np.ndarray) -> tuple[float, float]:
    """Mean place on the torus as (x, y) in pixels."""
    rows, columns = np.nonzero(mask)
    turn = 2 * np.pi / SIDE
    return tuple(float(np.angle(np.exp(1j * turn * axis).mean()) / turn % SIDE) for axis in (columns, rows))


def classify_motion(path: np.ndarray) -> str:
    """path [T, 2] as (x, y), NaN where no object was seen."""
    steps = (np.diff(path, axis=0) + SIDE / 2) % SIDE - SIDE / 2
    steps = steps[~np.isnan(steps).any(1)]
    if len(steps) < 4:
        return "still"
    across, down = np.median(steps, axis=0)
    agreement = np.mean(np.sign(steps) == np.sign([across, down]), axis=0)
    if abs(across) > 2 and abs(across) > 2 * abs(down) and agreement[0] > 0.7:
        return "left" if across < 0 else "right"
    if abs(down) > 2 and abs(down) > 2 * abs(across) and agreement[1] > 0.7:
        return "rises" if down < 0 else "falls"
    size_across, size_down = np.abs(steps).mean(0)
    if max(size_across, size_down) < 0.8:
        return "still"
    return "bounces" if size_down > 2 * size_across else "circles"


def nearest_colour(pixels: list[np.ndarray]) -> str:
    """The palette colour with most votes; dark outline pixels do not vote."""
    votes = np.concatenate(pixels).astype(np.float32)
    votes = votes[votes.max(1) > 110]
    if not len(votes):
        return "none"
    table = np.array([PALETTE[name] for name in COLOURS], dtype=np.float32)
    nearest = np.square(votes[:, None] - table).sum(-1).argmin(1)
    return list(COLOURS)[np.bincount(nearest, minlength=len(table)).argmax()]


def nearest_place(background: np.ndarray) -> str:
    seen = thumbnail(background)
    names, templates = place_templates()
    return names[np.abs(templates - seen).mean((1, 2, 3)).argmin()]


@cache
def place_templates() -> tuple[list[str], np.ndarray]:
    names = [name for name in PLACES for _ in range(TEMPLATES_A_PLACE)]
    pictures = [draw_place(name, np.random.default_rng([number, 77])) * 255 for number, name in enumerate(names)]
    return names, np.stack([thumbnail(picture) for picture in pictures])


def thumbnail(picture: np.ndarray) -> np.ndarray:
    return picture.reshape(8, SIDE // 8, 8, SIDE // 8, 3).mean((1, 3))


def nearest_object(masks: list[np.ndarray]) -> str:
    """The object whose silhouettes overlap best, by mean intersection over union."""
    names, templates = object_templates()
    scores = np.zeros(len(names))
    for mask in masks:
        shape = normalized_silhouette(roll_to_middle(mask))
        union = (templates | shape).sum((1, 2))
        scores += (templates & shape).sum((1, 2)) / union
    best = {name: max(score for other, score in zip(names, scores) if other == name) for name in OBJECTS}
    return max(best, key=best.get)


@cache
def object_templates() -> tuple[list[str], np.ndarray]:
    names, shapes = [], []
    for name in OBJECTS:
        for facing_left in (False, True):
            for radius in (15, 21):
                names.append(name)
                shapes.append(normalized_silhouette(draw_sprite(name, "red", radius, facing_left)[..., 3] > 0.5))
    return names, np.stack(shapes)


def roll_to_middle(mask: np.ndarray) -> np.ndarray:
    x, y = centre(mask)
    return np.roll(mask, (int(SIDE / 2 - y), int(SIDE / 2 - x)), (0, 1))


def normalized_silhouette(mask: np.ndarray) -> np.ndarray:
    """Cut to its bounding box, scaled to fit a square of 32 (aspect kept), centred."""
    rows, columns = np.nonzero(mask)
    cut = mask[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    scale = SILHOUETTE_SIDE / max(cut.shape)
    height, width = (max(1, round(side * scale)) for side in cut.shape)
    scaled = np.asarray(Image.fromarray(cut).resize((width, height), Image.Resampling.NEAREST))
    square = np.zeros((SILHOUETTE_SIDE, SILHOUETTE_SIDE), bool)
    top, left = (SILHOUETTE_SIDE - height) // 2, (SILHOUETTE_SIDE - width) // 2
    square[top : top + height, left : left + width] = scaled
    return square
