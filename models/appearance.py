"""What each thing looks like, learnt: a page of numbers for every thing, read where and as it lies in the picture.

A page is no picture: it holds features that only the refiner's blocks know how to draw, the same for a thing in any colour.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from poses import CELL, CELLS, PARTS, SIDE, Poses, wrap

PAGE, FEATURES = 32, 8
# A page is read at so many points a side of a refined cell, which is 8 pixels
POINTS = 4
STEP = SIDE // (2 * CELLS * POINTS)
THINGS = PARTS[0] - 1


class Appearance(nn.Module):
    def __init__(self):
        super().__init__()
        # One page below the other
        self.pages = nn.Parameter(torch.randn(1, FEATURES, THINGS * PAGE, PAGE) * 0.2)
        middles = (torch.arange(SIDE // STEP) + 0.5) * STEP
        down, across = torch.meshgrid(middles, middles, indexing="ij")
        self.register_buffer("points", torch.stack([across, down], -1), persistent=False)

    def forward(self, poses: Poses) -> Tensor:
        """What N latent frames show, [N, FEATURES * POINTS^2, 16, 16]; zeros where there is no thing."""
        of_cells = lambda values: values.unflatten(1, (CELLS, 1, CELLS, 1))
        away = wrap(by_cell(self.points) - of_cells(poses.centres))
        x, y = away.unbind(-1)
        cos, sin = of_cells(poses.turned).unbind(-1)
        radius = of_cells(poses.diameters) / 2
        # The inverse of how world.py pastes a drawing
        across = of_cells(poses.mirrored) * (cos * x + sin * y) / radius
        down = (cos * y - sin * x) / radius
        things = of_cells(poses.things)
        inside = ((across.abs() <= 1) & (down.abs() <= 1) & (things > 0)).to(x.dtype)
        # Half a texel from a page's edges, so that no page shows its neighbour's
        row = ((down + 1) / 2 * PAGE).clamp(0.5, PAGE - 0.5) + (things - 1).clamp(min=0) * PAGE
        places = torch.stack([across, 2 * row / (THINGS * PAGE) - 1], -1)
        count, side = len(places), CELLS * (CELL // STEP)
        read = F.grid_sample(self.pages, places.reshape(1, count * side, side, 2), padding_mode="border", align_corners=False)
        shown = read[0].unflatten(1, (count, side)).transpose(0, 1) * inside.reshape(count, 1, side, side)
        return F.pixel_unshuffle(shown, POINTS)


def by_cell(points: Tensor) -> Tensor:
    """[side, side, 2] to [H, points a cell, W, points a cell, 2]."""
    return points.unflatten(1, (CELLS, -1)).unflatten(0, (CELLS, -1))
