import random

import pytest

import editkit


@pytest.mark.parametrize(
    ("a", "b", "distance"),
    [
        ("", "", 0),
        ("", "abc", 3),
        ("kitten", "sitting", 3),
        ("flaw", "lawn", 2),
        ("straße", "strasse", 2),
        ("a" * 63, "a" * 64, 1),
        ("a" * 64, "b" * 65, 65),
        ("😀x", "x😀", 2),
    ],
)
def test_known_distances(a, b, distance):
    assert editkit.levenshtein(a, b) == distance
    assert editkit.levenshtein(b, a) == distance


def test_triangle():
    chooser = random.Random(1)
    words = ["".join(chooser.choices("abcd", k=chooser.randrange(30, 160))) for _ in range(24)]
    for a, b, c in zip(words, words[1:], words[2:], strict=False):
        assert editkit.levenshtein(a, c) <= editkit.levenshtein(a, b) + editkit.levenshtein(b, c)


def test_wrong_types():
    assert editkit.levenshtein([1, 2, 3], [1, 3]) == 1
    with pytest.raises(TypeError):
        editkit.levenshtein("a", 1)
