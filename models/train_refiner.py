"""Stage `refiner` of train.py: flow matching on 16x16 latents, given the base's 8x8 latents of the same moments and the prompt.

The base's latents are the encoder's, or made again by the base itself (made_bases.py), and disturbed at random; the refiner is
not told which. Most steps draw squares around things out of single latent frames, the others whole chunks. Which poses are drawn
is for most of a batch the truth, so that drawing is learnt before seeing is, else what the reader tells. Workers share the clips and average their gradients.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from checkpoint import Checkpoint
from config import ModelConfig
from latents import CAPTIONS, GROUPS, LatentClips, load_share
from made_bases import MADE_FRAMES, MadeBases, load_made_bases
from network import load_network
from poses import SIDE, Poses, pose_loss, true_poses, vote
from refiner import Refiner, enlarge
from stage_run import Learnt, StageRun
from text_encoder import TextEncoder

BASE_NOISE, MADE_SHARE = 0.35, 0.6
KNOWN_SHARE = 0.7
SIGMA_MEAN, SIGMA_DEVIATION, PURE_NOISE_SHARE = 0.3, 1.4, 0.3
POSE_WEIGHT = 0.15
# Refined cells a side of the square around a thing; a refined cell is 8 pixels
SQUARE, CELL = 8, SIDE // ModelConfig.refined_side


@dataclass(frozen=True)
class RefinerStage:
    seconds: float
    seed: int
    first_clip_seed: int
    clip_count: int
    chunks_a_step: int
    singles_a_step: int
    single_step_share: float
    object_weight: float
    rate: float
    final_rate: float


@dataclass
class RefinerBatch:
    clean: Tensor  # [B, C, F, 16, 16]
    base: Tensor  # [B, C, F, 8, 8]
    text: Tensor  # [B * F, 32, 384]
    text_mask: Tensor  # [B * F, 32]
    actors: Tensor  # [B * F, actors, 6]
    sigma: Tensor  # [B]
    corners: Tensor | None  # int64 [B, 2], row and column where each single frame's square begins; None for whole chunks


def train_refiner(path: Path, text_encoder: Path, stage: RefinerStage, worker: int, workers: int, device: str) -> None:
    checkpoint = Checkpoint(path)
    torch.manual_seed(stage.seed * 1000 + worker)
    seeds = range(stage.first_clip_seed, stage.first_clip_seed + stage.clip_count)
    folder = path.parent / "clips"
    clips = load_share(checkpoint.get("autoencoder"), text_encoder, seeds, folder, worker, workers, without=("classes", "offsets"))
    empty = tuple(part[0] for part in TextEncoder(text_encoder).encode([""]))
    base_model = load_network(checkpoint.get("average"))
    made_file = folder / f"made-{seeds.start}-{seeds.stop}-{worker}-of-{workers}.npz"
    made = load_made_bases(base_model, clips, empty, made_file, np.random.default_rng([stage.seed, worker, 11]))
    refiner = Refiner().to(device, memory_format=torch.channels_last)
    begin_as_denoiser(refiner, checkpoint.get("average"))
    run = StageRun(checkpoint, "refiner", refiner, "refiner", "refiner_average", worker, workers)
    rng = np.random.default_rng([stage.seed, worker, run.steps])

    def learn() -> Learnt:
        # The kind of step must be the same in all workers, so it follows from the step alone
        single = np.random.default_rng([stage.seed, run.steps]).random() < stage.single_step_share
        size, length = (stage.singles_a_step, 1) if single else (stage.chunks_a_step, ModelConfig.refiner_chunk_frames)
        loss, parts = refiner_loss(refiner, draw_batch(clips, made, size, length, rng), stage.object_weight, device)
        return Learnt(loss, parts, {"singles" if single else "chunks": size})

    run.go(stage.seconds, stage.rate, stage.final_rate, learn)


@torch.no_grad()
def begin_as_denoiser(refiner: Refiner, denoiser: dict[str, Tensor]) -> None:
    """A new refiner's reader begins with the trained denoiser's text inputs and first blocks, and with its auxiliary head: class and offset."""
    mine, sigma_in = refiner.reader, "denoiser.sigma_in"
    state = {f"{name}.{part}": denoiser[f"conditioning.{name}.{part}"].float() for name in ("text_in", "pooled_in.0", "pooled_in.2") for part in ("weight", "bias")}
    state |= {name: denoiser[f"denoiser.{name}"].float() for name in ("latents_in.weight", "latents_in.bias", "places", "modulation.weight", "modulation.bias")}
    kept = {name for name in mine.state_dict() if name.startswith("blocks.")}
    state |= {name: denoiser[f"denoiser.{name}"].float() for name in kept}
    # What the denoiser is told of the noise level where there is none: cosines 1, sines 0
    none = torch.cat([torch.ones(32), torch.zeros(32)])
    hidden = torch.nn.functional.silu(denoiser[f"{sigma_in}.0.weight"].float() @ none + denoiser[f"{sigma_in}.0.bias"].float())
    state["clean"] = denoiser[f"{sigma_in}.2.weight"].float() @ hidden + denoiser[f"{sigma_in}.2.bias"].float()
    missing, unexpected = mine.load_state_dict(state, strict=False)
    assert not unexpected and all(name.startswith(("neighbours.", "poses_out.")) for name in missing), (missing, unexpected)
    first = ModelConfig.overlap_frames
    mine.places += denoiser["denoiser.times"][first].float()
    for part in ("weight", "bias"):
        told = denoiser[f"denoiser.labels_out.{part}"].float()
        getattr(mine.poses_out, part)[: len(told)] = told


def draw_batch(clips: LatentClips, made: MadeBases, size: int, length: int, rng: np.random.Generator) -> RefinerBatch:
    """Windows of `length` latent frames; single frames come with a square around a thing."""
    chosen = rng.integers(len(clips.refined), size=size)
    rows, again = chosen[:, None], rng.random(size) < MADE_SHARE
    within = rng.integers(0, MADE_FRAMES - length + 1, size)
    starts = np.where(again, made.starts[chosen] + within, rng.integers(0, GROUPS - length + 1, size))
    windows = starts[:, None] + np.arange(length)
    cut = lambda values: torch.from_numpy(values[rows, windows].astype(np.float32))
    base = cut(clips.base)
    base[again] = torch.from_numpy(made.latents[rows[again], within[again, None] + np.arange(length)].astype(np.float32))
    base = base.transpose(1, 2)
    base = base + torch.randn_like(base) * torch.from_numpy(rng.uniform(0, BASE_NOISE, (size, 1, 1, 1, 1)).astype(np.float32))
    after, which = (windows >= clips.change[rows]).astype(int), rng.integers(CAPTIONS, size=(size, 1))
    told = lambda values: torch.from_numpy(values[rows, after, which].astype(np.float32)).flatten(0, 1)
    sigma = 1 / (1 + np.exp(-rng.normal(SIGMA_MEAN, SIGMA_DEVIATION, size)))
    sigma[rng.random(size) < PURE_NOISE_SHARE] = 1
    actors = cut(clips.actors).flatten(0, 1)
    return RefinerBatch(
        clean=cut(clips.refined).transpose(1, 2),
        base=base,
        text=told(clips.text),
        text_mask=told(clips.text_mask),
        actors=actors,
        sigma=torch.from_numpy(sigma.astype(np.float32)),
        corners=draw_corners(actors, rng) if length == 1 else None,
    )


def draw_corners(actors: Tensor, rng: np.random.Generator) -> Tensor:
    """int64 [N, 2]: row and column of the refined cell where a square about one of a frame's things begins, within the picture."""
    count = (actors[..., 0] > 0).sum(-1).clamp(min=1).numpy()
    which = torch.from_numpy((rng.random(len(actors)) * count).astype(np.int64))
    middle = actors[torch.arange(len(actors)), which, 1:3].flip(-1) / CELL
    jitter = torch.from_numpy(rng.uniform(-2, 2, middle.shape).astype(np.float32))
    return (middle + jitter - SQUARE / 2).round().long().clamp(0, ModelConfig.refined_side - SQUARE)


