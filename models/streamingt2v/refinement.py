"""The published refinement of a whole video (section 4.3 of arXiv 2403.14773), in latents: noise of timestep 599, then 30 steps back.

Pure functions of latents and of what predicts v; `refine_frames.py` has the networks. All steps visit all
chunks, and neighbouring chunks are joined at a random frame of their overlap, in what they predict to be
clean. What the published program draws from a Brownian tree are independent normals here, as no two steps share any.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

TRAIN_TIMESTEPS = 1000
# v of a chunk's noisy latents [1, C, F, H, W] at a timestep, told the prompt and told its absence
Predict = Callable[[np.ndarray, int], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Refinement:
    chunk_frames: int = 24
    overlap_frames: int = 8
    start_timestep: int = 599
    num_inference_steps: int = 30
    guidance_scale: float = 7.5
    guidance_rescale: float = 0.2


def train_sigmas() -> np.ndarray:
    """Of each timestep, alpha ** 2 + sigma ** 2 = 1: log SNR by a cosine, shifted by 2 at the clean end and by 4 at the other, which has no signal."""
    place = np.linspace(1, 0, TRAIN_TIMESTEPS)
    first, last = np.arctan(np.exp(7.5)), np.arctan(np.exp(-7.5))
    log_snr = -2 * np.log(np.tan(first + place * (last - first)))
    log_snr -= 2 * (place * np.log(2) + (1 - place) * np.log(4))
    sigmas = (1 / (1 + np.exp(log_snr))) ** 0.5
    return sigmas.min() + (1 - sigmas.min()) / (sigmas.max() - sigmas.min()) * (sigmas - sigmas.min())


def usable_frames(frames: int, refinement: Refinement) -> int:
    """As many as whole chunks take; the published program leaves out the rest. @raise ValueError where there is not one chunk"""
    stride = refinement.chunk_frames - refinement.overlap_frames
    chunks = (frames - refinement.overlap_frames) // stride
    if chunks < 1:
        raise ValueError(f"{frames} frames are too few; the refiner wants {refinement.chunk_frames} or more")
    return chunks * stride + refinement.overlap_frames


def refine(clean: np.ndarray, predict: Predict, refinement: Refinement, rng: np.random.Generator) -> np.ndarray:
    """@param clean latents [1, C, F, H, W] of a video whose F `usable_frames` gave"""
    sigmas = train_sigmas()
    sigma = sigmas[refinement.start_timestep]
    noisy = (1 - sigma**2) ** 0.5 * clean + sigma * rng.standard_normal(clean.shape)
    levels = step_levels(refinement)
    # By sigma alone, where sqrt(1 + sigma ** 2) would be exact: as published
    x = noisy * levels[0]
    before, step_before = None, 0.0
    for now, then in zip(levels, levels[1:]):
        found = predict_clean(x / (1 + now**2) ** 0.5, timestep_of(now), predict, refinement, rng)
        if then == 0:
            return found.astype(np.float32)
        step = np.log(now / then)
        share = -np.expm1(-2 * step)
        towards = found if before is None else found + (found - before) * step / step_before / 2
        x = then / now * np.exp(-step) * x + share * towards + then * share**0.5 * rng.standard_normal(x.shape)
        before, step_before = found, step
    raise AssertionError("the last level is clean")


def step_levels(refinement: Refinement) -> np.ndarray:
    """sigma / alpha of each step from the start, evenly over the timesteps, and 0: DPM-Solver++ (2M) SDE leaves out the last but one."""
    ratios = log_ratios()
    count = refinement.num_inference_steps + 1
    timesteps = refinement.start_timestep - np.arange(count) * (refinement.start_timestep + 1) / count
    levels = np.exp(np.interp(timesteps.clip(0), np.arange(TRAIN_TIMESTEPS), ratios))
    return np.array([*levels[:-1], 0.0])


def timestep_of(level: float) -> int:
    return int(np.interp(np.log(level), log_ratios(), np.arange(TRAIN_TIMESTEPS)).round())


def log_ratios() -> np.ndarray:
    sigmas = train_sigmas()
    with np.errstate(divide="ignore"):
        return np.log(sigmas) - np.log(1 - sigmas**2) / 2


def predict_clean(noisy: np.ndarray, timestep: int, predict: Predict, refinement: Refinement, rng: np.random.Generator) -> np.ndarray:
    """Chunk by chunk; each takes over from the one before it at a frame of their overlap that is drawn anew."""
    sigma = train_sigmas()[timestep]
    clean = np.empty_like(noisy)
    stride = refinement.chunk_frames - refinement.overlap_frames
    for start in range(0, noisy.shape[2] - refinement.chunk_frames + 1, stride):
        chunk = noisy[:, :, start : start + refinement.chunk_frames]
        found = (1 - sigma**2) ** 0.5 * chunk - sigma * guide(*predict(chunk, timestep), refinement)
        offset = int(rng.integers(refinement.overlap_frames)) if start else 0
        clean[:, :, start + offset : start + refinement.chunk_frames] = found[:, :, offset:]
    return clean


def guide(told: np.ndarray, untold: np.ndarray, refinement: Refinement) -> np.ndarray:
    """Guidance, and a part of the way back to the deviation that there was without it (Lin et al., 2023, arXiv 2305.08891, section 3.4)."""
    guided = untold + refinement.guidance_scale * (told - untold)
    kept = refinement.guidance_rescale
    return guided * (kept * told.std() / guided.std() + 1 - kept)
