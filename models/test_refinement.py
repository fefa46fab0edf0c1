"""The published refinement: its schedule, its solver, how chunks are joined, and frames through small networks of random numbers."""

import json
from dataclasses import replace

import numpy as np
import pytest

from export_streamingt2v import refiner_settings
from refine_frames import fit, refine_frames
from streamingt2v.graphs import FIRST_STAGE_GRAPHS, REFINER_GRAPHS
from streamingt2v.package import write_package
from streamingt2v.refinement import Refinement, guide, predict_clean, refine, step_levels, timestep_of, train_sigmas, usable_frames
from streamingt2v.small_package import SMALL, describe, load, write_tokenizer

SMALL_REFINER = replace(SMALL, refiner_frames=4, refiner_overlap=1, refiner_height=6, refiner_width=8)


def test_the_published_start_keeps_a_quarter_of_the_signal_and_the_last_timestep_none():
    sigmas = train_sigmas()
    assert (np.diff(sigmas) > 0).all() and sigmas[-1] == 1
    assert (1 - sigmas[599] ** 2) ** 0.5 == pytest.approx(0.2335, abs=1e-4)
    assert sigmas[599] == pytest.approx(0.9724, abs=1e-4)


def test_there_are_as_many_steps_as_are_asked_for_each_at_a_timestep_of_its_own():
    levels = step_levels(Refinement())
    assert len(levels) == 31 and levels[-1] == 0 and (np.diff(levels) < 0).all()
    timesteps = [timestep_of(level) for level in levels[:-1]]
    assert timesteps[0] == 599 and timesteps[1] == round(599 - 600 / 31) and timesteps[-1] == round(599 - 29 * 600 / 31)


def test_a_network_that_knows_the_clean_video_is_believed():
    rng = np.random.default_rng(1)
    clean = rng.standard_normal((1, 2, 14, 2, 2))
    starts = {}

    def knows(noisy, timestep):
        start = starts.setdefault(timestep, [0, 4, 8]).pop(0)
        sigma = train_sigmas()[timestep]
        v = ((1 - sigma**2) ** 0.5 * noisy - clean[:, :, start : start + 6]) / sigma
        return v, v

    plain = Refinement(chunk_frames=6, overlap_frames=2, num_inference_steps=5, guidance_rescale=0.0)
    np.testing.assert_allclose(refine(clean, knows, plain, np.random.default_rng(2)), clean, atol=1e-5)
    assert len(starts) == 5 and not any(starts.values())


def test_a_frame_of_the_overlap_stays_with_the_earlier_chunk_as_often_as_published():
    """Of 8 frames that overlap, frame j with (8 - 1 - j) / 8."""
    wide = Refinement(chunk_frames=12, overlap_frames=8)
    rng, draws, kept = np.random.default_rng(3), 800, np.zeros(8)
    calls = []

    def numbered(noisy, timestep):
        calls.append(0)
        return (np.broadcast_to([1.0 + len(calls) % 2, 0.0], noisy.shape),) * 2

    noisy = np.zeros((1, 1, 16, 1, 2))
    for _ in range(draws):
        found = predict_clean(noisy, 100, numbered, wide, rng)[0, 0, :, 0, 0]
        assert (found[:4] == found[0]).all() and (found[12:] == found[15]).all() and found[0] != found[15]
        kept += found[4:12] == found[0]
    np.testing.assert_allclose(kept / draws, (7 - np.arange(8)) / 8, atol=0.05)


def test_guidance_is_drawn_back_to_the_deviation_without_it():
    rng = np.random.default_rng(4)
    told, untold = rng.standard_normal((2, 1000))
    whole = Refinement(guidance_rescale=1.0)
    assert guide(told, untold, whole).std() == pytest.approx(told.std())
    np.testing.assert_allclose(guide(told, untold, Refinement(guidance_rescale=0.0)), untold + 7.5 * (told - untold))


@pytest.mark.parametrize(("frames", "usable"), [(24, 24), (39, 24), (40, 40), (112, 104)])
def test_frames_that_whole_chunks_do_not_take_are_left_out(frames, usable):
    assert usable_frames(frames, Refinement()) == usable


def test_fewer_frames_than_a_chunk_are_refused():
    with pytest.raises(ValueError, match="23 frames are too few; the refiner wants 24 or more"):
        usable_frames(23, Refinement())


def test_a_square_frame_stands_in_the_middle_of_black():
    fitted = fit(np.full((256, 256, 3), 200, np.uint8), 1280, 720)
    assert fitted.shape == (720, 1280, 3)
    assert (fitted[:, 280:1000] == 200).all() and not fitted[:, :280].any() and not fitted[:, 1000:].any()


def test_frames_are_refined_by_small_networks_the_same_each_time(tmp_path):
    (tmp_path / "base").mkdir()
    graphs = (FIRST_STAGE_GRAPHS[0], *REFINER_GRAPHS)
    config = SMALL_REFINER
    base = write_tokenizer(tmp_path / "base")
    settings = refiner_settings(config, {}) | {"num_inference_steps": 2}
    manifest = lambda files: describe({}) | {"published": {"refiner": settings}}
    write_package(tmp_path / "package", base, graphs, config, lambda graph: load(graph, config), "model.json", manifest, "")
    frames = list(np.random.default_rng(5).integers(0, 256, (8, 8, 8, 3), np.uint8))
    refined = refine_frames(tmp_path / "package", frames, "a ball")
    # Seven frames are two chunks of four with one in common
    assert len(refined) == 7 and {frame.shape for frame in refined} == {(12, 16, 3)}
    assert np.std(refined) > 1
    assert np.array_equal(refined, refine_frames(tmp_path / "package", frames, "a ball"))
    for other in (refine_frames(tmp_path / "package", frames, "a fish"), refine_frames(tmp_path / "package", frames, "a ball", seed=1)):
        assert not np.array_equal(refined, other)
    (tmp_path / "package/model.json").write_text(json.dumps(describe({})))
    with pytest.raises(ValueError, match="has no refiner; export it with --refiner"):
        refine_frames(tmp_path / "package", frames, "a ball")
