"""The denoiser: a convolutional UNet over 16x16, 8x8 and 4x4 places with attention over time.

After StreamingT2V (arXiv 2403.14773), small. Its conditional attention module is the window itself:
the first frames of a continuation chunk are the previous chunk's last, given clean with sigma 0,
and every attention over time reads them. Its appearance preservation module is the anchor tokens,
joined to the text in each cross attention and scaled by SiLU(alpha) of that layer.

Inside, pictures are [B * F, H, W, C], channels last, so that norms, linear layers and attention
work on the last axis and convolutions run in their fastest layout.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from attention import MultiHeadAttention, normalize
from config import ModelConfig

SIGMA_FREQUENCIES = 16
# A motion block's waves, in whole turns across and down the picture, and its fastest first speed
# in picture sides a frame
TURNS = torch.tensor([(1, 0), (2, 0), (3, 0), (0, 1), (0, 2), (0, 3), (1, 1), (1, -1)], dtype=torch.float32)
FASTEST = 0.0625


class Denoiser(nn.Module):
    def __init__(self, config: ModelConfig):
        super().__init__()
        fine, middle, coarse = config.widths
        text, heads, frames = config.text_width, config.heads, config.chunk_frames
        condition = 2 * text
        self.sigma_embedding = nn.Sequential(nn.Linear(2 * SIGMA_FREQUENCIES, condition), nn.SiLU(), nn.Linear(condition, condition))
        self.text_embedding = nn.Linear(text, condition)
        self.frame_embedding = nn.Parameter(torch.randn(frames, condition) * 0.02)
        self.no_anchor = nn.Parameter(torch.randn(config.anchor_tokens, text) * 0.1)

        self.enter = Convolution(config.latent_channels + 1, fine)
        self.down_fine = ResidualBlock(fine, fine, condition)
        self.down_fine_time = TimeBlock(fine, heads, frames)
        self.to_middle = nn.Linear(4 * fine, middle)
        self.down_middle = ResidualBlock(middle, middle, condition)
        self.down_middle_time = TimeBlock(middle, heads, frames)
        self.down_middle_motion = MotionBlock(middle, condition, heads, config.latent_side // 2)
        self.down_middle_text = ContextBlock(middle, text, heads)
        self.to_coarse = nn.Linear(4 * middle, coarse)
        self.first_coarse = ResidualBlock(coarse, coarse, condition)
        self.coarse_everywhere = SpaceTimeBlock(coarse, heads, frames, (config.latent_side // 4) ** 2)
        self.coarse_text = ContextBlock(coarse, text, heads)
        self.second_coarse = ResidualBlock(coarse, coarse, condition)
        self.from_coarse = nn.Linear(coarse, 4 * middle)
        self.up_middle = ResidualBlock(2 * middle, middle, condition)
        self.up_middle_time = TimeBlock(middle, heads, frames)
        self.up_middle_text = ContextBlock(middle, text, heads)
        self.from_middle = nn.Linear(middle, 4 * fine)
        self.up_fine = ResidualBlock(2 * fine, fine, condition)
        self.up_fine_time = TimeBlock(fine, heads, frames)
        self.leave = Convolution(fine, config.latent_channels, zero=True)

    def forward(self, latents, sigmas, text_tokens, text_mask, text_pooled, anchor_tokens, anchor_present, first_frame: int = 0):
        """Velocity (noise - clean) [B, C, F, H, W] of noisy latents of that shape; 0 where sigma is 0.

        sigmas [B, F]; text_tokens [B, T, D], text_mask [B, T], text_pooled [B, D];
        anchor_tokens [B, A, D], anchor_present [B]. Fewer frames than a chunk are taken to begin
        at `first_frame` of it (single pictures in training).
        """
        batch, _, frames, _, _ = latents.shape
        sigma = sigmas[:, None, :, None, None]
        # sqrt(E[noisy^2]) for clean latents of deviation 1
        deviation = torch.sqrt((1 - sigma) ** 2 + sigma**2)
        given = (sigma <= 0).float().expand(-1, 1, -1, *latents.shape[3:])
        x = torch.cat([latents / deviation, given], dim=1).permute(0, 2, 3, 4, 1).flatten(0, 1)

        places = frame_places(first_frame, frames, self.frame_embedding)
        condition = self.sigma_embedding(sigma_features(sigmas)) + self.text_embedding(text_pooled)[:, None] + places
        condition = F.silu(condition).flatten(0, 1)
        present = anchor_present[:, None, None]
        anchor = anchor_tokens * present + self.no_anchor * (1 - present)
        context = (text_tokens, anchor, F.pad(text_mask, (0, anchor.shape[1]), value=1.0))
        window = (batch, frames, first_frame)

        x = self.enter(x)
        x = fine = self.down_fine_time(self.down_fine(x, condition), window)
        x = self.to_middle(space_to_depth(x))
        x = self.down_middle_time(self.down_middle(x, condition), window)
        x = self.down_middle_motion(x, condition, window)
        x = middle = self.down_middle_text(x, context, batch)
        x = self.to_coarse(space_to_depth(x))
        x = self.coarse_everywhere(self.first_coarse(x, condition), window)
        x = self.second_coarse(self.coarse_text(x, context, batch), condition)
        x = torch.cat([depth_to_space(self.from_coarse(x)), middle], dim=-1)
        x = self.up_middle_time(self.up_middle(x, condition), window)
        x = self.up_middle_text(x, context, batch)
        x = torch.cat([depth_to_space(self.from_middle(x)), fine], dim=-1)
        x = self.up_fine_time(self.up_fine(x, condition), window)
        output = self.leave(F.silu(normalize(x))).float().unflatten(0, (batch, frames)).permute(0, 4, 1, 2, 3)

        # Preconditioning: clean = noisy (1 - sigma) / deviation^2 + output sigma / deviation, and
        # velocity = (noisy - clean) / sigma, in which sigma cancels.
        velocity = latents * (2 * sigma - 1) / deviation**2 - output / deviation
        return velocity * (sigma > 0).float()


class AnchorEncoder(nn.Module):
    """One latent frame to 16 tokens, one for each 4x4 block of places."""

    def __init__(self, config: ModelConfig):
        super().__init__()
        width = config.text_width
        self.block = nn.PixelUnshuffle(4)
        self.tokens = nn.Linear(config.latent_channels * 16, 2 * width)
        self.mix = nn.Linear(2 * width, width)
        self.positions = nn.Parameter(torch.randn(config.anchor_tokens, width) * 0.1)

    def forward(self, anchor_latents: Tensor) -> Tensor:
        """[B, 8, 16, 16] to [B, 16, D]."""
        blocks = self.block(anchor_latents).flatten(2).transpose(1, 2)
        return normalize(self.mix(F.silu(self.tokens(blocks))) + self.positions)


class Convolution(nn.Module):
    """3x3 on [N, H, W, C]."""

    def __init__(self, width_in: int, width_out: int, zero: bool = False):
        super().__init__()
        self.conv = nn.Conv2d(width_in, width_out, 3, padding=1)
        if zero:
            nn.init.zeros_(self.conv.weight)
            nn.init.zeros_(self.conv.bias)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)


class ResidualBlock(nn.Module):
    """Two convolutions within one frame, the first one's input scaled and shifted by the condition."""

    def __init__(self, width_in: int, width_out: int, condition: int):
        super().__init__()
        self.modulation = nn.Linear(condition, 2 * width_in)
        self.first = Convolution(width_in, width_out)
        self.second = Convolution(width_out, width_out, zero=True)
        self.skip = nn.Linear(width_in, width_out) if width_in != width_out else nn.Identity()

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """x [B * F, H, W, C], condition [B * F, D]."""
        scale, shift = self.modulation(condition)[:, None, None].chunk(2, dim=-1)
        hidden = self.first(F.silu(torch.addcmul(shift, normalize(x), 1 + scale)))
        return self.skip(x) + self.second(F.silu(normalize(hidden)))


