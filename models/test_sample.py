"""The streaming loop and the blending with stand-in networks of a few lines, the schedule's fixed points, and the noise."""

from types import SimpleNamespace

import numpy as np
import torch

from config import ModelConfig
from noise import draw_below, draw_normals, philox
from refine import refine
from sample import Text, sample, seeded_noise
from schedule import euler_step, guide, make_sigmas, step_towards

CONFIG = ModelConfig()
TEXT, OTHER, NO_TEXT = (Text(torch.full((1, 32, 384), value), torch.ones(1, 32)) for value in (1.0, 2.0, 0.0))


def test_sigmas_fall_from_one_to_zero_and_shift_keeps_the_ends():
    for shift in (1.0, 3.0):
        sigmas = make_sigmas(8, shift)
        assert len(sigmas) == 9 and sigmas[0] == 1 and sigmas[-1] == 0 and (np.diff(sigmas) < 0).all()


def test_euler_steps_along_the_true_velocity_arrive_at_the_clean_latents():
    clean, noise = torch.randn(4), torch.randn(4)
    latents, sigmas = noise, make_sigmas(5, 2.0)
    for sigma, sigma_next in zip(sigmas[:-1], sigmas[1:]):
        towards = step_towards(latents, clean, float(sigma), float(sigma_next))
        latents = euler_step(latents, noise - clean, float(sigma), float(sigma_next))
        assert torch.allclose(towards, latents, atol=1e-5)
    assert torch.allclose(latents, clean, atol=1e-5)


def test_guidance_of_one_is_the_conditional_velocity():
    assert guide(torch.tensor(3.0), torch.tensor(5.0), 1) == 5


def test_the_noise_is_that_of_the_worker():
    # The words of Random123's known answers; the normals as gpu-worker's noise.test.ts has them
    assert philox(np.zeros(1), 0, 0, (0, 0))[0].tolist() == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]
    expected = [0.38040074706077576, -0.29627788066864014, -0.2492334246635437, -1.00383722782135, 0.6269478797912598, -0.6339837908744812]
    assert np.allclose(draw_normals(1, "stream", 0, 6), expected, atol=1e-6)
    assert {draw_below(3, "refine", chunk, 0, 2) for chunk in range(20)} == {0, 1}


def test_every_chunk_adds_its_frames_and_remembers_the_last_of_the_one_before():
    network = StandIn()
    first, second, third = sample(network, [TEXT] * 3, NO_TEXT, seeded_noise(1), steps=2, first_scale=1.0)
    assert first.shape == second.shape == (1, 16, CONFIG.chunk_frames, 8, 8)
    assert torch.equal(network.remembered[0], first[:, :, -CONFIG.overlap_frames :])
    assert torch.equal(network.remembered[1], second[:, :, -CONFIG.overlap_frames :])
    assert [present for _, present in network.anchors] == [0, 1, 1]
    assert torch.equal(network.anchors[2][0], first[:, :, CONFIG.anchor_frame])


def test_a_prompt_that_renews_the_anchor_is_begun_without_one():
    network = StandIn()
    chunks = list(sample(network, [TEXT, TEXT, OTHER, OTHER], NO_TEXT, seeded_noise(1), {2}, steps=2, first_scale=1.0))
    assert [present for _, present in network.anchors] == [0, 1, 0, 1]
    assert torch.equal(network.anchors[3][0], chunks[2][:, :, CONFIG.anchor_frame])


def test_baselines_are_shown_less():
    network = StandIn()
    first, *_ = sample(network, [TEXT] * 3, NO_TEXT, seeded_noise(1), steps=2, first_scale=1.0, remembered=1, shows_anchor=False)
    assert torch.equal(network.remembered[0], first[:, :, -1:].expand(-1, -1, CONFIG.overlap_frames, -1, -1))
    assert [present for _, present in network.anchors] == [0, 0, 0]
    forgetful = StandIn()
    list(sample(forgetful, [TEXT] * 3, NO_TEXT, seeded_noise(1), steps=2, first_scale=1.0, remembered=0))
    assert forgetful.remembered == [] and [present for _, present in forgetful.anchors] == [0, 1, 1]


def test_guidance_costs_a_second_pass_only_where_its_scale_is_not_one():
    network = StandIn()
    list(sample(network, [TEXT] * 2, NO_TEXT, seeded_noise(1), steps=3, first_scale=2.0, scale=1.0))
    assert network.passes == 3 * 2 + 3


def test_a_refiner_that_knows_what_is_clean_arrives_there_for_any_length():
    for frames in (1, 2, 4, 6, 7):
        base = torch.randn(1, 16, frames, 8, 8)
        refined = refine(enlarge, base, [TEXT, OTHER], seed=3)
        assert torch.allclose(refined, base.repeat_interleave(2, -1).repeat_interleave(2, -2), atol=1e-5)


def enlarge(latents, sigma, base, text, text_mask):
    return (latents - base.repeat_interleave(2, -1).repeat_interleave(2, -2)) / sigma


def test_each_latent_frame_is_refined_under_its_chunks_text():
    asked = []

    def note(latents, sigma, base, text, text_mask):
        asked.append(text[:, 0, 0].tolist())
        return torch.zeros_like(latents)

    refine(note, torch.randn(1, 16, 7, 8, 8), [TEXT, OTHER], seed=3)
    # Frame 8 of the last chunk is not there: it sees the last frame, and reads what that one reads
    assert asked[:3] == [[1, 1, 1, 1], [1, 1, 2, 2], [2, 2, 2, 2]]


class StandIn:
    """Pulls everything towards zero and remembers what it was shown."""

    def __init__(self):
        self.config, self.anchors, self.remembered, self.passes = CONFIG, [], [], 0
        self.denoiser = self.Denoiser(self)

    def conditioning(self, states, mask, anchor, anchor_present):
        self.anchors.append((anchor.clone(), int(anchor_present[0])))
        return states, states, states[:, 0]

    class Denoiser(SimpleNamespace):
        def __init__(self, seen):
            super().__init__(seen=seen)

        def remember(self, overlap, *context):
            self.seen.remembered.append(overlap.clone())
            return overlap

        def __call__(self, latents, sigma, memory, memory_present, *context):
            self.seen.passes += 1
            return latents
