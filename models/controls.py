"""Faults planted in real clips, and which metric must find which; the seams of the first three are known.

A metric that does not tell a control from the clip it was made of is not worth reporting.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from metrics import measure
from story import Scene, draw_scene

CONTROL_SEED = 7000


@dataclass(frozen=True)
class Planted:
    """A fault, planted at every multiple of `every` where it has places, and the metrics that must grow or fall by it."""

    name: str
    plant: Callable[[np.ndarray, np.ndarray], np.ndarray]  # (a clip of 96 frames, a second one) to the faulty clip
    every: int
    grow: tuple[str, ...] = ()
    fall: tuple[str, ...] = ()


SEAM_METRICS = ("seam_auc", "seam_log_ratio")
PLANTED = (
    Planted("cut", lambda clip, other: spliced(clip, other, 16), 16, ("scuts", "warp_error", *SEAM_METRICS), ("likeness", "half_life_seconds")),
    Planted("skip", lambda clip, other: skipping(clip, 8, 4), 8, SEAM_METRICS),
    Planted("repeat", lambda clip, other: repeating(clip, 8), 8, SEAM_METRICS),
    Planted("shuffle", lambda clip, other: shuffled(clip, 1), 8, ("warp_error", "mawe", "mawe_paper")),
    Planted("frozen", lambda clip, other: frozen(clip), 8, ("stagnation", "longest_still_seconds", "held", "longest_held_seconds")),
    Planted("stop", lambda clip, other: stopping(clip), 8, ("longest_still_seconds",), ("motion_decay",)),
    Planted("ramp", lambda clip, other: brightening(clip, 60), 8, ("drift_colour", "drift_chroma")),
    Planted("blur", lambda clip, other: blurring(clip, 3), 8, ("drift_sharpness", "drift_contrast")),
    Planted("fade to another", lambda clip, other: fading(clip, other), 8, (), ("anchor_similarity", "likeness")),
)


def order(clip: np.ndarray, other: np.ndarray) -> list[tuple[str, str, float, float, bool]]:
    """For each metric and its controls: (metric, control, of the clip, of the control, whether they stand in the right order)."""
    seams = lambda frames, every: list(range(every, len(frames), every))
    of_clip = {every: measure(clip, seams(clip, every)) for every in {planted.every for planted in PLANTED}}
    rows = []
    for planted in PLANTED:
        planting = planted.plant(clip, other)
        real, faulty = of_clip[planted.every], measure(planting, seams(planting, planted.every))
        rows += [(name, planted.name, real[name], faulty[name], faulty[name] > real[name]) for name in planted.grow]
        rows += [(name, planted.name, real[name], faulty[name], faulty[name] < real[name]) for name in planted.fall]
    return rows


def control_clips(number: int) -> tuple[Scene, Scene]:
    """Two scenes at different places in which something moves all the time and nothing else happens. It does not come back on itself, as a
    bounce or a circle does: there frames that are repeated or left out can fall on the same picture, and are no seam."""
    scenes = (draw_scene(seed) for seed in range(CONTROL_SEED + 1000 * number, CONTROL_SEED + 1000 * (number + 1)))
    steady = (scene for scene in scenes if moves_steadily(scene))
    first = next(steady)
    return first, next(scene for scene in steady if scene.place != first.place)


def moves_steadily(scene: Scene) -> bool:
    plain = scene.camera == "still" and scene.weather == "clear" and not scene.after
    return plain and scene.actors[0].motion in ("left", "right") and scene.actors[0].speed != "slow"


def frozen(frames: np.ndarray) -> np.ndarray:
    return np.repeat(frames[:1], len(frames), 0)


def spliced(frames: np.ndarray, others: np.ndarray, every: int) -> np.ndarray:
    """Changes between two clips at every multiple of `every`: what a cut at each seam looks like."""
    turn = (np.arange(len(frames)) // every % 2)[:, None, None, None]
    return np.where(turn == 0, frames, others)


def skipping(frames: np.ndarray, every: int, skipped: int) -> np.ndarray:
    """Leaves out `skipped` frames at every seam: motion jumps, nothing else does. Shorter than `frames`."""
    return frames[[t for t in range(len(frames)) if t % (every + skipped) < every]]


def repeating(frames: np.ndarray, every: int) -> np.ndarray:
    """The first `every` frames over and over."""
    return frames[np.arange(len(frames)) % every]


def fading(frames: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Turns into another clip, evenly: no step shows it."""
    share = np.linspace(0, 1, len(frames), dtype=np.float32)[:, None, None, None]
    return (frames * (1 - share) + others * share).astype(np.uint8)


def brightening(frames: np.ndarray, by: float) -> np.ndarray:
    """Grows brighter, evenly, until `by` grey levels at the end."""
    ramp = np.linspace(0, by, len(frames), dtype=np.float32)[:, None, None, None]
    return np.clip(frames + ramp, 0, 255).astype(np.uint8)


def blurring(frames: np.ndarray, sigma: float) -> np.ndarray:
    """Grows blurred, evenly, until `sigma` pixels at the end."""
    return np.stack([cv2.GaussianBlur(frame, (0, 0), max(share * sigma, 0.01)) for frame, share in zip(frames, np.linspace(0, 1, len(frames)))])


def stopping(frames: np.ndarray) -> np.ndarray:
    """Stands still from the middle on."""
    return frames[np.minimum(np.arange(len(frames)), len(frames) // 2)]


def shuffled(frames: np.ndarray, seed: int) -> np.ndarray:
    return frames[np.random.default_rng(seed).permutation(len(frames))]
