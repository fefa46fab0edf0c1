"""The second stage: from the base's 8x8 latent frames to 16x16 ones, twice as wide and high in pixels.

A flow-matching model of its own, conditioned on the base's clean latents and on nothing else: what
is where is settled, it draws the detail. It works on short overlapping chunks; `refine.py` blends
them (randomised blending, section 4.3 of arXiv 2403.14773). Latents are [B, C, F, H, W].
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from config import ModelConfig


class Refiner(nn.Module):
    def __init__(self, config: ModelConfig = ModelConfig()):
        super().__init__()
        channels, width = config.latent_channels, config.refiner_width
        self.enter = nn.Conv2d(2 * channels, width, 3, padding=1)
        self.register_buffer("frequencies", torch.exp(torch.linspace(0, math.log(1000), 32)), persistent=False)
        self.sigma_in = nn.Sequential(nn.Linear(64, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU())
        self.blocks = nn.ModuleList(RefinerBlock(width) for _ in range(config.refiner_blocks))
        self.leave = nn.Conv2d(width, channels, 3, padding=1)
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)

    def forward(self, latents: Tensor, sigma: Tensor, base: Tensor) -> Tensor:
        """Velocity [B, C, F, 16, 16] of noisy latents at noise level sigma [B], with the base's clean latents [B, C, F, 8, 8]."""
        batch, _, frames = latents.shape[:3]
        level = (1 - sigma) ** 2 + sigma**2
        spread = (level**0.5)[:, None, None, None, None]
        flat = (latents / spread).transpose(1, 2).flatten(0, 1)
        coarse = F.interpolate(base.transpose(1, 2).flatten(0, 1), scale_factor=2.0, mode="nearest")
        angles = sigma[:, None] * self.frequencies
        told = self.sigma_in(torch.cat([angles.cos(), angles.sin()], -1))
        x = self.enter(torch.cat([flat, coarse], 1))
        for block in self.blocks:
            x = block(x, told, frames)
        out = self.leave(F.relu(x)).unflatten(0, (batch, frames)).transpose(1, 2)
        straight = ((2 * sigma - 1) / level)[:, None, None, None, None]
        return latents * straight - out / spread


class RefinerBlock(nn.Module):
    """Two convolutions within a latent frame, between them a mix with the frames before and after."""

    def __init__(self, width: int):
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.told = nn.Linear(width, width)
        self.neighbours = nn.Conv2d(3 * width, width, 1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        for module in (self.neighbours, self.second):
            nn.init.zeros_(module.weight)
            nn.init.zeros_(module.bias)

    def forward(self, x: Tensor, told: Tensor, frames: int) -> Tensor:
        h = self.first(F.relu(x)) + self.told(told).repeat_interleave(frames, 0)[..., None, None]
        h = h + self.neighbours(F.relu(beside(h, frames)))
        return x + self.second(F.relu(h))


def beside(h: Tensor, frames: int) -> Tensor:
    """Each frame between the one before and the one after it: [B * F, C, H, W] to [B * F, 3 * C, H, W]."""
    if len(h) == frames:
        # As shipped, a clip at a time: without an axis of clips onnxruntime can keep the layout that it likes
        return torch.cat([torch.cat([h[:1], h[:-1]]), h, torch.cat([h[1:], h[-1:]])], 1)
    clip = h.unflatten(0, (-1, frames))
    before, after = torch.cat([clip[:, :1], clip[:, :-1]], 1), torch.cat([clip[:, 1:], clip[:, -1:]], 1)
    return torch.cat([before, clip, after], 2).flatten(0, 1)
