"""Cuts training batches out of LatentClips: single frames, first chunks, continuation chunks."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from captions import NULL_TOKENS, describe, tokenize
from config import ModelConfig
from latents import CLIP_FRAMES, LatentClips

CAPTION_DROPOUT = 0.1
FIRST_CHUNK_SHARE = 0.5
ANCHOR_SHARE = 0.85
# Of the normal draw behind sigma = sigmoid(draw). Chunks need more of the high end, where it is
# decided where the object is in all twelve frames at once
FRAME_SIGMA_MEAN, CHUNK_SIGMA_MEAN, SIGMA_DEVIATION = 0.4, 1.1, 1.2
CONTEXT_NOISE_SHARE, CONTEXT_NOISE = 0.6, 0.25


@dataclass
class Batch:
    clean: Tensor  # [B, C, F, H, W]
    given: Tensor  # [B, C, F, H, W], what stands in the overlap frames: clean, or slightly noisy
    sigmas: Tensor  # [B, F], 0 in the overlap
    token_ids: Tensor  # int64 [B, T]
    anchor: Tensor  # [B, C, H, W]
    anchor_present: Tensor  # [B]
    weights: Tensor  # [B, 1, F, H, W], 0 in the overlap
    first_frame: int

    def to(self, device: str) -> "Batch":
        moved = {name: value.to(device) if torch.is_tensor(value) else value for name, value in vars(self).items()}
        return Batch(**moved)


def draw_frames(clips: LatentClips, size: int, object_weight: float, rng: np.random.Generator) -> Batch:
    """Single frames, as if alone in a first chunk, all at one random place of the chunk."""
    chosen, at = rng.integers(len(clips.scenes), size=size), rng.integers(CLIP_FRAMES, size=size)
    latents = np.stack([clips.latents[n, t : t + 1] for n, t in zip(chosen, at)])
    cells = np.stack([clips.cells[n, t : t + 1] for n, t in zip(chosen, at)])
    frame = int(rng.integers(ModelConfig.chunk_frames))
    return assemble(clips, chosen, latents, cells, latents[:, 0], np.zeros(size, bool), np.zeros(size, bool), object_weight, frame, rng)


def draw_chunks(clips: LatentClips, size: int, object_weight: float, rng: np.random.Generator) -> Batch:
    """Whole chunks; a continuation begins where its anchor frame already lies behind it or in its overlap."""
    length, anchor_frame = ModelConfig.chunk_frames, ModelConfig.anchor_frame
    chosen = rng.integers(len(clips.scenes), size=size)
    continued = rng.random(size) >= FIRST_CHUNK_SHARE
    starts = np.where(continued, rng.integers(anchor_frame, CLIP_FRAMES - length + 1, size), 0)
    origins = np.where(continued, 0, rng.integers(CLIP_FRAMES - length + 1, size=size))
    latents = np.stack([clips.latents[n, s : s + length] for n, s in zip(chosen, starts + origins)])
    cells = np.stack([clips.cells[n, s : s + length] for n, s in zip(chosen, starts + origins)])
    anchors = clips.latents[chosen, anchor_frame]
    present = continued & (rng.random(size) < ANCHOR_SHARE)
    return assemble(clips, chosen, latents, cells, anchors, present, continued, object_weight, 0, rng)


def assemble(clips, chosen, latents, cells, anchors, present, continued, object_weight, first_frame, rng) -> Batch:
    size, frames = latents.shape[:2]
    clean = torch.from_numpy(latents.astype(np.float32)).transpose(1, 2)
    overlap = torch.from_numpy(continued[:, None] & (np.arange(frames) < ModelConfig.overlap_frames))
    mean = FRAME_SIGMA_MEAN if frames == 1 else CHUNK_SIGMA_MEAN
    sigma = 1 / (1 + np.exp(-rng.normal(mean, SIGMA_DEVIATION, size)))
    # A share of pure noise: sampling starts there, and a logit-normal draw never reaches it
    sigma[rng.random(size) < 0.06] = 1
    sigmas = torch.from_numpy(sigma.astype(np.float32))[:, None].expand(-1, frames) * ~overlap
    disturbed = (rng.random(size) < CONTEXT_NOISE_SHARE) * rng.uniform(0, CONTEXT_NOISE, size)
    disturbance = torch.from_numpy(disturbed.astype(np.float32))[:, None, None, None, None]
    given = clean * (1 - disturbance) + torch.randn_like(clean) * disturbance
    # Where the noise hides the object, weighting its cells would only teach to paint too many objects
    seen = torch.from_numpy(np.clip((0.85 - sigma) / 0.35, 0, 1).astype(np.float32))[:, None, None, None]
    weights = 1 + (object_weight - 1) * seen * torch.from_numpy(cells.astype(np.float32))
    weights = weights / weights.mean() * ~overlap[..., None, None]
    words = [NULL_TOKENS if rng.random() < CAPTION_DROPOUT else tokenize(describe(clips.scenes[n], rng)) for n in chosen]
    return Batch(
        clean=clean,
        given=given,
        sigmas=sigmas,
        token_ids=torch.tensor(words),
        anchor=torch.from_numpy(anchors.astype(np.float32)),
        anchor_present=torch.from_numpy(present.astype(np.float32)),
        weights=weights[:, None],
        first_frame=first_frame,
    )