def cut_squares(whole: Tensor, corners: Tensor) -> Tensor:
    """[N, C, 16, 16] to [N, C, SQUARE, SQUARE]."""
    side = torch.arange(SQUARE)
    rows, columns = corners[:, :1] + side, corners[:, 1:] + side
    return whole.permute(0, 2, 3, 1)[torch.arange(len(whole))[:, None, None], rows[:, :, None], columns[:, None]].permute(0, 3, 1, 2)


def refiner_loss(refiner: Refiner, batch: RefinerBatch, object_weight: float, device: str) -> tuple[Tensor, dict[str, float]]:
    """Weighted |predicted - true velocity|^2 * deviation^2, plus the reader's; the parts' means."""
    batch = RefinerBatch(**{name: value if value is None else value.to(device) for name, value in vars(batch).items()})
    true = true_poses(batch.actors)
    covered = (true.things > 0).float().unflatten(1, batch.base.shape[3:])[:, None]
    weights = enlarge(1 + (object_weight - 1) * covered)
    clean, crop = batch.clean, None
    if batch.corners is not None:
        crop = lambda whole: cut_squares(whole, batch.corners)
        clean, weights = crop(clean[:, :, 0])[:, :, None], crop(weights)
    noise = torch.randn_like(clean)
    level = batch.sigma[:, None, None, None, None]
    known = torch.rand(len(batch.actors), device=device) < KNOWN_SHARE

    def settle(told: Tensor) -> Poses:
        with torch.autocast(device, enabled=False):
            return true.where(known, vote(told.detach()))

    with torch.autocast(device, torch.bfloat16):
        velocity, told = refiner.learn((1 - level) * clean + level * noise, batch.sigma, batch.base, batch.text, batch.text_mask, settle, crop)
    error = (velocity.float() - (noise - clean)).square() * ((1 - level) ** 2 + level**2)
    weights = weights.unflatten(0, (len(clean), -1)).transpose(1, 2)
    each = (error * weights / weights.mean()).mean((1, 3, 4))
    posed, parts = pose_loss(told.float(), true)
    knowing = known.unflatten(0, (len(clean), -1))
    shares = {"known": each[knowing], "told": each[~knowing]}
    kind = "chunk" if batch.corners is None else "square"
    drawn = {f"{kind} {name}": part.mean().item() for name, part in shares.items() if len(part)}
    return each.mean() + POSE_WEIGHT * posed, drawn | parts
