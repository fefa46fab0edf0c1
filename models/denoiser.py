"""The base model: StreamingT2V's three parts around a small convolution-and-attention denoiser.

CAM (section 4.1 of arXiv 2403.14773): every block attends to the keys and values that the same block
made of the previous chunk's last latent frames. They are clean, so they depend on no timestep and are
computed once a chunk. APM (section 4.2): tokens of the anchor frame are mixed with the text tokens by
a convolution over both, and each block adds them to the text by a learnt weight, SiLU(alpha), alpha
starting at 0. Latents are [B, C, F, H, W]; tokens [B, F * H * W, D].
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from config import ModelConfig


class Conditioning(nn.Module):
    """Text states and anchor frame to what the blocks read: `context`, `appearance` [B, 32, D], `pooled` [B, D]."""

    def __init__(self, config: ModelConfig):
        super().__init__()
        width, tokens = config.width, config.anchor_tokens
        self.text_in = nn.Linear(config.text_width, width)
        self.pooled_in = nn.Sequential(nn.Linear(config.text_width, width), nn.SiLU(), nn.Linear(width, width))
        self.anchor_in = nn.Conv2d(config.latent_channels, width, 3, stride=2, padding=1)
        self.anchor_out = nn.Conv2d(width, width, 1)
        self.no_anchor = nn.Parameter(torch.randn(tokens, width) * 0.02)
        self.mix = nn.Conv1d(config.max_tokens + tokens, config.max_tokens, 3, padding=1)
        self.mix_norm = nn.LayerNorm(width)

    def forward(self, text: Tensor, text_mask: Tensor, anchor: Tensor, anchor_present: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        context = self.text_in(text)
        mean = (text * text_mask[..., None]).sum(1) / text_mask.sum(1, keepdim=True)
        seen = self.anchor_out(F.silu(self.anchor_in(anchor))).flatten(2).transpose(1, 2)
        anchor_tokens = torch.where(anchor_present[:, None, None] > 0, seen, self.no_anchor.to(seen.dtype))
        appearance = self.mix_norm(self.mix(torch.cat([context, anchor_tokens], 1)))
        return context, appearance, self.pooled_in(mean)


class Denoiser(nn.Module):
    def __init__(self, config: ModelConfig, things: int = 48):
        super().__init__()
        self.config = config
        width, side = config.width, config.latent_side
        self.latents_in = nn.Conv2d(config.latent_channels, width, 3, padding=1)
        self.places = nn.Parameter(torch.randn(side * side, width) * 0.02)
        self.times = nn.Parameter(torch.randn(config.overlap_frames + config.chunk_frames, width) * 0.02)
        self.register_buffer("frequencies", torch.exp(torch.linspace(0, math.log(1000), 32)), persistent=False)
        self.sigma_in = nn.Sequential(nn.Linear(64, width), nn.SiLU(), nn.Linear(width, width))
        self.modulation = nn.Linear(width, 6 * width)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.blocks))
        self.modulation_out = nn.Linear(width, 2 * width)
        self.velocity_out = nn.Linear(width, config.latent_channels)
        for module in (self.modulation, self.modulation_out, self.velocity_out):
            nn.init.zeros_(module.weight)
            nn.init.zeros_(module.bias)
        # Training only: which thing stands in a cell, and where its centre is
        self.labels_out = nn.Linear(width, things + 1 + 2)

    def remember(self, overlap: Tensor, context: Tensor, appearance: Tensor, text_mask: Tensor, pooled: Tensor) -> list[tuple[Tensor, Tensor]]:
        """CAM's memory of clean latents [B, C, overlap_frames, H, W]: for each block keys and values [B, tokens, D]."""
        sigma = torch.zeros_like(overlap[:, 0, 0, 0, 0])
        frames = overlap.shape[2]
        x, times = self.enter(overlap, sigma), range(frames)
        memory = []
        modulation = self.modulate(sigma, pooled)
        for number, block in enumerate(self.blocks):
            last = number + 1 == len(self.blocks)
            x, key, value = block(x, modulation, times, context, appearance, text_mask, keys_only=last)
            memory.append((key, value))
        return memory

    def forward(
        self,
        latents: Tensor,
        sigma: Tensor,
        memory: list[tuple[Tensor, Tensor]] | None,
        memory_present: Tensor | None,
        context: Tensor,
        appearance: Tensor,
        text_mask: Tensor,
        pooled: Tensor,
        first_frame: int = 0,
        want_labels: bool = False,
    ) -> Tensor | tuple[Tensor, Tensor]:
        """Velocity [B, C, F, H, W] of noisy latents at noise level sigma [B]; `memory_present` [B] is 0 in the first chunk."""
        frames = latents.shape[2]
        # The network sees inputs of deviation 1 and corrects the best guess that knows no picture
        level = (1 - sigma) ** 2 + sigma**2
        spread = (level**0.5)[:, None, None, None, None]
        start = self.config.overlap_frames + first_frame
        x, times = self.enter(latents / spread, sigma, start), range(start, start + frames)
        modulation = self.modulate(sigma, pooled)
        for number, block in enumerate(self.blocks):
            past = None if memory is None else (*memory[number], memory_present)
            x, _, _ = block(x, modulation, times, context, appearance, text_mask, past)
            if number == len(self.blocks) // 2:
                labels = self.labels_out(normalize(x)) if want_labels else None
        shift, scale = self.modulation_out(F.silu(self.sigma_in(self.embed(sigma)) + pooled))[:, None].chunk(2, -1)
        out = self.velocity_out(normalize(x) * (1 + scale) + shift)
        out = out.transpose(1, 2).unflatten(2, (frames, *latents.shape[3:]))
        straight = ((2 * sigma - 1) / level)[:, None, None, None, None]
        velocity = latents * straight - out / spread
        return (velocity, labels) if want_labels else velocity

    def enter(self, latents: Tensor, sigma: Tensor, start: int = 0) -> Tensor:
        """[B, C, F, H, W] to tokens [B, F * H * W, D] with their absolute place and time."""
        batch, _, frames = latents.shape[:3]
        x = self.latents_in(latents.transpose(1, 2).flatten(0, 1))
        x = x.flatten(2).transpose(1, 2).unflatten(0, (batch, frames))
        return (x + self.places + self.times[start : start + frames, None]).flatten(1, 2)

    def modulate(self, sigma: Tensor, pooled: Tensor) -> Tensor:
        return self.modulation(F.silu(self.sigma_in(self.embed(sigma)) + pooled))

    def embed(self, sigma: Tensor) -> Tensor:
        angles = sigma[:, None] * self.frequencies
        return torch.cat([angles.cos(), angles.sin()], -1)


