"""Renders clips: a path over a torus, a sprite, a static background. A clip follows from its Scene.

The next frame is always predictable from the last four: nothing leaves the picture, because what
goes out at one edge comes in at the other in the same frame.
"""

import numpy as np

from places import SIDE, draw_place
from sprites import draw_sprite
from world import Scene

FPS = 8
RADIUS = {"small": 15.0, "big": 21.0}
STEP = {"slow": 4.0, "fast": 7.0}  # pixels a frame
BOUNCE_FRAMES = {"slow": 12, "fast": 8}
CIRCLE_FRAMES = {"slow": 24, "fast": 14}
GROUNDED = ("car", "boat")


def render_clip(scene: Scene, frames: int) -> np.ndarray:
    """uint8 [frames, 128, 128, 3]."""
    return render_clip_and_cells(scene, frames)[0]


def render_clip_and_cells(scene: Scene, frames: int) -> tuple[np.ndarray, np.ndarray]:
    """The clip, and bool [frames, 16, 16]: which cells of 8x8 pixels the object touches."""
    rng = np.random.default_rng([scene.seed, 2])
    background = draw_place(scene.place, rng)
    radius = RADIUS[scene.size] * rng.uniform(0.94, 1.06)
    sprite = draw_sprite(scene.object, scene.colour, radius, facing_left=scene.motion == "left")
    path = draw_path(scene, radius, frames, rng)
    clip = np.repeat((background * 255 + 0.5).astype(np.uint8)[None], frames, 0)
    for frame, (x, y) in zip(clip, path):
        paste(frame, background, sprite, int(round(x)), int(round(y)))
    empty = (background * 255 + 0.5).astype(np.uint8)
    touched = np.abs(clip.astype(np.int16) - empty).max(-1) > 12
    return clip, touched.reshape(frames, SIDE // 8, 8, SIDE // 8, 8).any((2, 4))


def draw_path(scene: Scene, radius: float, frames: int, rng: np.random.Generator) -> np.ndarray:
    """Centres [frames, 2] as (x, y) in pixels; outside 0..128 means wrapped."""
    time = np.arange(frames)
    low, high = radius * 1.3, SIDE - radius * 1.3
    x, y = rng.uniform(low, high), rng.uniform(low, high)
    if scene.object in GROUNDED:
        y = rng.uniform(SIDE * 0.6, high)
    step = STEP[scene.speed] * time
    still = np.zeros(frames)
    match scene.motion:
        case "left":
            return np.stack([rng.uniform(0, SIDE) - step, y + still], 1)
        case "right":
            return np.stack([rng.uniform(0, SIDE) + step, y + still], 1)
        case "rises":
            return np.stack([x + still, rng.uniform(0, SIDE) - step], 1)
        case "falls":
            return np.stack([x + still, rng.uniform(0, SIDE) + step], 1)
        case "bounces":
            phase = rng.integers(24) + time
            hop = np.abs(np.sin(np.pi * phase / BOUNCE_FRAMES[scene.speed]))
            return np.stack([x + still, rng.uniform(high - 8, high) - 46 * hop], 1)
        case "circles":
            turn = 2 * np.pi * (time / CIRCLE_FRAMES[scene.speed] + rng.random())
            across = 26.0
            centre = rng.uniform(low + across * 0.6, high - across * 0.6, 2)
            return centre + across * np.stack([np.cos(turn), np.sin(turn)], 1)
        case "still":
            return np.stack([x + still, y + still], 1)
    raise ValueError(f"unknown motion {scene.motion!r}; known are the keys of world.MOTIONS")


def paste(frame: np.ndarray, background: np.ndarray, sprite: np.ndarray, x: int, y: int) -> None:
    """Blends the sprite into `frame` in place, centred on (x, y), wrapping at all four edges."""
    half = sprite.shape[0] // 2
    rows = (np.arange(-half, half) + y) % SIDE
    columns = (np.arange(-half, half) + x) % SIDE
    where = np.ix_(rows, columns)
    coverage = sprite[..., 3:]
    mixed = background[where] * (1 - coverage) + sprite[..., :3] * coverage
    frame[where] = (mixed * 255 + 0.5).astype(np.uint8)
