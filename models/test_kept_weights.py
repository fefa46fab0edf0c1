"""The small file in checkpoints/ and the shipped package, together, are the networks that the package was exported from."""

from pathlib import Path

import pytest
import torch

from checkpoint import Checkpoint
from export import PictureEncoder, load_autoencoder, load_refiner
from kept_weights import keep, restore
from network import load_network
from package import PackagedNetwork
from vae import frames_before

HERE = Path(__file__).parent
PACKAGE = HERE / "packages" / "everframe-storybook-1"
KEPT = torch.load(HERE / "checkpoints" / "storybook-1.pt", map_location="cpu", weights_only=True)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory) -> Checkpoint:
    path = tmp_path_factory.mktemp("restored") / "book.pt"
    torch.save(restore(KEPT, PACKAGE), path)
    return Checkpoint(path)


@torch.no_grad()
def test_restored_weights_are_those_of_every_graph(checkpoint):
    package, generator = PackagedNetwork(PACKAGE), torch.Generator().manual_seed(1)
    draw = lambda *shape: torch.randn(*shape, generator=generator)
    network = load_network(checkpoint.get("average"))
    text, mask, anchor = draw(1, 32, 384), torch.ones(1, 32), draw(1, 16, 8, 8)
    overlap, latents, sigma = draw(1, 16, 2, 8, 8), draw(1, 16, 4, 8, 8), torch.full((1,), 0.7)
    velocities = []
    for built in (network, package):
        context, appearance, pooled = built.conditioning(text, mask, anchor, torch.ones(1))
        memory = built.denoiser.remember(overlap, context, appearance, mask, pooled)
        velocities.append(built.denoiser(latents, sigma, memory, torch.ones(1), context, appearance, mask, pooled))
    fine, base = draw(1, 16, 4, 16, 16), draw(1, 16, 4, 8, 8)
    texts, masks = draw(4, 32, 384), torch.ones(4, 32)
    pictures = torch.randint(0, 256, (1, 128, 128, 3), generator=generator, dtype=torch.uint8)
    autoencoder = load_autoencoder(checkpoint)
    pairs = [
        velocities,
        [load_refiner(checkpoint)(fine, sigma, base, texts, masks), package.refiner(fine, sigma, base, texts, masks)],
        [PictureEncoder(autoencoder)(pictures), package.encode_picture(pictures)],
    ]
    for ours, theirs in pairs:
        # A few numbers magnify what float16 left of the transformed weights; other weights would move them all
        apart = (ours - theirs).abs()
        assert apart.mean() < 1e-3 and apart.max() < 0.05, (apart.mean(), apart.max())
    shown = fine[0].transpose(0, 1)
    decoded, shipped = (decode(shown, frames_before(shown)).float() for decode in (autoencoder.decode_bytes, package.decode_bytes))
    assert (decoded - shipped).abs().max() <= 1


def test_a_kept_file_restores_to_what_was_kept(checkpoint):
    again = restore(keep(checkpoint.state, PACKAGE), PACKAGE)
    for group in ("autoencoder", "average", "refiner_average"):
        assert again[group].keys() == checkpoint.state[group].keys()
        assert all(torch.equal(value, again[group][name]) for name, value in checkpoint.state[group].items())


def test_weights_kept_for_another_version_are_refused():
    with pytest.raises(SystemExit, match="belong to 0.0.1"):
        restore({**KEPT, "package_version": "0.0.1"}, PACKAGE)