class TimeBlock(nn.Module):
    """At each place on its own: a convolution over three frames, then attention over all frames."""

    def __init__(self, width: int, heads: int, frames: int):
        super().__init__()
        self.neighbours = nn.Linear(3 * width, width)
        nn.init.zeros_(self.neighbours.weight)
        nn.init.zeros_(self.neighbours.bias)
        self.places = nn.Parameter(torch.randn(frames, width) * 0.1)
        self.query_key_value = nn.Linear(width, 3 * width, bias=False)
        self.attention = MultiHeadAttention(width, heads)

    def forward(self, x: Tensor, window: tuple[int, int, int]) -> Tensor:
        batch, frames, first_frame = window
        shape = x.shape
        x = x.reshape(batch, frames, -1, shape[-1])
        padded = F.pad(normalize(x), (0, 0, 0, 0, 1, 1))
        x = x + self.neighbours(torch.cat([padded[:, :-2], padded[:, 1:-1], padded[:, 2:]], dim=-1))
        normed = normalize(x) + frame_places(first_frame, frames, self.places)[:, None]
        rows = self.query_key_value(normed).transpose(1, 2).flatten(0, 1)
        query, key_value = rows.split([shape[-1], 2 * shape[-1]], dim=-1)
        mixed = self.attention(query, key_value).unflatten(0, (batch, -1)).transpose(1, 2)
        return (x + mixed).reshape(shape)


