"""What stands where, as a network tells it for every cell of a latent frame, and what the truth is.

Each cell that a thing covers names it and points at its centre, so the cells of one thing can be counted together:
a Hough vote (Ballard, 1981) with soft bins. Positions are pixels of the refined picture, on the torus that the drawn world is.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from config import ModelConfig

SIDE = 128
CELLS = ModelConfig.latent_side
CELL = SIDE // CELLS
USUAL_DIAMETER, OFFSET_UNIT = 56.0, 32.0
# Share of a thing's diameter within which a cell belongs to it: its drawing's corners are inside
REACH = 0.62
# Pixels that two cells' centres of one thing may differ by
SPREAD = 9.0
# Columns of what is told: class (0 nothing, n + 1 thing n), offset to the centre, logarithm of the diameter, cos and sin, mirrored
PARTS = (49, 2, 1, 2, 1)
NOTHING_WEIGHT, MIRRORED_WEIGHT, TURNED_WEIGHT = 0.6, 0.3, 0.5


@dataclass
class Poses:
    """For each of N latent frames and each of its H * W cells."""

    things: Tensor  # int64 [N, H * W], 0 nothing, n + 1 thing n
    centres: Tensor  # [N, H * W, 2], x and y in pixels
    diameters: Tensor  # [N, H * W], pixels
    turned: Tensor  # [N, H * W, 2], cos and sin of the angle
    mirrored: Tensor  # [N, H * W], -1 or 1

    def where(self, chosen: Tensor, other: "Poses") -> "Poses":
        """These for the frames with `chosen` [N], else the other's."""
        pick = lambda mine, theirs: torch.where(chosen.view(-1, *[1] * (mine.ndim - 1)), mine, theirs)
        return Poses(**{name: pick(value, getattr(other, name)) for name, value in vars(self).items()})


def cell_centres() -> Tensor:
    """[H * W, 2], x and y in pixels."""
    middles = (torch.arange(CELLS) + 0.5) * CELL
    down, across = torch.meshgrid(middles, middles, indexing="ij")
    return torch.stack([across, down], -1).flatten(0, 1)


def wrap(distance: Tensor) -> Tensor:
    return torch.remainder(distance + SIDE / 2, SIDE) - SIDE / 2


def true_poses(actors: Tensor) -> Poses:
    """Of labels.actor_poses [N, actors, 6]: each cell belongs to the actor that it lies deepest in, if in any."""
    things, places, diameters, angles, mirrored = actors.split([1, 2, 1, 1, 1], -1)
    apart = wrap(places[:, None] - cell_centres().to(actors)[:, None]).norm(dim=-1)
    depth = apart / diameters[:, None, :, 0].clamp(min=1)
    depth = torch.where(things[:, None, :, 0] > 0, depth, torch.inf)
    nearest, which = depth.min(-1)
    of_nearest = lambda values: torch.gather(values, 1, which[..., None].expand(-1, -1, values.shape[-1]))
    named = torch.where(nearest < REACH, of_nearest(things)[..., 0], 0).long()
    angle = of_nearest(angles)[..., 0]
    return Poses(named, of_nearest(places), of_nearest(diameters)[..., 0], torch.stack([angle.cos(), angle.sin()], -1), 1 - 2 * of_nearest(mirrored)[..., 0])


def vote(told: Tensor) -> Poses:
    """What the cells [N, H * W, sum(PARTS)] tell, those that point at one centre taken together. Whether there is a thing, each says for itself."""
    logits, offsets, sizes, turned, mirrored = told.split(PARTS, -1)
    centres = cell_centres().to(told) + OFFSET_UNIT * offsets
    there = 1 - logits.softmax(-1)[..., 0]
    apart = wrap(centres[:, :, None] - centres[:, None])
    votes = torch.exp(-apart.square().sum(-1) / (2 * SPREAD**2)) * there[:, None]
    votes = votes / (votes.sum(-1, keepdim=True) + 1e-6)
    names = (votes @ logits[..., 1:].log_softmax(-1)).argmax(-1) + 1
    return Poses(
        things=torch.where(there > 0.5, names, 0),
        centres=centres - (votes[..., None] * apart).sum(2),
        diameters=USUAL_DIAMETER * torch.exp((votes @ sizes)[..., 0].clamp(-1, 1)),
        turned=F.normalize(votes @ turned, dim=-1),
        mirrored=torch.where((votes @ mirrored)[..., 0] > 0, -1.0, 1.0),
    )


def pose_loss(told: Tensor, true: Poses) -> tuple[Tensor, dict[str, float]]:
    """Of what the cells tell [N, H * W, sum(PARTS)]; all but the class counts only where there is a thing."""
    logits, offsets, sizes, turned, mirrored = told.split(PARTS, -1)
    weight = torch.ones(PARTS[0], device=told.device)
    weight[0] = NOTHING_WEIGHT
    there = (true.things > 0).float()
    of_things = lambda error: (error * there).sum() / there.sum().clamp(min=1)
    named = F.cross_entropy(logits.flatten(0, 1), true.things.flatten(), weight)
    aims = wrap(true.centres - cell_centres().to(told)) / OFFSET_UNIT
    placed = of_things((offsets - aims).abs().sum(-1))
    sized = of_things((sizes[..., 0] - torch.log(true.diameters.clamp(min=8) / USUAL_DIAMETER)).abs())
    angled = of_things((turned - true.turned).square().sum(-1))
    faced = of_things(F.binary_cross_entropy_with_logits(mirrored[..., 0], (true.mirrored < 0).float(), reduction="none"))
    right = of_things((logits[..., 1:].argmax(-1) + 1 == true.things).float())
    found = ((logits.argmax(-1) > 0) == (true.things > 0)).float().mean()
    loss = named + placed + sized + TURNED_WEIGHT * angled + MIRRORED_WEIGHT * faced
    told_parts = {"class": named, "offset": placed, "size": sized, "angle": angled, "mirrored": faced, "right": right, "found": found}
    return loss, {name: part.item() for name, part in told_parts.items()}
