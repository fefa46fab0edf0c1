"""Faults planted in real clips, each of which a metric must find; the seams of `spliced` and `skipping` are known.

A metric that does not tell a control from the clip it was made of is not worth reporting.
"""

import cv2
import numpy as np


def frozen(frames: np.ndarray) -> np.ndarray:
    return np.repeat(frames[:1], len(frames), 0)


def spliced(frames: np.ndarray, others: np.ndarray, every: int) -> np.ndarray:
    """Changes between two clips at every multiple of `every`: what a cut at each seam looks like."""
    turn = (np.arange(len(frames)) // every % 2)[:, None, None, None]
    return np.where(turn == 0, frames, others)


def skipping(frames: np.ndarray, every: int, skipped: int) -> np.ndarray:
    """Leaves out `skipped` frames at every seam: motion jumps, nothing else does. Shorter than `frames`."""
    return frames[[t for t in range(len(frames)) if t % (every + skipped) < every]]


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
