"""Generators beside each other: every way in which one can be wrong is noticed, and nothing is reported that is right."""

from __future__ import annotations

from collections.abc import Generator
from types import FunctionType, ModuleType
from typing import Any

import pytest

from pyrust import lockstep

SHARED: list[int] = []
COUNT = 0


class Extension(ModuleType):
    """Counts calls of the native version as an extension does."""

    def __init__(self, bails: bool) -> None:
        super().__init__("_pyrust")
        self.calls = 0
        self.bailed: dict[str, int] = {}
        self._bails = bails
        self._paused = False

    def _pause(self, paused: bool) -> None:
        if self._paused and not paused:
            if self._bails:
                self.bailed["type"] = self.bailed.get("type", 0) + 1
            else:
                self.calls += 1
        self._paused = paused

    def status(self) -> list[dict[str, Any]]:
        return [{"function": "kit:f", "native_calls": self.calls, "bailouts": self.bailed}]


class Target:
    name = "kit:f"

    def __init__(self, native: Any, python: Any, bails: bool) -> None:
        self.function: FunctionType = native
        self.original: FunctionType | None = python
        self.extension: ModuleType | None = Extension(bails)


def compared(native: Any, python: Any, *values: Any, bails: bool = False) -> tuple[str, str]:
    return lockstep.compared(Target(native, python, bails), values)


def right(xs: list[int]) -> Generator[int, Any, Any]:
    total = 0
    try:
        for i in range(len(xs)):
            got = yield xs[i]
            if got is not None:
                total += 1
            xs[i] += total
    except lockstep.Thrown:
        xs.append(-1)
        yield -1
    finally:
        xs.append(total)
    return total


def element(xs: list[int]) -> Generator[int, Any, Any]:
    yield from (x + (x == 3) for x in right(xs))


def kind(xs: list[int]) -> Generator[Any, Any, Any]:
    yield from map(float, right(xs))


def eager(xs: list[int]) -> Generator[int, Any, Any]:
    yield from list(right(xs))


def longer(xs: list[int]) -> Generator[int, Any, Any]:
    yield from right(xs)
    yield 0


def shorter(xs: list[int]) -> Generator[int, Any, Any]:
    for x in right(xs):
        if x != 3:
            yield x


def other_end(xs: list[int]) -> Generator[int, Any, Any]:
    yield from right(xs)
    return None


def raises(xs: list[int]) -> Generator[int, Any, Any]:
    yield from right(xs)
    raise ValueError


def deaf(xs: list[int]) -> Generator[int, Any, Any]:
    """Takes no notice of what is sent."""
    total = 0
    try:
        for i in range(len(xs)):
            yield xs[i]
            xs[i] += total
    except lockstep.Thrown:
        xs.append(-1)
        yield -1
    finally:
        xs.append(total)
    return total


def careless(xs: list[int]) -> Generator[int, Any, Any]:
    """Does nothing when it is closed."""
    total = 0
    try:
        for i in range(len(xs)):
            got = yield xs[i]
            if got is not None:
                total += 1
            xs[i] += total
    except lockstep.Thrown:
        xs.append(-1)
        yield -1
    except GeneratorExit:
        return None
    xs.append(total)
    return total


def brittle(xs: list[int]) -> Generator[int, Any, Any]:
    """Does not survive what is thrown."""
    total = 0
    try:
        for i in range(len(xs)):
            got = yield xs[i]
            if got is not None:
                total += 1
            xs[i] += total
    finally:
        xs.append(total)
    return total


@pytest.mark.parametrize(
    "wrong",
    [element, kind, eager, longer, shorter, other_end, raises, deaf, careless, brittle],
    ids=lambda f: f.__name__,
)
def test_wrong_generators(wrong: Any) -> None:
    verdict, said = compared(wrong, right, [1, 2, 3, 4])
    assert verdict == "different"
    assert said.startswith("pyrust: kit:f: ")


@pytest.mark.parametrize("values", [[], [1], [1, 2], [1, 2, 3, 4], [5] * 300], ids=len)
def test_a_right_one(values: list[int]) -> None:
    assert compared(right, right, values) == ("equal", "")


def endless(step: int) -> Generator[int, Any, Any]:
    at = 0
    while True:
        yield at
        at += step


def test_one_without_an_end() -> None:
    assert compared(endless, endless, 3) == ("equal", "")


def test_nothing_ran_natively() -> None:
    assert compared(right, right, [1, 2, 3], bails=True) == ("bailed", "type")


def counting(xs: list[int]) -> Generator[int, Any, Any]:
    global COUNT
    for x in xs:
        COUNT += x
        yield COUNT


def collecting(xs: list[int]) -> Generator[int, Any, Any]:
    for x in xs:
        SHARED.append(x)
        yield len(SHARED)


@pytest.mark.parametrize("function", [counting, collecting], ids=["global", "shared list"])
def test_what_two_generators_would_share(function: Any) -> None:
    """They cannot run beside each other: that is said, and is no difference."""
    verdict, why = compared(function, function, [1, 2, 3])
    assert verdict == "bailed"
    assert "share" in why
