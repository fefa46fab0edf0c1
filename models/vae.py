"""The autoencoder: one frame of 128x128 RGB to 8x16x16 latents and back; deterministic, per frame.

Fully convolutional, so it trains on crops. Only the decoder ships: nothing but training encodes.
Latents leave the encoder normalised per channel to mean 0 and deviation 1 (`latent_mean`, `latent_std`).
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


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
    def __init__(self, latent_channels: int = 8):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.PixelUnshuffle(4),  # [N, 48, 32, 32]
            nn.Conv2d(48, 32, 3, padding=1),
            nn.ReLU(),
            nn.PixelUnshuffle(2),  # [N, 128, 16, 16]
            nn.Conv2d(128, 96, 3, padding=1),
            ResidualBlock(96),
            nn.ReLU(),
            nn.Conv2d(96, latent_channels, 1),
        )
        self.decoder = nn.Sequential(
            nn.Conv2d(latent_channels, 128, 3, padding=1),
            ResidualBlock(128),
            ResidualBlock(128),
            nn.Conv2d(128, 256, 1),
            nn.PixelShuffle(2),  # [N, 64, 32, 32]
            ResidualBlock(64),
            ResidualBlock(64),
            nn.ReLU(),
            nn.Conv2d(64, 48, 3, padding=1),
            nn.PixelShuffle(4),  # [N, 3, 128, 128]
        )
        self.register_buffer("latent_mean", torch.zeros(latent_channels, 1, 1))
        self.register_buffer("latent_std", torch.ones(latent_channels, 1, 1))

    def encode(self, frames: Tensor) -> Tensor:
        """float [N, 3, 128, 128] in -1..1 to normalised latents [N, 8, 16, 16]."""
        return (self.encoder(frames) - self.latent_mean) / self.latent_std

    def decode(self, latents: Tensor) -> Tensor:
        """Normalised latents to frames in about -1..1."""
        return self.decoder(latents * self.latent_std + self.latent_mean)

    def decode_bytes(self, latents: Tensor) -> Tensor:
        """Normalised latents [N, 8, 16, 16] to uint8 RGB [N, 128, 128, 3]."""
        frames = self.decode(latents).clamp(-1, 1)
        return torch.round((frames + 1) * 127.5).to(torch.uint8).permute(0, 2, 3, 1)
