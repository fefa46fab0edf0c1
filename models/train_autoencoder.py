"""Stage `autoencoder` of train.py: random crops of rendered frames, L1 + 4 MSE + L1 on gradients."""

import time
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from dataset import render_clip
from vae import Autoencoder
from world import draw_scene

CLIPS, FRAMES_APART, FRAMES_A_CLIP = 1600, 9, 3
HELD_OUT_SEEDS = range(900_000_000, 900_000_064)
CROP, BATCH, PEAK_RATE = 64, 48, 2e-3
LATENT_NOISE = 0.03  # share of the latent's deviation, so that the decoder forgives the denoiser


def train_autoencoder(checkpoint, minutes: float, seed: int, device: str) -> None:
    """Trains for `minutes` of wall time, the rate falling to 0 by elapsed share, then saves."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    model = Autoencoder().to(device, memory_format=torch.channels_last)
    if checkpoint.get("autoencoder"):
        model.load_state_dict(checkpoint.get("autoencoder"))
    optimizer = torch.optim.AdamW(model.parameters(), PEAK_RATE, betas=(0.9, 0.98), weight_decay=1e-3)
    frames = render_frames(range(seed * 10_000_000, seed * 10_000_000 + CLIPS))
    held_out = render_frames(HELD_OUT_SEEDS)
    started, step = time.monotonic(), 0
    while (share := (time.monotonic() - started) / (minutes * 60)) < 1:
        optimizer.param_groups[0]["lr"] = PEAK_RATE * min(1, (step + 1) / 100) * (1 - share)
        target = to_signal(random_crops(frames, rng)).to(device)
        with torch.autocast(device, torch.bfloat16):
            latents = model.encoder(target)
            noise = torch.randn_like(latents) * latents.detach().std() * LATENT_NOISE
            output = model.decoder(latents + noise)
        loss = picture_loss(output.float(), target) + 1e-4 * latents.float().square().mean()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        step += 1
        if step % 200 == 0:
            print(f"autoencoder step {step} share {share:.2f} loss {loss.item():.4f} psnr {psnr(model, held_out):.2f} dB", flush=True)
            checkpoint.put(autoencoder=model.state_dict(), autoencoder_steps=step)
    measure_latents(model, frames[::4])
    print(f"autoencoder done: {step} steps, {psnr(model, held_out):.2f} dB on held-out frames", flush=True)
    checkpoint.put(autoencoder=model.state_dict(), autoencoder_steps=step)


def picture_loss(output: Tensor, target: Tensor) -> Tensor:
    difference = output - target
    across, down = difference.diff(dim=-1).abs().mean(), difference.diff(dim=-2).abs().mean()
    return difference.abs().mean() + 4 * difference.square().mean() + 0.5 * (across + down)


def render_frames(seeds) -> np.ndarray:
    """uint8 [3 * len(seeds), 128, 128, 3]: three frames of each seed's clip."""
    with ProcessPoolExecutor(2) as pool:
        return np.concatenate(list(pool.map(three_frames, seeds, chunksize=32)))


def three_frames(seed: int) -> np.ndarray:
    return render_clip(draw_scene(seed), FRAMES_APART * FRAMES_A_CLIP)[::FRAMES_APART]


def random_crops(frames: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    corners = rng.integers(0, frames.shape[1] - CROP + 1, (BATCH, 2))
    chosen = rng.integers(len(frames), size=BATCH)
    return np.stack([frames[i, y : y + CROP, x : x + CROP] for i, (y, x) in zip(chosen, corners)])


def to_signal(frames: np.ndarray) -> Tensor:
    """uint8 [N, H, W, 3] to float [N, 3, H, W] in -1..1, channels last."""
    return torch.from_numpy(frames).permute(0, 3, 1, 2).float().div(127.5).sub(1)


@torch.no_grad()
def psnr(model: Autoencoder, frames: np.ndarray) -> float:
    """Of the mean squared error over all frames, in dB, full frames."""
    device = model.latent_mean.device
    errors = []
    for part in np.array_split(frames, max(1, len(frames) // 16)):
        signal = to_signal(part).to(device)
        errors.append((model.decode(model.encode(signal)).clamp(-1, 1) - signal).square().mean().item())
    return float(-10 * np.log10(np.mean(errors) / 4))


@torch.no_grad()
def measure_latents(model: Autoencoder, frames: np.ndarray) -> None:
    """Sets the normalisation so that `encode` gives mean 0 and deviation 1 per channel."""
    device = model.latent_mean.device
    latents = torch.cat([model.encoder(to_signal(part).to(device)) for part in np.array_split(frames, 32)])
    model.latent_mean.copy_(latents.mean((0, 2, 3))[:, None, None])
    model.latent_std.copy_(latents.std((0, 2, 3))[:, None, None])
