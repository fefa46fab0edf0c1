"""The second stage: from the base's 8x8 latent frames to 16x16 ones, twice as wide and high in pixels.

A flow-matching model of its own, conditioned on the base's clean latents and on the prompt of each latent frame. Its reader
tells what stands where, its appearance how such a thing looks there, and its blocks draw that in the base's colours and light.
It works on short overlapping chunks; `refine.py` blends them (randomised blending, section 4.3 of arXiv 2403.14773).
Latents are [B, C, F, H, W].
"""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from appearance import FEATURES, POINTS, Appearance
from config import ModelConfig
from poses import Poses, vote
from reader import Reader


class Refiner(nn.Module):
    def __init__(self, config: ModelConfig = ModelConfig()):
        super().__init__()
        channels, width = config.latent_channels, config.refiner_width
        self.reader = Reader(config)
        self.appearance = Appearance()
        self.enter = nn.Conv2d(2 * channels, width, 3, padding=1)
        self.shown_in = nn.Conv2d(FEATURES * POINTS**2, width, 3, padding=1)
        self.read_in = nn.Linear(config.width, width)
        self.register_buffer("frequencies", torch.exp(torch.linspace(0, math.log(1000), 32)), persistent=False)
        self.sigma_in = nn.Sequential(nn.Linear(64, width), nn.SiLU(), nn.Linear(width, width))
        self.pooled_in = nn.Linear(config.width, width)
        self.blocks = nn.ModuleList(RefinerBlock(width) for _ in range(config.refiner_blocks))
        self.leave = nn.Conv2d(width, channels, 3, padding=1)
        for module in (self.leave, self.read_in, self.pooled_in):
            nn.init.zeros_(module.weight)
            nn.init.zeros_(module.bias)

    def forward(self, latents: Tensor, sigma: Tensor, base: Tensor, text: Tensor, text_mask: Tensor) -> Tensor:
        """Velocity [B, C, F, 16, 16] of noisy latents at noise level sigma [B], with the base's clean latents [B, C, F, 8, 8].

        Each latent frame has a text of its own: states [B * F, 32, 384] and mask [B * F, 32], a clip's frames in a row."""
        velocity, _ = self.learn(latents, sigma, base, text, text_mask, lambda told: vote(told))
        return velocity

    def learn(self, latents: Tensor, sigma: Tensor, base: Tensor, text: Tensor, text_mask: Tensor, settle: Callable[[Tensor], Poses], crop: Callable[[Tensor], Tensor] | None = None) -> tuple[Tensor, Tensor]:
        """The velocity, and what each cell tells [B * F, 64, sum(PARTS)], of which `settle` makes the poses to draw.

        With `crop` only a part of the picture is drawn: `latents` are that part, and `crop` cuts it out of [B * F, channels, 16, 16]."""
        batch, _, frames = latents.shape[:3]
        crop = crop or (lambda whole: whole)
        features, told, pooled = self.reader(base.transpose(1, 2).flatten(0, 1), text, text_mask, frames)
        shown = self.appearance(settle(told.float()))
        coarse = enlarge(torch.cat([base.transpose(1, 2).flatten(0, 1), self.read_in(features).transpose(1, 2).unflatten(2, base.shape[3:])], 1))
        coarse, read = crop(coarse).split([base.shape[1], coarse.shape[1] - base.shape[1]], 1)
        level = (1 - sigma) ** 2 + sigma**2
        spread = (level**0.5)[:, None, None, None, None]
        flat = (latents / spread).transpose(1, 2).flatten(0, 1)
        angles = sigma[:, None] * self.frequencies
        when = self.sigma_in(torch.cat([angles.cos(), angles.sin()], -1)).repeat_interleave(frames, 0)
        when = F.silu(when + self.pooled_in(pooled))
        x = self.enter(torch.cat([flat, coarse], 1)) + self.shown_in(crop(shown)) + read
        for block in self.blocks:
            x = block(x, when, frames)
        out = self.leave(F.relu(x)).unflatten(0, (batch, frames)).transpose(1, 2)
        straight = ((2 * sigma - 1) / level)[:, None, None, None, None]
        return latents * straight - out / spread, told


def enlarge(coarse: Tensor) -> Tensor:
    """[N, C, 8, 8] to [N, C, 16, 16]."""
    return F.interpolate(coarse, scale_factor=2.0, mode="nearest")


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
        """x [B * F, D, H, W]; `told` [B * F, D] is of noise level and prompt."""
        h = self.first(F.relu(x)) + self.told(told)[..., None, None]
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
