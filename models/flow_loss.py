"""What the denoiser's stages minimise: flow matching, and what its auxiliary head tells of each cell."""

import torch
import torch.nn.functional as F
from torch import Tensor

from batches import Batch
from network import Network

# Of the auxiliary heads: which thing stands in a cell, and how far off its centre is
CLASS_WEIGHT, OFFSET_WEIGHT = 0.05, 0.1
NOTHING_WEIGHT = 0.3
# Of errors that differ from one latent frame to the next: those of motion, which the still ones of the scene would drown
MOTION_WEIGHT = 0.5


def noised(batch: Batch, noise: Tensor) -> Tensor:
    """The batch's clean latents [B, C, F, H, W] at its noise levels."""
    sigma = batch.sigma[:, None, None, None, None]
    return (1 - sigma) * batch.clean + sigma * noise


def flow_loss(network: Network, batch: Batch, noise: Tensor, device: str, guidance: Tensor | float = 0.0) -> tuple[Tensor, dict[str, float], Tensor]:
    """Weighted |predicted - wanted velocity|^2 * deviation^2 plus the auxiliary heads' losses; the parts' means; the clean latents as estimated.

    The wanted velocity is noise - clean + `guidance`.
    """
    noisy = noised(batch, noise)
    with torch.autocast(device, torch.bfloat16):
        velocity, labels = network(
            noisy, batch.sigma, batch.overlap, batch.overlap_present, batch.text, batch.text_mask, batch.anchor, batch.anchor_present, batch.first_frame
        )
    velocity = velocity.float()
    sigma = batch.sigma[:, None, None, None, None]
    estimate = (noisy - sigma * velocity).detach()
    error = (velocity - (noise - batch.clean) - guidance) * ((1 - sigma) ** 2 + sigma**2).sqrt()
    each = (error.square() * batch.weights).mean((1, 2, 3, 4))
    named, placed = label_loss(labels.float(), batch)
    loss = each.mean() + CLASS_WEIGHT * named + OFFSET_WEIGHT * placed
    parts = {"class": named.item(), "offset": placed.item()}
    if batch.overlap_present is None:
        return loss, {"single": each.mean().item(), **parts}, estimate
    moved = (error.diff(dim=2).square() * batch.weights[:, :, 1:]).mean((1, 2, 3, 4))
    continued = batch.overlap_present > 0
    kinds = {"first": each[~continued], "continued": each[continued], "motion": moved}
    return loss + MOTION_WEIGHT * moved.mean(), {**{name: part.mean().item() for name, part in kinds.items() if len(part)}, **parts}, estimate


def label_loss(labels: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
    """labels [B, F * H * W, things + 3]: class logits, then the offset, which counts where there is a thing."""
    classes, offsets = batch.classes.flatten(), batch.offsets.flatten(0, -2)
    logits, told = labels.flatten(0, 1).split([labels.shape[-1] - 2, 2], -1)
    weight = torch.ones(logits.shape[-1], device=logits.device)
    weight[0] = NOTHING_WEIGHT
    there = (classes > 0).float()
    placed = ((told - offsets).abs().sum(-1) * there).sum() / there.sum().clamp(min=1)
    return F.cross_entropy(logits, classes, weight), placed
