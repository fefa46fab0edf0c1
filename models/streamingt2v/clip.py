"""OpenCLIP ViT-H/14's two towers: the text's in the names of the transformers library, the image's in its own."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from streamingt2v.config import PublishedConfig
from streamingt2v.layers import attend

MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)


class TextEncoder(nn.Module):
    def __init__(self, config: PublishedConfig):
        super().__init__()
        self.text_model = TextTower(config)

    def forward(self, input_ids: Tensor) -> Tensor:
        return self.text_model(input_ids)


class TextTower(nn.Module):
    """Token ids [B, 77], padded, to text states [B, 77, 1024], normed; each token sees those before it."""

    def __init__(self, config: PublishedConfig):
        super().__init__()
        width = config.context_width
        tokens, places = nn.Embedding(config.vocabulary, width), nn.Embedding(config.text_tokens, width)
        self.embeddings = nn.ModuleDict({"token_embedding": tokens, "position_embedding": places})
        self.encoder = nn.ModuleDict({"layers": nn.ModuleList(TextLayer(width, config.text_heads) for _ in range(config.text_layers))})
        self.final_layer_norm = nn.LayerNorm(width)

    def forward(self, input_ids: Tensor) -> Tensor:
        x = self.embeddings["token_embedding"](input_ids) + self.embeddings["position_embedding"].weight
        for layer in self.encoder["layers"]:
            x = layer(x)
        return self.final_layer_norm(x)


class TextLayer(nn.Module):
    def __init__(self, width: int, heads: int):
        super().__init__()
        self.layer_norm1, self.layer_norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.self_attn = TextAttention(width, heads)
        self.mlp = nn.ModuleDict({"fc1": nn.Linear(width, 4 * width), "fc2": nn.Linear(4 * width, width)})

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.self_attn(self.layer_norm1(x))
        return x + self.mlp["fc2"](F.gelu(self.mlp["fc1"](self.layer_norm2(x))))


class TextAttention(nn.Module):
    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.q_proj, self.k_proj, self.v_proj, self.out_proj = (nn.Linear(width, width) for _ in range(4))

    def forward(self, x: Tensor) -> Tensor:
        return self.out_proj(attend(self.q_proj(x), self.k_proj(x), self.v_proj(x), self.heads, causal=True))


class ImageTower(nn.Module):
    """A frame in -1..1 [B, 3, H, W] to one vector [B, 1024]."""

    def __init__(self, config: PublishedConfig):
        super().__init__()
        width, patches = config.image_width, (config.image_side // config.patch) ** 2
        self.side = config.image_side
        self.conv1 = nn.Conv2d(3, width, config.patch, stride=config.patch, bias=False)
        self.class_embedding = nn.Parameter(torch.randn(width) * width**-0.5)
        self.positional_embedding = nn.Parameter(torch.randn(patches + 1, width) * width**-0.5)
        self.ln_pre, self.ln_post = nn.LayerNorm(width), nn.LayerNorm(width)
        layers = nn.ModuleList(ImageLayer(width, config.image_heads) for _ in range(config.image_layers))
        self.transformer = nn.ModuleDict({"resblocks": layers})
        self.proj = nn.Parameter(torch.randn(width, config.context_width) * width**-0.5)

    def forward(self, frames: Tensor) -> Tensor:
        dtype = self.proj.dtype
        x = self.conv1(self.prepare(frames.float()).to(dtype)).flatten(2).transpose(1, 2)
        start = self.class_embedding.expand(x.shape[0], 1, -1)
        x = self.ln_pre(torch.cat([start, x], 1) + self.positional_embedding)
        for layer in self.transformer["resblocks"]:
            x = layer(x)
        return self.ln_post(x[:, 0]) @ self.proj

    def prepare(self, frames: Tensor) -> Tensor:
        """To 224x224, corners on corners, and CLIP's scale. The published blur before 256 becomes 224 has deviation 0.07 cells: none."""
        x = F.interpolate(frames, size=(self.side, self.side), mode="bicubic", align_corners=True)
        mean, std = (torch.tensor(values, device=x.device)[:, None, None] for values in (MEAN, STD))
        return ((x + 1) / 2 - mean) / std


class ImageLayer(nn.Module):
    def __init__(self, width: int, heads: int):
        super().__init__()
        self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attn = ImageAttention(width, heads)
        self.mlp = nn.ModuleDict({"c_fc": nn.Linear(width, 4 * width), "c_proj": nn.Linear(4 * width, width)})

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp["c_proj"](F.gelu(self.mlp["c_fc"](self.ln_2(x))))


class ImageAttention(nn.Module):
    """Queries, keys and values are one matrix."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.in_proj_weight = nn.Parameter(torch.randn(3 * width, width) * width**-0.5)
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * width))
        self.out_proj = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        query, key, value = F.linear(x, self.in_proj_weight, self.in_proj_bias).chunk(3, -1)
        return self.out_proj(attend(query, key, value, self.heads))
