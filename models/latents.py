"""Clips as latents in memory: rendered, encoded and captioned once; windows are cut out of them at random."""

from collections.abc import Collection
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, fields
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.distributed as distributed

from captions import describe
from config import ModelConfig
from labels import actor_poses, cell_labels
from story import draw_scene
from text_encoder import TextEncoder
from vae import Autoencoder, stack_frames
from world import render, shrink

CLIP_FRAMES = 40
GROUPS = CLIP_FRAMES // ModelConfig.frames_per_latent
CAPTIONS = 3
UNCHANGED = 1000


@dataclass
class LatentClips:
    """One entry a clip; G latent frames each. `change` is the latent frame from which `after` holds, else UNCHANGED."""

    base: np.ndarray  # float16 [N, G, 16, 8, 8]
    classes: np.ndarray  # uint8 [N, G, 8, 8]
    offsets: np.ndarray  # int8 [N, G, 8, 8, 2]
    change: np.ndarray  # int32 [N]
    text: np.ndarray  # float16 [N, 2, CAPTIONS, 32, 384], before and after the change
    text_mask: np.ndarray  # uint8 [N, 2, CAPTIONS, 32]
    actors: np.ndarray | None  # float32 [N, G, 2, 6], as labels.actor_poses has them
    refined: np.ndarray | None  # float16 [N, G, 16, 16, 16]


OF_THE_REFINER = ("actors", "refined")


def load_share(autoencoder: dict, text_encoder: Path, seeds: range, folder: Path, worker: int, workers: int, without: Collection[str] = OF_THE_REFINER) -> LatentClips:
    """One worker's share of the clips of `seeds`, in memory. The first worker makes those that `folder` lacks; the others wait for it."""
    if worker == 0:
        make_clips(autoencoder, text_encoder, seeds, folder, workers)
    if workers > 1:
        distributed.barrier()
    count = len(seeds) // workers
    mine = seeds[worker * count : (worker + 1) * count]
    read = lambda name: np.concatenate([read_share(folder, name, shard, mine) for shard in shards_of(seeds)])
    return LatentClips(**{field.name: None if field.name in without else read(field.name) for field in fields(LatentClips)})


def read_share(folder: Path, name: str, shard: range, mine: range) -> np.ndarray:
    """Those clips of one file that are in `mine`."""
    stored = np.load(shard_file(folder, name, shard), mmap_mode="r")
    return np.array(stored[max(mine.start - shard.start, 0) : max(mine.stop - shard.start, 0)])


def make_clips(autoencoder: dict, text_encoder: Path, seeds: range, folder: Path, processes: int) -> None:
    """Writes to `folder` the clips of `seeds` that it lacks, 1,000 seeds a file."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [field.name for field in fields(LatentClips)]
    missing = [shard for shard in shards_of(seeds) if not shard_file(folder, names[-1], shard).exists()]
    if not missing:
        return
    with ProcessPoolExecutor(processes, get_context("spawn"), start_encoder, (autoencoder, text_encoder)) as pool:
        for shard in missing:
            parts = list(pool.map(encode_clip, shard, chunksize=8))
            for name in names:
                np.save(shard_file(folder, name, shard), np.stack([part[name] for part in parts]))


def shards_of(seeds: range) -> list[range]:
    return [range(start, min(start + 1000, seeds.stop)) for start in range(seeds.start, seeds.stop, 1000)]


def shard_file(folder: Path, name: str, shard: range) -> Path:
    return folder / f"{name}-{shard.start}-{shard.stop}.npy"


def start_encoder(weights: dict, text_encoder: Path) -> None:
    """Runs once in each encoding process."""
    global autoencoder, texts
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    autoencoder = Autoencoder().to(memory_format=torch.channels_last)
    autoencoder.load_state_dict(weights)
    texts = TextEncoder(text_encoder)


def encode_clip(seed: int) -> dict[str, np.ndarray]:
    scene = draw_scene(seed, "train")
    clip = render(scene, 0, CLIP_FRAMES)
    small = np.stack([shrink(frame) for frame in clip.frames])
    classes, offsets = cell_labels(clip.tracks, clip.thing_ids, ModelConfig.latent_side)
    rng = np.random.default_rng([seed, 7])
    first = scene.change_frame
    spoken = [describe(scene, 0, rng) for _ in range(CAPTIONS)]
    # The first caption after a change may tell it as an event; the others tell what holds from then on
    spoken += [describe(scene, first if number == 0 else CLIP_FRAMES - 1, rng) for number in range(CAPTIONS)]
    states, mask = texts.encode(spoken)
    return {
        "base": encode(small),
        "classes": classes,
        "offsets": offsets,
        "change": np.int32(first // ModelConfig.frames_per_latent if scene.change else UNCHANGED),
        "text": states.reshape(2, CAPTIONS, *states.shape[1:]),
        "text_mask": mask.astype(np.uint8).reshape(2, CAPTIONS, -1),
        "actors": actor_poses(clip.tracks, clip.thing_ids),
        "refined": encode(clip.frames),
    }


@torch.no_grad()
def encode(frames: np.ndarray) -> np.ndarray:
    """uint8 [F, H, W, 3] to latents float16 [F / 2, 16, H / 8, W / 8]."""
    with torch.autocast("cpu", torch.bfloat16):
        return autoencoder.encode(stack_frames(torch.from_numpy(frames))).half().numpy()
