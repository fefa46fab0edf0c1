"""The video autoencoder: two frames of RGB to one latent frame and back; deterministic.

A latent frame holds a moment's picture: 16 numbers for every 8x8 pixels of two frames. What moved between the
two is drawn from the latent frame before it, which the decoder sees as well. Fully convolutional: the base model works on 64x64 pictures (8x8 cells), the refiner on
128x128 (16x16). Latents leave the encoder with mean 0 and deviation 1 per channel (`latent_mean`,
`latent_std`).
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from config import ModelConfig


class ResidualBlock(nn.Module):
    """x + conv(relu(conv(relu(x)))), the second convolution starting at zero."""

    def __init__(self, width: int):
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        nn.init.zeros_(self.second.weight)
        nn.init.zeros_(self.second.bias)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(F.relu(self.first(F.relu(x))))


class Autoencoder(nn.Module):
    def __init__(self, config: ModelConfig = ModelConfig()):
        super().__init__()
        channels, frames = config.latent_channels, config.frames_per_latent
        self.frames_per_latent = frames
        self.encoder = nn.Sequential(
            nn.PixelUnshuffle(4),  # [N, 96, H/4, W/4]
            nn.Conv2d(48 * frames, 64, 3, padding=1),
            nn.ReLU(),
            nn.PixelUnshuffle(2),  # [N, 256, H/8, W/8]
            nn.Conv2d(256, 160, 1),
            ResidualBlock(160),
            ResidualBlock(160),
            nn.ReLU(),
            nn.Conv2d(160, channels, 1),
        )
        self.decoder = nn.Sequential(
            nn.Conv2d(2 * channels, 192, 3, padding=1),
            ResidualBlock(192),
            ResidualBlock(192),
            ResidualBlock(192),
            nn.Conv2d(192, 256, 1),
            nn.PixelShuffle(2),  # [N, 64, H/4, W/4]
            ResidualBlock(64),
            ResidualBlock(64),
            nn.ReLU(),
            nn.Conv2d(64, 48 * frames, 3, padding=1),
            nn.PixelShuffle(4),  # [N, 6, H, W]
        )
        self.register_buffer("latent_mean", torch.zeros(channels, 1, 1))
        self.register_buffer("latent_std", torch.ones(channels, 1, 1))

    def encode(self, groups: Tensor) -> Tensor:
        """Frames in -1..1, two stacked as channels [N, 6, H, W], to normalised latents [N, 16, H/8, W/8]."""
        return (self.encoder(groups) - self.latent_mean) / self.latent_std

    def decode(self, latents: Tensor, before: Tensor) -> Tensor:
        """Normalised latents, and each one's latent frame before it, [N, 16, H/8, W/8], to stacked frames in about -1..1, [N, 6, H, W]."""
        return self.draw(latents * self.latent_std + self.latent_mean, (latents - before) * self.latent_std)

    def draw(self, latents: Tensor, change: Tensor) -> Tensor:
        """The same of latents as the encoder makes them, and of what has changed since the latent frame before."""
        return self.decoder(torch.cat([latents, change], 1))

    def decode_bytes(self, latents: Tensor, before: Tensor) -> Tensor:
        """The same to uint8 RGB [N, 2, H, W, 3]."""
        stacked = self.decode(latents, before).clamp(-1, 1).unflatten(1, (self.frames_per_latent, 3))
        return torch.round((stacked + 1) * 127.5).to(torch.uint8).permute(0, 1, 3, 4, 2)


def frames_before(latents: Tensor, first: Tensor | None = None) -> Tensor:
    """For each of consecutive latent frames [N, ...] the one before it; `first` [1, ...] comes before all, None: they begin with a picture that stands still."""
    return torch.cat([latents[:1] if first is None else first, latents[:-1]])


def stack_frames(frames: Tensor, frames_per_latent: int = ModelConfig.frames_per_latent) -> Tensor:
    """uint8 [F, H, W, 3] to float [F / 2, 6, H, W] in -1..1, channels last."""
    grouped = frames.unflatten(0, (-1, frames_per_latent)).permute(0, 1, 4, 2, 3).flatten(1, 2)
    return grouped.float().div(127.5).sub(1).contiguous(memory_format=torch.channels_last)
