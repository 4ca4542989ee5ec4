"""The verifier, driven by an extension written in Python: it shows what it does with right, wrong and bailing native versions.

The same with a compiled extension is in `test_verify_native.py`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import pytest

from pyrust import equal, progress, reproduce, runinfo, verify

pytestmark = pytest.mark.slice

SOURCE = """
TABLE = [0]
KEPT = []

def add(a, b):
    return a + b

def push(items, x):
    items.append(x)
    return items

def put(result, x):
    result.append(x)

def fail(x):
    raise ValueError("no", x)

def hungry(n):
    if n > 2**40:
        raise MemoryError
    return []

def keywords(a, *rest, k=1, **more):
    return (a, rest, k, sorted(more))

def outer(n):
    return add(n, 1)

def note(x):
    TABLE[0] = x

def keep(*things, **named):
    KEPT.append(things)
    KEPT.append(named)

class Box:
    def __init__(self, items):
        self.items = items
    def add(self, x):
        return len(self.items) + x
    @classmethod
    def make(cls, items):
        return cls(items)
    @property
    def size(self):
        return len(self.items)
"""


class Extension(ModuleType):
    """Calls go to the interceptor; `native` are functions `(undo, *args) -> result` that may raise `Bail`."""

    def __init__(self, package: str, module: ModuleType) -> None:
        super().__init__(f"{package}._pyrust")
        self.native: dict[str, Callable[..., Any]] = {}
        self.restores = True
        self.forgetful = False
        self._interceptor: Callable[..., Any] | None = None
        self._module = module
        self._forced = 0

    def hook(self, name: str, native: Callable[..., Any]) -> None:
        original = getattr(self._module, name)
        full = f"{self._module.__name__}:{name}"
        self.native[full] = native
        running = []

        def entry(*args: Any) -> Any:
            if self._interceptor is None or running:
                return original(*args)
            running.append(1)
            try:
                return self._interceptor(full, args, original)
            finally:
                running.pop()

        setattr(self._module, name, entry)

    def _set_interceptor(self, interceptor: Callable[..., Any] | None) -> None:
        self._interceptor = interceptor

    def _dry_run(
        self, name: str, args: tuple[Any, ...], inspect: Callable[[Any, dict[int, object]], None]
    ) -> tuple[str | None, bool]:
        undo: list[Callable[[], object]] = []
        try:
            result = self.native[name](undo, *args)
        except Bail as bail:
            return str(bail), True
        else:
            if self._forced > 0:
                if self.forgetful:
                    undo.clear()
                return "forced", True
            inspect(result, {})
        finally:
            if self.restores:
                for step in reversed(undo):
                    step()
        return None, True

    def _force_bail(self, point: int) -> None:
        self._forced = point

    def _points(self) -> int:
        return 1

    def status(self) -> list[dict[str, Any]]:
        return [{"function": name, "state": "native", "reason": None} for name in self.native]


class Bail(Exception):
    pass


@pytest.fixture
def kit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[runinfo.Project, ModuleType, Extension]]:
    path = tmp_path / "kit.py"
    path.write_text(SOURCE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "kit", raising=False)
    import kit as module  # type: ignore[import-not-found]

    extension = Extension("kit", module)
    monkeypatch.setitem(sys.modules, "_pyrust_kit", extension)
    project = runinfo.Project(tmp_path, tmp_path / "pyrust.toml", 1.0, ["kit"], {"kit": str(path)})
    yield project, module, extension
    sys.modules.pop("kit", None)


def verified(project: runinfo.Project, call: Callable[[], object]) -> tuple[dict[str, Any], list[str], bool]:
    """Runs something under the verifier; gives the data, the differences, and whether the run failed."""
    verifier = verify.Verifier(project)
    verifier.start()
    try:
        call()
        found = verifier.take("test")
    finally:
        run = verifier.stop()
    outcome = verify.finish(project, verify.merge([run]))
    return {entry["function"]: entry for entry in outcome.data["hotspots"]}, found, outcome.failed


def test_right(kit: Any) -> None:
    project, module, extension = kit
    extension.hook("add", lambda undo, a, b: a + b)
    functions, found, failed = verified(project, lambda: [module.add(n, 1) for n in range(5)])
    assert functions["kit:add"]["equal"] == 5
    assert (found, failed) == ([], False)
    assert json.loads((project.cache / "verify.json").read_text())["hotspots"][0]["verdict"] == "equal"


@pytest.mark.parametrize(
    "wrong",
    [lambda undo, a, b: a - b, lambda undo, a, b: float(a + b), lambda undo, a, b: True, lambda undo, a, b: None],
    ids=["value", "type", "bool", "None"],
)
def test_wrong_result(kit: Any, wrong: Callable[..., Any]) -> None:
    project, module, extension = kit
    extension.hook("add", wrong)
    results: list[object] = []
    functions, found, failed = verified(project, lambda: results.append(module.add(1, 2)))
    assert results == [3]  # the program sees Python's outcome
    assert failed
    assert functions["kit:add"]["different"] == 1
    assert len(found) == 1
    assert "kit:add differs from Python at result" in found[0]
    assert "python: 3" in found[0]


def test_wrong_state_of_an_argument(kit: Any) -> None:
    project, module, extension = kit

    def push(undo: list[Callable[[], object]], items: list[object], x: object) -> object:
        items.append(x)
        items.append(x)
        undo += [items.pop, items.pop]
        return items

    extension.hook("push", push)
    _, found, failed = verified(project, lambda: module.push([1], 2))
    assert failed
    assert "items: list with 3 elements against list with 2 elements" in found[0].replace("\n  native: ", ": ").replace(
        "\n  python: ", " against "
    ).replace("kit:push differs from Python at ", "")


def test_wrong_state_of_an_argument_that_is_called_as_the_outcome_is(kit: Any) -> None:
    project, module, extension = kit

    def put(undo: list[Callable[[], object]], result: list[object], x: object) -> None:
        result.append(x)
        result.append(x)
        undo += [result.pop, result.pop]

    extension.hook("put", put)
    _, found, failed = verified(project, lambda: module.put([1], 2))
    assert failed
    assert "kit:put differs from Python at result" in found[0]
    assert "result_ = kit.put(result, x)" in found[0]
    assert "assert repr(result) == repr([1, 2])" in found[0]


def test_a_copy_instead_of_the_argument(kit: Any) -> None:
    project, module, extension = kit

    def push(undo: list[Callable[[], object]], items: list[object], x: object) -> object:
        items.append(x)
        undo.append(items.pop)
        return list(items)

    extension.hook("push", push)
    _, found, failed = verified(project, lambda: module.push([1], 2))
    assert failed
    assert "a new object" in found[0]


def test_rollback_is_checked(kit: Any) -> None:
    project, module, extension = kit
    extension.restores = False

    def push(undo: list[Callable[[], object]], items: list[object], x: object) -> object:
        items.append(x)
        return items

    extension.hook("push", push)
    _, found, failed = verified(project, lambda: module.push([1], 2))
    assert failed
    assert "not rolled back exactly" in found[0]


def test_bailing_half_way_is_rehearsed(kit: Any) -> None:
    project, module, extension = kit
    extension.forgetful = True

    def push(undo: list[Callable[[], object]], items: list[object], x: object) -> object:
        items.append(x)
        undo.append(items.pop)
        return items

    extension.hook("push", push)
    _, found, failed = verified(project, lambda: module.push([1], 2))
    assert failed
    assert "not rolled back exactly" in found[0]


def test_a_value_where_python_raises(kit: Any) -> None:
    project, module, extension = kit
    extension.hook("fail", lambda undo, x: None)

    def call() -> None:
        with pytest.raises(ValueError, match="no"):
            module.fail(3)

    _, found, failed = verified(project, call)
    assert failed
    assert "raised ValueError('no', 3)" in found[0]


def test_memory_that_only_python_needs_is_no_difference(kit: Any) -> None:
    project, module, extension = kit
    extension.hook("hungry", lambda undo, n: [])

    def call() -> None:
        with pytest.raises(MemoryError):
            module.hungry(2**50)

    _, found, failed = verified(project, call)
    assert not failed
    assert not found


def test_globals_are_arguments_too(kit: Any) -> None:
    project, module, extension = kit

    def note(undo: list[Callable[[], object]], x: object) -> None:
        old = module.TABLE[0]
        module.TABLE[0] = -1
        undo.append(lambda: module.TABLE.__setitem__(0, old))

    extension.hook("note", note)
    _, found, _ = verified(project, lambda: module.note(7))
    assert "global TABLE[0]" in found[0]


def test_bailed_is_not_equal(kit: Any) -> None:
    project, module, extension = kit

    def bail(undo: object, *args: object) -> object:
        raise Bail("overflow")

    extension.hook("add", bail)
    functions, found, failed = verified(project, lambda: module.add(1, 2))
    assert found == []
    assert failed  # nothing native was seen
    assert functions["kit:add"]["verdict"] == "bailed"
    assert functions["kit:add"]["bailouts"] == {"overflow": 1}


def test_nothing_native_fails(kit: Any) -> None:
    project, _, _ = kit
    functions, _, failed = verified(project, lambda: None)
    assert failed
    assert functions == {}


def test_only_some_verified_is_fine_and_said(kit: Any) -> None:
    project, module, extension = kit
    extension.hook("add", lambda undo, a, b: a + b)
    extension.hook("fail", lambda undo, x: None)
    functions, _, failed = verified(project, lambda: module.add(1, 2))
    assert not failed
    assert functions["kit:fail"]["verdict"] == "not called"


def test_nested_calls_are_compared_on_their_own(kit: Any) -> None:
    project, module, extension = kit
    extension.hook("add", lambda undo, a, b: a + b)
    extension.hook("outer", lambda undo, n: n + 1)
    functions, _, failed = verified(project, lambda: module.outer(4))
    assert not failed
    assert (functions["kit:outer"]["equal"], functions["kit:add"]["equal"]) == (1, 1)


@pytest.mark.parametrize("right", [True, False])
def test_what_each_call_is_given_anew(kit: Any, right: bool) -> None:
    """The tuple of `*args` and the dict of `**kwargs` may be kept: Python's call has others, which are new as well."""
    project, module, extension = kit

    def keep(undo: list[Callable[[], object]], things: tuple[object, ...], named: dict[str, object]) -> None:
        module.KEPT.append(things)
        module.KEPT.append(named if right else dict.fromkeys(named))
        undo += [module.KEPT.pop, module.KEPT.pop]

    extension.hook("keep", keep)
    functions, found, failed = verified(project, lambda: module.keep(([1], [2]), {"a": [3]}))
    assert failed is not right
    assert functions["kit:keep"]["equal"] == int(right)
    assert not right or not found
    assert right or "global KEPT[1] value 0" in found[0]


