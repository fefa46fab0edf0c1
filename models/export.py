"""Writes the shipped package: four ONNX graphs, vocabulary.json, model.json, golden numbers.

Weights are stored as float16 with a Cast behind each, so files are half as large while every
runtime computes in float32. The folder is written aside and renamed, never half there.
"""

import argparse
import hashlib
import json
import shutil
import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from captions import MAX_TOKENS, NULL, PAD, UNKNOWN, VOCABULARY
from checkpoint import Checkpoint
from config import ModelConfig
from golden import write_golden
from network import Network, load_network
from vae import Autoencoder
from world import COLOURS, MOTIONS, OBJECTS, PLACES, SIZES, SPEEDS

OPSET = 18
KEEP_FLOAT32_BELOW = 512  # numbers in a weight too small for its file size to matter


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--package", type=Path, required=True)
    parser.add_argument("--weights", choices=["average", "network"], default="average")
    parser.add_argument("--notes", type=Path, help="JSON with `training` and `evaluation` for model.json")
    args = parser.parse_args()
    torch.set_num_threads(1)
    checkpoint = Checkpoint(args.checkpoint)
    network = load_network(checkpoint.get(args.weights))
    autoencoder = load_autoencoder(checkpoint)
    folder = args.package.with_name(args.package.name + ".unfinished")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    write_graphs(folder, network, autoencoder)
    write_vocabulary(folder)
    notes = json.loads(args.notes.read_text()) if args.notes else {}
    manifest = describe_package(network.config, folder, notes)
    (folder / "model.json").write_text(json.dumps(manifest, indent=2) + "\n")
    (folder / "LICENSE").write_text(LICENCE_NOTE)
    write_golden(folder / "golden", network, autoencoder)
    replace_folder(folder, args.package)
    print(json.dumps({name: entry["bytes"] for name, entry in manifest["files"].items()}))


def load_autoencoder(checkpoint: Checkpoint) -> Autoencoder:
    autoencoder = Autoencoder()
    autoencoder.load_state_dict({name: value.float() for name, value in checkpoint.get("autoencoder").items()})
    return autoencoder.eval()


class BytesDecoder(nn.Module):
    def __init__(self, autoencoder: Autoencoder):
        super().__init__()
        self.autoencoder = autoencoder

    def forward(self, latents: Tensor) -> Tensor:
        return self.autoencoder.decode_bytes(latents)


def write_graphs(folder: Path, network: Network, autoencoder: Autoencoder) -> None:
    config = network.config
    width, side, channels = config.text_width, config.latent_side, config.latent_channels
    ids = torch.randint(3, len(VOCABULARY), (2, MAX_TOKENS))
    tokens, mask, pooled = network.text_encoder(ids)
    anchor = torch.randn(2, channels, side, side)
    anchor_tokens = network.anchor_encoder(anchor)
    chunk = torch.randn(2, channels, config.chunk_frames, side, side)
    sigmas = torch.rand(2, config.chunk_frames)
    step = (chunk, sigmas, tokens, mask, pooled, anchor_tokens, torch.ones(2))
    names = ["latents", "sigmas", "text_tokens", "text_mask", "text_pooled", "anchor_tokens", "anchor_present"]
    write_graph(folder / "text_encoder.onnx", network.text_encoder, (ids,), ["token_ids"], names[2:5])
    write_graph(folder / "anchor_encoder.onnx", network.anchor_encoder, (anchor,), ["anchor_latents"], ["anchor_tokens"])
    write_graph(folder / "denoiser.onnx", network.denoiser, step, names, ["velocity"])
    write_graph(folder / "vae_decoder.onnx", BytesDecoder(autoencoder), (anchor,), ["latents"], ["frames"])


@torch.no_grad()
def write_graph(path: Path, module: nn.Module, inputs: tuple, input_names: list[str], output_names: list[str]) -> None:
    """Exports with a free first axis and checks the graph before it is kept."""
    batch = torch.export.Dim("batch", min=1, max=64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            module.eval(),
            inputs,
            input_names=input_names,
            output_names=output_names,
            opset_version=OPSET,
            dynamo=True,
            dynamic_shapes=tuple({0: batch} for _ in inputs),
            verbose=False,
        )
    graph = store_float16(program.model_proto)
    onnx.checker.check_model(graph, full_check=True)
    onnx.save(graph, path)


