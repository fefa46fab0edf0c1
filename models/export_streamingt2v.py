"""Makes a package of the published StreamingT2V: seven float16 ONNX graphs, tokenizer, model.json.

The weights are not ours and not free: --accept-licence says that you have read under what terms they
stand. Both checkpoints are held against the published layout before anything is written; the folder is
written aside and renamed, never half there. streamingt2v/README.md says what a worker reads in it.
"""

import argparse
import hashlib
import json
import shutil
import sys
from pathlib import Path

import torch
from torch import nn

from streamingt2v.config import PublishedConfig
from streamingt2v.graphs import GRAPHS, Graph, write_graph
from streamingt2v.weights import PREFIXES, CheckpointError, Weights, check_first_stage, check_streaming

FAMILY = "streaming-t2v-published"
FIRST_STAGE_FILES = tuple(f"unet/diffusion_pytorch_model{kind}" for kind in (".safetensors", ".fp16.safetensors", ".bin", ".fp16.bin"))
COPIED = {"vocabulary": "tokenizer/vocab.json", "merges": "tokenizer/merges.txt"}
# What shapes alone do not tell: file of the base folder, key, the value that our modules are built for
SETTINGS = (
    ("unet/config.json", "attention_head_dim", 64),
    ("unet/config.json", "norm_num_groups", 32),
    ("unet/config.json", "norm_eps", 1e-5),
    ("unet/config.json", "act_fn", "silu"),
    ("text_encoder/config.json", "hidden_act", "gelu"),
    ("text_encoder/config.json", "num_attention_heads", 16),
    ("scheduler/scheduler_config.json", "prediction_type", "epsilon"),
)


def main() -> None:
    args = parse_arguments()
    torch.set_num_threads(args.threads)
    print(LICENCE_NOTE, file=sys.stderr)
    if not args.accept_licence:
        sys.exit("Nothing written. Read the terms above, and say --accept-licence where they allow what you mean to do.")
    try:
        export(args.checkpoint, args.base, args.package, PublishedConfig())
    except CheckpointError as error:
        sys.exit(str(error))
    print(LIMITATION, file=sys.stderr)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Make a package (family streaming-t2v-published, float16 ONNX) of the published StreamingT2V checkpoint.",
        epilog="Needs 9.3 GB of disk for the package, and memory for one graph at a time. The package may not be passed on; see --accept-licence.",
    )
    parser.add_argument("--checkpoint", type=Path, required=True, metavar="FILE", help="streaming_t2v.ckpt of PAIR/StreamingT2V (25.6 GB)")
    parser.add_argument(
        "--base",
        type=Path,
        required=True,
        metavar="FOLDER",
        help="text-to-video-ms-1.7b as diffusers lays it out: unet/ (the first stage's weights), tokenizer/, scheduler/, text_encoder/config.json",
    )
    parser.add_argument("--package", type=Path, required=True, metavar="FOLDER", help="written anew; what was there is replaced")
    parser.add_argument("--accept-licence", action="store_true", help="you have read the terms that are printed at the start, and keep to them")
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="processor threads (default: 1)")
    return parser.parse_args()


def export(checkpoint: Path, base: Path, package: Path, config: PublishedConfig) -> None:
    scheduler = read_settings(base)
    streaming, first_stage = Weights(checkpoint), Weights(find_first_stage(base))
    check_streaming(streaming)
    check_first_stage(first_stage)
    check_disk(package, package_bytes(config))
    folder = package.with_name(package.name + ".unfinished")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for graph in GRAPHS:
        print(f"{graph.name}.onnx", file=sys.stderr)
        write_graph(graph, load_module(graph, config, streaming, first_stage), config, folder)
    for path in COPIED.values():
        shutil.copy(base / path, folder / Path(path).name)
    (folder / "LICENSE").write_text(LICENCE_NOTE + "\n")
    manifest = describe_package(config, folder, scheduler, tokenizer_pad(base))
    (folder / "model.json").write_text(json.dumps(manifest, indent=2) + "\n")
    shutil.rmtree(package, ignore_errors=True)
    folder.rename(package)
    print(json.dumps({name: entry["bytes"] for name, entry in manifest["files"].items()}))


def load_module(graph: Graph, config: PublishedConfig, streaming: Weights, first_stage: Weights) -> nn.Module:
    """The graph's module with its numbers; one graph's are in memory at a time."""
    with torch.device("meta"):
        module = graph.build(config)
    for part, child in module.named_children():
        if part == "first_stage":
            first_stage.fill(child, "")
        else:
            streaming.fill(child, PREFIXES[part])
    return module.eval()


def package_bytes(config: PublishedConfig) -> int:
    """Two bytes a parameter, and a hundredth for the graphs themselves and the tokenizer."""
    with torch.device("meta"):
        parameters = sum(value.numel() for graph in GRAPHS for value in graph.build(config).parameters())
    return parameters * 2 * 101 // 100


def check_disk(package: Path, wanted: int) -> None:
    existing = next(folder for folder in package.absolute().parents if folder.exists())
    free = shutil.disk_usage(existing).free
    if free < wanted:
        raise CheckpointError(f"{package}: needs {wanted / 1e9:.1f} GB free on its disk, which has {free / 1e9:.1f} GB; make room or name another --package")


