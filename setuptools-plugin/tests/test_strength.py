"""How strong inputs are: which small changes of a function they notice; and that measuring it does nothing else."""

from __future__ import annotations

import ast
import contextlib
import inspect
import os
import textwrap
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FunctionType
from typing import Any, NamedTuple

import pytest

from pyrust import bench, mutate, runinfo, samples, strength, verify

TABLE = {"a": 1, "b": 2}
FACTORS = [3, 5, 7]
DONE: list[str] = []


class Point(NamedTuple):
    x: int
    y: int


def measured(function: Any, *inputs: tuple[Any, ...], seconds: float = 2.0) -> dict[str, Any]:
    assert isinstance(function, FunctionType)
    return strength.measure(function, inputs, [], lambda name: name == __name__, seconds)


def changes(function: Any) -> list[str]:
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(function))).body
    assert isinstance(tree, ast.FunctionDef)
    return [f"{change.was} → {change.now}" for change in mutate.mutations(tree)]


def clamp(x, low, high):  # type: ignore[no-untyped-def]
    """A docstring is not changed."""
    if x < low:
        return low
    if x > high:
        return high
    return x


def share(total, parts):  # type: ignore[no-untyped-def]
    return total // parts, total % parts


def loops(items):  # type: ignore[no-untyped-def]
    total = 0
    for item in items:
        if not item:
            continue
        total += item
    while total > 100 and items:
        total -= 7
    return total


def test_changes_are_those_of_a_wrong_translation() -> None:
    assert changes(clamp) == [
        "x < low → x <= low",
        "x < low → x >= low",
        "x > high → x >= high",
        "x > high → x <= high",
    ]
    assert changes(share) == [
        "total // parts → total * parts",
        "total // parts → truncated(total, parts)",
        "total % parts → total // parts",
        "total % parts → remainder(total, parts)",
    ]
    found = changes(loops)
    for one in (
        "0 → 1",
        "0 → -1",
        "not item → item",
        "continue → break",
        "total += item → pass",
        "total -= 7 → total += 7",
    ):
        assert one in found, found


def test_inputs_at_the_boundaries_are_stronger() -> None:
    inside = measured(clamp, (5, 0, 10))
    assert (inside["mutants"], inside["noticed"]) == (4, 2)
    at_the_edge = measured(clamp, (5, 0, 10), (-1, 0, 10), (11, 0, 10))
    # A value at the limit is the limit: that change cannot be noticed among ints.
    assert at_the_edge["noticed"] == 2
    assert at_the_edge["missed"] == sorted(at_the_edge["missed"], key=at_the_edge["missed"].index)
    # With another type it can.
    assert measured(clamp, (0, 0.0, 10.0), (10, 0.0, 10.0), (-1, 0, 10))["noticed"] == 4


def test_truncation_is_noticed_by_negative_numbers_only() -> None:
    weak = measured(share, (17, 5), (20, 5))
    assert [text.partition(": ")[2] for text in sorted(weak["missed"])] == [
        "`total % parts` → `remainder(total, parts)`",
        "`total // parts` → `truncated(total, parts)`",
    ]
    assert measured(share, (17, 5), (-17, 5))["missed"] == []


def test_a_change_without_an_end_is_noticed() -> None:
    found = measured(loops, ([60, 0, 70],), seconds=4.0)
    assert not any("-= 7" in text for text in found["missed"]), found["missed"]


def reads(key):  # type: ignore[no-untyped-def]
    FACTORS.append(TABLE.get(key, 0))
    TABLE[key] = len(FACTORS)
    return sum(FACTORS)


def test_values_of_modules_stay_as_they_are() -> None:
    before = (dict(TABLE), list(FACTORS))
    found = measured(reads, ("a",), ("c",))
    assert before == (TABLE, FACTORS)
    assert found["noticed"] == found["mutants"] > 0


def helper(x):  # type: ignore[no-untyped-def]
    return sorted([x, 1], key=negative)[0]


def negative(x):  # type: ignore[no-untyped-def]
    return -x


def calls(x):  # type: ignore[no-untyped-def]
    return helper(x) + max(1, 2, key=lambda y: -y * x)


def test_functions_of_the_project_are_called() -> None:
    assert measured(calls, (5,), (-5,), (0,))["noticed"] >= 2


def removes(x, path):  # type: ignore[no-untyped-def]
    if x < 0:
        os.remove(path)  # noqa: PTH107
        DONE.append("removed")
    return x + 1


