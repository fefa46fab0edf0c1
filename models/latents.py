"""Clips as latents in memory: rendered, encoded and captioned once; windows are cut out of them at random."""

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
import torch

from captions import describe
from config import ModelConfig
from labels import cell_labels
from story import draw_scene
from text_encoder import TextEncoder
from vae import Autoencoder, stack_frames
from world import render, shrink

CLIP_FRAMES = 40
GROUPS = CLIP_FRAMES // ModelConfig.frames_per_latent
CAPTIONS = 3
UNCHANGED = 1000
# Every so many clips, one is also kept at the refiner's size
REFINED_EVERY = 4


@dataclass
class LatentClips:
    """One entry a clip; G latent frames each. `change` is the latent frame from which `after` holds, else UNCHANGED."""

    base: np.ndarray  # float16 [N, G, 16, 8, 8]
    classes: np.ndarray  # uint8 [N, G, 8, 8]
    offsets: np.ndarray  # int8 [N, G, 8, 8, 2]
    change: np.ndarray  # int32 [N]
    text: np.ndarray  # float16 [N, 2, CAPTIONS, 32, 384], before and after the change
    text_mask: np.ndarray  # uint8 [N, 2, CAPTIONS, 32]
    refined: np.ndarray  # float16 [N / REFINED_EVERY, G, 16, 16, 16]

    def share(self, worker: int, workers: int) -> "LatentClips":
        """One worker's clips, copied into memory."""
        count = len(self.base) // workers // REFINED_EVERY * REFINED_EVERY
        mine = slice(worker * count, (worker + 1) * count)
        refined = slice(worker * count // REFINED_EVERY, (worker + 1) * count // REFINED_EVERY)
        parts = {name: np.array(value[mine]) for name, value in vars(self).items() if name != "refined"}
        return LatentClips(**parts, refined=np.array(self.refined[refined]))


def load_clips(autoencoder: dict, text_encoder: Path, seeds: range, folder: Path, processes: int) -> LatentClips:
    """Reads the clips of `seeds` from `folder`, making those that are missing, 1,000 seeds a file."""
    folder.mkdir(parents=True, exist_ok=True)
    names = list(LatentClips.__annotations__)
    shards = [range(start, min(start + 1000, seeds.stop)) for start in range(seeds.start, seeds.stop, 1000)]
    missing = [shard for shard in shards if not shard_file(folder, names[-1], shard).exists()]
    if missing:
        with ProcessPoolExecutor(processes, get_context("spawn"), start_encoder, (autoencoder, text_encoder)) as pool:
            for shard in missing:
                parts = list(pool.map(encode_clip, shard, chunksize=8))
                for name in names:
                    np.save(shard_file(folder, name, shard), np.stack([part[name] for part in parts if part[name] is not None]))
    return LatentClips(**{name: np.concatenate([np.load(shard_file(folder, name, shard)) for shard in shards]) for name in names})


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


def encode_clip(seed: int) -> dict[str, np.ndarray | None]:
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
        "refined": encode(clip.frames) if seed % REFINED_EVERY == 0 else None,
    }



@torch.no_grad()
def encode(frames: np.ndarray) -> np.ndarray:
    """uint8 [F, H, W, 3] to latents float16 [F / 2, 16, H / 8, W / 8]."""
    with torch.autocast("cpu", torch.bfloat16):
        return autoencoder.encode(stack_frames(torch.from_numpy(frames))).half().numpy()
