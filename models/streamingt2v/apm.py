"""APM, section 4.2 of arXiv 2403.14773: how every chunk sees one frame of the first, the anchor."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from streamingt2v.config import PublishedConfig
from streamingt2v.layers import Attention


class AnchorEmbedder(nn.Module):
    """The image tower's vector [B, D] to tokens [B, 16, D]."""

    def __init__(self, config: PublishedConfig):
        super().__init__()
        width, inner = config.context_width, config.embedder_width
        self.tokens = config.anchor_tokens
        self.context_embedding = nn.Sequential(nn.Linear(width, inner), nn.SiLU(), nn.Linear(inner, width * config.anchor_tokens))

    def forward(self, vector: Tensor) -> Tensor:
        return self.context_embedding(vector).unflatten(-1, (self.tokens, -1))


class AnchoredAttention(Attention):
    """Attention to text tokens, to which a mixture of text and anchor tokens is added by the learnt weight SiLU(alpha)."""

    def __init__(self, config: PublishedConfig, width: int):
        super().__init__(width, config.context_width, width // config.head_width, config.head_width)
        self.text_tokens = config.text_tokens
        # Slides along the numbers of a token; the tokens are its channels
        self.conv = nn.Conv1d(config.text_tokens + config.anchor_tokens, config.text_tokens, 3, padding=1)
        self.conv_ln = nn.LayerNorm(config.context_width)
        self.alpha = nn.Parameter(torch.zeros(()))

    def mix(self, context: Tensor) -> Tensor:
        """Text tokens followed by anchor tokens [B, 93, D] to [B, 77, D]."""
        return context[:, : self.text_tokens] + self.conv_ln(self.conv(context)) * F.silu(self.alpha.float()).to(context.dtype)