def opens(x, path):  # type: ignore[no-untyped-def]
    if x > 3:
        open(path, "w").close()
    return x + 1


def evaluates(x, text):  # type: ignore[no-untyped-def]
    if x > 3:
        eval(text)
    return x + 1


def through_a_builtin(x, path):  # type: ignore[no-untyped-def]
    if x > 3:
        list(map(os.remove, [path]))
    return x + 1


def through_a_method(x, path):  # type: ignore[no-untyped-def]
    if x > 3:
        Path(path).unlink()
    return x + 1


def through_attributes(x, path):  # type: ignore[no-untyped-def]
    if x > 3:
        [].__class__.__base__.__subclasses__()
    return x + 1


class Loud:
    """Whatever is done with it is done for real."""

    def __add__(self, other: object) -> int:
        DONE.append("added")
        return 1

    def __deepcopy__(self, memo: object) -> Loud:
        DONE.append("copied")
        return self


LOUD = Loud()
LOUD_LIST = [LOUD]


def through_an_operator(x, path):  # type: ignore[no-untyped-def]
    if x > 3:
        return LOUD + path
    return x + 1


def through_a_list(x, path):  # type: ignore[no-untyped-def]
    if x > 3:
        return LOUD_LIST[0] + path
    return x + 1


def a_default(x, kept=[]):  # type: ignore[no-untyped-def]  # noqa: B006
    kept.append(x)
    return len(kept)


