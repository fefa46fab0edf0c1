"""Stage `refiner` of train.py: flow matching on 16x16 latents, given the base's 8x8 latents of the same moments.

The base's latents are disturbed at random and the refiner is not told: when it runs, they come from
a denoiser and not from the encoder. Workers share the clips and average their gradients.
"""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from checkpoint import Checkpoint
from config import ModelConfig
from latents import GROUPS, REFINED_EVERY, LatentClips, load_clips
from refiner import Refiner
from train_denoiser import agree_on, average_gradients, update_average

SAVE_SECONDS, PEAK_RATE = 60, 1.5e-3
BASE_NOISE = 0.35
SIGMA_MEAN, SIGMA_DEVIATION, PURE_NOISE_SHARE = 0.3, 1.4, 0.25


@dataclass(frozen=True)
class RefinerStage:
    seconds: float
    seed: int
    first_clip_seed: int
    clip_count: int
    chunks_a_step: int


def train_refiner(path: Path, text_encoder: Path, stage: RefinerStage, worker: int, workers: int, device: str) -> None:
    checkpoint = Checkpoint(path)
    torch.manual_seed(stage.seed * 1000 + worker)
    rng = np.random.default_rng([stage.seed, worker])
    seeds = range(stage.first_clip_seed, stage.first_clip_seed + stage.clip_count)
    clips = load_clips(checkpoint.get("autoencoder"), text_encoder, seeds, path.parent / "clips", workers).share(worker, workers)
    refiner = Refiner().to(device, memory_format=torch.channels_last)
    weights = checkpoint.get("refiner") or checkpoint.get("refiner_average")
    if weights:
        refiner.load_state_dict(weights)
    average = {name: value.float().clone() for name, value in (checkpoint.get("refiner_average") or refiner.state_dict()).items()}
    optimizer = torch.optim.AdamW(refiner.parameters(), PEAK_RATE, betas=(0.9, 0.98), weight_decay=1e-3)
    started = saved = time.monotonic()
    seconds, steps, mean_loss = 0.0, 0, None
    while seconds < stage.seconds:
        rate = PEAK_RATE * min(1, (steps + 1) / 100) * (1 - seconds / stage.seconds)
        optimizer.param_groups[0]["lr"] = rate
        loss = refiner_loss(refiner, *(part.to(device) for part in draw_refiner_chunks(clips, stage.chunks_a_step, rng)), device)
        optimizer.zero_grad()
        loss.backward()
        average_gradients(refiner, workers)
        torch.nn.utils.clip_grad_norm_(refiner.parameters(), 1.0)
        optimizer.step()
        steps += 1
        update_average(average, refiner, steps)
        mean_loss = loss.item() if mean_loss is None else mean_loss * 0.97 + loss.item() * 0.03
        seconds = agree_on(time.monotonic() - started, workers)
        if worker == 0 and steps % 50 == 0:
            print(f"refiner step {steps} {seconds:.0f} s loss {mean_loss:.4f}", flush=True)
        if worker == 0 and (time.monotonic() - saved > SAVE_SECONDS or seconds >= stage.seconds):
            checkpoint.put(refiner=refiner.state_dict(), refiner_average=average)
            saved = time.monotonic()
    if worker == 0:
        done = {"name": "refiner", "seconds": seconds, "steps": steps, "chunks": steps * stage.chunks_a_step * workers}
        checkpoint.put(history=(checkpoint.get("history") or []) + [done])


def draw_refiner_chunks(clips: LatentClips, size: int, rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Clean 16x16 latents [B, C, F, 16, 16], the base's disturbed ones [B, C, F, 8, 8], and sigma [B]."""
    length = ModelConfig.refiner_chunk_frames
    chosen = rng.integers(len(clips.refined), size=size)
    windows = rng.integers(0, GROUPS - length + 1, size)[:, None] + np.arange(length)
    refined = torch.from_numpy(clips.refined[chosen[:, None], windows].astype(np.float32)).transpose(1, 2)
    base = torch.from_numpy(clips.base[(chosen * REFINED_EVERY)[:, None], windows].astype(np.float32)).transpose(1, 2)
    base = base + torch.randn_like(base) * torch.from_numpy(rng.uniform(0, BASE_NOISE, (size, 1, 1, 1, 1)).astype(np.float32))
    sigma = 1 / (1 + np.exp(-rng.normal(SIGMA_MEAN, SIGMA_DEVIATION, size)))
    sigma[rng.random(size) < PURE_NOISE_SHARE] = 1
    return refined, base, torch.from_numpy(sigma.astype(np.float32))


def refiner_loss(refiner: Refiner, clean: Tensor, base: Tensor, sigma: Tensor, device: str) -> Tensor:
    noise = torch.randn_like(clean)
    level = sigma[:, None, None, None, None]
    with torch.autocast(device, torch.bfloat16):
        velocity = refiner((1 - level) * clean + level * noise, sigma, base)
    return ((velocity.float() - (noise - clean)).square() * ((1 - level) ** 2 + level**2)).mean()
