"""Makes a package of the published StreamingT2V: float16 ONNX graphs, tokenizer, model.json; with --refiner that of its last stage too.

The weights are not ours and not free: --accept-licence says that you have read under what terms they
stand. All checkpoints are held against the published layout before anything is written.
streamingt2v/README.md says what is in the package and what a worker does with it.
"""

import argparse
import sys
from pathlib import Path

import torch

from streamingt2v.config import PublishedConfig
from streamingt2v.diffusers_folder import DiffusersFolder
from streamingt2v.graphs import GRAPHS, REFINER_GRAPHS
from streamingt2v.layout import read_layout
from streamingt2v.licences import LICENCE, LICENCE_NOTE, REFINER_NOTE
from streamingt2v.package import load_module, write_package
from streamingt2v.weights import CheckpointError, Weights, check_refiner, check_streaming

FAMILY = "streaming-modelscope"


def main() -> None:
    args = parse_arguments()
    torch.set_num_threads(args.threads)
    note = LICENCE_NOTE + (f"\n{REFINER_NOTE}" if args.refiner else "")
    print(note, file=sys.stderr)
    if not args.accept_licence:
        sys.exit("Nothing written. Read the terms above, and say --accept-licence where they allow what you mean to do.")
    try:
        export(args.checkpoint, args.base, args.package, args.refiner, PublishedConfig(), note)
    except CheckpointError as error:
        sys.exit(str(error))


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Make a package (family streaming-modelscope, float16 ONNX) of the published StreamingT2V checkpoint.",
        epilog="Needs 13 GB of disk (17 GB with the refiner) and 12 GB of memory. The package may not be passed on; see --accept-licence.",
    )
    parser.add_argument("--checkpoint", type=Path, required=True, metavar="FILE", help="streaming_t2v.ckpt of PAIR/StreamingT2V (25.6 GB)")
    parser.add_argument(
        "--base",
        type=Path,
        required=True,
        metavar="FOLDER",
        help="text-to-video-ms-1.7b as diffusers lays it out: unet/ (the first stage's weights), tokenizer/, scheduler/, text_encoder/config.json",
    )
    parser.add_argument("--refiner", type=Path, metavar="FILE", help="the UNet of damo/Video-to-Video (non_ema_0035000.pth); left out, the package has no refiner")
    parser.add_argument("--package", type=Path, required=True, metavar="FOLDER", help="written anew; what was there is replaced")
    parser.add_argument("--accept-licence", action="store_true", help="you have read the terms that are printed at the start, and keep to them")
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="processor threads (default: 1)")
    return parser.parse_args()


def export(checkpoint: Path, base: Path, package: Path, refiner: Path | None, config: PublishedConfig, note: str = LICENCE_NOTE) -> None:
    folder = DiffusersFolder(base)
    sources = {"streaming_t2v": Weights(checkpoint), "first_stage": folder.weights("first_stage")}
    check_streaming(sources["streaming_t2v"])
    sources["first_stage"].check(read_layout("first_stage"))
    if refiner:
        sources["refiner"] = Weights(refiner)
        check_refiner(sources["refiner"])
    graphs = (*GRAPHS, *REFINER_GRAPHS) if refiner else GRAPHS
    betas, pad_token = folder.betas(), folder.pad_token()
    describe = lambda files: describe_package(config, files, betas, pad_token)
    write_package(package, base, graphs, config, lambda graph: load_module(graph, config, sources), "model.json", describe, note)


def describe_package(config: PublishedConfig, files: dict, betas: dict, pad_token: str) -> dict:
    """model.json; what the worker does not read stands under `published`."""
    side = config.latent_side * config.stride
    refiner_files = {name: entry for name, entry in files.items() if name.startswith("refiner")}
    return {
        "format_version": 2,
        "name": "streaming-t2v-published",
        "title": "StreamingT2V (published weights)",
        "version": "1.0.0",
        "family": FAMILY,
        "licence": LICENCE,
        "description": "The published StreamingT2V on ModelScope text-to-video: 16 frames at a time, 8 of them new.",
        "fps": 8,
        "sizes": [f"{side}x{side}"],
        "seconds": {"min": 1, "max": 600, "default": 4},
        "latent": {"channels": config.latent_channels, "height": config.latent_side, "width": config.latent_side, "frames_per_latent": 1},
        "chunk": {"latent_frames": config.frames - config.overlap, "overlap_latent_frames": config.overlap, "anchor_latent_frame": 0},
        "text": {"max_tokens": config.text_tokens, "width": config.context_width},
        "denoiser": {"width": config.widths[0], "blocks": len(config.widths)},
        "refiner": None,
        "decoder": {"spatial_stride": config.stride},
        "schedule": {
            "num_inference_steps": 50,
            "shift": 1,
            "first_chunk_guidance_scale": 7.5,
            "guidance_scale": 7.5,
            "sampler": "ddim",
            "eta": 1,
            "betas": betas,
        },
        "modelscope": {
            "anchor_tokens": config.anchor_tokens,
            "pad_token": pad_token,
            "first_stage": {
                "num_inference_steps": 50,
                "shift": 1,
                "first_chunk_guidance_scale": 9,
                "guidance_scale": 9,
                "sampler": "dpm-solver-2m",
                "betas": betas | {"spacing": "linspace", "last": "clean"},
            },
        },
        "price_micro_usd_per_second": 0,
        "training": {},
        "published": {"refiner": refiner_settings(config, refiner_files)} if refiner_files else {},
        "files": {name: entry for name, entry in files.items() if name not in refiner_files},
    }


def refiner_settings(config: PublishedConfig, files: dict) -> dict:
    """Of the published refinement (thirdparty/modelscope/models/multi_modal/video_to_video and model_func.py)."""
    return {
        "chunk_frames": config.refiner_frames,
        "overlap_frames": config.refiner_overlap,
        "size": f"{config.refiner_width * config.stride}x{config.refiner_height * config.stride}",
        "prediction": "v",
        "schedule": {"curve": "logsnr-cosine-interpolated", "scale_min": 2, "scale_max": 4, "zero_terminal_snr": True, "train_timesteps": 1000},
        "start_timestep": 599,
        "sampler": "dpm-solver-2m-sde",
        "num_inference_steps": 30,
        "spacing": "trailing",
        "guidance_scale": 7.5,
        "guidance_rescale": 0.2,
        "files": files,
    }


if __name__ == "__main__":
    main()
