"""Stages `autoencoder` and `decoder` of train.py: crops of two rendered frames, L1 + 4 MSE + L1 on gradients.

An auxiliary head names the thing in each cell from the noisy latents, so that things lie apart there. Stage `decoder`
leaves the latents as they are, so that networks trained on them stay good, and learns to draw them better: what moves between
the two frames of a latent frame is not in it, and is drawn from what changed since the one before.
"""

import time
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from checkpoint import Checkpoint
from labels import cell_labels
from stage_run import agree_on, average_gradients
from story import draw_scene
from vae import Autoencoder, stack_frames
from world import render, shrink

CLIPS, MOMENTS = 1500, (0, 16, 28)
HELD_OUT_SEEDS = range(900_000_000, 900_000_048)
CELLS, BATCH, PEAK_RATE = 8, 24, 2e-3  # the batch is one worker's
# Up to this share of the latents' deviation: the decoder must forgive what the denoiser gets wrong,
# and the encoder must keep things apart
LATENT_NOISE = 0.2
CLASS_WEIGHT = 0.03
MOVING_WEIGHT = 2.0
# Of the stage `decoder`. Two frames that look alike halve the frame rate, so their difference counts by itself
MOTION_WEIGHT = 4.0
# One in so many crops is a whole picture made smaller: only a video without the refiner shows such
SMALL_EVERY = 4
# A video's first latent frame has none before it
FIRST_SHARE = 0.08


def train_autoencoder(checkpoint: Checkpoint, minutes: float, seed: int, worker: int, workers: int, device: str) -> None:
    """Trains for `minutes` of wall time, the rate falling to 0 by elapsed share, then saves. Workers average their gradients."""
    torch.manual_seed(seed)
    rng = np.random.default_rng([seed, worker])
    model = Autoencoder().to(device, memory_format=torch.channels_last)
    if checkpoint.get("autoencoder"):
        model.load_state_dict(checkpoint.get("autoencoder"))
    optimizer = torch.optim.AdamW(model.parameters(), PEAK_RATE, betas=(0.9, 0.98), weight_decay=1e-3)
    mine = range(seed * 10_000_000 + worker, seed * 10_000_000 + CLIPS, workers)
    groups = render_groups(mine)
    held_out = render_groups(HELD_OUT_SEEDS)
    labels_out = nn.Sequential(nn.Conv2d(model.latent_mean.shape[0], 128, 3, padding=1), nn.ReLU(), nn.Conv2d(128, 49, 1)).to(device)
    optimizer.add_param_group({"params": labels_out.parameters()})
    torch.manual_seed(seed * 1000 + worker)
    share, started, step = 0.0, time.monotonic(), 0
    while share < 1:
        for group in optimizer.param_groups:
            group["lr"] = PEAK_RATE * min(1, (step + 1) / 100) * (1 - share)
        pictures, classes = draw_crops(groups, rng)
        target = torch.cat([stack_frames(torch.from_numpy(picture)) for picture in pictures]).to(device)
        with torch.autocast(device, torch.bfloat16):
            latents = model.encoder(target)
            deviation = latents.detach().std((0, 2, 3), keepdim=True)
            noise = torch.randn_like(latents) * deviation * LATENT_NOISE * torch.rand(len(latents), 1, 1, 1, device=device)
            output = model.draw(latents + noise, torch.zeros_like(latents))
            named = labels_out((latents + noise) / deviation)
        picture = picture_loss(output.float(), target)
        naming = F.cross_entropy(named.float(), torch.from_numpy(classes).to(device))
        loss = picture + CLASS_WEIGHT * naming + 1e-4 * latents.float().square().mean()
        optimizer.zero_grad()
        loss.backward()
        average_gradients(model, workers)
        average_gradients(labels_out, workers)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        step += 1
        share = agree_on((time.monotonic() - started) / (minutes * 60), workers)
        if worker == 0 and step % 100 == 0:
            told = f"picture {picture.item():.4f} class {naming.item():.3f} psnr {psnr(model, held_out):.2f} dB"
            print(f"autoencoder step {step} share {share:.2f} {told}", flush=True)
            checkpoint.put(autoencoder=model.state_dict(), autoencoder_steps=step)
    if worker > 0:
        return
    measure_latents(model, groups)
    print(f"autoencoder done: {step} steps, {psnr(model, held_out):.2f} dB on held-out clips", flush=True)
    checkpoint.put(autoencoder=model.state_dict(), autoencoder_steps=step)


