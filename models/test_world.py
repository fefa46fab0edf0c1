"""Clips follow from their seed, captions stay inside the vocabulary, and the checker reads real clips."""

import numpy as np

from captions import MAX_TOKENS, NULL, PAD, UNKNOWN, VOCABULARY, describe, split_words, tokenize
from checker import read_clip
from dataset import render_clip
from world import HELD_OUT_PAIRS, draw_scene


def test_a_clip_follows_from_its_seed():
    assert np.array_equal(render_clip(draw_scene(5), 6), render_clip(draw_scene(5), 6))
    assert not np.array_equal(render_clip(draw_scene(5), 6), render_clip(draw_scene(6), 6))


def test_training_scenes_never_hold_a_held_out_pair():
    scenes = [draw_scene(seed) for seed in range(2000)]
    assert not any((scene.object, scene.colour) in HELD_OUT_PAIRS for scene in scenes)
    asked = draw_scene(1, held_out=True)
    assert (asked.object, asked.colour) in HELD_OUT_PAIRS


def test_every_full_caption_is_known_and_fits():
    rng = np.random.default_rng(0)
    for seed in range(500):
        words = split_words(describe(draw_scene(seed), rng, full=True))
        assert len(words) <= MAX_TOKENS and all(word in VOCABULARY for word in words)


def test_the_tokenizer_folds_width_and_case_and_marks_the_unknown():
    assert tokenize("A Ｒｅｄ balloon")[:4] == [VOCABULARY["a"], VOCABULARY["red"], VOCABULARY["balloon"], PAD]
    assert tokenize("zeppelin")[0] == UNKNOWN
    assert tokenize("")[0] == NULL
    assert len(tokenize("up " * 99)) == MAX_TOKENS


def test_the_checker_reads_real_clips():
    scenes = [scene for scene in map(draw_scene, range(920_000_000, 920_000_024)) if scene.motion != "still"]
    readings = [read_clip(render_clip(scene, 36)) for scene in scenes]
    for name in ("object", "colour", "place", "motion"):
        right = np.mean([getattr(reading, name) == getattr(scene, name) for scene, reading in zip(scenes, readings)])
        assert right >= 0.85, name
