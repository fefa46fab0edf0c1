"""Word ids to text tokens, a mask, and one pooled vector; two small pre-norm transformer blocks.

The pooled vector also sees the plain mean of the word embeddings: that direct path lets the
denoiser pick up colours and places long before the attention has learned anything.
"""

import torch
from torch import Tensor, nn

from attention import MultiHeadAttention, normalize


class TextEncoder(nn.Module):
    def __init__(self, vocabulary_size: int, width: int, layers: int, heads: int, max_tokens: int):
        super().__init__()
        self.words = nn.Embedding(vocabulary_size, width)
        self.positions = nn.Parameter(torch.randn(max_tokens, width) * 0.1)
        self.blocks = nn.ModuleList(TextBlock(width, heads) for _ in range(layers))
        self.pool = nn.Linear(2 * width, width)

    def forward(self, token_ids: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """token_ids int64 [B, T] to text_tokens [B, T, D], text_mask [B, T] (1 = word), text_pooled [B, D]."""
        mask = (token_ids != 0).float()
        embedded = self.words(token_ids)
        x = embedded + self.positions
        for block in self.blocks:
            x = block(x, mask)
        tokens = normalize(x)
        weight = (mask / mask.sum(1, keepdim=True))[..., None]
        summary = torch.cat([(tokens * weight).sum(1), 2 * (embedded * weight).sum(1)], dim=-1)
        return tokens, mask, self.pool(summary)


class TextBlock(nn.Module):
    def __init__(self, width: int, heads: int):
        super().__init__()
        self.query = nn.Linear(width, width, bias=False)
        self.key_value = nn.Linear(width, 2 * width, bias=False)
        self.attention = MultiHeadAttention(width, heads)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.SiLU(), nn.Linear(4 * width, width))

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        normed = normalize(x)
        x = x + self.attention(self.query(normed), self.key_value(normed), mask)
        return x + self.mlp(normalize(x))
