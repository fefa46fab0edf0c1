"""Stable Diffusion's autoencoder: latents to frames and back, by the names of the diffusers library."""

import torch.nn.functional as F
from torch import Tensor, nn

from streamingt2v.config import PublishedConfig
from streamingt2v.layers import Attention, ResnetBlock, Upsample

EPS = 1e-6


class FrameDecoder(nn.Module):
    """Latents as the denoiser has them [N, 4, H, W] to frames in 0..1 [N, 3, 8H, 8W]."""

    def __init__(self, config: PublishedConfig):
        super().__init__()
        self.scaling_factor = config.scaling_factor
        self.post_quant_conv = nn.Conv2d(config.latent_channels, config.latent_channels, 1)
        self.decoder = Decoder(config)

    def forward(self, latents: Tensor) -> Tensor:
        latents = (latents / self.scaling_factor).to(self.post_quant_conv.weight.dtype)
        return (self.decoder(self.post_quant_conv(latents)) / 2 + 0.5).clamp(0, 1)


class FrameEncoder(nn.Module):
    """Frames in -1..1 [N, 3, 8H, 8W] to latents as the denoiser has them: their mean and deviation, each [N, 4, H, W]."""

    def __init__(self, config: PublishedConfig):
        super().__init__()
        self.scaling_factor = config.scaling_factor
        self.encoder = Encoder(config)
        self.quant_conv = nn.Conv2d(2 * config.latent_channels, 2 * config.latent_channels, 1)

    def forward(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        moments = self.quant_conv(self.encoder(frames.to(self.quant_conv.weight.dtype))).float()
        mean, log_variance = moments.chunk(2, 1)
        return mean * self.scaling_factor, (log_variance.clamp(-30, 20) / 2).exp() * self.scaling_factor


class Decoder(nn.Module):
    def __init__(self, config: PublishedConfig):
        super().__init__()
        before, groups = config.decoder_widths[-1], config.groups
        self.conv_in = nn.Conv2d(config.latent_channels, before, 3, padding=1)
        self.mid_block = MidBlock(before, groups)
        self.up_blocks = nn.ModuleList()
        for level, width in reversed(list(enumerate(config.decoder_widths))):
            self.up_blocks.append(UpBlock(before, width, groups, config.layers + 1, up=level > 0))
            before = width
        self.conv_norm_out = nn.GroupNorm(groups, before, eps=EPS)
        self.conv_out = nn.Conv2d(before, 3, 3, padding=1)

    def forward(self, latents: Tensor) -> Tensor:
        x = self.mid_block(self.conv_in(latents))
        for block in self.up_blocks:
            x = block(x)
        return self.conv_out(F.silu(self.conv_norm_out(x)))


class Encoder(nn.Module):
    def __init__(self, config: PublishedConfig):
        super().__init__()
        widths, groups = config.decoder_widths, config.groups
        self.conv_in = nn.Conv2d(3, widths[0], 3, padding=1)
        self.down_blocks = nn.ModuleList()
        before = widths[0]
        for level, width in enumerate(widths):
            self.down_blocks.append(DownBlock(before, width, groups, config.layers, down=level < len(widths) - 1))
            before = width
        self.mid_block = MidBlock(before, groups)
        self.conv_norm_out = nn.GroupNorm(groups, before, eps=EPS)
        self.conv_out = nn.Conv2d(before, 2 * config.latent_channels, 3, padding=1)

    def forward(self, frames: Tensor) -> Tensor:
        x = self.conv_in(frames)
        for block in self.down_blocks:
            x = block(x)
        return self.conv_out(F.silu(self.conv_norm_out(self.mid_block(x))))


class MidBlock(nn.Module):
    def __init__(self, width: int, groups: int):
        super().__init__()
        self.resnets = nn.ModuleList(ResnetBlock(width, width, groups, eps=EPS) for _ in range(2))
        self.attentions = nn.ModuleList([CellAttention(width, groups)])

    def forward(self, x: Tensor) -> Tensor:
        return self.resnets[1](self.attentions[0](self.resnets[0](x)))


class CellAttention(Attention):
    """Attention among a picture's cells, with one head."""

    def __init__(self, width: int, groups: int):
        super().__init__(width, width, 1, width, bias=True)
        self.group_norm = nn.GroupNorm(groups, width, eps=EPS)

    def forward(self, x: Tensor) -> Tensor:
        cells = super().forward(self.group_norm(x).flatten(2).transpose(1, 2))
        return x + cells.transpose(1, 2).unflatten(2, x.shape[2:])


class UpBlock(nn.Module):
    def __init__(self, width_in: int, width: int, groups: int, layers: int, up: bool):
        super().__init__()
        inputs = [width_in] + [width] * (layers - 1)
        self.up = up
        self.resnets = nn.ModuleList(ResnetBlock(size, width, groups, eps=EPS) for size in inputs)
        if up:
            self.upsamplers = nn.ModuleList([Upsample(width)])

    def forward(self, x: Tensor) -> Tensor:
        for resnet in self.resnets:
            x = resnet(x)
        return self.upsamplers[0](x) if self.up else x


class DownBlock(nn.Module):
    def __init__(self, width_in: int, width: int, groups: int, layers: int, down: bool):
        super().__init__()
        inputs = [width_in] + [width] * (layers - 1)
        self.down = down
        self.resnets = nn.ModuleList(ResnetBlock(size, width, groups, eps=EPS) for size in inputs)
        if down:
            self.downsamplers = nn.ModuleList([Shrink(width)])

    def forward(self, x: Tensor) -> Tensor:
        for resnet in self.resnets:
            x = resnet(x)
        return self.downsamplers[0](x) if self.down else x


class Shrink(nn.Module):
    """To half, with a border at the right and the bottom only."""

    def __init__(self, width: int):
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(F.pad(x, (0, 1, 0, 1)))