@pytest.mark.parametrize(
    "function",
    [removes, opens, evaluates, through_a_builtin, through_a_method, through_an_operator, through_a_list],
)
def test_nothing_happens_on_ways_that_the_function_does_not_take(function: Callable[..., int], tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.write_text("content")
    argument = f"__import__('os').remove({str(kept)!r})" if function is evaluates else str(kept)
    found = measured(function, (1, argument))
    assert found["mutants"] > 1
    assert any("<" in text or ">" in text for text in changes(function))
    assert kept.read_text() == "content"
    assert DONE == []


def test_the_originals_ways_to_the_gate_tell_nothing(tmp_path: Path) -> None:
    with pytest.raises(strength.Unmeasured, match="no input"):
        measured(removes, (-1, str(tmp_path / "not there")))


def assigns(point):  # type: ignore[no-untyped-def]
    point.x = 5


def declares(x):  # type: ignore[no-untyped-def]
    global DONE
    DONE = x


def catches(x):  # type: ignore[no-untyped-def]
    try:
        return 1 // x
    except:  # noqa: E722
        return 0


async def waits(x):  # type: ignore[no-untyped-def]
    return x


@pytest.mark.parametrize(
    ("function", "why"),
    [
        (assigns, "assigns attributes"),
        (declares, "global"),
        (waits, "no plain function"),
        (catches, "catches whatever"),
        (a_default, "could change"),
        (through_attributes, "it uses `__"),
        (eval("lambda x: x"), "source"),
    ],
)
def test_what_cannot_be_kept_apart_is_said(function: Callable[..., Any], why: str) -> None:
    with pytest.raises(strength.Unmeasured, match=why):
        measured(function, (1,))


def yields(items, step):  # type: ignore[no-untyped-def]
    total = 0
    for item in items:
        if item % step == 0:
            yield item
        total += item
    yield from range(total, total + 2)
    return total > 10


def without_an_end(n):  # type: ignore[no-untyped-def]
    while True:
        yield n
        n += 1


def raises_later(n):  # type: ignore[no-untyped-def]
    for i in range(n):
        yield i * 2
    raise ValueError(n)


def test_generators_are_gone_through() -> None:
    strong = measured(yields, ([1, 2, 3, 4], 2), ([9, 8], 4), ([], 1), ([5, 5], 5), ([11], 3))
    # What leaves no remainder leaves none, whatever its sign is.
    assert [text for text in strong["missed"] if "remainder" not in text] == []
    assert strong["mutants"] >= 8
    # Nothing is divided, nothing is more than ten.
    assert measured(yields, ([], 2))["noticed"] < strong["noticed"]
    assert measured(without_an_end, (5,), seconds=4.0)["missed"] == []
    assert measured(raises_later, (3,))["missed"] == []
    assert not any("range" in text for text in measured(calls_a_generator, (4,))["missed"])


def calls_a_generator(n):  # type: ignore[no-untyped-def]
    return sum(yields(range(n), 2)) + n


@contextlib.contextmanager
def doubled(log, n):  # type: ignore[no-untyped-def]
    log.append(n)
    try:
        yield n * 2
    finally:
        log.append(-n)


def opens_contexts(log, n):  # type: ignore[no-untyped-def]
    with doubled(log, n) as twice, contextlib.suppress(ZeroDivisionError):
        log.append(twice // (n - 3))
    with contextlib.nullcontext(n) as same:
        log.append(same + 1)
    return len(log)


def opens_a_file(x, path):  # type: ignore[no-untyped-def]
    if x > 3:
        with open(path, "w"):
            pass
    return x + 1


class Context:
    def __enter__(self) -> None:
        DONE.append("entered")

    def __exit__(self, *_: object) -> None:
        DONE.append("left")


CONTEXT = Context()


def opens_another(x, path):  # type: ignore[no-untyped-def]
    if x > 3:
        with CONTEXT:
            pass
    return x + 1


def opens_a_lock(x, path):  # type: ignore[no-untyped-def]
    if x > 3:
        with LOCK:
            DONE.append("locked")
    return x + 1


LOCK = threading.Lock()


def holds_everything_back(x, path):  # type: ignore[no-untyped-def]
    with contextlib.suppress(BaseException):
        if x > 3:
            open(path, "w").close()
    return x + 1


def test_contexts_of_the_project_are_entered() -> None:
    found = measured(opens_contexts, ([], 5), ([1], 3), ([], 2), seconds=4.0)
    assert found["mutants"] >= 5
    assert [text for text in found["missed"] if "truncated" not in text] == []


@pytest.mark.parametrize("function", [opens_a_file, opens_another, opens_a_lock])
def test_other_contexts_are_not(function: Callable[..., int], tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.write_text("content")
    assert measured(function, (1, str(kept)))["mutants"] > 1
    assert kept.read_text() == "content"
    assert DONE == []
    assert not LOCK.locked()


def test_what_holds_everything_back_is_not_run(tmp_path: Path) -> None:
    with pytest.raises(strength.Unmeasured, match="no input"):
        measured(holds_everything_back, (1, str(tmp_path / "kept")))


def outer(step):  # type: ignore[no-untyped-def]
    def inner(x, *rest, scale=2, **more):  # type: ignore[no-untyped-def]
        return x * scale + step + len(rest) + len(more)

    return inner


class Holder:
    @staticmethod
    def method(xs):  # type: ignore[no-untyped-def]
        return [x for x in xs if x > 2]


def test_closures_defaults_and_methods() -> None:
    inner = outer(10)
    # One value for each local variable: `x`, `scale`, `rest`, `more`.
    assert measured(inner, (1, 2, (), {}), (4, 3, (1,), {"a": 1}))["missed"] == []
    assert measured(Holder.method, ([1, 2, 3],))["missed"] == []
    assert inner(1) == 12


def test_time_is_bounded() -> None:
    assert measured(loops, *[([n],) for n in range(50)], seconds=0.2)["mutants"] > 0


def entry(verdict: str, state: str = "native", **counts: int) -> dict[str, Any]:
    return {"verdict": verdict, "state": state, "equal": 0, "invented": 0, **counts}


def test_tiers() -> None:
    entries: Sequence[dict[str, Any]] = (
        entry("not called", "python"),
        entry("different", equal=5, invented=3),
        entry("bailed"),
        entry("equal", equal=5),
        entry("equal", equal=5, invented=9),
    )
    assert tuple(verify.tier(one) for one in entries) == verify.TIERS


def test_inputs_that_take_too_long_are_not_called_weak(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {"mutants": 9, "noticed": 0, "missed": ["line 1: `0` → `1`"], "inputs": 1, "left_out": 1}
    monkeypatch.setattr(bench, "ask_all", lambda *_, **__: {"kit:f": found})
    for left, long, weak in ((1, 0, False), (0, 1, False), (0, 0, True)):
        found["left_out"] = left
        one = {"function": "kit:f", **entry("equal", equal=1)}
        seen = {**samples.nothing(), "long": long}
        verify.strengthen(runinfo.load(Path(__file__)), [one], {"kit:f": (seen, {"signatures": []})}, 1.0)
        lines = verify._strength_of_all([one])
        assert any("tested weakly" in line for line in lines) is weak, lines
        assert any("take too long, or are too large" in line for line in lines) is not weak, lines


def test_inputs_that_are_left_out_are_counted() -> None:
    slow = ([1] * 200_000,)
    assert measured(loops, ([1],), ([0, 2],), slow, seconds=0.5)["left_out"] == 1
    assert measured(loops, ([1],), ([0, 2],))["left_out"] == 0
