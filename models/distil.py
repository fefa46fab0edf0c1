"""Stage `distil` of train.py: a student whose one step does what two guided steps of its teacher do.

Progressive distillation (Salimans and Ho 2022, arXiv 2202.00512) on the sampler's own time grid, with
guidance folded in: the teacher sees the prompt and the empty prompt, the student only the prompt.
Teacher and student start equal; the teacher stays.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from batches import Batch, clip_shares, draw_chunks
from checkpoint import Checkpoint
from latents import load_share
from network import Network, load_network
from schedule import make_sigmas
from stage_run import Learnt, StageRun
from text_encoder import TextEncoder


@dataclass(frozen=True)
class DistilStage:
    seconds: float
    seed: int
    first_clip_seed: int
    clip_count: int
    chunks_a_step: int
    student_steps: int
    shift: float
    first_scale: float
    scale: float
    rate: float


def distil(path: Path, text_encoder: Path, stage: DistilStage, worker: int, workers: int, device: str) -> None:
    checkpoint = Checkpoint(path)
    torch.manual_seed(stage.seed * 1000 + worker)
    seeds = range(stage.first_clip_seed, stage.first_clip_seed + stage.clip_count)
    clips = load_share(checkpoint.get("autoencoder"), text_encoder, seeds, path.parent / "clips", worker, workers)
    empty = tuple(part[0] for part in TextEncoder(text_encoder).encode([""]))
    shares = clip_shares(clips, (), 1)
    teacher = load_network(checkpoint.get("average")).to(device)
    student = Network().to(device)
    student.load_state_dict(teacher.state_dict())
    run = StageRun(checkpoint, "distil", student, "student_network", "student", worker, workers)
    rng = np.random.default_rng([stage.seed, worker, run.steps])
    grid = make_sigmas(2 * stage.student_steps, stage.shift)

    def learn() -> Learnt:
        batch = draw_chunks(clips, shares, empty, stage.chunks_a_step, 1.0, rng)
        at = rng.integers(stage.student_steps, size=stage.chunks_a_step)
        loss = distillation_loss(teacher, student, batch.to(device), grid, at, empty, stage, device)
        return Learnt(loss, {"velocity": loss.item()}, {"chunks": stage.chunks_a_step})

    run.go(stage.seconds, stage.rate, 0.0, learn)


def distillation_loss(teacher: Network, student: Network, batch: Batch, grid, at: np.ndarray, empty, stage: DistilStage, device: str) -> Tensor:
    """The student's velocity against the mean one of two teacher steps from the same noisy latents."""
    sigmas = [torch.tensor([grid[2 * step + half] for step in at], dtype=torch.float32, device=device) for half in (0, 1, 2)]
    level = sigmas[0][:, None, None, None, None]
    noisy = (1 - level) * batch.clean + level * torch.randn_like(batch.clean)
    scale = torch.where(batch.overlap_present > 0, stage.scale, stage.first_scale)[:, None, None, None, None]
    with torch.no_grad(), torch.autocast(device, torch.bfloat16):
        told = condition(teacher, batch, batch.text, batch.text_mask)
        untold = condition(teacher, batch, *(torch.from_numpy(part.astype(np.float32)).expand(len(noisy), *part.shape).to(device) for part in empty))
        guided = bool((scale != 1).any())
        z = noisy
        for sigma, after in zip(sigmas[:-1], sigmas[1:]):
            velocity = teacher.denoiser(z, sigma, *told).float()
            if guided:
                without = teacher.denoiser(z, sigma, *untold).float()
                velocity = without + scale * (velocity - without)
            z = z + (after - sigma)[:, None, None, None, None] * velocity
        wanted = (z - noisy) / (sigmas[2] - sigmas[0])[:, None, None, None, None]
    with torch.autocast(device, torch.bfloat16):
        velocity = student.denoiser(noisy, sigmas[0], *condition(student, batch, batch.text, batch.text_mask))
    return ((velocity.float() - wanted).square() * ((1 - level) ** 2 + level**2)).mean()


def condition(network: Network, batch: Batch, text: Tensor, text_mask: Tensor):
    context, appearance, pooled = network.conditioning(text, text_mask, batch.anchor, batch.anchor_present)
    memory = network.denoiser.remember(batch.overlap, context, appearance, text_mask, pooled)
    return memory, batch.overlap_present, context, appearance, text_mask, pooled
