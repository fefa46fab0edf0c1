"""The 3-D UNet of ModelScope's text-to-video model: the first stage as it is, and StreamingT2V's with CAM and APM in it.

`UNetEncoder` is the half that CAM's feature extractor copies. Latents are [B, 4, F, H, W], noise too.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from streamingt2v.apm import AnchoredAttention
from streamingt2v.cam import Merger
from streamingt2v.config import PublishedConfig
from streamingt2v.layers import (
    Attention,
    Downsample,
    ResnetBlock,
    SpatialTransformer,
    TemporalConv,
    TemporalTransformer,
    Upsample,
    join_frames,
    split_frames,
)


class UNetEncoder(nn.Module):
    """Down to the middle; `anchored` spatial layers read anchor tokens after those of the text."""

    def __init__(self, config: PublishedConfig, anchored: bool):
        super().__init__()
        first, time_width = config.widths[0], 4 * config.widths[0]
        self.config, self.anchored = config, anchored
        self.conv_in = nn.Conv2d(config.latent_channels, first, 3, padding=1)
        self.time_embedding = TimeEmbedding(first, time_width)
        self.transformer_in = TemporalTransformer(first, 8, config.head_width, config.groups)
        self.down_blocks = nn.ModuleList()
        before, last = first, len(config.widths) - 1
        for level, width in enumerate(config.widths):
            inputs = [before] + [width] * (config.layers - 1)
            self.down_blocks.append(Block(config, inputs, width, anchored, attends=level < last, down=level < last))
            before = width
        self.mid_block = MidBlock(config, anchored)

    def enter(self, latents: Tensor, timestep: Tensor) -> tuple[Tensor, Tensor]:
        """First features [B * F, C, H, W] of latents, and the embedded timestep [B * F, D]."""
        frames = latents.shape[2]
        x = self.transformer_in(self.conv_in(join_frames(latents)), frames)
        time = self.time_embedding(timestep, x.dtype)
        return x, time[:, None].expand(-1, frames, -1).flatten(0, 1)

    def descend(self, x: Tensor, time: Tensor, context: Tensor, frames: int) -> tuple[Tensor, list[Tensor]]:
        """The middle's features, and before them those that the way up reads: 12 of them in the published shape."""
        skips = [x]
        for block in self.down_blocks:
            x, outputs = block(x, time, context, frames)
            skips += outputs
        return self.mid_block(x, time, context, frames), skips


class UNet3D(UNetEncoder):
    """`streaming`: CAM's features are merged into what the way up reads, and the spatial layers are anchored."""

    def __init__(self, config: PublishedConfig, streaming: bool):
        super().__init__(config, anchored=streaming)
        widths = config.widths
        if streaming:
            self.cross_attention_merger_down_blocks = nn.ModuleList(Merger(config, width) for width in skip_widths(config))
            self.cross_attention_merger_mid_block = Merger(config, widths[-1])
        self.up_blocks = nn.ModuleList()
        skips, before = skip_widths(config), widths[-1]
        for level, width in reversed(list(enumerate(widths))):
            inputs = []
            for _ in range(config.layers + 1):
                inputs.append(before + skips.pop())
                before = width
            attends = level < len(widths) - 1
            self.up_blocks.append(Block(config, inputs, width, streaming, attends=attends, up=level > 0))
        self.conv_norm_out = nn.GroupNorm(config.groups, widths[0], eps=1e-5)
        self.conv_out = nn.Conv2d(widths[0], config.latent_channels, 3, padding=1)

    def forward(self, latents: Tensor, timestep: Tensor, context: Tensor, features: list[Tensor] | None = None) -> Tensor:
        """Noise in latents [B, 4, F, H, W] at timestep [B]; context [B, tokens, D]; CAM's `features` [B, C, overlap, h, w], the middle's last."""
        frames = latents.shape[2]
        x, time = self.enter(latents, timestep)
        x, skips = self.descend(x, time, context, frames)
        if features is not None:
            mergers = self.cross_attention_merger_down_blocks
            skips = [merge(skip, feature, frames) for merge, skip, feature in zip(mergers, skips, features[:-1], strict=True)]
            x = self.cross_attention_merger_mid_block(x, features[-1], frames)
        for block in self.up_blocks:
            x, _ = block(x, time, context, frames, skips)
        return split_frames(self.conv_out(F.silu(self.conv_norm_out(x))), frames)


