"""A page read at a pose is the drawing as the world pastes it there; where there is nothing, nothing is read."""

import cv2
import numpy as np
import pytest
import torch

from appearance import FEATURES, PAGE, POINTS, THINGS, Appearance
from poses import Poses, true_poses
from world import SIDE, paste

THING = 5


@pytest.fixture(scope="module")
def appearance() -> Appearance:
    """Its page of one thing is a soft drawing that is alike in no two turns; the others are loud, so that reading beyond a page shows."""
    torch.manual_seed(1)
    made = Appearance()
    with torch.no_grad():
        made.pages.fill_(9)
        made.pages[0, 0, THING * PAGE : (THING + 1) * PAGE] = torch.from_numpy(drawing(PAGE))
    return made


def drawing(side: int) -> np.ndarray:
    y, x = np.mgrid[:side, :side] * 2.0 / side - 1 + 1 / side
    blobs = ((0.3, -0.3, 0.05), (-0.4, 0.5, 0.1), (-0.2, -0.4, 0.03))
    return sum(np.exp(-((x - across) ** 2 + (y - down) ** 2) / width) for across, down, width in blobs).astype(np.float32)


@pytest.mark.parametrize("pose", [(64, 64, 56, 0, 0), (30, 90, 76, 0.8, 0), (120, 10, 40, 2.5, 1), (50.5, 70.5, 64, -0.4, 1)])
def test_a_page_is_read_as_drawings_are_pasted(appearance, pose):
    x, y, diameter, angle, mirrored = pose
    picture = np.zeros((SIDE, SIDE, 3), np.uint8)
    straight = np.repeat(drawing(128)[..., None] * 200, 3, -1)
    paste(picture, [np.concatenate([straight, np.ones((128, 128, 1), np.float32)], -1)], x, y, diameter, angle, bool(mirrored), 1.0)
    poses = true_poses(torch.tensor([[[THING + 1, x, y, diameter, angle, mirrored]]]))
    read = appearance(poses)
    assert read.shape == (1, FEATURES * POINTS**2, 16, 16)
    points = torch.pixel_shuffle(read, POINTS)[0, 0].detach().numpy()
    pasted = cv2.resize(picture[..., 0], (64, 64), interpolation=cv2.INTER_AREA) / 200
    assert np.corrcoef(points.ravel(), pasted.ravel())[0, 1] > 0.98
    in_its_cells = np.kron(poses.things.unflatten(1, (8, 8))[0].numpy() > 0, np.ones((8, 8)))
    assert np.abs((points - pasted) * in_its_cells).max() < 0.2


def test_nothing_is_read_where_there_is_no_thing(appearance):
    nothing = Poses(torch.zeros(1, 64, dtype=torch.long), torch.zeros(1, 64, 2), torch.full((1, 64), 50.0), torch.tensor([1.0, 0.0]).expand(1, 64, 2), torch.ones(1, 64))
    assert not appearance(nothing).any()


def test_there_is_a_page_for_every_thing():
    assert THINGS == 48 and Appearance().pages.shape == (1, FEATURES, 48 * PAGE, PAGE)
