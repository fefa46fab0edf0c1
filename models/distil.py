"""Stage `distil` of train.py: a student that obeys in one pass as its guided teacher does in two.

Guidance distillation (Meng et al., arXiv 2210.03142) that goes on learning from clips: the student's velocity is drawn to
the clip's own, moved by what guidance adds in the teacher, who sees the prompt and the empty prompt.
Teacher and student start equal; the teacher stays. So do the student's convolutions, which draw within
a latent frame: what is learnt anew is what goes where, and when. They hold two thirds of the weights, and a step takes a quarter less time.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from batches import Batch, clip_shares, draw_chunks
from checkpoint import Checkpoint
from flow_loss import flow_loss, noised
from latents import load_share
from network import Network, load_network
from replay import Replay
from stage_run import Learnt, StageRun
from text_encoder import TextEncoder


@dataclass(frozen=True)
class DistilStage:
    """Guidance `first_scale` is folded in for chunks without a memory, `scale` for the others."""

    seconds: float
    seed: int
    first_clip_seed: int
    clip_count: int
    chunks_a_step: int
    object_weight: float
    first_scale: float
    scale: float
    rate: float
    final_rate: float


def distil(path: Path, text_encoder: Path, stage: DistilStage, worker: int, workers: int, device: str) -> None:
    checkpoint = Checkpoint(path)
    torch.manual_seed(stage.seed * 1000 + worker)
    seeds = range(stage.first_clip_seed, stage.first_clip_seed + stage.clip_count)
    clips = load_share(checkpoint.get("autoencoder"), text_encoder, seeds, path.parent / "clips", worker, workers)
    empty = tuple(part[0] for part in TextEncoder(text_encoder).encode([""]))
    shares = clip_shares(clips, (), 1)
    teacher = load_network(checkpoint.get("average")).to(device, memory_format=torch.channels_last)
    student = Network().to(device, memory_format=torch.channels_last)
    student.load_state_dict(teacher.state_dict())
    for block in student.denoiser.blocks:
        block.first.requires_grad_(False)
        block.second.requires_grad_(False)
    run = StageRun(checkpoint, "distil", student, "student_network", "student", worker, workers)
    rng = np.random.default_rng([stage.seed, worker, run.steps])
    replay = Replay()

    def learn() -> Learnt:
        batch = draw_chunks(clips, shares, empty, stage.chunks_a_step, stage.object_weight, rng, replay).to(device)
        noise = torch.randn_like(batch.clean)
        loss, parts, estimate = flow_loss(student, batch, noise, device, added_by_guidance(teacher, batch, noise, empty, stage, device))
        replay.keep(batch.clips, batch.starts, batch.sigma, estimate)
        return Learnt(loss, parts, {"chunks": stage.chunks_a_step})

    run.go(stage.seconds, stage.rate, stage.final_rate, learn)


@torch.no_grad()
def added_by_guidance(teacher: Network, batch: Batch, noise: Tensor, empty: tuple[np.ndarray, np.ndarray], stage: DistilStage, device: str) -> Tensor:
    """What guidance adds to the teacher's velocity of the noisy chunks [B, C, F, H, W]."""
    noisy = noised(batch, noise)
    untold = (torch.from_numpy(part.astype(np.float32)).expand(len(noisy), *part.shape).to(device) for part in empty)
    scale = torch.where(batch.overlap_present > 0, stage.scale, stage.first_scale)[:, None, None, None, None]
    with torch.autocast(device, torch.bfloat16):
        told, without = (
            teacher(noisy, batch.sigma, batch.overlap, batch.overlap_present, *text, batch.anchor, batch.anchor_present)[0].float()
            for text in ((batch.text, batch.text_mask), untold)
        )
    return (scale - 1) * (told - without)
