"""Muon for the hidden matrices, AdamW for the rest.

Muon (Jordan et al. 2024, kellerjordan.github.io/posts/muon): momentum, then the nearest
semi-orthogonal matrix by Newton-Schulz iterations. Convolutions count as [out, in * 9] matrices.
Workers hold equal weights and gradients, so each orthogonalises its share and they add up the rest.
"""

import torch
import torch.distributed as distributed
from torch import Tensor, nn

MUON_RATE, ADAM_RATE, MOMENTUM, WEIGHT_DECAY = 0.02, 2e-3, 0.95, 0.01
# Pages are looked up: each number has a gradient in few steps only
PAGES_RATE = 1e-2


class Optimizer:
    def __init__(self, network: nn.Module, worker: int, workers: int):
        self.worker, self.workers = worker, workers
        named = [(name, p) for name, p in network.named_parameters() if p.requires_grad]
        self.matrices = [p for name, p in named if is_hidden_matrix(name, p)]
        pages = [p for name, p in named if name.endswith("pages")]
        rest = [p for name, p in named if not is_hidden_matrix(name, p) and not name.endswith("pages")]
        self.momentum = [torch.zeros_like(p) for p in self.matrices]
        groups = [{"params": rest, "peak": ADAM_RATE}, {"params": pages, "peak": PAGES_RATE}]
        self.adam = torch.optim.AdamW(groups, betas=(0.9, 0.98), weight_decay=0)

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """`rate` in 0..1 scales both optimisers' peak rates."""
        for group in self.adam.param_groups:
            group["lr"] = group["peak"] * rate
        self.adam.step()
        updates = [torch.zeros_like(parameter) for parameter in self.matrices]
        for parameter, momentum in zip(self.matrices, self.momentum):
            momentum.mul_(MOMENTUM).add_(parameter.grad)
        for number in self.mine():
            matrix = self.matrices[number]
            updates[number] = orthogonalize(matrix.grad + MOMENTUM * self.momentum[number])
        for parameter, update in zip(self.matrices, self.add_up(updates)):
            parameter.mul_(1 - MUON_RATE * rate * WEIGHT_DECAY)
            parameter.add_(update, alpha=-MUON_RATE * rate)

    def mine(self) -> list[int]:
        """The matrices this worker orthogonalises: every n-th by size."""
        by_size = sorted(range(len(self.matrices)), key=lambda number: -self.matrices[number].numel())
        return by_size[self.worker :: self.workers]

    def add_up(self, updates: list[Tensor]) -> list[Tensor]:
        if self.workers == 1:
            return updates
        flat = torch.cat([update.flatten() for update in updates])
        distributed.all_reduce(flat)
        return [part.view(matrix.shape) for part, matrix in zip(flat.split([u.numel() for u in updates]), updates)]

    def state_dict(self) -> dict:
        return {"adam": self.adam.state_dict(), "momentum": self.momentum}

    def load_state_dict(self, state: dict) -> None:
        self.adam.load_state_dict(state["adam"])
        for mine, saved in zip(self.momentum, state["momentum"]):
            mine.copy_(saved)


def is_hidden_matrix(name: str, parameter: Tensor) -> bool:
    return "blocks." in name and parameter.ndim >= 2


def orthogonalize(gradient: Tensor) -> Tensor:
    """The update for one parameter; stacked projections (three times as tall as wide) are split first."""
    matrix = gradient.flatten(1)
    rows, columns = matrix.shape
    parts = rows // columns if rows % columns == 0 else 1
    stack = matrix.reshape(parts, rows // parts, columns)
    stack = newton_schulz(stack)
    scale = max(1, (rows / parts) / columns) ** 0.5
    return (stack * scale).reshape(gradient.shape)


def newton_schulz(stack: Tensor, iterations: int = 4) -> Tensor:
    a, b, c = 3.4445, -4.7750, 2.0315
    x = stack.bfloat16()
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    tall = x.shape[-2] > x.shape[-1]
    x = x.mT if tall else x
    for _ in range(iterations):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return (x.mT if tall else x).float()