def test_every_kind_of_parameter(kit: Any) -> None:
    _, module, _ = kit
    assert verify.bound(module.keywords, (1, 5, (2, 3), {"z": 0, "y": 1})) == (1, (2, 3), 5, ["y", "z"])


def test_the_reproduction_is_a_test(kit: Any) -> None:
    """What is printed can be pasted: it passes with Python, and fails with the wrong version."""
    project, module, extension = kit
    original: FunctionType = module.push

    def push(undo: list[Callable[[], object]], items: list[object], x: object) -> object:
        items.append(None)
        undo.append(items.pop)
        return items

    extension.hook("push", push)
    _, found, _ = verified(project, lambda: module.push([1, {"a": (2.5, float("inf"))}, "ü"], b"x"))
    source = found[0].partition("to reproduce:")[2]
    scope: dict[str, Any] = {}
    exec("if True:\n" + source, scope)
    module.push = original
    scope["test_push"]()
    module.push = lambda items, x: push([], items, x)
    with pytest.raises(AssertionError):
        scope["test_push"]()


def test_shared_arguments_are_shared_in_the_reproduction(kit: Any) -> None:
    project, module, extension = kit
    extension.hook("add", lambda undo, a, b: 0)
    shared = [1]
    _, found, _ = verified(project, lambda: module.add([shared], [shared]))
    assert "shared_0 = [1]" in found[0]
    assert "a = [shared_0]" in found[0]