def picture_loss(output: Tensor, target: Tensor) -> Tensor:
    """Pixels that change within the latent frame count more: they are few, and they are the motion."""
    first, second = target.chunk(2, 1)
    moving = ((first - second).abs().amax(1, keepdim=True) > 0.05).float()
    weight = 1 + MOVING_WEIGHT * moving
    difference = output - target
    across, down = difference.diff(dim=-1).abs().mean(), difference.diff(dim=-2).abs().mean()
    return ((difference.abs() + 4 * difference.square()) * weight).mean() + 0.5 * (across + down)


@dataclass
class Groups:
    frames: np.ndarray  # uint8 [N, F, 128, 128, 3]
    classes: np.ndarray  # uint8 [N, 16, 16]
    coarse: np.ndarray  # uint8 [N, 8, 8]


def train_decoder(checkpoint: Checkpoint, minutes: float, seed: int, worker: int, workers: int, device: str) -> None:
    """Trains the decoder alone for `minutes` of wall time, the rate falling to 0 by elapsed share, saving on the way."""
    torch.manual_seed(seed * 1000 + worker)
    rng = np.random.default_rng([seed, worker])
    model = Autoencoder().to(device, memory_format=torch.channels_last)
    model.load_state_dict({name: value.float() for name, value in checkpoint.get("autoencoder").items()})
    model.encoder.requires_grad_(False)
    optimizer = torch.optim.AdamW(model.decoder.parameters(), PEAK_RATE, betas=(0.9, 0.98), weight_decay=1e-3)
    groups = render_groups(range(seed * 10_000_000 + worker, seed * 10_000_000 + CLIPS, workers), 4)
    held_out = render_groups(HELD_OUT_SEEDS, 4)
    share, started, step = 0.0, time.monotonic(), 0
    while share < 1:
        for group in optimizer.param_groups:
            group["lr"] = PEAK_RATE * min(1, (step + 1) / 100) * (1 - share)
        pictures, _ = draw_crops(groups, rng, SMALL_EVERY)
        signal = torch.stack([stack_frames(torch.from_numpy(picture)) for picture in pictures]).to(device)
        target = signal[:, 1].contiguous(memory_format=torch.channels_last)
        with torch.autocast(device, torch.bfloat16):
            before, latents = (disturb(model, signal[:, moment]) for moment in (0, 1))
            first = torch.rand(len(latents), 1, 1, 1, device=device) < FIRST_SHARE
            output = model.draw(latents, torch.where(first, 0, latents - before)).float()
        loss = picture_loss(output, target) + MOTION_WEIGHT * (motion(output) - motion(target)).abs().mean()
        optimizer.zero_grad()
        loss.backward()
        average_gradients(model.decoder, workers)
        torch.nn.utils.clip_grad_norm_(model.decoder.parameters(), 1.0)
        optimizer.step()
        step += 1
        share = agree_on((time.monotonic() - started) / (minutes * 60), workers)
        if worker == 0 and (step % 200 == 0 or share >= 1):
            print(f"decoder step {step} share {share:.2f} loss {loss.item():.4f} {measure_decoder(model, held_out)}", flush=True)
            checkpoint.put(autoencoder=model.state_dict())


@torch.no_grad()
def disturb(model: Autoencoder, signal: Tensor) -> Tensor:
    """The encoder's latents, as wrong as a denoiser may have made them."""
    latents = model.encoder(signal.contiguous(memory_format=torch.channels_last))
    return latents + torch.randn_like(latents) * model.latent_std * LATENT_NOISE * torch.rand(len(latents), 1, 1, 1, device=latents.device)


