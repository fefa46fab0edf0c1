"""The passes of one video in PyTorch, milliseconds by network as JSON: what gpu.ts compares with.

The modules are those that the package's graphs are written from, in float16 and with random numbers; inputs are the loop's
in shape. The sampler between the passes, which costs next to nothing, is left out.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parent.parent / "models"))

from streamingt2v.config import PublishedConfig  # noqa: E402
from streamingt2v.graphs import GRAPHS, Graph  # noqa: E402
from streamingt2v.small_package import SMALL, load  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--package", type=Path, required=True)
    parser.add_argument("--device", choices=["cpu", "cuda"], required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--runs", type=json.loads, required=True, help="how often each network runs")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    width = json.loads((args.package / "model.json").read_text())["denoiser"]["width"]
    config = next(config for config in (PublishedConfig(), SMALL) if config.widths[0] == width)
    networks = {}
    for graph in GRAPHS:
        if graph.name in args.runs:
            networks[graph.name] = {"runs": args.runs[graph.name], "ms": run(graph, config, args.device, args.runs[graph.name])}
    print(json.dumps({"networks": networks, "whole_ms": sum(entry["ms"] for entry in networks.values())}))


@torch.inference_mode()
def run(graph: Graph, config: PublishedConfig, device: str, runs: int) -> float:
    module = load(graph, config).to(device)
    inputs = {name: value.to(device) for name, value in graph.inputs(config, batch_of(graph, config)).items()}
    module(**inputs)  # Warms up
    synchronize(device)
    began = time.perf_counter()
    for _ in range(runs):
        module(**inputs)
    synchronize(device)
    return (time.perf_counter() - began) * 1000


def batch_of(graph: Graph, config: PublishedConfig) -> int:
    """Both branches of guidance in one batch; a prompt and an overlap alone; a chunk's new frames together."""
    return {"text_encoder": 1, "frame_encoder": 1, "vae_decoder": config.frames - config.overlap}.get(graph.name, 2)


def synchronize(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()


if __name__ == "__main__":
    main()
