"""Stages `frames` and `clips` of train.py: flow matching on latents, in one or more processes.

Every worker keeps its own share of the clips; gradients are averaged at each step, so the workers
stay equal. The rate rises over the first steps and falls to 0 by elapsed share of the stage's time.
"""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.distributed as distributed
from torch import Tensor

from batches import Batch, draw_chunks, draw_frames
from checkpoint import Checkpoint
from latents import load_clips
from network import Network
from optimizer import Optimizer

SAVE_SECONDS = 60
AVERAGE_DECAY = 0.998


@dataclass(frozen=True)
class Stage:
    """What one denoiser stage trains on. Sizes are per worker and step."""

    name: str
    seconds: float
    seed: int
    first_clip_seed: int
    clip_count: int
    frames_a_step: int
    chunks_a_step: int
    frame_step_share: float
    object_weight: float
    rate: float = 1.0
    final_rate: float = 0.0


def train_denoiser(path: Path, stage: Stage, worker: int, workers: int, device: str) -> None:
    checkpoint = Checkpoint(path)
    torch.manual_seed(stage.seed * 1000 + worker)
    seeds = range(stage.first_clip_seed, stage.first_clip_seed + stage.clip_count)
    if worker == 0:
        load_clips(checkpoint.get("autoencoder"), seeds, path.parent / "clips", workers)
    if workers > 1:
        distributed.barrier()
    clips = load_clips(checkpoint.get("autoencoder"), seeds, path.parent / "clips", workers).share(worker, workers)
    network = Network().to(device, memory_format=torch.channels_last)
    if checkpoint.get("network"):
        network.load_state_dict(checkpoint.get("network"))
    average = {name: value.float().clone() for name, value in (checkpoint.get("average") or network.state_dict()).items()}
    optimizer = Optimizer(network, worker, workers)
    progress = {"name": stage.name, "seconds": 0.0, "steps": 0, "frames": 0, "chunks": 0}
    if (checkpoint.get("stage") or {}).get("name") == stage.name:
        progress = checkpoint.get("stage")
        optimizer.load_state_dict(checkpoint.get("optimizer"))
    rng = np.random.default_rng([stage.seed, worker, progress["steps"]])
    losses, saved, before = {}, time.monotonic(), time.monotonic()

    while progress["seconds"] < stage.seconds:
        share = progress["seconds"] / stage.seconds
        rate = stage.rate * min(1, (progress["steps"] + 1) / 50) * max(1 - share, stage.final_rate)
        # The kind of step must be the same in all workers, so it follows from the step alone
        single = np.random.default_rng([stage.seed, progress["steps"]]).random() < stage.frame_step_share
        if single:
            batch = draw_frames(clips, stage.frames_a_step, stage.object_weight, rng)
        else:
            batch = draw_chunks(clips, stage.chunks_a_step, stage.object_weight, rng)
        loss, parts = flow_loss(network, batch.to(device), device)
        for parameter in network.parameters():
            parameter.grad = None
        loss.backward()
        average_gradients(network, workers)
        torch.nn.utils.clip_grad_norm_(network.parameters(), 2.0)
        optimizer.step(rate)
        progress["steps"] += 1
        progress["frames" if single else "chunks"] += len(batch.clean) * workers
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


def flow_loss(network: Network, batch: Batch, device: str) -> tuple[Tensor, dict[str, float]]:
    """Weighted |predicted - true velocity|^2 * deviation^2, and its mean for each kind of sample."""
    noise = torch.randn_like(batch.clean)
    sigma = batch.sigmas[:, None, :, None, None]
    noisy = torch.where(sigma > 0, (1 - sigma) * batch.clean + sigma * noise, batch.given)
    with torch.autocast(device, torch.bfloat16):
        velocity = network(noisy, batch.sigmas, batch.token_ids, batch.anchor, batch.anchor_present, batch.first_frame)
    error = (velocity.float() - (noise - batch.clean)).square() * ((1 - sigma) ** 2 + sigma**2)
    each = (error * batch.weights).mean((1, 3, 4)).sum(1) / (batch.sigmas > 0).sum(1)
    continued = batch.sigmas[:, 0] == 0
    if batch.clean.shape[2] == 1:
        return each.mean(), {"frame": each.mean().item()}
    parts = {"first": each[~continued], "continued": each[continued]}
    return each.mean(), {name: part.mean().item() for name, part in parts.items() if len(part)}


def average_gradients(network: Network, workers: int) -> None:
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
