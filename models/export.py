"""Writes the shipped package: seven ONNX graphs, the vocabulary, what the world holds, model.json, golden numbers.

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
import torch.nn.functional as F
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from captions import known, known_words
from checkpoint import Checkpoint
from config import ModelConfig
from denoiser import Denoiser
from fast_convolution import quicken_convolutions
from network import Network, load_network
from package_manifest import LICENCE_NOTE, SHARED_WEIGHTS, STRIDE, describe_package
from refiner import Refiner
from vae import Autoencoder

OPSET = 18
KEEP_FLOAT32_BELOW = 512  # numbers in a weight too small for its file size to matter
SHRINK = ModelConfig.refined_side // ModelConfig.latent_side  # of a picture of the video to the base model's


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--text-encoder", type=Path, required=True, help="text_encoder.onnx, made by build_text_encoder.py")
    parser.add_argument("--package", type=Path, required=True)
    parser.add_argument("--weights", choices=["average", "network", "student", "random"], default="average")
    parser.add_argument("--steps", type=int, default=ModelConfig.num_inference_steps)
    parser.add_argument("--shift", type=float, default=ModelConfig.shift)
    parser.add_argument("--first-scale", type=float, default=ModelConfig.first_chunk_guidance_scale)
    parser.add_argument("--scale", type=float, default=ModelConfig.guidance_scale)
    parser.add_argument("--version", required=True, help="of the package; other weights or another schedule need a new one, since videos go on only under the one they began with")
    parser.add_argument("--notes", type=Path, help="JSON with `training` and `evaluation` for model.json")
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    checkpoint = Checkpoint(args.checkpoint)
    network = Network().eval() if args.weights == "random" else load_network(checkpoint.get(args.weights))
    folder = args.package.with_name(args.package.name + ".unfinished")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shutil.copy(args.text_encoder, folder / "text_encoder.onnx")
    for name in ("vocab.txt", "near_words.json"):
        shutil.copy(Path(__file__).with_name(name), folder / name)
    refiner, autoencoder = load_refiner(checkpoint), load_autoencoder(checkpoint)
    write_graphs(folder, network, refiner, autoencoder)
    share_weights(folder, ("cam_encoder.onnx", "denoiser.onnx"), SHARED_WEIGHTS)
    (folder / "world.json").write_text(json.dumps(known(), indent=1) + "\n")
    (folder / "known_words.json").write_text(json.dumps(known_words()) + "\n")
    notes = json.loads(args.notes.read_text()) if args.notes else {}
    schedule = {
        "num_inference_steps": args.steps,
        "shift": args.shift,
        "first_chunk_guidance_scale": args.first_scale,
        "guidance_scale": args.scale,
    }
    manifest = describe_package(network.config, folder, schedule, args.version, notes)
    (folder / "model.json").write_text(json.dumps(manifest, indent=2) + "\n")
    (folder / "LICENSE").write_text(LICENCE_NOTE)
    replace_folder(folder, args.package)
    print(json.dumps({name: entry["bytes"] for name, entry in manifest["files"].items()}))


def load_autoencoder(checkpoint: Checkpoint) -> Autoencoder:
    autoencoder = Autoencoder()
    autoencoder.load_state_dict({name: value.float() for name, value in checkpoint.get("autoencoder").items()})
    return autoencoder.eval()


def load_refiner(checkpoint: Checkpoint) -> Refiner:
    refiner = Refiner()
    if checkpoint.get("refiner_average"):
        refiner.load_state_dict({name: value.float() for name, value in checkpoint.get("refiner_average").items()})
    return refiner.eval()


class MemoryEncoder(nn.Module):
    """CAM alone, its keys and values as one tensor [blocks, 2, B, tokens, D]."""

    def __init__(self, denoiser: Denoiser):
        super().__init__()
        self.denoiser = denoiser

    def forward(self, overlap: Tensor, context: Tensor, appearance: Tensor, text_mask: Tensor, pooled: Tensor) -> Tensor:
        memory = self.denoiser.remember(overlap, context, appearance, text_mask, pooled)
        return torch.stack([torch.stack(pair) for pair in memory])


class Step(nn.Module):
    """The denoiser with its memory as one tensor."""

    def __init__(self, denoiser: Denoiser):
        super().__init__()
        self.denoiser = denoiser

    def forward(self, latents, sigma, memory, memory_present, context, appearance, text_mask, pooled) -> Tensor:
        pairs = [(memory[number, 0], memory[number, 1]) for number in range(len(self.denoiser.blocks))]
        return self.denoiser(latents, sigma, pairs, memory_present, context, appearance, text_mask, pooled)


class PictureEncoder(nn.Module):
    """A picture of the video's size as one latent frame of the base model's: shrunk as training clips are, and standing still."""

    def __init__(self, autoencoder: Autoencoder):
        super().__init__()
        self.autoencoder = autoencoder

    def forward(self, image: Tensor) -> Tensor:
        small = F.avg_pool2d(image.permute(0, 3, 1, 2).float() / 127.5 - 1, SHRINK)
        return self.autoencoder.encode(small.repeat(1, self.autoencoder.frames_per_latent, 1, 1))


class BytesDecoder(nn.Module):
    def __init__(self, autoencoder: Autoencoder):
        super().__init__()
        self.autoencoder = autoencoder

    def forward(self, latents: Tensor, before: Tensor) -> Tensor:
        return self.autoencoder.decode_bytes(latents, before)


@torch.no_grad()
def write_graphs(folder: Path, network: Network, refiner: Refiner, autoencoder: Autoencoder) -> None:
    config = network.config
    side, channels = config.latent_side, config.latent_channels
    batch = torch.export.Dim("batch", min=1, max=64)
    first = {0: batch}
    text, mask = torch.randn(2, config.max_tokens, config.text_width), torch.ones(2, config.max_tokens)
    anchor, present = torch.randn(2, channels, side, side), torch.ones(2)
    context, appearance, pooled = network.conditioning(text, mask, anchor, present)
    overlap = torch.randn(2, channels, config.overlap_frames, side, side)
    chunk = torch.randn(2, channels, config.chunk_frames, side, side)
    read = {"context": context, "appearance": appearance, "text_mask": mask, "pooled": pooled}
    remembering = MemoryEncoder(network.denoiser)
    memory = remembering(overlap, *read.values())
    anchored = {"text": text, "text_mask": mask, "anchor": anchor, "anchor_present": present}
    write_graph(folder / "anchor_encoder.onnx", network.conditioning, anchored, ["context", "appearance", "pooled"], [first] * 4)
    write_graph(folder / "cam_encoder.onnx", remembering, {"latents": overlap, **read}, ["memory"], [first] * 5)
    step = {"latents": chunk, "sigma": torch.rand(2), "memory": memory, "memory_present": present, **read}
    write_graph(folder / "denoiser.onnx", Step(network.denoiser), step, ["velocity"], [first, first, {2: batch}] + [first] * 5, quick=True)
    # One chunk at a time: the refiner's shapes stay fixed
    long = config.refiner_chunk_frames
    fine = torch.randn(1, channels, long, config.refined_side, config.refined_side)
    refining = {"latents": fine, "sigma": torch.rand(1), "base": torch.randn(1, channels, long, side, side)}
    refining |= {"text": torch.randn(long, config.max_tokens, config.text_width), "text_mask": torch.ones(long, config.max_tokens)}
    write_graph(folder / "refiner.onnx", refiner, refining, ["velocity"], None, quick=True)
    shown = {"latents": fine[0].transpose(0, 1), "before": torch.randn_like(fine[0].transpose(0, 1))}
    write_graph(folder / "vae_decoder.onnx", BytesDecoder(autoencoder), shown, ["frames"], [first, first], quick=True)
    picture = torch.zeros(1, config.refined_side * STRIDE, config.refined_side * STRIDE, 3, dtype=torch.uint8)
    write_graph(folder / "vae_encoder.onnx", PictureEncoder(autoencoder), {"image": picture}, ["latents"], None)


def write_graph(path: Path, module: nn.Module, inputs: dict[str, Tensor], output_names: list[str], dynamic: list[dict] | None, quick: bool = False) -> None:
    """Exports the graph and checks it before it is kept; `dynamic` names the free axes of each input, `quick` is for networks that run often."""
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            module.eval(),
            tuple(inputs.values()),
            input_names=list(inputs),
            output_names=output_names,
            opset_version=OPSET,
            dynamo=True,
            dynamic_shapes=None if dynamic is None else tuple(dynamic),
            verbose=False,
        )
    graph = program.model_proto
    if quick:
        quicken_convolutions(graph)
    graph = store_float16(graph)
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


def share_weights(folder: Path, graphs: tuple[str, ...], name: str) -> None:
    """Moves the graphs' large weights into one file beside them, each stored once: CAM and denoiser have them in common."""
    places: dict[bytes, int] = {}
    with open(folder / name, "wb") as file:
        for graph in graphs:
            model = onnx.load(folder / graph)
            for weight in model.graph.initializer:
                content = numpy_helper.to_array(weight).tobytes()
                if weight.data_type != TensorProto.FLOAT16:
                    continue
                key = hashlib.sha256(content).digest()
                if key not in places:
                    places[key] = file.tell()
                    file.write(content)
                weight.ClearField("raw_data")
                weight.data_location = TensorProto.EXTERNAL
                for field, value in (("location", name), ("offset", places[key]), ("length", len(content))):
                    weight.external_data.add(key=field, value=str(value))
            (folder / graph).write_bytes(model.SerializeToString())


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


if __name__ == "__main__":
    main()
