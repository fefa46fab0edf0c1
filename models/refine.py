"""Randomised blending (section 4.3 of arXiv 2403.14773) of a whole video at once: what the worker's stream must equal.

Every solver step visits all chunks. Each predicts clean latents; where two overlap, a random cut decides
whose count. Noise belongs to latent frames, so chunks share it where they overlap; so do texts: each latent frame is refined
under the text that the base made it under. Latents are [1, C, F, H, W].
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from config import ModelConfig
from noise import draw_below, draw_normals
from sample import Text
from schedule import make_sigmas, step_towards


@torch.no_grad()
def refine(refiner, base: Tensor, texts: Sequence[Text], seed: int, config: ModelConfig = ModelConfig()) -> Tensor:
    """The base's clean latents [1, C, F, 8, 8] to [1, C, F, 16, 16]; `texts` are its chunks', `refiner` is called as `Refiner` is."""
    length, overlap = config.refiner_chunk_frames, config.refiner_overlap_frames
    stride, frames = length - overlap, base.shape[2]
    chunks = 1 + max(0, -(-(frames - length) // stride))
    total = (chunks - 1) * stride + length
    # A last chunk that reaches beyond the end sees the last frame repeated
    shown = torch.arange(total).clamp(max=frames - 1)
    base, told = base[:, :, shown], [texts[frame // config.chunk_frames] for frame in shown.tolist()]
    states, mask = torch.cat([text.states for text in told]), torch.cat([text.mask for text in told])
    latents = torch.stack([frame_noise(seed, index, config) for index in range(total)], 1)[None]
    sigmas = make_sigmas(config.refiner_steps, config.refiner_shift)
    for step, (sigma, sigma_next) in enumerate(zip(sigmas[:-1].tolist(), sigmas[1:].tolist())):
        clean = torch.empty_like(latents)
        for chunk in range(chunks):
            start = chunk * stride
            here = slice(start, start + length)
            velocity = refiner(latents[:, :, here], torch.full((1,), sigma), base[:, :, here], states[here], mask[here])
            predicted = latents[:, :, here] - sigma * velocity
            offset = 0 if chunk == 0 else draw_below(seed, "refine", chunk, step, overlap)
            clean[:, :, start + offset : start + length] = predicted[:, :, offset:]
        latents = step_towards(latents, clean, sigma, sigma_next)
    return latents[:, :, :frames]


def frame_noise(seed: int, index: int, config: ModelConfig) -> Tensor:
    shape = config.latent_channels, config.refined_side, config.refined_side
    return torch.from_numpy(draw_normals(seed, "refine", index, int(np.prod(shape))).reshape(shape))