@pytest.mark.parametrize("call", ["one.add(2)", "kit.Box.make([1])", "one.size"])
def test_methods_in_the_reproduction(kit: Any, call: str) -> None:
    """Instances are made without `__init__`, and what stands around a function is taken off."""
    _, module, _ = kit
    one = module.Box([1])
    scope = {"kit": module, "one": one}
    expected = eval(call, dict(scope))
    name, args = {
        "one.add(2)": ("Box.add", (module.Box([1]), 2)),
        "kit.Box.make([1])": ("Box.make", (module.Box, [1])),
        "one.size": ("Box.size", (module.Box([1]),)),
    }[call]
    found: Any = module
    for part in name.split("."):
        found = found.__dict__[part]
    original = getattr(found, "__func__", getattr(found, "fget", found))
    before = equal.take(dict(zip(original.__code__.co_varnames, args, strict=False)))
    python = equal.take(
        {**dict(zip(original.__code__.co_varnames, args, strict=False)), "result": expected}, before.known()
    )
    lines = reproduce.test(f"kit:{name}", original, before, python)
    program: dict[str, Any] = {}
    exec("\n".join(line[4:] for line in lines), program)
    program[f"test_{name.replace('.', '_').lower()}"]()


@pytest.mark.parametrize("count", [2, 300])
def test_functions_that_run_as_python_are_listed_or_counted(kit: Any, count: int) -> None:
    project, _, _ = kit
    status = {f"kit:f{number}": ["python", "PYR0301 no"] for number in range(count)}
    run = {"functions": {}, "status": status, "differences": [], "unreported": []}
    lines = lines_of(run, project)
    listed = "pyrust: kit:f1 not verified: runs as Python (python: PYR0301 no)"
    counted = "pyrust: 300 functions not verified: they run as Python (`pyrust report` says why)"
    assert (listed in lines, counted in lines) == (count == 2, count == 300)
    assert lines[-1] == "pyrust: verification failed: nothing is native (`pyrust build` compiles in place)"
    assert len(lines) < 10


