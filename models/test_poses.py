"""Which cell belongs to which thing, and what cells that tell it more or less well come to together."""

import torch

from poses import CELL, OFFSET_UNIT, PARTS, USUAL_DIAMETER, cell_centres, pose_loss, true_poses, vote, wrap

# thing n + 1, x, y, diameter, angle, mirrored
BALL, FISH, NOBODY = [40, 30.0, 40.0, 56, 0.0, 0], [23, 90.0, 90.0, 40, 0.7, 1], [0, 0, 0, 0, 0, 0]


def frame(*actors: list[float]) -> torch.Tensor:
    return torch.tensor([actors])


def tell(actors: torch.Tensor) -> torch.Tensor:
    """What a reader would tell that knows the truth."""
    true = true_poses(actors)
    logits = torch.nn.functional.one_hot(true.things, PARTS[0]) * 12.0
    offsets = wrap(true.centres - cell_centres()) / OFFSET_UNIT
    sizes = torch.log(true.diameters.clamp(min=8) / USUAL_DIAMETER)[..., None]
    return torch.cat([logits, offsets, sizes, true.turned, -4 * true.mirrored[..., None]], -1)


def test_cells_belong_to_the_thing_that_they_lie_deepest_in():
    true = true_poses(frame(BALL, FISH))
    grid = true.things.view(8, 8)
    assert grid[2, 1] == 40 and grid[5, 5] == 23 and grid[0, 7] == 0
    assert set(true.things.unique().tolist()) == {0, 23, 40}
    assert true.mirrored.view(8, 8)[5, 5] == -1
    assert torch.allclose(true.centres.view(8, 8, 2)[5, 5], torch.tensor([90.0, 90.0]))


def test_a_thing_that_leaves_at_an_edge_comes_in_at_the_other():
    grid = true_poses(frame([40, 126.0, 60.0, 56, 0, 0], NOBODY)).things.view(8, 8)
    assert grid[3, 7] == 40 and grid[3, 0] == 40 and grid[3, 3] == 0


def test_a_vote_of_cells_that_know_is_the_truth():
    for actors in (frame(BALL, FISH), frame([40, 126.0, 2.0, 56, 0.3, 1], NOBODY)):
        true, voted = true_poses(actors), vote(tell(actors))
        there = true.things > 0
        assert torch.equal(voted.things, true.things)
        assert wrap(voted.centres - true.centres)[there].abs().max() < 0.1
        assert (voted.diameters - true.diameters)[there].abs().max() < 0.5
        assert (voted.turned - true.turned)[there].abs().max() < 0.01
        assert torch.equal(voted.mirrored[there], true.mirrored[there])


def test_a_few_cells_that_misname_a_thing_or_misjudge_its_place_are_outvoted():
    actors = frame(BALL, FISH)
    told, true = tell(actors), true_poses(actors)
    wrong = (true.things[0] == 40).nonzero()[:3, 0]
    told[0, wrong, 40] = 0
    told[0, wrong, 7] = 9
    told[0, wrong, PARTS[0]] += CELL / 4 / OFFSET_UNIT
    voted = vote(told)
    assert torch.equal(voted.things, true.things)
    assert wrap(voted.centres - true.centres)[true.things > 0].norm(dim=-1).max() < 1.5


def test_the_loss_is_small_for_the_truth_and_counts_places_only_where_there_is_a_thing():
    actors = frame(BALL, NOBODY)
    told, true = tell(actors), true_poses(actors)
    least, parts = pose_loss(told, true)
    assert least < 0.02 and parts["right"] == 1 and parts["found"] == 1
    elsewhere = told.clone()
    elsewhere[true.things == 0, PARTS[0] :] += 5
    assert torch.allclose(pose_loss(elsewhere, true)[0], least)
    misplaced = told.clone()
    misplaced[true.things > 0, PARTS[0] :] += 5
    assert pose_loss(misplaced, true)[0] > 1
