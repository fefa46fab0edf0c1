"""Latents as the base makes them, paired with what they should have been.

A refiner that only ever saw the encoder's latents learns to enlarge and no more: they are never vague. So real chunks are noised
and denoised again by the base (SDEdit, arXiv 2108.01073): what is where mostly stays, how it is drawn becomes the base's own.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from config import ModelConfig
from latents import CAPTIONS, GROUPS, LatentClips
from network import Network
from schedule import guide, make_sigmas

BATCH = 32
MADE_FRAMES = 2 * ModelConfig.chunk_frames
LEAST_SIGMA, MOST_SIGMA = 0.6, 0.88
GUIDED_SHARE = 0.5


@dataclass
class MadeBases:
    """For each clip two chunks in a row, as the base makes them."""

    latents: np.ndarray  # float16 [N, MADE_FRAMES, 16, 8, 8]
    starts: np.ndarray  # int64 [N], the latent frame of the clip with which they begin


def load_made_bases(network: Network, clips: LatentClips, empty: tuple[np.ndarray, np.ndarray], path: Path, rng: np.random.Generator) -> MadeBases:
    """From `path`, a .npz file, which is made where it is missing."""
    if not path.exists():
        length, count = ModelConfig.chunk_frames, len(clips.base)
        starts = length * rng.integers(0, (GROUPS - MADE_FRAMES) // length + 1, count)
        latents = np.zeros((count, MADE_FRAMES, *clips.base.shape[2:]), np.float16)
        for chosen in np.array_split(np.arange(count), max(1, count // BATCH)):
            for first in range(0, MADE_FRAMES, length):
                latents[chosen, first : first + length] = make_again(network, clips, chosen, starts[chosen] + first, empty, rng).transpose(1, 2).half().numpy()
        np.savez(path, latents=latents, starts=starts)
    with np.load(path) as stored:
        return MadeBases(stored["latents"], stored["starts"])


@torch.no_grad()
def make_again(network: Network, clips: LatentClips, chosen: np.ndarray, starts: np.ndarray, empty: tuple[np.ndarray, np.ndarray], rng: np.random.Generator) -> Tensor:
    """The chunks of the `chosen` clips from latent frames `starts`, [B, C, F, H, W], each batch from a noise level of its own."""
    config = network.config
    real = torch.from_numpy(clips.base[chosen[:, None], starts[:, None] + np.arange(config.chunk_frames)].astype(np.float32)).transpose(1, 2)
    after, which = (starts >= clips.change[chosen]).astype(int), rng.integers(CAPTIONS, size=len(chosen))
    absent = torch.zeros(len(chosen))
    shown = torch.zeros_like(real[:, :, 0])
    told = [torch.from_numpy(part[chosen, after, which].astype(np.float32)) for part in (clips.text, clips.text_mask)]
    untold = [torch.from_numpy(part.astype(np.float32)).expand(len(chosen), *part.shape) for part in empty]
    scale = config.first_chunk_guidance_scale if rng.random() < GUIDED_SHARE else 1
    branches = [(text_mask, network.conditioning(text, text_mask, shown, absent)) for text, text_mask in ([told] if scale == 1 else [told, untold])]
    first = rng.uniform(LEAST_SIGMA, MOST_SIGMA)
    sigmas = [first, *(sigma for sigma in make_sigmas(config.num_inference_steps, config.shift).tolist() if sigma < first)]
    latents = (1 - first) * real + first * torch.randn_like(real)
    for sigma, after_it in zip(sigmas[:-1], sigmas[1:]):
        level = torch.full((len(chosen),), sigma)
        with torch.autocast("cpu", torch.bfloat16):
            velocity, *without = [
                network.denoiser(latents, level, None, None, context, appearance, text_mask, pooled).float() for text_mask, (context, appearance, pooled) in branches
            ]
        if without:
            velocity = guide(without[0], velocity, scale)
        latents = latents + (after_it - sigma) * velocity
    return latents