class Link:
    def __init__(self, following: object) -> None:
        self.following = following


def chain(length: int) -> object:
    link: object = None
    for _ in range(length):
        link = Link(link)
    return link


def lines_of(run: dict[str, Any], project: runinfo.Project) -> list[str]:
    return verify.finish(project, verify.merge([run])).lines


def test_what_is_too_large_is_not_compared(kit: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    project, module, extension = kit
    extension.hook("push", lambda undo, items, x: items)  # wrong, but never seen
    extension.hook("add", lambda undo, a, b: a + b)
    monkeypatch.setattr(equal, "NODES", 300)
    big = chain(1000)
    seen: list[object] = []

    def call() -> None:
        seen.append(module.push([big], 1))
        seen.append(module.add([chain(100)], [chain(100)]))
        seen.append(module.add([chain(200)], [chain(200)]))

    functions, found, failed = verified(project, call)
    assert seen[0] == [big, 1]  # the program sees Python's outcome
    assert (found, failed) == ([], False)
    assert (functions["kit:push"]["verdict"], functions["kit:push"]["too_large"]) == ("too large", 1)
    assert (functions["kit:add"]["verdict"], functions["kit:add"]["equal"]) == ("equal", 1)
    assert functions["kit:add"]["too_large"] == 1


def test_a_large_result_is_not_compared(kit: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    project, module, extension = kit
    result = chain(1000)
    undone: list[int] = []

    def push(undo: list[Callable[[], object]], items: list[object], x: object) -> object:
        items.append(x)
        undo += [items.pop, lambda: undone.append(1)]
        return result

    extension.hook("push", push)
    monkeypatch.setattr(equal, "NODES", 300)
    functions, _, failed = verified(project, lambda: module.push([1], 2))
    assert undone
    assert failed  # nothing was compared
    assert functions["kit:push"]["verdict"] == "too large"


def test_what_is_too_large_is_tried_more_and_more_seldom(kit: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    project, module, extension = kit
    extension.hook("push", lambda undo, items, x: items)
    monkeypatch.setattr(equal, "NODES", 10)
    monkeypatch.setattr(verify, "PATIENCE", 0.0)
    verifier = verify.Verifier(project)
    verifier.start()
    items: list[object] = [object() for _ in range(100)]
    for number in range(1000):
        module.push(items, number)
    counts = verifier.stop()["functions"]["kit:push"]
    assert counts["too_large"] < 50
    assert counts["too_large"] + counts["skipped"] == 1000


def test_many_plain_values_count_too() -> None:
    with pytest.raises(equal.TooLarge):
        equal.take({"rows": [[1, "a"] * 100 for _ in range(6000)]}, limited=True)
    with pytest.raises(equal.TooLarge):
        equal.take({"rows": [tuple(range(300)) for _ in range(6000)]}, limited=True)
    equal.take({"row": list(range(2_000_000))}, limited=True)
    equal.take({"rows": [[1, "a"] for _ in range(60_000)]})


def test_the_time_of_a_run_is_limited(kit: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    project, module, extension = kit
    extension.hook("add", lambda undo, a, b: a + b)
    extension.hook("push", lambda undo, items, x: items)
    clock = iter(range(10**9))
    monkeypatch.setattr(verify.time, "perf_counter", lambda: float(next(clock)))
    monkeypatch.setattr(verify, "PATIENCE", 1e9)
    verifier = verify.Verifier(project, seconds=30.0)
    verifier.start()
    try:
        for number in range(100):
            module.add(number, 1)
        before = verifier._functions["kit:add"].data()
        # Nothing of this one has been compared yet.
        module.push([1], 2)
        module.push([1], 2)
    finally:
        run = verifier.stop()
    assert before["equal"] + before["skipped"] + before["out_of_time"] == 100
    assert before["out_of_time"] > 10
    assert (run["functions"]["kit:push"]["different"], run["functions"]["kit:push"]["out_of_time"]) == (1, 1)
    lines = lines_of(run, project)
    late = f"kit:add ({before['out_of_time']}), kit:push (1)"
    assert f"pyrust: time ran out; calls not compared: {late}" in lines
    assert "pyrust: --pyrust-verify-seconds=N allows more time (0: no limit, and every call)" in lines


def test_no_limit(kit: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    project, module, extension = kit
    extension.hook("add", lambda undo, a, b: a + b)
    clock = iter(range(0, 10**9, 1000))
    monkeypatch.setattr(verify.time, "perf_counter", lambda: float(next(clock)))
    verifier = verify.Verifier(project, seconds=0)
    verifier.start()
    module.add(1, 1)
    module.add(1, 1)
    counts = verifier.stop()["functions"]["kit:add"]
    assert counts["out_of_time"] == 0


def test_many_calls_are_thinned_out(kit: Any) -> None:
    """The first of each kind of arguments and of each test; calls that alternate are not always the same ones."""
    project, module, extension = kit
    extension.hook("add", lambda undo, a, b: a + b + (b == 2 and a > 5_000))
    verifier = verify.Verifier(project)
    verifier.start()
    try:
        for number in range(10_000):
            module.add(number, 1 + number % 2)
        counts = dict(verifier._functions["kit:add"].data())
        module.add(1.0, 2.0)
        module.add(1.0, 1)
        after = dict(verifier._functions["kit:add"].data())
        verifier.take("test")
        for _ in range(50):
            module.add(1, 1)
        last = dict(verifier._functions["kit:add"].data())
    finally:
        run = verifier.stop()
    compared = counts["equal"] + counts["different"]
    assert 1_500 < compared < 4_000
    assert counts["different"] > 20, "half of the calls beyond 5,000"
    assert after["equal"] == counts["equal"] + 2
    assert after["equal"] + 3 <= last["equal"] < after["equal"] + 20
    [line] = [line for line in lines_of(run, project) if "calls were compared" in line]
    compared = last["equal"] + last["different"]
    assert line.startswith(f"pyrust: {compared:,} of 10,052 calls were compared: ")


def test_every_call_where_that_is_wanted(kit: Any) -> None:
    project, module, extension = kit
    extension.hook("add", lambda undo, a, b: a + b)
    verifier = verify.Verifier(project, seconds=0)
    verifier.start()
    for number in range(2_000):
        module.add(number, 1)
    counts = verifier.stop()["functions"]["kit:add"]
    assert (counts["equal"], counts["skipped"]) == (2_000, 0)


def test_runs_of_several_processes_are_added() -> None:
    one = {
        "functions": {"m:f": {"calls": 2, "equal": 1, "different": 0, "skipped": 0, "bailed": {"type": 1}}},
        "status": {"m:f": ["native", None]},
        "differences": [],
        "unreported": [],
    }
    total = verify.merge([one, one])
    assert total["functions"]["m:f"] == {**verify._Function().data(), "calls": 4, "equal": 2, "bailed": {"type": 2}}


def test_where_the_time_goes_is_said(kit: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    project, module, extension = kit
    extension.hook("add", lambda undo, a, b: a + b)
    monkeypatch.setattr(progress, "SELDOM", 0.0)
    said: list[str] = []
    verifier = verify.Verifier(project)
    verifier.tell = said.append
    verifier.start()
    module.add(1, 2)
    run = verifier.stop()
    assert said[-1].startswith("pyrust: comparing calls took ")
    assert said[-1].endswith(" for kit:add")
    assert any(line.endswith(" for kit:add") for line in lines_of(run, project))
    total = verify.merge([run, {**run, "seconds": {"kit:add": 1.0, "kit:push": 50.0}}])
    assert any(line.endswith("50 s of them for kit:push") for line in verify.finish(project, total).lines)
