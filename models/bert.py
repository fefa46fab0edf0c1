"""BERT's encoder in the size of MiniLM-L6, without dropout and pooler; weights are read by their published names.

Devlin et al. 2018; Wang et al. 2020 (MiniLM). Position and segment embeddings are kept as one table,
since a prompt is one segment.
"""

import json
import struct
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

WIDTH, LAYERS, HEADS, HIDDEN = 384, 6, 12, 1536
NORM_EPSILON = 1e-12


class Bert(nn.Module):
    def __init__(self, vocabulary_size: int, max_tokens: int):
        super().__init__()
        self.words = nn.Embedding(vocabulary_size, WIDTH)
        self.positions = nn.Parameter(torch.zeros(max_tokens, WIDTH))
        self.norm = nn.LayerNorm(WIDTH, NORM_EPSILON)
        self.blocks = nn.ModuleList(Block() for _ in range(LAYERS))

    def forward(self, token_ids: Tensor) -> tuple[Tensor, Tensor]:
        """token_ids int64 [B, T] to text [B, T, 384], zero at padding, and text_mask [B, T], 1 for tokens."""
        mask = (token_ids != 0).float()
        x = self.norm(self.words(token_ids) + self.positions)
        bias = ((mask - 1) * 1e4)[:, None, None, :]
        for block in self.blocks:
            x = block(x, bias)
        return x * mask[..., None], mask


class Block(nn.Module):
    """Post-norm, as in the original."""

    def __init__(self):
        super().__init__()
        self.query, self.key, self.value, self.out = (nn.Linear(WIDTH, WIDTH) for _ in range(4))
        self.attention_norm = nn.LayerNorm(WIDTH, NORM_EPSILON)
        self.widen = nn.Linear(WIDTH, HIDDEN)
        self.narrow = nn.Linear(HIDDEN, WIDTH)
        self.mlp_norm = nn.LayerNorm(WIDTH, NORM_EPSILON)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        x = self.attention_norm(x + self.attend(x, bias))
        return self.mlp_norm(x + self.narrow(F.gelu(self.widen(x))))

    def attend(self, x: Tensor, bias: Tensor) -> Tensor:
        query, key, value = (split(project(x)) for project in (self.query, self.key, self.value))
        weights = (query @ key.transpose(-2, -1) * (WIDTH // HEADS) ** -0.5 + bias).softmax(-1)
        return self.out((weights @ value).transpose(1, 2).flatten(2))


def split(x: Tensor) -> Tensor:
    """[B, T, C] to [B, heads, T, C / heads]."""
    return x.unflatten(-1, (HEADS, -1)).transpose(1, 2)


def load_bert(weights: Path, max_tokens: int) -> Bert:
    tensors = read_safetensors(weights)
    take = lambda name: torch.from_numpy(tensors[name].copy())
    words = take("embeddings.word_embeddings.weight")
    positions = take("embeddings.position_embeddings.weight")[:max_tokens] + take("embeddings.token_type_embeddings.weight")[0]
    state = {"words.weight": words, "positions": positions}
    names = {"norm": "embeddings.LayerNorm"}
    for index in range(LAYERS):
        layer = f"encoder.layer.{index}"
        names |= {f"blocks.{index}.{own}": f"{layer}.{theirs}" for own, theirs in BLOCK_NAMES.items()}
    for own, theirs in names.items():
        state |= {f"{own}.{part}": take(f"{theirs}.{part}") for part in ("weight", "bias")}
    bert = Bert(len(words), max_tokens)
    bert.load_state_dict(state)
    return bert.eval()


BLOCK_NAMES = {
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "out": "attention.output.dense",
    "attention_norm": "attention.output.LayerNorm",
    "widen": "intermediate.dense",
    "narrow": "output.dense",
    "mlp_norm": "output.LayerNorm",
}


def read_safetensors(path: Path) -> dict[str, np.ndarray]:
    """Float32 tensors only. Eight bytes of header length, the header as JSON, then the values."""
    content = path.read_bytes()
    (length,) = struct.unpack_from("<Q", content)
    header, values = json.loads(content[8 : 8 + length]), memoryview(content)[8 + length :]
    entries = {name: entry for name, entry in header.items() if name != "__metadata__" and entry["dtype"] == "F32"}
    return {name: np.frombuffer(values[slice(*entry["data_offsets"])], "<f4").reshape(entry["shape"]) for name, entry in entries.items()}