class SpaceTimeBlock(nn.Module):
    """Attention among all places of all frames (4x4 places only), then a small network at each."""

    def __init__(self, width: int, heads: int, frames: int, places: int):
        super().__init__()
        self.frame_places = nn.Parameter(torch.randn(frames, width) * 0.1)
        self.places = nn.Parameter(torch.randn(places, width) * 0.1)
        self.query_key_value = nn.Linear(width, 3 * width, bias=False)
        self.attention = MultiHeadAttention(width, heads)
        self.mlp = nn.Sequential(nn.Linear(width, 2 * width), nn.SiLU(), nn.Linear(2 * width, width))
        nn.init.zeros_(self.mlp[2].weight)

    def forward(self, x: Tensor, window: tuple[int, int, int]) -> Tensor:
        batch, frames, first_frame = window
        shape = x.shape
        x = x.reshape(batch, frames, -1, shape[-1])
        positions = frame_places(first_frame, frames, self.frame_places)[:, None] + self.places
        rows = self.query_key_value(normalize(x) + positions).flatten(1, 2)
        query, key_value = rows.split([shape[-1], 2 * shape[-1]], dim=-1)
        x = x.flatten(1, 2)
        x = x + self.attention(query, key_value)
        return (x + self.mlp(normalize(x))).reshape(shape)


