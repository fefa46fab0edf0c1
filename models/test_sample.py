"""The streaming loop with a stand-in network of a few lines, and the schedule's fixed points."""

import numpy as np
import torch

from config import ModelConfig
from denoiser import Denoiser
from sample import sample, seeded_noise
from schedule import euler_step, guide, make_sigmas


def test_sigmas_fall_from_one_to_zero_and_shift_keeps_the_ends():
    for shift in (1.0, 3.0):
        sigmas = make_sigmas(8, shift)
        assert len(sigmas) == 9 and sigmas[0] == 1 and sigmas[-1] == 0 and (np.diff(sigmas) < 0).all()


def test_euler_steps_along_the_true_velocity_arrive_at_the_clean_latents():
    clean, noise = torch.randn(4), torch.randn(4)
    latents, sigmas = noise, make_sigmas(5, 2.0)
    for sigma, sigma_next in zip(sigmas[:-1], sigmas[1:]):
        latents = euler_step(latents, noise - clean, float(sigma), float(sigma_next))
    assert torch.allclose(latents, clean, atol=1e-5)


def test_guidance_of_one_is_the_conditional_velocity():
    assert guide(torch.tensor(3.0), torch.tensor(5.0), 1) == 5


def test_the_first_chunk_gives_all_frames_and_later_ones_drop_the_overlap():
    chunks = list(sample(StandIn(), ["a ball"], 3, seeded_noise(1), steps=2, first_scale=2.0))
    assert [chunk.shape[2] for chunk in chunks] == [12, 8, 8]


def test_later_chunks_see_the_overlap_clean_and_the_anchor_frame():
    network = StandIn()
    first, second = sample(network, ["a ball"], 2, seeded_noise(1), steps=2, first_scale=1.0)
    latents, sigmas, present = network.seen[2]
    assert torch.equal(latents[:, :, :4], first[:, :, -4:])
    assert (sigmas[:, :4] == 0).all() and (sigmas[:, 4:] == 1).all() and (present == 1).all()
    assert torch.equal(network.anchor, first[:, :, 4])


def test_the_denoiser_leaves_given_frames_alone():
    config = ModelConfig()
    sigmas = torch.full((1, 12), 0.7)
    sigmas[:, :4] = 0
    text = (torch.randn(1, 24, 128), torch.ones(1, 24), torch.randn(1, 128))
    with torch.no_grad():
        velocity = Denoiser(config)(torch.randn(1, 8, 12, 16, 16), sigmas, *text, torch.randn(1, 16, 128), torch.ones(1))
    assert (velocity[:, :, :4] == 0).all() and (velocity[:, :, 4:] != 0).any()


class StandIn:
    """Pulls everything towards zero and remembers what it was shown."""

    def __init__(self):
        self.config, self.seen, self.anchor = ModelConfig(), [], None

    def text_encoder(self, ids):
        return torch.zeros(len(ids), 24, 128), torch.ones(len(ids), 24), torch.zeros(len(ids), 128)

    def anchor_encoder(self, latents):
        self.anchor = latents.clone()
        return torch.zeros(len(latents), 16, 128)

    def denoiser(self, latents, sigmas, tokens, mask, pooled, anchor_tokens, anchor_present):
        self.seen.append((latents.clone(), sigmas.clone(), anchor_present.clone()))
        return latents * (sigmas > 0)[:, None, :, None, None]
