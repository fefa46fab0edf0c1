"""Stages `singles` and `clips` of train.py: flow matching on latents, in one or more processes.

Every worker keeps its own share of the clips; gradients are averaged at each step, so the workers
stay equal.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from batches import Batch, clip_shares, draw_chunks, draw_singles
from checkpoint import Checkpoint
from latents import load_share
from network import Network
from replay import Replay
from stage_run import Learnt, StageRun
from text_encoder import TextEncoder

# Of the auxiliary heads: which thing stands in a cell, and how far off its centre is
CLASS_WEIGHT, OFFSET_WEIGHT = 0.05, 0.1
NOTHING_WEIGHT = 0.3


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
        loss, parts, estimate = flow_loss(network, batch.to(device), device)
        if not single:
            replay.keep(batch.clips, batch.starts, batch.sigma, estimate)
        return Learnt(loss, parts, {"singles" if single else "chunks": len(batch.clean)})

    run.go(stage.seconds, stage.rate, stage.final_rate, learn)


def flow_loss(network: Network, batch: Batch, device: str) -> tuple[Tensor, dict[str, float], Tensor]:
    """Weighted |predicted - true velocity|^2 * deviation^2 plus the auxiliary heads' losses; the parts' means; the clean latents as estimated."""
    noise = torch.randn_like(batch.clean)
    sigma = batch.sigma[:, None, None, None, None]
    noisy = (1 - sigma) * batch.clean + sigma * noise
    with torch.autocast(device, torch.bfloat16):
        velocity, labels = network(
            noisy, batch.sigma, batch.overlap, batch.overlap_present, batch.text, batch.text_mask, batch.anchor, batch.anchor_present, batch.first_frame
        )
    velocity = velocity.float()
    estimate = (noisy - sigma * velocity).detach()
    error = (velocity - (noise - batch.clean)).square() * ((1 - sigma) ** 2 + sigma**2)
    each = (error * batch.weights).mean((1, 2, 3, 4))
    named, placed = label_loss(labels.float(), batch)
    loss = each.mean() + CLASS_WEIGHT * named + OFFSET_WEIGHT * placed
    parts = {"class": named.item(), "offset": placed.item()}
    if batch.overlap_present is None:
        return loss, {"single": each.mean().item(), **parts}, estimate
    continued = batch.overlap_present > 0
    kinds = {"first": each[~continued], "continued": each[continued]}
    return loss, {**{name: part.mean().item() for name, part in kinds.items() if len(part)}, **parts}, estimate


def label_loss(labels: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
    """labels [B, F * H * W, things + 3]: class logits, then the offset, which counts where there is a thing."""
    classes, offsets = batch.classes.flatten(), batch.offsets.flatten(0, -2)
    logits, told = labels.flatten(0, 1).split([labels.shape[-1] - 2, 2], -1)
    weight = torch.ones(logits.shape[-1], device=logits.device)
    weight[0] = NOTHING_WEIGHT
    there = (classes > 0).float()
    placed = ((told - offsets).abs().sum(-1) * there).sum() / there.sum().clamp(min=1)
    return F.cross_entropy(logits, classes, weight), placed
