"""Cuts training batches out of LatentClips: single latent frames, first chunks, continuation chunks."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from config import ModelConfig
from latents import CAPTIONS, GROUPS, LatentClips
from replay import Replay
from things import INDEX, THINGS

PROMPT_DROPOUT = 0.1
FIRST_CHUNK_SHARE = 0.4
ANCHOR_SHARE, OVERLAP_SHARE = 0.85, 0.95
# Of the normal draw behind sigma = sigmoid(draw); where things are is decided near pure noise
SINGLE_SIGMA_MEAN, CHUNK_SIGMA_MEAN, SIGMA_DEVIATION = 0.6, 1.0, 1.2
CONTEXT_NOISE_SHARE, CONTEXT_NOISE = 0.6, 0.2
# Continuations that go on from a chunk as the network made it, where there is one
REPLAY_SHARE, REPLAYED_ANCHOR_SHARE = 0.5, 0.5
# In latent frames: how long a picture may still be turning into the next
TRANSITION = 6


@dataclass
class Batch:
    clean: Tensor  # [B, C, F, H, W]
    sigma: Tensor  # [B]
    overlap: Tensor | None  # [B, C, 2, H, W], a little noisy
    overlap_present: Tensor | None  # [B]
    text: Tensor  # [B, 32, 384]
    text_mask: Tensor  # [B, 32]
    anchor: Tensor  # [B, C, H, W]
    anchor_present: Tensor  # [B]
    classes: Tensor  # int64 [B, F, H, W]
    offsets: Tensor  # [B, F, H, W, 2], in units of 32 pixels
    weights: Tensor  # [B, 1, F, H, W], mean 1
    first_frame: int
    clips: np.ndarray  # int64 [B], where these windows were cut
    starts: np.ndarray  # int64 [B], in latent frames

    def to(self, device: str) -> "Batch":
        moved = {name: value.to(device) if torch.is_tensor(value) else value for name, value in vars(self).items()}
        return Batch(**moved)


def clip_shares(clips: LatentClips, more_of: Collection[str], times: float) -> np.ndarray:
    """How likely each clip is to be drawn [N]: those that show one of the named things `times` as likely as the others."""
    wanted = np.isin(np.arange(len(THINGS) + 1), [INDEX[name] + 1 for name in more_of])
    weights = np.where(wanted[clips.classes].any((1, 2, 3)), times, 1.0)
    return weights / weights.sum()


def draw_singles(clips: LatentClips, shares: np.ndarray, empty: tuple[np.ndarray, np.ndarray], size: int, object_weight: float, rng: np.random.Generator) -> Batch:
    """Single latent frames, as if alone in a first chunk, all at one random place of the chunk."""
    chosen = rng.choice(len(shares), size, p=shares)
    at = np.array([settled(clips.change[n], 1, rng) for n in chosen])
    return assemble(clips, empty, chosen, at, 1, None, object_weight, int(rng.integers(ModelConfig.chunk_frames)), rng)


def draw_chunks(
    clips: LatentClips, shares: np.ndarray, empty: tuple[np.ndarray, np.ndarray], size: int, object_weight: float, rng: np.random.Generator, replay: Replay | None = None
) -> Batch:
    """Whole chunks. A continuation follows two latent frames; a change of the story begins at a chunk's border."""
    chosen = rng.choice(len(shares), size, p=shares)
    continued = rng.random(size) >= FIRST_CHUNK_SHARE
    length, overlap = ModelConfig.chunk_frames, ModelConfig.overlap_frames
    starts = np.empty(size, np.int64)
    for row, n in enumerate(chosen):
        change = clips.change[n]
        if not continued[row]:
            starts[row] = settled(change, length, rng)
        elif change > GROUPS:
            starts[row] = rng.integers(overlap, GROUPS - length + 1)
        elif rng.random() < 0.4:
            starts[row] = change
        else:
            starts[row] = length * rng.integers(1, GROUPS // length)
    made = {}
    if replay and replay.chunks:
        for row in np.flatnonzero(continued & (rng.random(size) < REPLAY_SHARE)):
            chosen[row], starts[row], made[row] = replay.draw(rng)
    return assemble(clips, empty, chosen, starts, length, continued, object_weight, 0, rng, made)


def settled(change: int, length: int, rng: np.random.Generator) -> int:
    """A start from which `length` latent frames show one state of the story, not its turning into the next."""
    places = [start for start in range(GROUPS - length + 1) if start + length <= change or start >= change + TRANSITION]
    return int(places[rng.integers(len(places))])


def assemble(clips, empty, chosen, starts, length, continued, object_weight, first_frame, rng, made=None) -> Batch:
    """`made`: for some rows the chunk [C, F, H, W] that the network made where the row's real one would be."""
    size = len(chosen)
    windows = starts[:, None] + np.arange(length)
    clean = torch.from_numpy(clips.base[chosen[:, None], windows].astype(np.float32)).transpose(1, 2)
    sigma = 1 / (1 + np.exp(-rng.normal(SINGLE_SIGMA_MEAN if length == 1 else CHUNK_SIGMA_MEAN, SIGMA_DEVIATION, size)))
    # A share of pure noise: sampling starts there, and a logit-normal draw never reaches it
    sigma[rng.random(size) < 0.08] = 1
    overlap = overlap_present = None
    anchor, anchor_present = np.zeros_like(clips.base[chosen, 0], np.float32), np.zeros(size, np.float32)
    if continued is not None:
        before = np.maximum(starts[:, None] - np.arange(ModelConfig.overlap_frames, 0, -1), 0)
        overlap = torch.from_numpy(clips.base[chosen[:, None], before].astype(np.float32)).transpose(1, 2)
        disturbed = (rng.random(size) < CONTEXT_NOISE_SHARE) * rng.uniform(0, CONTEXT_NOISE, size)
        disturbance = torch.from_numpy(disturbed.astype(np.float32))[:, None, None, None, None]
        overlap = overlap * (1 - disturbance) + torch.randn_like(overlap) * disturbance
        overlap_present = torch.from_numpy((continued & (rng.random(size) < OVERLAP_SHARE)).astype(np.float32))
        anchors = rng.integers(0, np.maximum(starts, 1))
        anchor = clips.base[chosen, anchors].astype(np.float32)
        anchor_present = (continued & (rng.random(size) < ANCHOR_SHARE)).astype(np.float32)
        for row, chunk in (made or {}).items():
            overlap[row] = chunk[:, -ModelConfig.overlap_frames :]
            if rng.random() < REPLAYED_ANCHOR_SHARE:
                anchor[row] = chunk[:, ModelConfig.anchor_frame].numpy()
    after = (starts >= clips.change[chosen]).astype(np.int64)
    which = rng.integers(CAPTIONS, size=size)
    text, mask = clips.text[chosen, after, which].astype(np.float32), clips.text_mask[chosen, after, which].astype(np.float32)
    untold = rng.random(size) < PROMPT_DROPOUT
    text[untold], mask[untold] = empty
    classes = clips.classes[chosen[:, None], windows]
    # Where the noise hides the thing, weighting its cells would only teach to paint too many
    seen = torch.from_numpy(np.clip((0.9 - sigma) / 0.3, 0, 1).astype(np.float32))[:, None, None, None]
    weights = 1 + (object_weight - 1) * seen * torch.from_numpy((classes > 0).astype(np.float32))
    return Batch(
        clean=clean,
        sigma=torch.from_numpy(sigma.astype(np.float32)),
        overlap=overlap,
        overlap_present=overlap_present,
        text=torch.from_numpy(text),
        text_mask=torch.from_numpy(mask),
        anchor=torch.from_numpy(anchor),
        anchor_present=torch.from_numpy(anchor_present),
        classes=torch.from_numpy(classes.astype(np.int64)),
        offsets=torch.from_numpy(clips.offsets[chosen[:, None], windows].astype(np.float32) / 32),
        weights=(weights / weights.mean())[:, None],
        first_frame=first_frame,
        clips=chosen,
        starts=starts,
    )
