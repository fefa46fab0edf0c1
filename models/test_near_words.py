"""What words of no caption are read as: the held-out ones rightly wherever the list has them, trained words never."""

import json

import pytest

from captions import trained_words
from near_words import NEAR_WORDS, read_near_words
from things import COLOURS, NAMES, THINGS

NEAR = json.loads(NEAR_WORDS.read_text())
HELD_OUT = [(word, thing.name) for thing in THINGS for word in thing.held_out] + [(word, name) for name, (_, _, unseen) in COLOURS.items() for word in unseen]


def test_every_word_is_read_as_a_thing_or_a_colour():
    assert len(NEAR) > 1000
    assert set(NEAR.values()) <= {*NAMES, *COLOURS}


def test_no_word_of_training_is_read_as_another():
    assert not NEAR.keys() & set(trained_words())


def test_held_out_words_are_read_as_what_they_name():
    read = [(word, NEAR[word], name) for word, name in HELD_OUT if word in NEAR]
    assert [each for each in read if each[1] != each[2]] == []
    assert len(read) > 0.7 * len(HELD_OUT)


@pytest.mark.parametrize(
    ("prompt", "read"),
    [
        ("A Corgi's CRIMSON ball, 2 corgi-balls!", "A dog's red ball, 2 dog-balls!"),
        ("corgis, decorgi, écorgi, corgiщ", "corgis, decorgi, écorgi, corgiщ"),
        ("", ""),
    ],
)
def test_words_are_replaced_as_in_typescript(prompt, read):
    assert read_near_words(prompt, {"corgi": "dog", "crimson": "red"}) == read
