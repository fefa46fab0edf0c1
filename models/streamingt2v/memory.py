"""Parameters, bytes and memory of each graph at full width, counted without numbers: `python -m streamingt2v.memory`.

The peak counts every tensor that is alive at once while eager code runs the graph in float16, scores of
attention materialised; a runtime that fuses attention stays under it, one that keeps an arena may not.
"""

import argparse

import torch
from torch import Tensor, nn
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten

from streamingt2v.config import PublishedConfig
from streamingt2v.graphs import GRAPHS, REFINER_GRAPHS, Graph

# Videos in a call as a worker makes it: guidance runs two branches, frames decode eight at a time; of 1280x720 there is one of each
BATCHES = {"frame_encoder": 1, "vae_decoder": 8, "vae_encoder": 1, "refiner_encoder": 1, "refiner": 1, "refiner_decoder": 1}


def main() -> None:
    argparse.ArgumentParser(description=__doc__).parse_args()
    print("| Graph | Batch | Parameters | Weights, MB | Activations, MB |\n| --- | ---: | ---: | ---: | ---: |")
    totals = [0, 0.0]
    for graph in (*GRAPHS, *REFINER_GRAPHS):
        batch = BATCHES.get(graph.name, 2)
        parameters, peak = measure(graph, PublishedConfig(), batch)
        totals = [totals[0] + parameters, max(totals[1], peak)]
        print(f"| {graph.name} | {batch} | {parameters:,} | {2 * parameters / 1e6:,.0f} | {peak / 1e6:,.0f} |", flush=True)
    print(f"| together | | {totals[0]:,} | {2 * totals[0] / 1e6:,.0f} | {totals[1] / 1e6:,.0f} (largest) |")


def measure(graph: Graph, config: PublishedConfig, batch: int) -> tuple[int, int]:
    """Parameters, and the most bytes of activations alive at once."""
    with torch.device("meta"), torch.no_grad():
        module: nn.Module = graph.build(config).half().eval()
        inputs = graph.inputs(config, batch).values()
        with LiveBytes() as live:
            module(*inputs)
    return sum(value.numel() for value in module.parameters()), live.peak


class LiveBytes(TorchDispatchMode):
    """Follows each new storage until nothing refers to it."""

    def __init__(self):
        super().__init__()
        self.alive: dict[int, tuple[StorageWeakRef, int]] = {}
        self.peak = 0

    def __torch_dispatch__(self, operator, types, args=(), kwargs=None):
        taken = {value.untyped_storage()._cdata for value in tree_flatten((args, kwargs))[0] if isinstance(value, Tensor)}
        result = operator(*args, **(kwargs or {}))
        self.alive = {key: entry for key, entry in self.alive.items() if not entry[0].expired()}
        for value in tree_flatten(result)[0]:
            if isinstance(value, Tensor) and value.untyped_storage()._cdata not in taken:
                storage = value.untyped_storage()
                self.alive[storage._cdata] = (StorageWeakRef(storage), storage.nbytes())
        self.peak = max(self.peak, sum(size for _, size in self.alive.values()))
        return result


if __name__ == "__main__":
    main()
