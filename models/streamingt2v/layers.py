"""The pieces that the published networks share, with the parameter names of their checkpoints.

Pictures of a video travel as [B * F, C, H, W]; only what mixes frames is told their number.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


# Scores of one picture that are alive at once; larger pictures attend a part of their cells after the other
SCORES_MAX = 2**25


def attend(query: Tensor, key: Tensor, value: Tensor, heads: int, causal: bool = False) -> Tensor:
    """[B, Q, D] over [B, K, D]; scores are materialised, as the exported graphs have them."""
    query, key, value = (x.unflatten(-1, (heads, -1)).transpose(1, 2) for x in (query, key, value))
    query, key = query * query.shape[-1] ** -0.5, key.transpose(-2, -1)
    rows = max(1, SCORES_MAX // (heads * int(key.shape[-1])))
    parts = [weigh(query[:, :, first : first + rows] @ key, causal) @ value for first in range(0, int(query.shape[2]), rows)]
    return torch.cat(parts, 2).transpose(1, 2).flatten(2) if len(parts) > 1 else parts[0].transpose(1, 2).flatten(2)


def weigh(scores: Tensor, causal: bool) -> Tensor:
    if causal:
        hidden = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device).triu(1)
        scores = scores.masked_fill(hidden, torch.finfo(scores.dtype).min)
    return scores.softmax(-1)


class Attention(nn.Module):
    def __init__(self, width: int, context_width: int, heads: int, head_width: int, bias: bool = False):
        super().__init__()
        self.heads, inner = heads, heads * head_width
        self.to_q = nn.Linear(width, inner, bias=bias)
        self.to_k = nn.Linear(context_width, inner, bias=bias)
        self.to_v = nn.Linear(context_width, inner, bias=bias)
        self.to_out = nn.ModuleList([nn.Linear(inner, width)])

    def forward(self, x: Tensor, context: Tensor | None = None, frames: int = 1) -> Tensor:
        """x [B * frames, Q, D]; context [B, K, D'] is the same for all frames of a video."""
        context = x if context is None else self.mix(context)
        key, value = (repeat_frames(to(context), frames) for to in (self.to_k, self.to_v))
        return self.to_out[0](attend(self.to_q(x), key, value, self.heads))

    def mix(self, context: Tensor) -> Tensor:
        return context


def repeat_frames(x: Tensor, frames: int) -> Tensor:
    """[B, K, D] to [B * frames, K, D]."""
    return x if frames == 1 else x[:, None].expand(-1, frames, -1, -1).flatten(0, 1)


class FeedForward(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.net = nn.ModuleList([GatedGelu(width, 4 * width), nn.Identity(), nn.Linear(4 * width, width)])

    def forward(self, x: Tensor) -> Tensor:
        return self.net[2](self.net[0](x))


class GatedGelu(nn.Module):
    def __init__(self, width: int, inner: int):
        super().__init__()
        self.proj = nn.Linear(width, 2 * inner)

    def forward(self, x: Tensor) -> Tensor:
        value, gate = self.proj(x).chunk(2, -1)
        return value * F.gelu(gate)


class TransformerBlock(nn.Module):
    """Attention within x, attention `second` (to a context, or within x again), feed-forward; each normed first and added."""

    def __init__(self, width: int, heads: int, head_width: int, second: Attention):
        super().__init__()
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(width) for _ in range(3))
        self.attn1 = Attention(width, width, heads, head_width)
        self.attn2 = second
        self.ff = FeedForward(width)

    def forward(self, x: Tensor, context: Tensor | None = None, frames: int = 1) -> Tensor:
        x = x + self.attn1(self.norm1(x))
        x = x + self.attn2(self.norm2(x), context, frames)
        return x + self.ff(self.norm3(x))


class SpatialTransformer(nn.Module):
    """Attention among a picture's cells and to the context."""

    def __init__(self, width: int, head_width: int, groups: int, cross: Attention):
        super().__init__()
        self.norm = nn.GroupNorm(groups, width, eps=1e-6)
        self.proj_in = nn.Linear(width, width)
        self.transformer_blocks = nn.ModuleList([TransformerBlock(width, width // head_width, head_width, cross)])
        self.proj_out = nn.Linear(width, width)

    def forward(self, x: Tensor, context: Tensor, frames: int) -> Tensor:
        cells = self.proj_in(self.norm(x).flatten(2).transpose(1, 2))
        cells = self.proj_out(self.transformer_blocks[0](cells, context, frames))
        return x + cells.transpose(1, 2).unflatten(2, x.shape[2:])


class TemporalTransformer(nn.Module):
    """Attention of each cell among its frames, twice."""

    def __init__(self, width: int, heads: int, head_width: int, groups: int):
        super().__init__()
        inner = heads * head_width
        self.norm = nn.GroupNorm(groups, width, eps=1e-6)
        self.proj_in = nn.Linear(width, inner)
        second = Attention(inner, inner, heads, head_width)
        self.transformer_blocks = nn.ModuleList([TransformerBlock(inner, heads, head_width, second)])
        self.proj_out = nn.Linear(inner, width)

    def forward(self, x: Tensor, frames: int) -> Tensor:
        times = self.proj_in(cells_over_time(self.norm(split_frames(x, frames))))
        return x + pictures(self.proj_out(self.transformer_blocks[0](times)), x.shape[2:])


def split_frames(x: Tensor, frames: int) -> Tensor:
    """[B * F, C, H, W] to [B, C, F, H, W]."""
    return x.unflatten(0, (-1, frames)).transpose(1, 2)


def join_frames(x: Tensor) -> Tensor:
    """[B, C, F, H, W] to [B * F, C, H, W]."""
    return x.transpose(1, 2).flatten(0, 1)


def cells_over_time(x: Tensor) -> Tensor:
    """[B, C, F, H, W] to [B * H * W, F, C]."""
    return x.permute(0, 3, 4, 2, 1).flatten(0, 2)


def pictures(x: Tensor, size: torch.Size) -> Tensor:
    """[B * H * W, F, C] to [B * F, C, H, W]."""
    return x.unflatten(0, (-1, *size)).permute(0, 3, 4, 1, 2).flatten(0, 1)


class ResnetBlock(nn.Module):
    def __init__(self, width_in: int, width_out: int, groups: int, time_width: int | None = None, eps: float = 1e-5):
        super().__init__()
        self.norm1 = nn.GroupNorm(groups, width_in, eps=eps)
        self.conv1 = nn.Conv2d(width_in, width_out, 3, padding=1)
        if time_width is not None:
            self.time_emb_proj = nn.Linear(time_width, width_out)
        self.norm2 = nn.GroupNorm(groups, width_out, eps=eps)
        self.conv2 = nn.Conv2d(width_out, width_out, 3, padding=1)
        if width_in != width_out:
            self.conv_shortcut = nn.Conv2d(width_in, width_out, 1)
        self.widens = width_in != width_out

    def forward(self, x: Tensor, time: Tensor | None = None) -> Tensor:
        """time [B * F, D] embeds the timestep; None in the autoencoder."""
        h = self.conv1(F.silu(self.norm1(x)))
        if time is not None:
            h = h + self.time_emb_proj(F.silu(time))[:, :, None, None]
        h = self.conv2(F.silu(self.norm2(h)))
        return h + (self.conv_shortcut(x) if self.widens else x)


class TemporalConv(nn.Module):
    """Four convolutions over three frames each, added to their input."""

    def __init__(self, width: int):
        super().__init__()
        # The published layer norms by 32 groups whatever its UNet does
        norm, conv = lambda: nn.GroupNorm(32, width), lambda: nn.Conv3d(width, width, (3, 1, 1), padding=(1, 0, 0))
        self.conv1 = nn.Sequential(norm(), nn.SiLU(), conv())
        self.conv2, self.conv3, self.conv4 = (nn.Sequential(norm(), nn.SiLU(), nn.Identity(), conv()) for _ in range(3))

    def forward(self, x: Tensor, frames: int) -> Tensor:
        return x + join_frames(self.conv4(self.conv3(self.conv2(self.conv1(split_frames(x, frames))))))


class Downsample(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x)


class Upsample(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(F.interpolate(x, scale_factor=2.0, mode="nearest"))
