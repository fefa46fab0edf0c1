"""What the refiner learns from: windows, squares, and bases that were made again; and that it learns from them."""

import numpy as np
import pytest
import torch

from config import ModelConfig
from latents import CAPTIONS, GROUPS, LatentClips
from made_bases import MADE_FRAMES, MadeBases, load_made_bases
from network import Network
from poses import SIDE
from refiner import Refiner
from train_refiner import SQUARE, begin_as_denoiser, cut_squares, draw_batch, draw_corners, refiner_loss

CLIPS = 6


@pytest.fixture(scope="module")
def clips() -> LatentClips:
    rng = np.random.default_rng(3)
    actors = np.zeros((CLIPS, GROUPS, 2, 6), np.float32)
    actors[:, :, 0] = 7, 40, 80, 56, 0, 0
    normals = lambda *shape: rng.standard_normal(shape).astype(np.float16)
    return LatentClips(
        base=normals(CLIPS, GROUPS, 16, 8, 8),
        classes=None,
        offsets=None,
        change=np.array([8, 1000, 1000, 1000, 4, 1000], np.int32),
        text=normals(CLIPS, 2, CAPTIONS, 32, 384),
        text_mask=np.ones((CLIPS, 2, CAPTIONS, 32), np.uint8),
        actors=actors,
        refined=normals(CLIPS, GROUPS, 16, 16, 16),
    )


@pytest.fixture(scope="module")
def made(clips) -> MadeBases:
    return MadeBases(clips.base[:, 4 : 4 + MADE_FRAMES] + np.float16(100), np.full(CLIPS, 4))


def test_a_window_of_a_made_base_is_of_the_moments_of_its_clip(clips, made):
    rng = np.random.default_rng(1)
    batch = draw_batch(clips, made, 64, 4, rng)
    again = batch.base.mean((1, 2, 3, 4)) > 50
    assert 20 < again.sum() < 55
    for clean, base, is_made in zip(batch.clean, batch.base, again):
        clip, start = next((n, g) for n in range(CLIPS) for g in range(GROUPS - 3) if np.allclose(clips.refined[n, g : g + 4].swapaxes(0, 1), clean))
        real = torch.from_numpy(clips.base[clip, start : start + 4].astype(np.float32)).transpose(0, 1)
        # Disturbed by no more than its noise
        assert (base - real - 100 * is_made).abs().mean() < 0.5


def test_frames_on_both_sides_of_a_change_have_their_own_texts(clips, made):
    rng = np.random.default_rng(2)
    batch = draw_batch(clips, made, 64, 4, rng)
    texts = batch.text.unflatten(0, (64, 4))
    both = sum(not torch.equal(clip[0], clip[3]) for clip in texts)
    assert 0 < both < 32


def test_squares_lie_about_a_thing_and_within_the_picture():
    actors = torch.tensor([[[7.0, x, y, 56, 0, 0], [0, 0, 0, 0, 0, 0]] for x, y in ((3, 3), (64, 70), (125, 60))])
    corners = draw_corners(actors, np.random.default_rng(4))
    assert (corners >= 0).all() and (corners <= ModelConfig.refined_side - SQUARE).all()
    whole = torch.arange(3 * 16 * 16.0).view(3, 1, 16, 16)
    squares = cut_squares(whole, corners)
    for frame, (row, column), square in zip(whole, corners.tolist(), squares):
        assert torch.equal(square, frame[:, row : row + SQUARE, column : column + SQUARE])
    middle_row, middle_column = corners[1].tolist()
    assert middle_row <= 70 / (SIDE / 16) <= middle_row + SQUARE and middle_column <= 64 / (SIDE / 16) <= middle_column + SQUARE


def test_a_reader_begins_with_what_the_denoiser_knows():
    torch.manual_seed(1)
    network, refiner = Network(), Refiner()
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.05)
    begin_as_denoiser(refiner, network.state_dict())
    text, mask, base = torch.randn(2, 32, 384), torch.ones(2, 32), torch.randn(2, 16, 1, 8, 8)
    context, _, pooled = network.conditioning(text, mask, base[:, :, 0], torch.zeros(2))
    # The denoiser without an appearance, on clean latents, at the first place of a chunk
    for block in network.denoiser.blocks:
        torch.nn.init.zeros_(block.alpha)
    _, labels = network.denoiser(base, torch.zeros(2), None, None, context, context, mask, pooled, want_labels=True)
    _, told, _ = refiner.reader(base[:, :, 0], text, mask, 1)
    assert torch.allclose(told[..., :51], labels, atol=1e-4)


@pytest.mark.parametrize("length", [1, 4])
def test_the_refiner_learns_from_both_kinds_of_batches(clips, made, length):
    torch.manual_seed(1)
    refiner = Refiner()
    batch = draw_batch(clips, made, 4, length, np.random.default_rng(5))
    optimizer = torch.optim.Adam(refiner.parameters(), 1e-3)
    losses = []
    for _ in range(12):
        optimizer.zero_grad()
        loss, parts = refiner_loss(refiner, batch, 4.0, "cpu")
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.7 * losses[0]
    assert {"class", "offset", "size", "angle", "mirrored"} < parts.keys()
    unreached = {name for name, parameter in refiner.named_parameters() if parameter.grad is None}
    # Alpha weighs an anchor's appearance, of which a refiner knows nothing
    assert unreached == {f"reader.blocks.{number}.alpha" for number in range(ModelConfig.reader_blocks)}


def test_bases_made_again_are_kept_and_like_their_clips_but_not_the_same(clips, tmp_path):
    torch.manual_seed(1)
    empty = np.zeros((32, 384), np.float16), np.eye(1, 32, dtype=np.float32)[0]
    path = tmp_path / "made.npz"
    first = load_made_bases(Network().eval(), clips, empty, path, np.random.default_rng(6))
    assert first.latents.shape == (CLIPS, MADE_FRAMES, 16, 8, 8) and (first.starts % ModelConfig.chunk_frames == 0).all()
    again = load_made_bases(None, clips, empty, path, np.random.default_rng(7))
    assert np.array_equal(first.latents, again.latents) and np.array_equal(first.starts, again.starts)
    real = np.stack([clips.base[n, start : start + MADE_FRAMES] for n, start in enumerate(first.starts)])
    assert 0.05 < np.corrcoef(first.latents.ravel().astype(float), real.ravel().astype(float))[0, 1] < 0.99
