"""The refiner's first half: reads the base's latent frames and the prompt, and tells what stands where.

Its blocks are the denoiser's, a latent frame at a time, between which each frame hears what its neighbours found. It sees no
noise, so it tells the same at every solver step.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from config import ModelConfig
from denoiser import Block, normalize
from poses import PARTS

# The place in a chunk that a latent frame alone had in the denoiser's training
TIMES = range(ModelConfig.overlap_frames, ModelConfig.overlap_frames + 1)


class Reader(nn.Module):
    def __init__(self, config: ModelConfig):
        super().__init__()
        width, side = config.width, config.latent_side
        self.side = side
        self.text_in = nn.Linear(config.text_width, width)
        self.pooled_in = nn.Sequential(nn.Linear(config.text_width, width), nn.SiLU(), nn.Linear(width, width))
        self.latents_in = nn.Conv2d(config.latent_channels, width, 3, padding=1)
        self.places = nn.Parameter(torch.randn(side * side, width) * 0.02)
        self.clean = nn.Parameter(torch.zeros(width))
        self.modulation = nn.Linear(width, 6 * width)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.reader_blocks))
        self.neighbours = nn.ModuleList(nn.Linear(2 * width, width) for _ in range(config.reader_blocks))
        for module in (self.modulation, *self.neighbours):
            nn.init.zeros_(module.weight)
            nn.init.zeros_(module.bias)
        self.poses_out = nn.Linear(width, sum(PARTS))

    def forward(self, base: Tensor, text: Tensor, text_mask: Tensor, frames: int) -> tuple[Tensor, Tensor, Tensor]:
        """Clean latents [N, C, 8, 8], `frames` of a clip in a row, each with its text [N, 32, 384] and mask [N, 32].

        Features [N, 64, D]; what each cell tells, as poses.vote reads it [N, 64, sum(PARTS)]; the prompt as one vector [N, D]."""
        context = self.text_in(text)
        pooled = self.pooled_in((text * text_mask[..., None]).sum(1) / text_mask.sum(1, keepdim=True))
        modulation = self.modulation(F.silu(self.clean + pooled))
        x = self.latents_in(base).flatten(2).transpose(1, 2) + self.places
        for block, neighbours in zip(self.blocks, self.neighbours):
            x, _, _ = block(x, modulation, TIMES, context, None, text_mask)
            x = x + neighbours(normalize(around(x, frames)))
        x = normalize(x)
        return x, self.poses_out(x), pooled


def around(x: Tensor, frames: int) -> Tensor:
    """The latent frame before each and the one after it, [N, L, D] to [N, L, 2 * D]; a clip's ends see themselves."""
    clip = x.unflatten(0, (-1, frames))
    before, after = torch.cat([clip[:, :1], clip[:, :-1]], 1), torch.cat([clip[:, 1:], clip[:, -1:]], 1)
    return torch.cat([before, after], -1).flatten(0, 1)
