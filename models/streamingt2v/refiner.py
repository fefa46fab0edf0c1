"""MS-Vid2Vid-XL's UNet, which StreamingT2V refines with: ModelScope's text-to-video UNet again, by the names of its own checkpoint.

Two things differ from `unet.py`: rows of 90 latent cells do not halve evenly, so that the way down pads two rows at top and
bottom and the way up cuts one off each; and the projections around the temporal attention are stored as convolutions.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from streamingt2v.config import PublishedConfig
from streamingt2v.layers import Attention, SpatialTransformer, TemporalConv, TemporalTransformer, join_frames, split_frames
from streamingt2v.unet import skip_widths, waves


class RefinerUNet(nn.Module):
    """v of noisy latents [B, 4, F, H, W] at timestep [B]; text [B, tokens, D]; H is even."""

    def __init__(self, config: PublishedConfig):
        super().__init__()
        first, time_width, last = config.widths[0], 4 * config.widths[0], len(config.widths) - 1
        self.time_embed = nn.Sequential(nn.Linear(first, time_width), nn.SiLU(), nn.Linear(time_width, time_width))
        enter = [nn.Conv2d(config.latent_channels, first, 3, padding=1), RefinerTemporal(config, first, heads=8)]
        self.input_blocks = nn.ModuleList([nn.ModuleList(enter)])
        before = first
        for level, width in enumerate(config.widths):
            for _ in range(config.layers):
                self.input_blocks.append(layer(config, before, width, attends=level < last))
                before = width
            if level < last:
                self.input_blocks.append(RefinerDownsample(width))
        middle = [*layer(config, before, before, attends=True), RefinerResnet(config, before, before)]
        self.middle_block = nn.ModuleList(middle)
        self.output_blocks = nn.ModuleList()
        skips = skip_widths(config)
        for level, width in reversed(list(enumerate(config.widths))):
            for number in range(config.layers + 1):
                block = layer(config, before + skips.pop(), width, attends=level < last)
                if level > 0 and number == config.layers:
                    block.append(RefinerUpsample(width))
                self.output_blocks.append(block)
                before = width
        self.out = nn.Sequential(nn.GroupNorm(config.groups, before), nn.SiLU(), nn.Conv2d(before, config.latent_channels, 3, padding=1))

    def forward(self, latents: Tensor, timestep: Tensor, text: Tensor) -> Tensor:
        frames = latents.shape[2]
        time = self.time_embed(waves(timestep, self.time_embed[0].in_features).to(latents.dtype))
        time = time[:, None].expand(-1, frames, -1).flatten(0, 1)
        x, skips = join_frames(latents), []
        for block in self.input_blocks:
            x = run(block, x, time, text, frames)
            skips.append(x)
        x = run(self.middle_block, x, time, text, frames)
        for block in self.output_blocks:
            x = run(block, torch.cat([x, skips.pop()], 1), time, text, frames)
        return split_frames(self.out(x), frames)


def layer(config: PublishedConfig, width_in: int, width: int, attends: bool) -> nn.ModuleList:
    modules = [RefinerResnet(config, width_in, width)]
    if attends:
        heads = width // config.head_width
        cross = Attention(width, config.context_width, heads, config.head_width)
        modules += [SpatialTransformer(width, config.head_width, config.groups, cross), RefinerTemporal(config, width, heads)]
    return nn.ModuleList(modules)


def run(modules: nn.Module, x: Tensor, time: Tensor, text: Tensor, frames: int) -> Tensor:
    for module in modules if isinstance(modules, nn.ModuleList) else [modules]:
        if isinstance(module, RefinerResnet):
            x = module(x, time, frames)
        elif isinstance(module, SpatialTransformer):
            x = module(x, text, frames)
        elif isinstance(module, TemporalTransformer):
            x = module(x, frames)
        else:
            x = module(x)
    return x


class RefinerResnet(nn.Module):
    """Residual block and temporal convolution in one."""

    def __init__(self, config: PublishedConfig, width_in: int, width: int):
        super().__init__()
        norm = lambda size: nn.GroupNorm(config.groups, size)
        self.in_layers = nn.Sequential(norm(width_in), nn.SiLU(), nn.Conv2d(width_in, width, 3, padding=1))
        self.emb_layers = nn.Sequential(nn.SiLU(), nn.Linear(4 * config.widths[0], width))
        self.out_layers = nn.Sequential(norm(width), nn.SiLU(), nn.Identity(), nn.Conv2d(width, width, 3, padding=1))
        self.skip_connection = nn.Identity() if width_in == width else nn.Conv2d(width_in, width, 1)
        # Spelt as the checkpoint spells it
        self.temopral_conv = TemporalConv(width)

    def forward(self, x: Tensor, time: Tensor, frames: int) -> Tensor:
        h = self.in_layers(x) + self.emb_layers(time)[:, :, None, None]
        return self.temopral_conv(self.skip_connection(x) + self.out_layers(h), frames)


class RefinerTemporal(TemporalTransformer):
    def __init__(self, config: PublishedConfig, width: int, heads: int):
        super().__init__(width, heads, config.head_width, config.groups)
        inner = heads * config.head_width
        self.proj_in, self.proj_out = PointConv(width, inner), PointConv(inner, width)


class PointConv(nn.Conv1d):
    """A convolution over one frame [N, F, C], which is a linear layer with an axis more in its weight."""

    def __init__(self, width_in: int, width: int):
        super().__init__(width_in, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight[:, :, 0], self.bias)


class RefinerDownsample(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.op = nn.Conv2d(width, width, 3, stride=2, padding=(2, 1))

    def forward(self, x: Tensor) -> Tensor:
        return self.op(x)


class RefinerUpsample(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(F.interpolate(x, scale_factor=2.0, mode="nearest")[:, :, 1:-1])
