"""Claims about the procedural world: clips follow from seeds, tracks agree with pixels, captions and splits keep their promises."""

import re

import numpy as np
import pytest

from captions import describe, known_words
from story import COLOURS, Scene, draw_scene, held_out
from things import INDEX, THINGS
from world import SIDE, Backdrop, render

SEEDS = range(700, 730)


def test_a_clip_follows_from_its_seed():
    for seed in SEEDS:
        assert np.array_equal(render(draw_scene(seed), 0, 8).frames, render(draw_scene(seed), 0, 8).frames)
    assert not np.array_equal(render(draw_scene(5), 0, 8).frames, render(draw_scene(6), 0, 8).frames)


def test_a_later_window_shows_the_same_frames():
    for seed in SEEDS:
        whole, part = render(draw_scene(seed), 0, 32), render(draw_scene(seed), 13, 8)
        assert np.array_equal(whole.frames[13:21], part.frames) and np.array_equal(whole.tracks[13:21], part.tracks)


def test_training_scenes_never_hold_a_held_out_pair():
    for seed in range(20_000):
        scene = draw_scene(seed)
        for state in (scene, scene.after or scene):
            assert not any(held_out(actor, state.place) for actor in state.actors)


def test_held_out_scenes_have_a_held_out_main_actor():
    assert all(held_out(scene.actors[0], scene.place) for scene in (draw_scene(seed, "held_out") for seed in range(200)))


def test_every_colour_that_is_no_held_out_pair_is_met_in_training():
    colourable = [thing.name for thing in THINGS if thing.colourable]
    met = {(actor.thing, actor.colour) for seed in range(20_000) for actor in draw_scene(seed).actors}
    for thing in colourable:
        assert sum((thing, colour) in met for colour in COLOURS) >= len(COLOURS) - 1, thing


def test_what_moves_is_inside_its_track():
    for scene in plain_scenes(20):
        empty = Backdrop(scene, np.random.default_rng([scene.seed, 2])).at(0)
        clip = render(scene, 0, 24)
        for frame, tracks in zip(clip.frames, clip.tracks):
            rows, columns = np.nonzero(np.abs(frame.astype(int) - empty).max(-1) > 12)
            inside = np.zeros(len(rows), bool)
            for x, y, diameter, angle, _, _ in tracks:
                half = diameter * (0.72 if angle else 0.52) + 2
                inside |= (around(columns - x) <= half) & (around(rows - y) <= half)
            assert inside.all() and len(rows)


def test_nothing_leaves_the_torus():
    for scene in plain_scenes(40):
        tracks = render(scene, 0, 48).tracks
        assert (tracks[..., :2] >= 0).all() and (tracks[..., :2] <= SIDE).all()


def test_what_moves_sideways_looks_where_it_goes_even_after_a_swap():
    for scene in (draw_scene(seed) for seed in range(4000)):
        now = scene.at(47).actors[0]
        faces = THINGS[INDEX[now.thing]].faces
        if scene.change == "thing" and now.motion in ("left", "right") and faces != "front":
            assert (render(scene, 47, 1).tracks[0, 0, 4] > 0.5) == (faces != now.motion)


@pytest.fixture(scope="module")
def training_captions() -> list[str]:
    rng = np.random.default_rng(0)
    captions = []
    for seed in range(5000):
        scene = draw_scene(seed)
        # Every other frame is that of a change, for the sentences that tell it
        frame = scene.change_frame if seed % 2 else int(rng.integers(48))
        captions.append(describe(scene, frame, rng, full=seed % 4 == 0))
    return captions


def test_training_captions_never_hold_a_held_out_synonym(training_captions):
    unseen = [word for thing in THINGS for word in thing.held_out] + [word for _, _, words in COLOURS.values() for word in words]
    pattern = re.compile(r"\b(" + "|".join(map(re.escape, unseen)) + r")\b")
    assert not [caption for caption in training_captions if pattern.search(caption)]


def test_training_captions_say_only_known_words(training_captions):
    words = set(re.findall(r"[a-z']+", " ".join(training_captions).lower()))
    assert words <= set(known_words())


def test_articles_fit_their_nouns(training_captions):
    assert not [caption for caption in training_captions if re.search(r"\b(a (?!ufo)[aeiou]|an [^aeiou])", caption)]


def plain_scenes(count: int) -> list[Scene]:
    """Scenes whose background stands still: no weather, camera or change."""
    scenes = (draw_scene(seed) for seed in range(900, 2000))
    return [scene for scene in scenes if scene.weather == "clear" and scene.camera == "still" and not scene.after][:count]


def around(distance: np.ndarray) -> np.ndarray:
    """Distance on the torus."""
    return np.abs((distance + SIDE / 2) % SIDE - SIDE / 2)
