"""The decoder of Stable Diffusion's autoencoder: latents to frames. Its encoder stays in the checkpoint; nothing here needs it."""

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
        return (self.decoder(self.post_quant_conv(latents / self.scaling_factor)) / 2 + 0.5).clamp(0, 1)


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
