"""A native generator beside one of the Python original, each on arguments of its own, element by element.

They are driven in several ways: asked for the next element, sent values, closed half-way, thrown an exception into half-way. After each
step both must have shown the same, and their arguments must be the same.

In: a hotspot that is a generator function, and arguments that can be copied. Out: a verdict, as of any other call.
"""

from __future__ import annotations

import copy
import dis
from collections.abc import Callable, Iterator
from types import FunctionType, ModuleType
from typing import Any, Protocol

from pyrust import equal, samples
from pyrust.compare import bound, shared

ELEMENTS = 1_000
"""So many elements of a generator are asked for: there may be no end of them."""
FEWER = 50
"""So many where it is not only asked for the next one."""
SENT = (None, 1, "text", -2.5)
"""What is sent, in turns."""

Shown = dict[str, Any]
Step = Callable[[Any, int], Shown]


class Thrown(Exception):
    """What is thrown into generators."""


class Target(Protocol):
    """What is known of a hotspot (see `measure.Target`)."""

    name: str
    function: FunctionType
    original: FunctionType | None
    extension: ModuleType | None


def compared(target: Target, values: tuple[Any, ...]) -> tuple[str, str]:
    """One call of a generator: `equal`, `different` (and the text) or `bailed` (and why)."""
    assert target.original is not None
    assert target.extension is not None
    if _writes_globals(target.original):
        return "bailed", "it writes globals, which two generators would share"
    before = equal.take(shared(target.original), limited=True)
    calls, bails = _counted(target)
    first, second = copy.deepcopy(values), copy.deepcopy(values)
    count, said = _side_by_side(target, first, second, lambda generator, _: {"element": next(generator)}, ELEMENTS)
    if not said:
        for step in _ways(count // 2) if count > 1 else ():
            _, said = _side_by_side(target, copy.deepcopy(values), copy.deepcopy(values), step, FEWER)
            if said:
                break
    if equal.restored(before, shared(target.original)):
        return "bailed", "it changes what all calls share"
    if said:
        return "different", said
    now, bailed = _counted(target)
    if now == calls:
        new = [reason for reason, times in bailed.items() if times > bails.get(reason, 0)]
        return "bailed", new[0] if new else "not native"
    return "equal", ""


def _ways(half: int) -> list[Step]:
    """How a generator is driven, besides being asked for the next element."""

    def send(generator: Any, at: int) -> Shown:
        return {"element": generator.send(SENT[at % len(SENT)] if at else None)}

    def throw(generator: Any, at: int) -> Shown:
        return {"element": generator.throw(Thrown("half-way")) if at == half else next(generator)}

    def close(generator: Any, at: int) -> Shown:
        return {"closed": generator.close()} if at == half else {"element": next(generator)}

    return [send, throw, close]


def _side_by_side(
    target: Target, first: tuple[Any, ...], second: tuple[Any, ...], step: Step, most: int
) -> tuple[int, str]:
    """How many steps were made, and the text of a difference, if there is one."""
    count = 0
    native, python = _driven(target, first, step, most, native=True), _driven(target, second, step, most, native=False)
    for one, other in zip(native, python, strict=False):
        mine, its = equal.take(one, limited=True), equal.take(other, limited=True)
        if list(mine.roots) != list(its.roots):
            return count, f"pyrust: {target.name}: {_how(one)} instead of {_how(other)} at element {count}"
        if difference := equal.difference(mine, its):
            text = f"{difference.place}: {difference.first} instead of {difference.second}"
            return count, f"pyrust: {target.name}: at element {count}, {text}"
        count += 1
    return count, ""


def _how(shown: Shown) -> str:
    return next(iter(shown))


def _driven(target: Target, values: tuple[Any, ...], step: Step, most: int, *, native: bool) -> Iterator[Shown]:
    """What each step shows, and the arguments as they are then; at last how it ended."""
    function = target.function if native else target.original
    assert function is not None
    assert target.extension is not None
    arguments = {f"argument {index}": value for index, value in enumerate(values)}
    generator: Any = bound(function, samples.local_order(function, values))
    for at in range(most):
        # The other one's steps are Python's all through.
        target.extension._pause(not native)
        try:
            shown = step(generator, at)
        except StopIteration as stop:
            shown = {"returned": stop.value}
        except Exception as error:
            shown = {"raised": type(error).__name__, "with": error.args}
        finally:
            target.extension._pause(False)
        yield {**shown, **arguments}
        if "returned" in shown or "raised" in shown:
            return


def _counted(target: Target) -> tuple[int, dict[str, int]]:
    """Native calls so far, and bailouts."""
    assert target.extension is not None
    entry = next(entry for entry in target.extension.status() if entry["function"] == target.name)
    return entry["native_calls"], dict(entry["bailouts"])


def _writes_globals(function: FunctionType) -> bool:
    return any(one.opname in ("STORE_GLOBAL", "DELETE_GLOBAL") for one in dis.get_instructions(function))