def find_first_stage(base: Path) -> Path:
    for name in FIRST_STAGE_FILES:
        if (base / name).is_file():
            return base / name
    raise CheckpointError(f"{base}: no weights of the first stage; wanted one of {', '.join(FIRST_STAGE_FILES)}")


def read_settings(base: Path) -> dict:
    """The scheduler's own settings, once all of them have been found as our modules assume them."""
    for path in COPIED.values():
        if not (base / path).is_file():
            raise CheckpointError(f"{base / path}: no such file; --base wants text-to-video-ms-1.7b as diffusers lays it out")
    for name, key, wanted in SETTINGS:
        # A key left out has the library's default, which is the wanted one
        found = read_json(base / name).get(key, wanted)
        if found != wanted:
            raise CheckpointError(f"{base / name}: {key} is {found}, but this exporter is written for {wanted}")
    return read_json(base / "scheduler/scheduler_config.json")


def read_json(path: Path) -> dict:
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        raise CheckpointError(f"{path}: no such file; --base wants text-to-video-ms-1.7b as diffusers lays it out") from None
    except ValueError as error:
        raise CheckpointError(f"{path}: not JSON: {error}") from error


def tokenizer_pad(base: Path) -> str:
    """The token that fills a prompt up to 77; Stable Diffusion 2's is `!`, CLIP's own the end of text."""
    for name in ("special_tokens_map.json", "tokenizer_config.json"):
        path = base / "tokenizer" / name
        pad = read_json(path).get("pad_token") if path.is_file() else None
        if pad is not None:
            return pad["content"] if isinstance(pad, dict) else pad
    raise CheckpointError(f"{base / 'tokenizer'}: neither special_tokens_map.json nor tokenizer_config.json names a pad_token")


def describe_package(config: PublishedConfig, folder: Path, scheduler: dict, pad_token: str) -> dict:
    """model.json in format 2 as far as that fits; what it has no place for stands under `published`."""
    files = {}
    for graph in GRAPHS:
        files[graph.name] = describe_file(folder, f"{graph.name}.onnx")
        files[f"{graph.name}_weights"] = describe_file(folder, f"{graph.name}.onnx.data")
    files |= {name: describe_file(folder, Path(path).name) for name, path in COPIED.items()}
    side = config.latent_side * config.stride
    return {
        "format_version": 2,
        "name": FAMILY,
        "title": "StreamingT2V (published weights)",
        "version": "1.0.0",
        "family": FAMILY,
        "licence": LICENCE,
        "description": "The published StreamingT2V on ModelScope text-to-video: 16 frames at a time, 8 of them new.",
        "fps": 8,
        "sizes": [f"{side}x{side}"],
        "seconds": {"min": 2, "max": 600, "default": 4},
        "latent": {"channels": config.latent_channels, "height": config.latent_side, "width": config.latent_side, "frames_per_latent": 1},
        "chunk": {"latent_frames": config.frames - config.overlap, "overlap_latent_frames": config.overlap, "anchor_latent_frame": 0},
        "text": {"max_tokens": config.text_tokens, "width": config.context_width},
        "denoiser": {"width": config.widths[0], "blocks": len(config.widths)},
        "refiner": None,
        "decoder": {"spatial_stride": config.stride},
        "schedule": {"num_inference_steps": 50, "shift": 1, "first_chunk_guidance_scale": 9.0, "guidance_scale": 7.5},
        "price_micro_usd_per_second": 0,
        "training": {},
        "published": {
            "chunk_frames": config.frames,
            "anchor_tokens": config.anchor_tokens,
            "scheduler": scheduler,
            "eta": 1.0,
            "negative_prompt": "",
            "pad_token": pad_token,
        },
        "files": files,
    }


def describe_file(folder: Path, path: str) -> dict:
    with open(folder / path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    return {"path": path, "sha256": digest.hexdigest(), "bytes": (folder / path).stat().st_size}


LIMITATION = (
    f"The worker has no family {FAMILY!r} yet, so it refuses this package: it lacks the CLIP tokenizer and an epsilon-prediction "
    "sampler over these graphs. The published refiner (MS-Vid2Vid-XL) is not in the package. streamingt2v/README.md says more."
)
LICENCE = (
    "Not for commercial use, not for passing on. Code: CreativeML Open RAIL-M. Base weights: CC-BY-NC-4.0 "
    "(the text of their model card says CC-BY-NC-ND). StreamingT2V's own weights: no licence stated."
)
LICENCE_NOTE = """Licences of what this package is made of (no legal advice):
  StreamingT2V's code: CreativeML Open RAIL-M, as its README says; its repository holds no licence file.
  StreamingT2V's weights: their publisher states no licence for them.
  The weights they were tuned from, and the first stage, ModelScope text-to-video-ms-1.7b: CC-BY-NC-4.0 by
  their model card's header, CC-BY-NC-ND by its text. No commercial use under either; under the second,
  nothing made of them may be passed on, and a conversion is made of them.
  Text and image tower: OpenCLIP ViT-H/14, MIT. Image decoder: Stable Diffusion's, CreativeML Open RAIL(++)-M.
Keep the package to yourself, for uses that all of these allow."""

if __name__ == "__main__":
    main()
