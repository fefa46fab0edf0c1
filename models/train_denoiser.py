"""Stages `singles` and `clips` of train.py: flow matching on latents, in one or more processes.

Every worker keeps its own share of the clips; gradients are averaged at each step, so the workers
stay equal. The rate rises over the first steps and falls to 0 by elapsed share of the stage's time.
"""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.distributed as distributed
import torch.nn.functional as F
from torch import Tensor, nn

from batches import Batch, clip_shares, draw_chunks, draw_singles
from checkpoint import Checkpoint
from latents import load_clips
from network import Network
from optimizer import Optimizer
from replay import Replay
from text_encoder import TextEncoder

SAVE_SECONDS = 60
AVERAGE_DECAY = 0.998
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
    if worker == 0:
        load_clips(checkpoint.get("autoencoder"), text_encoder, seeds, path.parent / "clips", workers)
    if workers > 1:
        distributed.barrier()
    clips = load_clips(checkpoint.get("autoencoder"), text_encoder, seeds, path.parent / "clips", workers).share(worker, workers)
    shares = clip_shares(clips, stage.more_of, stage.more_times)
    empty = tuple(part[0] for part in TextEncoder(text_encoder).encode([""]))
    network = Network().to(device, memory_format=torch.channels_last)
    # A checkpoint that was kept small holds the average alone
    weights = checkpoint.get("network") or checkpoint.get("average")
    if weights:
        network.load_state_dict(weights)
    average = {name: value.float().clone() for name, value in (checkpoint.get("average") or network.state_dict()).items()}
    optimizer = Optimizer(network, worker, workers)
    progress = {"name": stage.name, "seconds": 0.0, "steps": 0, "singles": 0, "chunks": 0}
    if (checkpoint.get("stage") or {}).get("name") == stage.name:
        progress = checkpoint.get("stage")
        optimizer.load_state_dict(checkpoint.get("optimizer"))
    rng = np.random.default_rng([stage.seed, worker, progress["steps"]])
    replay = Replay()
    losses, saved, before = {}, time.monotonic(), time.monotonic()

    while progress["seconds"] < stage.seconds:
        share = progress["seconds"] / stage.seconds
        rate = stage.rate * min(1, (progress["steps"] + 1) / 50) * max(1 - share, stage.final_rate)
        # The kind of step must be the same in all workers, so it follows from the step alone
        single = np.random.default_rng([stage.seed, progress["steps"]]).random() < stage.single_step_share
        if single:
            batch = draw_singles(clips, shares, empty, stage.singles_a_step, stage.object_weight, rng)
        else:
            batch = draw_chunks(clips, shares, empty, stage.chunks_a_step, stage.object_weight, rng, replay)
        loss, parts, estimate = flow_loss(network, batch.to(device), device)
        if not single:
            replay.keep(batch.clips, batch.starts, batch.sigma, estimate)
        for parameter in network.parameters():
            parameter.grad = None
        loss.backward()
        average_gradients(network, workers)
        torch.nn.utils.clip_grad_norm_(network.parameters(), 2.0)
        optimizer.step(rate)
        progress["steps"] += 1
        progress["singles" if single else "chunks"] += len(batch.clean) * workers
        update_average(average, network, progress["steps"])
        for name, value in parts.items():
            losses[name] = losses.get(name, value) * 0.97 + value * 0.03
        now = time.monotonic()
        progress["seconds"] = agree_on(progress["seconds"] + now - before, workers)
        before = now
        if worker == 0 and progress["steps"] % 50 == 0:
            told = " ".join(f"{name} {value:.4f}" for name, value in sorted(losses.items()))
            print(f"{stage.name} step {progress['steps']} {progress['seconds']:.0f} s rate {rate:.2f} {told}", flush=True)
        if worker == 0 and (now - saved > SAVE_SECONDS or progress["seconds"] >= stage.seconds):
            checkpoint.put(network=network.state_dict(), average=average, optimizer=optimizer.state_dict(), stage=progress)
            saved = now
    if worker == 0:
        checkpoint.put(history=(checkpoint.get("history") or []) + [progress], stage=None)


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


def average_gradients(network: nn.Module, workers: int) -> None:
    for parameter in network.parameters():
        if parameter.grad is None:
            parameter.grad = torch.zeros_like(parameter)
    if workers == 1:
        return
    flat = torch.cat([parameter.grad.flatten() for parameter in network.parameters()])
    distributed.all_reduce(flat)
    flat /= workers
    for parameter, part in zip(network.parameters(), flat.split([p.numel() for p in network.parameters()])):
        parameter.grad = part.view_as(parameter).contiguous(memory_format=torch.preserve_format)


def agree_on(seconds: float, workers: int) -> float:
    if workers == 1:
        return seconds
    told = torch.tensor([seconds], dtype=torch.float64)
    distributed.all_reduce(told, distributed.ReduceOp.MAX)
    return told.item()


@torch.no_grad()
def update_average(average: dict[str, Tensor], network: Network, step: int) -> None:
    decay = min(AVERAGE_DECAY, (1 + step) / (10 + step))
    for name, value in network.state_dict().items():
        average[name].lerp_(value, 1 - decay)
