"""Clips as latents in memory: rendered and encoded once, windows cut out of them at random."""

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch

from dataset import render_clip_and_cells
from train_autoencoder import to_signal
from vae import Autoencoder
from world import Scene, draw_scene

CLIP_FRAMES = 28


@dataclass
class LatentClips:
    """latents float16 [N, 28, 8, 16, 16]; cells bool [N, 28, 16, 16], true where the object is."""

    scenes: list[Scene]
    latents: np.ndarray
    cells: np.ndarray

    def share(self, worker: int, workers: int) -> "LatentClips":
        """One worker's clips, copied into memory."""
        mine = slice(worker, None, workers)
        return LatentClips(self.scenes[mine], np.array(self.latents[mine]), np.array(self.cells[mine]))


def load_clips(autoencoder: dict, seeds: range, folder: Path, processes: int) -> LatentClips:
    """Reads the clips of `seeds` from `folder`, rendering and encoding them first if need be."""
    name = f"{seeds.start}-{seeds.stop}"
    latents_file, cells_file = folder / f"latents-{name}.npy", folder / f"cells-{name}.npy"
    if not cells_file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with ProcessPoolExecutor(processes, get_context("spawn"), start_encoder, (autoencoder,)) as pool:
            parts = list(pool.map(encode_clip, seeds, chunksize=32))
        np.save(latents_file, np.stack([part[0] for part in parts]))
        np.save(cells_file, np.stack([part[1] for part in parts]))
    scenes = [draw_scene(seed) for seed in seeds]
    return LatentClips(scenes, np.load(latents_file, mmap_mode="r"), np.load(cells_file, mmap_mode="r"))


def start_encoder(weights: dict) -> None:
    """Runs once in each encoding process."""
    global encoder
    torch.set_num_threads(1)
    encoder = Autoencoder().to(memory_format=torch.channels_last)
    encoder.load_state_dict(weights)


@torch.no_grad()
def encode_clip(seed: int) -> tuple[np.ndarray, np.ndarray]:
    clip, cells = render_clip_and_cells(draw_scene(seed), CLIP_FRAMES)
    with torch.autocast("cpu", torch.bfloat16):
        latents = encoder.encode(to_signal(clip))
    return latents.half().numpy(), cells