def skip_widths(config: PublishedConfig) -> list[int]:
    """Channels of what the way up reads, in the order of the way down."""
    widths = [config.widths[0]]
    for level, width in enumerate(config.widths):
        widths += [width] * (config.layers + (level < len(config.widths) - 1))
    return widths


def skip_sides(config: PublishedConfig) -> list[int]:
    """Cells across of the same."""
    side, sides = config.latent_side, [config.latent_side]
    for level in range(len(config.widths)):
        sides += [side] * config.layers
        if level < len(config.widths) - 1:
            side //= 2
            sides.append(side)
    return sides


class Block(nn.Module):
    """A level: residual block, temporal convolution, and where it attends space and time, once for each of `inputs`."""

    def __init__(self, config: PublishedConfig, inputs: list[int], width: int, anchored: bool, attends: bool, down: bool = False, up: bool = False):
        super().__init__()
        time_width = 4 * config.widths[0]
        self.attends, self.down, self.up = attends, down, up
        self.resnets = nn.ModuleList(ResnetBlock(size, width, config.groups, time_width) for size in inputs)
        self.temp_convs = nn.ModuleList(TemporalConv(width) for _ in inputs)
        if attends:
            self.attentions = nn.ModuleList(spatial(config, width, anchored) for _ in inputs)
            self.temp_attentions = nn.ModuleList(temporal(config, width) for _ in inputs)
        if down:
            self.downsamplers = nn.ModuleList([Downsample(width)])
        if up:
            self.upsamplers = nn.ModuleList([Upsample(width)])

    def forward(self, x: Tensor, time: Tensor, context: Tensor, frames: int, skips: list[Tensor] | None = None) -> tuple[Tensor, list[Tensor]]:
        """On the way up takes its share off the end of `skips`; on the way down returns what it adds to them."""
        outputs = []
        for number, resnet in enumerate(self.resnets):
            x = resnet(x if skips is None else torch.cat([x, skips.pop()], 1), time)
            x = self.temp_convs[number](x, frames)
            if self.attends:
                x = self.temp_attentions[number](self.attentions[number](x, context, frames), frames)
            outputs.append(x)
        if self.down:
            x = self.downsamplers[0](x)
            outputs.append(x)
        return self.upsamplers[0](x) if self.up else x, outputs


class MidBlock(nn.Module):
    def __init__(self, config: PublishedConfig, anchored: bool):
        super().__init__()
        width, time_width = config.widths[-1], 4 * config.widths[0]
        self.resnets = nn.ModuleList(ResnetBlock(width, width, config.groups, time_width) for _ in range(2))
        self.temp_convs = nn.ModuleList(TemporalConv(width) for _ in range(2))
        self.attentions = nn.ModuleList([spatial(config, width, anchored)])
        self.temp_attentions = nn.ModuleList([temporal(config, width)])

    def forward(self, x: Tensor, time: Tensor, context: Tensor, frames: int) -> Tensor:
        x = self.temp_convs[0](self.resnets[0](x, time), frames)
        x = self.temp_attentions[0](self.attentions[0](x, context, frames), frames)
        return self.temp_convs[1](self.resnets[1](x, time), frames)


def spatial(config: PublishedConfig, width: int, anchored: bool) -> SpatialTransformer:
    heads = width // config.head_width
    cross = AnchoredAttention(config, width) if anchored else Attention(width, config.context_width, heads, config.head_width)
    return SpatialTransformer(width, config.head_width, config.groups, cross)


def temporal(config: PublishedConfig, width: int) -> TemporalTransformer:
    return TemporalTransformer(width, width // config.head_width, config.head_width, config.groups)


class TimeEmbedding(nn.Module):
    def __init__(self, width: int, time_width: int):
        super().__init__()
        self.linear_1 = nn.Linear(width, time_width)
        self.linear_2 = nn.Linear(time_width, time_width)

    def forward(self, timestep: Tensor, dtype: torch.dtype) -> Tensor:
        """timestep [B] in 0..999 to [B, D]."""
        return self.linear_2(F.silu(self.linear_1(waves(timestep, self.linear_1.in_features).to(dtype))))


def waves(timestep: Tensor, width: int) -> Tensor:
    """timestep [B] to [B, width]: cosines first, in float32 as angles outgrow float16."""
    half = width // 2
    frequencies = torch.exp(torch.arange(half, device=timestep.device, dtype=torch.float32) * (-math.log(10000) / half))
    angles = timestep.float()[:, None] * frequencies
    return torch.cat([angles.cos(), angles.sin()], -1)