def motion(frames: Tensor) -> Tensor:
    """What the second of two stacked frames [N, 6, H, W] has more than the first."""
    first, second = frames.chunk(2, 1)
    return second - first


@torch.no_grad()
def measure_decoder(model: Autoencoder, groups: Groups) -> str:
    """On whole pictures: decibels, and how much of what truly moves between two frames moves."""
    errors, drawn, true = [], 0.0, 0.0
    for frames in groups.frames:
        signal = stack_frames(torch.from_numpy(frames)).to(model.latent_mean.device)
        before, latents = model.encode(signal).split(1)
        output, target = model.decode(latents, before).clamp(-1, 1), signal[1:]
        errors.append((output - target).square().mean().item())
        drawn += (motion(output) * motion(target)).sum().item()
        true += motion(target).square().sum().item()
    return f"{decibels(errors):.2f} dB, {drawn / true:.0%} of the motion"


def render_groups(seeds: range, frames: int = 2) -> Groups:
    """So many frames at each of the MOMENTS of each seed's clip."""
    parts = [part for seed in seeds for part in render_moments(seed, frames)]
    return Groups(*(np.stack(column) for column in zip(*parts)))


def render_moments(seed: int, frames: int) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    moments = []
    for first in MOMENTS:
        clip = render(draw_scene(seed, "train"), first, frames)
        fine, coarse = (cell_labels(clip.tracks, clip.thing_ids, cells)[0][0] for cells in (16, 8))
        moments.append((clip.frames, fine, coarse))
    return moments


def draw_crops(groups: Groups, rng: np.random.Generator, small_every: int = 2) -> tuple[list[np.ndarray], np.ndarray]:
    """64x64 crops of 128x128 pictures on the grid of cells, some whole pictures made smaller; and their cells' classes."""
    chosen = rng.integers(len(groups.frames), size=BATCH)
    pictures, classes = [], []
    for number, n in enumerate(chosen):
        if number % small_every == 1:
            pictures.append(np.stack([shrink(frame) for frame in groups.frames[n]]))
            classes.append(groups.coarse[n])
        else:
            y, x = rng.integers(0, 16 - CELLS + 1, 2)
            pictures.append(np.ascontiguousarray(groups.frames[n, :, 8 * y : 8 * (y + CELLS), 8 * x : 8 * (x + CELLS)]))
            classes.append(groups.classes[n, y : y + CELLS, x : x + CELLS])
    return pictures, np.stack(classes).astype(np.int64)


@torch.no_grad()
def psnr(model: Autoencoder, groups: Groups) -> float:
    """Of the mean squared error over whole 128x128 pictures, in dB."""
    errors = []
    for frames in groups.frames:
        signal = stack_frames(torch.from_numpy(frames)).to(model.latent_mean.device)
        latents = model.encode(signal)
        errors.append((model.decode(latents, latents).clamp(-1, 1) - signal).square().mean().item())
    return decibels(errors)


def decibels(errors: list[float]) -> float:
    """Of mean squared errors of values in -1..1."""
    return float(-10 * np.log10(np.mean(errors) / 4))


@torch.no_grad()
def measure_latents(model: Autoencoder, groups: Groups) -> None:
    """Sets the normalisation so that `encode` gives mean 0 and deviation 1 per channel, over small and large pictures."""
    latents = []
    for frames in groups.frames[:1200]:
        for picture in (frames, np.stack([shrink(frame) for frame in frames])):
            latents.append(model.encoder(stack_frames(torch.from_numpy(picture)).to(model.latent_mean.device)).flatten(2)[0])
    every = torch.cat(latents, 1)
    model.latent_mean.copy_(every.mean(1)[:, None, None])
    model.latent_std.copy_(every.std(1)[:, None, None])
