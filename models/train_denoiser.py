"""Stages `singles` and `clips` of train.py: flow matching on latents, in one or more processes.

Every worker keeps its own share of the clips; gradients are averaged at each step, so the workers
stay equal.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from batches import clip_shares, draw_chunks, draw_singles
from checkpoint import Checkpoint
from flow_loss import flow_loss
from latents import load_share
from network import Network
from replay import Replay
from stage_run import Learnt, StageRun
from text_encoder import TextEncoder


@dataclass(frozen=True)
class Stage:
    """What one denoiser stage trains on. Sizes are per worker and step."""

    name: str
    seconds: float
    seed: int
    first_clip_seed: int
    clip_count: int
    singles_a_step: int
    chunks_a_step: int
    single_step_share: float
    object_weight: float
    rate: float = 1.0
    final_rate: float = 0.0
    more_of: tuple[str, ...] = ()
    more_times: float = 1.0


def train_denoiser(path: Path, text_encoder: Path, stage: Stage, worker: int, workers: int, device: str) -> None:
    checkpoint = Checkpoint(path)
    torch.manual_seed(stage.seed * 1000 + worker)
    seeds = range(stage.first_clip_seed, stage.first_clip_seed + stage.clip_count)
    clips = load_share(checkpoint.get("autoencoder"), text_encoder, seeds, path.parent / "clips", worker, workers)
    shares = clip_shares(clips, stage.more_of, stage.more_times)
    empty = tuple(part[0] for part in TextEncoder(text_encoder).encode([""]))
    network = Network().to(device, memory_format=torch.channels_last)
    run = StageRun(checkpoint, stage.name, network, "network", "average", worker, workers)
    rng = np.random.default_rng([stage.seed, worker, run.steps])
    replay = Replay()

    def learn() -> Learnt:
        # The kind of step must be the same in all workers, so it follows from the step alone
        single = np.random.default_rng([stage.seed, run.steps]).random() < stage.single_step_share
        if single:
            batch = draw_singles(clips, shares, empty, stage.singles_a_step, stage.object_weight, rng)
        else:
            batch = draw_chunks(clips, shares, empty, stage.chunks_a_step, stage.object_weight, rng, replay)
        loss, parts, estimate = flow_loss(network, batch.to(device), torch.randn_like(batch.clean, device=device), device)
        if not single:
            replay.keep(batch.clips, batch.starts, batch.sigma, estimate)
        return Learnt(loss, parts, {"singles" if single else "chunks": len(batch.clean)})

    run.go(stage.seconds, stage.rate, stage.final_rate, learn)