class Block(nn.Module):
    """Convolutions within each latent frame, then attention over all tokens and the memory, then the text."""

    def __init__(self, config: ModelConfig):
        super().__init__()
        width = config.width
        self.heads, self.side = config.heads, config.latent_side
        self.offset = nn.Parameter(torch.zeros(6 * width))
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        self.query_key_value = nn.Linear(width, 3 * width, bias=False)
        self.attention_out = nn.Linear(width, width, bias=False)
        self.alpha = nn.Parameter(torch.zeros(1))
        self.text_query = nn.Linear(width, width, bias=False)
        self.text_key_value = nn.Linear(width, 2 * width, bias=False)
        self.text_out = nn.Linear(width, width, bias=False)
        for module in (self.second, self.attention_out, self.text_out):
            nn.init.zeros_(module.weight)
        nn.init.zeros_(self.second.bias)
        cos, sin = rotary_angles(config)
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)

    def forward(self, x, modulation, times, context, appearance, text_mask, past=None, keys_only=False):
        """x [B, N, D]; `times` are the tokens' latent frames, `appearance` may be None; returns x and this block's keys and values [B, N, D]."""
        shift_a, scale_a, gate_a, shift_b, scale_b, gate_b = (modulation + self.offset)[:, None].chunk(6, -1)
        h = normalize(x) * (1 + scale_a) + shift_a
        x = x + (1 + gate_a) * self.convolve(h, len(times))
        h = normalize(x) * (1 + scale_b) + shift_b
        query, key, value = self.query_key_value(h).chunk(3, -1)
        key = self.rotate(key, times)
        if keys_only:
            return x, key, value
        keys, values, bias = key, value, None
        if past is not None:
            keys, values = torch.cat([past[0].to(key.dtype), key], 1), torch.cat([past[1].to(value.dtype), value], 1)
            hidden = ((past[2] - 1) * 1e4)[:, None].expand(-1, past[0].shape[1])
            bias = torch.cat([hidden, hidden.new_zeros(x.shape[:2])], 1)
        x = x + (1 + gate_b) * self.attention_out(self.attend(self.rotate(query, times), keys, values, bias))
        mixed = context if appearance is None else context + F.silu(self.alpha) * appearance
        keys, values = self.text_key_value(mixed).chunk(2, -1)
        told = self.attend(self.text_query(normalize(x)), keys, values, (text_mask - 1) * 1e4)
        return x + self.text_out(told), key, value

    def convolve(self, h: Tensor, frames: int) -> Tensor:
        grid = h.unflatten(1, (frames, self.side, self.side)).flatten(0, 1).permute(0, 3, 1, 2)
        grid = self.second(F.relu(self.first(grid)))
        return grid.permute(0, 2, 3, 1).unflatten(0, (h.shape[0], frames)).flatten(1, 3)

    def rotate(self, x: Tensor, times: range) -> Tensor:
        """Unit-variance heads, turned by place and time (rotary embedding over three axes)."""
        cells = self.side * self.side
        cos, sin = self.cos[times.start * cells : times.stop * cells], self.sin[times.start * cells : times.stop * cells]
        x = normalize_mean_square(x.unflatten(-1, (self.heads, -1)))
        even, odd = x.chunk(2, -1)
        cos, sin = cos[:, None].to(x.dtype), sin[:, None].to(x.dtype)
        return torch.cat([even * cos - odd * sin, even * sin + odd * cos], -1).flatten(-2)

    def attend(self, query: Tensor, key: Tensor, value: Tensor, bias: Tensor | None) -> Tensor:
        """[B, Q, D] over [B, K, D]; bias [B, K] is added to the scores."""
        split = lambda x: x.unflatten(-1, (self.heads, -1)).transpose(1, 2)
        query, key, value = split(query), split(key), split(value)
        scores = (query * query.shape[-1] ** -0.5) @ key.transpose(-2, -1)
        if bias is not None:
            scores = scores + bias[:, None, None].to(scores.dtype)
        return (scores.softmax(-1) @ value).transpose(1, 2).flatten(2)


def rotary_angles(config: ModelConfig) -> tuple[Tensor, Tensor]:
    """cos and sin [frames * H * W, head width / 2]: a third of the pairs each for time, row and column."""
    frames, side = config.overlap_frames + config.chunk_frames, config.latent_side
    pairs = config.width // config.heads // 2 // 3
    periods = torch.exp(torch.linspace(math.log(3), math.log(50), pairs))
    grid = torch.stack(torch.meshgrid(torch.arange(frames), torch.arange(side), torch.arange(side), indexing="ij"), -1).flatten(0, 2)
    angles = (grid[..., None] * 2 * math.pi / periods).flatten(1)
    return angles.cos(), angles.sin()


def normalize(x: Tensor) -> Tensor:
    """Layer norm over the last axis, without parameters."""
    return F.layer_norm(x, x.shape[-1:])


def normalize_mean_square(x: Tensor) -> Tensor:
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-6)
