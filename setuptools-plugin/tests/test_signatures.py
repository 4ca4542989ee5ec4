"""Joining what one run has recorded: nothing is forgotten, and what is one shape is one signature."""

from __future__ import annotations

import pytest

from pyrust import signatures

pytestmark = pytest.mark.slice


@pytest.mark.parametrize(
    "text",
    [
        "() -> None",
        "(int, float, str) -> bool",
        "(list[?]) -> dict[str, list[int]]",
        "(None | int) -> float | int",
        "(tuple[int, str], tuple[float, ...]) -> set[bytes]",
        "(function[a.b:C.d], ndarray[float64, 2], a.b.Class) -> object",
        "(array.array[d] | array.array[i]) -> array.array",
    ],
)
def test_parse_is_the_inverse_of_str(text: str) -> None:
    assert str(signatures.parse(text)) == text


@pytest.mark.parametrize("text", ["", "int", "(int", "(int) ->", "(int) int", "(list[) -> None"])
def test_refuses_what_is_no_signature(text: str) -> None:
    with pytest.raises(ValueError, match="is not a signature"):
        signatures.parse(text)


@pytest.mark.parametrize(
    ("recorded", "tidy"),
    [
        ({"(int) -> int": 3}, [("(int) -> int", 3)]),
        # By frequency, then by text; rare ones stay.
        (
            {"(int) -> int": 1, "(str) -> int": 9, "(bool) -> int": 1},
            [("(str) -> int", 9), ("(bool) -> int", 1), ("(int) -> int", 1)],
        ),
        # Seen only empty, and seen filled.
        ({"(list[?]) -> int": 5, "(list[int]) -> int": 3}, [("(list[int]) -> int", 8)]),
        ({"(dict[?, ?]) -> list[?]": 5, "(dict[str, int]) -> list[str]": 3}, [("(dict[str, int]) -> list[str]", 8)]),
        ({"(list[?]) -> int": 5}, [("(list[?]) -> int", 5)]),
        # One place, several lengths.
        ({"(m.P[int, ?]) -> m.P": 2, "(m.P[int, str]) -> m.P": 1}, [("(m.P[int, str]) -> m.P", 3)]),
        ({"(list[m.P[int] | m.P[str]]) -> m.P": 1}, [("(list[m.P[int | str]]) -> m.P", 1)]),
        ({"(list[m.P[int] | m.P[int, int]]) -> m.P": 1}, [("(list[m.P]) -> m.P", 1)]),
        ({"(tuple[int]) -> int": 1, "(tuple[int, int]) -> int": 1}, [("(tuple[int, ...]) -> int", 2)]),
        ({"(tuple[?, ...]) -> int": 1, "(tuple[int, str]) -> int": 1}, [("(tuple[int | str, ...]) -> int", 2)]),
        ({"(list[tuple[int] | tuple[int, int]]) -> int": 1}, [("(list[tuple[int, ...]]) -> int", 1)]),
        # A typecode says how numbers lie in memory.
        (
            {"(list[array.array[d] | array.array[i]]) -> int": 1},
            [("(list[array.array[d] | array.array[i]]) -> int", 1)],
        ),
        ({"(list[array.array[d] | array.array]) -> int": 1}, [("(list[array.array]) -> int", 1)]),
        # Lengths in different places are different things.
        ({"(tuple[tuple[int], tuple[int, int]]) -> None": 1}, [("(tuple[tuple[int], tuple[int, int]]) -> None", 1)]),
        # One result type per list of parameters.
        ({"(int) -> int": 2, "(int) -> None": 1}, [("(int) -> None | int", 3)]),
        ({"(int) -> int": 2, "(int) -> bigint": 1}, [("(int) -> bigint | int", 3)]),
        # A result that is never small is something else: native code could never return it.
        ({"(int) -> bigint": 3}, [("(int) -> bigint", 3)]),
        # Elements of one container.
        ({"(list[list[?] | list[int]]) -> None": 1}, [("(list[list[int]]) -> None", 1)]),
        ({"(list[bigint | int]) -> None": 1}, [("(list[bigint | int]) -> None", 1)]),
        ({"(list[int | object]) -> None": 1}, [("(list[object]) -> None", 1)]),
    ],
)
def test_tidy(recorded: dict[str, int], tidy: list[tuple[str, int]]) -> None:
    assert signatures.tidy(recorded) == tidy
    assert signatures.tidy(dict(reversed(recorded.items()))) == tidy


def test_many_functions_are_any_object() -> None:
    """Of a manifest's four members there would be thousands: networkx has a function of which 719 come back."""
    many = {f"(m.D) -> function[m:f{i}]": 1 for i in range(800)}
    assert signatures.tidy(many) == [("(m.D) -> object", 800)]
    few = {f"(m.D) -> function[m:f{i}]": 1 for i in range(3)}
    assert signatures.tidy(few) == [("(m.D) -> function[m:f0] | function[m:f1] | function[m:f2]", 3)]
