"""CAM, section 4.1 of arXiv 2403.14773: how a chunk sees the last frames of the chunk before it.

`FrameEncoder` runs once a chunk, `FeatureExtractor` at every timestep (it reads the noisy latents),
a `Merger` sits in the main UNet at each feature that its way up reads and at its middle.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from streamingt2v.config import PublishedConfig
from streamingt2v.layers import Attention, cells_over_time, pictures, split_frames


class FrameEncoder(nn.Module):
    """Frames in -1..1 [N, 3, H, W] to features [N, C, H/8, W/8]."""

    def __init__(self, config: PublishedConfig):
        super().__init__()
        widths = config.frame_widths
        self.conv_in = nn.Conv2d(3, widths[0], 3, padding=1)
        self.blocks = nn.ModuleList()
        for width, wider in zip(widths, widths[1:]):
            self.blocks.append(nn.Conv2d(width, width, 3, padding=1))
            self.blocks.append(nn.Conv2d(width, wider, 3, stride=2, padding=1))
        self.conv_out = nn.Conv2d(widths[-1], config.widths[0], 3, padding=1)

    def forward(self, frames: Tensor) -> Tensor:
        x = F.silu(self.conv_in(frames))
        for block in self.blocks:
            x = F.silu(block(x))
        return self.conv_out(x)


class Merger(nn.Module):
    """A module of one attention, which the checkpoint calls `temporal_transformer`."""

    def __init__(self, config: PublishedConfig, width: int):
        super().__init__()
        self.temporal_transformer = FrameAttention(width, config.head_width, config.groups)

    def forward(self, x: Tensor, feature: Tensor, frames: int) -> Tensor:
        return self.temporal_transformer(x, feature, frames)


class FrameAttention(nn.Module):
    """Each cell's frames x [B * F, C, H, W] attend to the same cell of CAM's feature [B, C, overlap, H, W]."""

    def __init__(self, width: int, head_width: int, groups: int):
        super().__init__()
        self.norm = nn.GroupNorm(groups, width, eps=1e-6)
        self.proj_in = nn.Linear(width, width)
        self.attention = Attention(width, width, width // head_width, head_width)
        self.proj_out = nn.Linear(width, width)

    def forward(self, x: Tensor, feature: Tensor, frames: int) -> Tensor:
        times = self.proj_in(cells_over_time(self.norm(split_frames(x, frames))))
        seen = self.proj_out(self.attention(times, cells_over_time(feature)))
        return x + pictures(seen, x.shape[2:])
