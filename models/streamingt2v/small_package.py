"""The package that the worker's tests run: a published one in all but size, of random numbers, written by the exporter's own code.

    python -m streamingt2v.small_package ../gpu-worker/src/testing/modelscope-package

With --full it has the published size and steps too, as `bench gpu` needs it.
"""

import argparse
import json
import tempfile
from pathlib import Path

import torch
from torch import nn

from export_streamingt2v import describe_package
from streamingt2v.byte_pairs import BYTE_NAMES, FIRST, LAST
from streamingt2v.config import PublishedConfig
from streamingt2v.graphs import GRAPHS, Graph
from streamingt2v.package import write_package

SMALL = PublishedConfig(
    widths=(32,),
    head_width=4,
    layers=1,
    frames=4,
    overlap=2,
    latent_side=4,
    text_tokens=9,
    anchor_tokens=2,
    context_width=32,
    frame_widths=(4, 4),
    embedder_width=16,
    vocabulary=520,
    text_layers=1,
    text_heads=2,
    image_side=28,
    image_width=32,
    image_layers=1,
    image_heads=2,
    decoder_widths=(32, 32),
)
MERGES = ("b a", "l l</w>", "ba ll</w>", "f i", "s h</w>", "fi sh</w>")
BETAS = {"curve": "scaled-linear", "start": 0.00085, "end": 0.012, "train_timesteps": 1000, "prediction": "epsilon", "spacing": "leading", "last": "first_timestep"}
NOTE = "Random numbers in the shape of the published StreamingT2V; made by models/streamingt2v/small_package.py, under this repository's licence."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("package", type=Path)
    parser.add_argument("--full", action="store_true", help="the published size: 13 GB of disk, 12 GB of memory")
    args = parser.parse_args()
    config = PublishedConfig() if args.full else SMALL
    torch.manual_seed(7)
    with tempfile.TemporaryDirectory() as aside:
        base = write_tokenizer(Path(aside))
        write_package(args.package, base, GRAPHS, config, lambda graph: load(graph, config), "model.json", lambda files: describe(files, config), NOTE)


def load(graph: Graph, config: PublishedConfig = SMALL) -> nn.Module:
    module = graph.build(config)
    for value in module.parameters():
        fan = value[0].numel() if value.dim() > 1 else 25
        value.data = torch.randn(value.shape) * fan**-0.5 + (value.dim() == 1)
        if value.dim() == 0:
            value.data.fill_(0.7)
    return module.half().eval().requires_grad_(False)


def describe(files: dict, config: PublishedConfig = SMALL) -> dict:
    manifest = describe_package(config, files, BETAS, "!")
    size = "full" if config != SMALL else "small"
    if size == "small":
        manifest["schedule"]["num_inference_steps"] = 3
        manifest["modelscope"]["first_stage"]["num_inference_steps"] = 3
    said = {"name": f"modelscope-{size}", "title": f"{size.capitalize()} StreamingT2V of random numbers", "licence": "Apache-2.0", "description": NOTE}
    return manifest | said | {"published": {}}


def write_tokenizer(base: Path) -> Path:
    pieces = [*BYTE_NAMES, *(f"{name}</w>" for name in BYTE_NAMES), *(merge.replace(" ", "") for merge in MERGES), FIRST, LAST]
    assert len(pieces) <= SMALL.vocabulary
    (base / "tokenizer").mkdir()
    # The pad is number 0, as in the published vocabulary
    pieces.remove("!")
    (base / "tokenizer/vocab.json").write_text(json.dumps({piece: number for number, piece in enumerate(["!", *pieces])}))
    (base / "tokenizer/merges.txt").write_text("\n".join(["#version: 0.2", *MERGES]) + "\n")
    return base


if __name__ == "__main__":
    main()
