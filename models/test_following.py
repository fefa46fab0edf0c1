"""Motions and relations are named rightly from true tracks, and the checker's word on real clips is far from chance.

Needs the drawings (EVERFRAME_DRAWINGS).
"""

from dataclasses import replace

import numpy as np
import pytest

from captions import eval_prompts
from checker import Found, FrameReading, load_checker
from following import judge, read, score
from motion import ClipReading, name_motion, name_relation, name_speed, read_clip
from places import PLACES
from story import Scene
from things import COLOURS, THINGS
from world import render

FRAMES = 24


def true_reading(scene: Scene) -> ClipReading:
    """What a checker that never errs would find."""
    clip = render(scene, 0, FRAMES)
    return read_clip([FrameReading([found(*actor) for actor in zip(tracks, things)], np.zeros(len(PLACES)), 0.0, np.zeros(3)) for tracks, things in zip(clip.tracks, clip.thing_ids)])


def found(track: np.ndarray, thing: int) -> Found:
    x, y, diameter, angle, _, _ = map(float, track)
    return Found(1.0, x, y, diameter, angle, 1.0, np.eye(len(THINGS))[thing], np.zeros(len(COLOURS)))


def test_true_tracks_have_the_motion_and_the_speed_of_their_scene():
    scenes = [scene for scene, _ in eval_prompts(40, 71, "single")]
    named = [(scene.actors[0], true_reading(scene).paths[0]) for scene in scenes]
    assert np.mean([name_motion(path) == actor.motion for actor, path in named]) >= 0.97
    timed = [(actor, path) for actor, path in named if actor.motion not in ("still", "grow", "shrink")]
    assert np.mean([name_speed(path, actor.motion) == actor.speed for actor, path in timed]) >= 0.95


def test_true_tracks_of_two_stand_as_their_scene_says():
    right = []
    for scene, _ in eval_prompts(25, 72, "two"):
        paths = {path.thing: path for path in true_reading(scene).paths}
        first, second = (paths[actor.thing] for actor in scene.actors)
        right.append(name_relation(first, second) == scene.relation)
    assert np.mean(right) >= 0.92


def test_nothing_found_is_nothing_right_but_the_place():
    scene = eval_prompts(1, 73, "two")[0][0]
    answers = judge(scene, ClipReading([], scene.place, False, "clear"))
    assert answers["place"] == [True] and answers["thing"] == [False, False] and answers["relation"] == [False] == answers["count"]


def test_the_order_in_which_two_are_found_does_not_matter():
    scene = eval_prompts(1, 73, "two")[0][0]
    reading = true_reading(scene)
    turned = replace(reading, paths=reading.paths[::-1])
    assert judge(scene, reading)["thing"] == judge(scene, turned)["thing"] == [True, True]


@pytest.mark.parametrize("kind", ["single", "two"])
def test_the_checker_tells_the_right_caption_from_another(kind):
    checker = load_checker()
    scenes = [scene for scene, _ in eval_prompts(12, 74, kind)]
    clips = [read(checker, render(scene, 0, FRAMES).frames) for scene in scenes]
    right = np.mean([score(judge(scene, clip)) for scene, clip in zip(scenes, clips)])
    wrong = np.mean([score(judge(scene, clip)) for scene, clip in zip(scenes[1:] + scenes[:1], clips)])
    assert right > 0.75 and wrong < 0.35