def store_float16(model: onnx.ModelProto) -> onnx.ModelProto:
    """Every large float32 weight becomes a float16 one and a Cast back to float32."""
    graph, casts = model.graph, []
    for weight in graph.initializer:
        values = numpy_helper.to_array(weight)
        if values.dtype != np.float32 or values.size < KEEP_FLOAT32_BELOW:
            continue
        name = weight.name
        weight.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}.float16"))
        casts.append(helper.make_node("Cast", [f"{name}.float16"], [name], to=TensorProto.FLOAT))
    nodes = casts + list(graph.node)
    del graph.node[:]
    graph.node.extend(nodes)
    del graph.value_info[:]
    for node in graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    del model.metadata_props[:]
    del graph.metadata_props[:]
    return model


def write_vocabulary(folder: Path) -> None:
    world = {"objects": OBJECTS, "colours": COLOURS, "places": PLACES, "motions": MOTIONS, "sizes": SIZES, "speeds": SPEEDS}
    vocabulary = {
        "words": VOCABULARY,
        "specials": {"pad": PAD, "unknown": UNKNOWN, "null": NULL},
        "max_tokens": MAX_TOKENS,
        "world": world,
    }
    (folder / "vocabulary.json").write_text(json.dumps(vocabulary, indent=1) + "\n")


def describe_package(config: ModelConfig, folder: Path, notes: dict) -> dict:
    """model.json as the worker reads it."""
    files = {name: f"{name}.onnx" for name in ("text_encoder", "anchor_encoder", "denoiser", "vae_decoder")}
    files["vocabulary"] = "vocabulary.json"
    manifest = {
        "format_version": 1,
        "name": config.name,
        "title": "Everframe Toybox 1",
        "version": "1.0.0",
        "family": "streaming-t2v",
        "licence": "Apache-2.0",
        "description": DESCRIPTION,
        "fps": config.fps,
        "sizes": [f"{config.frame_side}x{config.frame_side}"],
        "seconds": {"min": 1, "max": 600, "default": 4},
        "latent": {
            "channels": config.latent_channels,
            "height": config.latent_side,
            "width": config.latent_side,
            "spatial_stride": config.frame_side // config.latent_side,
        },
        "chunk": {
            "frames": config.chunk_frames,
            "overlap_frames": config.overlap_frames,
            "anchor_frame": config.anchor_frame,
        },
        "text": {"max_tokens": config.max_tokens, "width": config.text_width, "vocabulary": "vocabulary.json"},
        "anchor": {"tokens": config.anchor_tokens},
        "schedule": {
            "num_inference_steps": config.num_inference_steps,
            "shift": config.shift,
            "first_chunk_guidance_scale": config.first_chunk_guidance_scale,
            "guidance_scale": config.guidance_scale,
        },
        "price_micro_usd_per_second": 1000,
        "training": notes.get("training", {}),
        "files": {name: describe_file(folder, path) for name, path in files.items()},
    }
    if "evaluation" in notes:
        manifest["evaluation"] = notes["evaluation"]
    return manifest


def describe_file(folder: Path, path: str) -> dict:
    content = (folder / path).read_bytes()
    return {"path": path, "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}


def replace_folder(unfinished: Path, package: Path) -> None:
    """Keeps the old package's contact sheet, which evaluate.py draws from a finished package."""
    sheet = package / "contact-sheet.png"
    if sheet.exists():
        shutil.copy(sheet, unfinished / sheet.name)
    old = package.with_name(package.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if package.exists():
        package.rename(old)
    unfinished.rename(package)
    shutil.rmtree(old, ignore_errors=True)


DESCRIPTION = (
    "A small streaming text-to-video model of a toy world: eight objects in eight colours move through eight places. "
    "Trained from scratch on procedurally drawn clips; it knows nothing outside its vocabulary."
)
LICENCE_NOTE = """Everframe Toybox 1: weights, vocabulary and golden numbers

Licensed under the Apache License, Version 2.0 (the repository's LICENSE file;
http://www.apache.org/licenses/LICENSE-2.0). All training data was drawn by the programs in models/;
no third-party pictures, videos, texts or weights were used.
"""

if __name__ == "__main__":
    main()