class MotionBlock(nn.Module):
    """Attention among all places of all frames whose rotary angles mix place and time.

    The angle of a channel pair is a whole number of turns across the torus plus a learned speed
    times the frame, so a pair sees points that move with one velocity as standing still; the words,
    through the modulation, choose the pairs (rotary with mixed axes: arXiv 2403.13298).
    """

    def __init__(self, width: int, condition: int, heads: int, side: int):
        super().__init__()
        pairs = width // 2
        generator = torch.Generator().manual_seed(side)
        turns = TURNS[torch.randint(len(TURNS), (pairs,), generator=generator)]
        speeds = (torch.rand(pairs, 2, generator=generator) * 2 - 1) * FASTEST
        self.register_buffer("place_angles", 2 * math.pi * turns / side)
        self.frequencies = nn.Parameter(-(self.place_angles * speeds * side).sum(-1))
        self.modulation = nn.Linear(condition, 2 * width)
        self.query_key_value = nn.Linear(width, 3 * width, bias=False)
        self.attention = MultiHeadAttention(width, heads)

    def forward(self, x: Tensor, condition: Tensor, window: tuple[int, int, int]) -> Tensor:
        batch, frames, _ = window
        shape = x.shape
        scale, shift = self.modulation(condition)[:, None, None].chunk(2, dim=-1)
        rows = self.query_key_value(torch.addcmul(shift, normalize(x), 1 + scale))
        query, key, value = rows.reshape(batch, -1, 3 * shape[-1]).chunk(3, dim=-1)
        angles = self.angles(frames, shape[1]).to(query.dtype)
        key_value = torch.cat([self.rotate(key, angles), value], dim=-1)
        mixed = self.attention(self.rotate(query, angles), key_value)
        return x + mixed.reshape(shape)

    def angles(self, frames: int, side: int) -> Tensor:
        """Cosines and sines [2, frames * side * side, C / 2]."""
        steps = torch.arange(side, device=self.frequencies.device, dtype=torch.float32)
        down, across = steps[:, None, None], steps[None, :, None]
        place = (across * self.place_angles[:, 0] + down * self.place_angles[:, 1]).flatten(0, 1)
        time = torch.arange(frames, device=place.device, dtype=torch.float32)[:, None, None] * self.frequencies
        angle = (place + time).flatten(0, 1)
        return torch.stack([angle.cos(), angle.sin()])

    def rotate(self, x: Tensor, angles: Tensor) -> Tensor:
        """Turns the channel pairs (each head's first and second half) of [B, L, C]."""
        heads = self.attention.heads
        first, second = x.unflatten(-1, (heads, 2, -1)).unbind(-2)
        cosine, sine = angles.unflatten(-1, (heads, -1))
        return torch.cat([first * cosine - second * sine, first * sine + second * cosine], dim=-1).flatten(-2)


class ContextBlock(nn.Module):
    """Cross attention from every place to the words and, scaled by SiLU(alpha), the anchor tokens."""

    def __init__(self, width: int, text: int, heads: int):
        super().__init__()
        self.alpha = nn.Parameter(torch.ones(()))
        self.query = nn.Linear(width, width, bias=False)
        self.key_value = nn.Linear(text, 2 * width, bias=False)
        self.attention = MultiHeadAttention(width, heads)

    def forward(self, x: Tensor, context: tuple[Tensor, Tensor, Tensor], batch: int) -> Tensor:
        text_tokens, anchor, mask = context
        shape = x.shape
        x = x.reshape(batch, -1, shape[-1])
        tokens = torch.cat([text_tokens, F.silu(self.alpha) * anchor], dim=1)
        return (x + self.attention(self.query(normalize(x)), self.key_value(tokens), mask)).reshape(shape)


def frame_places(first_frame: int, frames: int, table: Tensor) -> Tensor:
    return table[first_frame : first_frame + frames]


def sigma_features(sigmas: Tensor) -> Tensor:
    """[B, F] to [B, F, 32]: sines and cosines of 1/2 to 16 half turns, geometrically spaced."""
    frequencies = math.pi * torch.logspace(-1, 4, SIGMA_FREQUENCIES, base=2.0, device=sigmas.device)
    angles = sigmas[..., None] * frequencies
    return torch.cat([angles.sin(), angles.cos()], dim=-1)


def space_to_depth(x: Tensor) -> Tensor:
    """[N, H, W, C] to [N, H/2, W/2, 4C]."""
    count, height, width, channels = x.shape
    x = x.reshape(count, height // 2, 2, width // 2, 2, channels)
    return x.permute(0, 1, 3, 2, 4, 5).reshape(count, height // 2, width // 2, 4 * channels)


def depth_to_space(x: Tensor) -> Tensor:
    """[N, H, W, 4C] to [N, 2H, 2W, C]."""
    count, height, width, channels = x.shape
    x = x.reshape(count, height, width, 2, 2, channels // 4)
    return x.permute(0, 1, 3, 2, 4, 5).reshape(count, 2 * height, 2 * width, channels // 4)
