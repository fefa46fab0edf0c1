"""The student's target is the clip's velocity moved by the teacher's guidance; what rests is not stepped."""

import dataclasses

import numpy as np
import pytest
import torch
from torch import nn

from batches import Batch
from distil import DistilStage, added_by_guidance
from flow_loss import flow_loss, noised
from network import Network
from optimizer import Optimizer

STAGE = DistilStage(seconds=1, seed=1, first_clip_seed=0, clip_count=2, chunks_a_step=2, object_weight=4, first_scale=4, scale=2, rate=1, final_rate=0)
EMPTY = np.full((32, 384), 0.1, np.float16), np.eye(1, 32, dtype=np.float32)[0]
ROWS = 3


@pytest.fixture(scope="module")
def batch() -> Batch:
    """A first chunk, a continuation, and a continuation that is told nothing."""
    torch.manual_seed(5)
    text, mask = torch.randn(ROWS, 32, 384), torch.ones(ROWS, 32)
    text[2], mask[2] = map(torch.from_numpy, EMPTY)
    return Batch(
        clean=torch.randn(ROWS, 16, 4, 8, 8),
        sigma=torch.tensor([0.9, 0.5, 0.7]),
        overlap=torch.randn(ROWS, 16, 2, 8, 8),
        overlap_present=torch.tensor([0.0, 1, 1]),
        text=text,
        text_mask=mask,
        anchor=torch.randn(ROWS, 16, 8, 8),
        anchor_present=torch.tensor([0.0, 1, 1]),
        classes=torch.zeros(ROWS, 4, 8, 8, dtype=torch.long),
        offsets=torch.zeros(ROWS, 4, 8, 8, 2),
        weights=torch.ones(ROWS, 1, 4, 8, 8),
        first_frame=0,
        clips=np.arange(ROWS),
        starts=np.full(ROWS, 4),
    )


@pytest.fixture(scope="module")
def teacher() -> Network:
    torch.manual_seed(6)
    network = Network().eval()
    for name, parameter in network.named_parameters():
        # What begins at zero would answer alike to any text
        if "out" in name or "modulation" in name:
            nn.init.normal_(parameter, std=0.1)
    return network


def test_guidance_adds_as_much_as_each_kind_of_chunk_is_guided(batch, teacher):
    noise = torch.randn_like(batch.clean)
    added = added_by_guidance(teacher, batch, noise, EMPTY, STAGE, "cpu")
    single = added_by_guidance(teacher, batch, noise, EMPTY, dataclasses.replace(STAGE, first_scale=2), "cpu")
    assert added[:2].abs().mean() > 1e-3
    assert torch.allclose(added[0], 3 * single[0], rtol=1e-3, atol=1e-4)
    assert torch.equal(added[1], single[1])
    assert not added[2].any()
    assert not added_by_guidance(teacher, batch, noise, EMPTY, dataclasses.replace(STAGE, first_scale=1, scale=1), "cpu").any()


def test_a_network_that_says_the_wanted_velocity_has_no_loss_but_its_labels(batch):
    noise, guidance = torch.randn_like(batch.clean), torch.randn_like(batch.clean)

    def told(noisy, *_):
        assert torch.equal(noisy, noised(batch, noise))
        return noise - batch.clean + guidance, torch.zeros(ROWS, 4 * 64, 51)

    _, parts, estimate = flow_loss(told, batch, noise, "cpu", guidance)
    assert max(parts[name] for name in ("first", "continued", "motion")) < 1e-9
    # What the student goes on from next is its own, guided picture
    sigma = batch.sigma[:, None, None, None, None]
    assert torch.allclose(estimate, batch.clean - sigma * guidance, atol=1e-5)


def test_an_error_that_moves_costs_more_than_one_that_stands(batch):
    noise = torch.randn_like(batch.clean)
    standing = torch.full_like(batch.clean, 0.5)
    moving = standing * torch.tensor([1.0, -1, 1, -1])[:, None, None]
    loss = lambda error: flow_loss(lambda *_: (noise - batch.clean + error, torch.zeros(ROWS, 4 * 64, 51)), batch, noise, "cpu")[0]
    assert loss(moving) > 1.5 * loss(standing)


def test_what_rests_is_not_stepped():
    network = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
    network[0].requires_grad_(False)
    before = [parameter.clone() for parameter in network.parameters()]
    optimizer = Optimizer(network, 0, 1)
    network(torch.ones(1, 4)).sum().backward()
    optimizer.step(1.0)
    same = [torch.equal(old, new) for old, new in zip(before, network.parameters())]
    assert same == [True, True, False, False]
