"""Trains the model in stages, each resumable from the one checkpoint: autoencoder, singles, clips, refiner, decoder, distil.

A denoiser stage that was cut off goes on where its last save was when the same command is given
again. On a CPU use as many workers as cores, each with one thread; on a GPU one with `--device cuda`.
"""

import argparse
from pathlib import Path

import torch
import torch.distributed as distributed
import torch.multiprocessing as multiprocessing

from checkpoint import Checkpoint
from config import ModelConfig
from distil import DistilStage, distil
from things import NAMES
from train_autoencoder import train_autoencoder, train_decoder
from train_denoiser import Stage, train_denoiser
from train_refiner import RefinerStage, train_refiner


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("stage", choices=["autoencoder", "singles", "clips", "refiner", "decoder", "distil"])
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--text-encoder", type=Path, help="text_encoder.onnx, made by build_text_encoder.py; those that read captions need it")
    parser.add_argument("--minutes", type=float, required=True, help="wall time of this stage")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--workers", type=int, default=1, help="processes that average their gradients")
    parser.add_argument("--threads", type=int, default=1, help="threads of each worker")
    parser.add_argument("--first-clip", type=int, default=20_000_000, help="seed of the first training clip")
    parser.add_argument("--clips", type=int, default=7000, help="number of training clips")
    parser.add_argument("--singles-a-step", type=int, default=32, help="single latent frames per worker and step")
    parser.add_argument("--chunks-a-step", type=int, default=8, help="chunks per worker and step")
    parser.add_argument("--single-share", type=float, default=0.3, help="clips and refiner: share of steps that train on single latent frames")
    parser.add_argument("--object-weight", type=float, default=3.0, help="loss weight of the things' cells")
    parser.add_argument("--rate", type=float, default=1.0, help="scales both optimisers' peak rates")
    parser.add_argument("--final-rate", type=float, default=0.0, help="the rate does not fall below this")
    parser.add_argument("--more-of", nargs="*", default=[], choices=NAMES, metavar="THING", help="clips of these things are drawn more often")
    parser.add_argument("--more-times", type=float, default=3.0, help="how much more often")
    parser.add_argument("--first-scale", type=float, default=ModelConfig.first_chunk_guidance_scale, help="distil: guidance to fold in, first chunks")
    parser.add_argument("--scale", type=float, default=ModelConfig.guidance_scale, help="distil: guidance to fold in, later chunks")
    args = parser.parse_args()
    if args.stage not in ("autoencoder", "decoder") and args.text_encoder is None:
        parser.error(f"stage {args.stage} reads captions: name the text encoder with --text-encoder")
    if args.workers == 1:
        run_worker(0, args)
    else:
        # A run that was killed leaves the workers' meeting place behind
        args.checkpoint.with_suffix(".workers").unlink(missing_ok=True)
        multiprocessing.spawn(run_worker, (args,), nprocs=args.workers)


def run_worker(worker: int, args: argparse.Namespace) -> None:
    torch.set_num_threads(args.threads)
    if args.workers > 1:
        store = distributed.FileStore(str(args.checkpoint.with_suffix(".workers")), args.workers)
        distributed.init_process_group("gloo", store=store, rank=worker, world_size=args.workers)
    common = dict(seconds=args.minutes * 60, seed=args.seed, first_clip_seed=args.first_clip, clip_count=args.clips, chunks_a_step=args.chunks_a_step)
    run = worker, args.workers, args.device
    if args.stage == "autoencoder":
        train_autoencoder(Checkpoint(args.checkpoint), args.minutes, args.seed, *run)
    elif args.stage == "decoder":
        train_decoder(Checkpoint(args.checkpoint), args.minutes, args.seed, *run)
    elif args.stage == "refiner":
        stage = RefinerStage(
            singles_a_step=args.singles_a_step,
            single_step_share=args.single_share,
            object_weight=args.object_weight,
            rate=args.rate,
            final_rate=args.final_rate,
            **common,
        )
        train_refiner(args.checkpoint, args.text_encoder, stage, *run)
    elif args.stage == "distil":
        stage = DistilStage(
            object_weight=args.object_weight,
            first_scale=args.first_scale,
            scale=args.scale,
            rate=args.rate,
            final_rate=args.final_rate,
            **common,
        )
        distil(args.checkpoint, args.text_encoder, stage, *run)
    else:
        stage = Stage(
            name=args.stage,
            singles_a_step=args.singles_a_step,
            single_step_share=1.0 if args.stage == "singles" else args.single_share,
            object_weight=args.object_weight,
            rate=args.rate,
            final_rate=args.final_rate,
            more_of=tuple(args.more_of),
            more_times=args.more_times,
            **common,
        )
        train_denoiser(args.checkpoint, args.text_encoder, stage, *run)
    if args.workers > 1:
        distributed.destroy_process_group()


if __name__ == "__main__":
    main()
