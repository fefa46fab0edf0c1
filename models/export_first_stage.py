"""Makes a folder of float16 ONNX graphs of a text-to-video UNet as diffusers lays it out (UNet3DConditionModel), a first stage alone.

`first_chunk.py` draws its 16 frames. Shapes are read from the folder's own configuration files, and its
weights are held against them; another base than text-to-video-ms-1.7b does too.
"""

import argparse
import sys
from pathlib import Path

import torch

from streamingt2v.diffusers_folder import DiffusersFolder
from streamingt2v.graphs import FIRST_STAGE_GRAPHS
from streamingt2v.licences import FIRST_STAGE_NOTE
from streamingt2v.package import load_module, write_package
from streamingt2v.weights import CheckpointError


def main() -> None:
    args = parse_arguments()
    torch.set_num_threads(args.threads)
    print(FIRST_STAGE_NOTE, file=sys.stderr)
    if not args.accept_licence:
        sys.exit("Nothing written. Read the terms above, and say --accept-licence where they allow what you mean to do.")
    try:
        export(args.base, args.package)
    except CheckpointError as error:
        sys.exit(str(error))


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Make a folder of float16 ONNX graphs of a diffusers text-to-video model: text encoder, UNet, decoder.",
        epilog="text-to-video-ms-1.7b needs 7 GB of disk and 12 GB of memory. The result stands under the model's own licence; see --accept-licence.",
    )
    parser.add_argument("--base", type=Path, required=True, metavar="FOLDER", help="a model as diffusers lays it out: unet/, vae/, text_encoder/, tokenizer/, scheduler/")
    parser.add_argument("--package", type=Path, required=True, metavar="FOLDER", help="written anew; what was there is replaced")
    parser.add_argument("--accept-licence", action="store_true", help="you have read the terms that are printed at the start, and keep to them")
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="processor threads (default: 1)")
    return parser.parse_args()


def export(base: Path, package: Path) -> None:
    folder = DiffusersFolder(base)
    config = folder.config()
    sources = folder.check(config)
    settings = {
        "latents": [1, config.latent_channels, config.frames, config.latent_side, config.latent_side],
        "fps": 8,
        "max_tokens": config.text_tokens,
        "pad_token": folder.pad_token(),
        "guidance_scale": 9.0,
        "num_inference_steps": 50,
        "sampler": "dpm-solver-2m",
        "betas": folder.betas() | {"spacing": "linspace", "last": "clean"},
    }
    describe = lambda files: settings | {"files": files}
    write_package(package, base, FIRST_STAGE_GRAPHS, config, lambda graph: load_module(graph, config, sources), "first_stage.json", describe, FIRST_STAGE_NOTE)


if __name__ == "__main__":
    main()
