"""Single rules of replay: foreign comparison, NaN, finalisers, the collector, entries inside entries."""

from __future__ import annotations

import gc
import sys

import pytest

pytestmark = pytest.mark.slice

NAN = float("nan")


def run(fuzz, kind, a, script, b=None):
    return fuzz.run(kind, (a, [] if b is None else b), [(name, ints, objects) for name, ints, objects in script])


def test_layouts(fuzz):
    assert fuzz.probe() is None


class Foreign:
    def __init__(self, hash):
        self.hash = hash

    def __hash__(self):
        return self.hash

    def __eq__(self, other):
        raise AssertionError("compared")


@pytest.mark.parametrize("name", ["get", "set", "contains", "del"])
def test_foreign_keys_are_not_compared(fuzz, name):
    a = {Foreign(hash(5)): 1}
    outcome, _, _ = run(fuzz, "dict int int", a, [(name, [], [5, 1])], {})
    assert outcome == "dict"
    outcome, _, _ = run(fuzz, "dict int int", a, [(name, [], [6, 1])], {})
    assert outcome == "commit"


def test_a_bytes_key_does_not_meet_a_str(fuzz):
    assert hash("a") == hash(b"a")
    outcome, _, _ = run(fuzz, "dict str int", {b"a": 1}, [("get", [], ["a"])], {})
    assert outcome == "warning"


@pytest.mark.parametrize(
    ("kind", "a", "line", "outcome"),
    [
        ("list float", [1.0, NAN], ("get", [1, 0], []), "nan"),
        ("list float", [1.0, NAN], ("get", [0, 0], []), "nan"),  # the copy at the end boxes it
        ("list float", [1.0, 2.0], ("set", [0, 0], [NAN]), "nan"),
        ("list float", [1.0, NAN], ("sort", [], []), "nan"),
        ("list float", [NAN], ("contains", [], [NAN]), "nan"),
        ("dict float str", {1.0: ""}, ("get", [], [NAN]), "nan"),
        ("list int", [1, 2**63], ("get", [1, 0], []), "overflow"),
        ("list int", [1, True], ("get", [1, 0], []), "type"),
        ("list float", [1.0, 1], ("get", [1, 0], []), "type"),
        ("list str", ["", b""], ("get", [1, 0], []), "type"),
        ("dict str int", [], ("len", [], []), "type"),
        ("list int", {}, ("len", [], []), "type"),
    ],
)
def test_bailouts(fuzz, kind, a, line, outcome):
    before = list(a)
    assert run(fuzz, kind, a, [line], {} if kind.startswith("dict") else [])[0] == outcome
    assert all(x is y for x, y in zip(before, a, strict=True))


@pytest.mark.parametrize("value", [type("I", (int,), {})(5), type("S", (str,), {})("a")])
def test_subclasses_are_not_exact(fuzz, value):
    kind = "int" if isinstance(value, int) else "str"
    assert run(fuzz, f"list {kind}", [value], [("get", [0, 0], [])])[0] == "type"


def test_a_list_that_is_being_sorted_is_left_alone(fuzz):
    outcomes = []
    a = [3, 1, 2]

    def key(x):
        outcomes.append(run(fuzz, "list int", a, [("len", [], []), ("append", [], [9])])[0])
        return x

    a.sort(key=key)
    assert outcomes == ["unsupported"] * 3
    assert a == [1, 2, 3]


def test_what_has_a_finaliser_is_not_dropped_natively(fuzz):
    # Python would run `__del__` at the store; native code would only after the commit, so the call is Python's.
    seen = []

    class Last:
        def __del__(self):
            seen.append(fuzz.is_open())

    a = [Last(), Last(), Last()]
    before = list(map(id, a))
    outcome, _, _ = run(fuzz, "list object", a, [("set", [0], [None]), ("del", [1], [])])
    assert outcome == "unsupported"
    assert list(map(id, a)) == before
    assert seen == []
    a.clear()
    assert seen == [False] * 3


def test_the_collector_does_not_run_inside(fuzz):
    inside = []

    def callback(phase, info):
        inside.append(fuzz.is_open())

    class Cycle:
        def __init__(self):
            self.me = self

    threshold = gc.get_threshold()
    gc.callbacks.append(callback)
    gc.enable()
    try:
        gc.set_threshold(1, 1, 1)
        for _ in range(50):
            Cycle()
            a = [[i] for i in range(20)]
            script = [("row_fresh", [i, i, i], []) for i in range(20)]
            script += [("reverse", [], []), ("tuple", [], []), ("copy", [], [])]
            outcome, _, _ = run(fuzz, "list row", a, script)
            assert outcome == "commit"
            assert a == [[i, i, 7] for i in reversed(range(20))]
            outcome, result, _ = run(fuzz, "native pair", [(i, "a") for i in range(50)], [("reverse", [], [])])
            assert outcome == "commit"
            assert len(result) == 50
            d = {}
            script = [("set", [], [f"{i}", [i]]) for i in range(30)] + [("popitem", [], [])] * 5
            outcome, _, _ = run(fuzz, "dict str row", d, script, {})
            assert outcome == "commit"
            assert list(d) == [f"{i}" for i in range(25)]
        assert gc.isenabled()
    finally:
        gc.set_threshold(*threshold)
        gc.callbacks.remove(callback)
    assert inside
    assert not any(inside)


def test_the_collector_stays_off_if_it_was(fuzz):
    assert not gc.isenabled()
    run(fuzz, "list row", [[1]], [("row_fresh", [0, 1, 2], [])])
    assert not gc.isenabled()


def test_one_dict_in_two_representations(fuzz):
    """Reading is fine; two kinds of overlay are not."""
    a = {}
    outcome, _, _ = run(fuzz, "dict int int", a, [("set", [], [1, 1]), ("eq", [], [])], a)
    assert outcome == "commit"
    assert a == {1: 1}


def test_aliased_arguments(fuzz):
    a = [1, 2, 3]
    outcome, _, results = fuzz.run(
        "list int", (a, a), [("set", [0, 0], [9]), ("extend", [], []), ("eq", [], []), ("set_slice", [1, 3, None], [])]
    )
    assert outcome == "commit"
    assert results[2] is True
    assert a == [9, 9, 2, 3, 9, 2, 3, 9, 2, 3]


def test_no_reference_is_lost_or_left(fuzz):
    marker = object()
    row = [1, 2, 3]
    before = sys.getrefcount(marker), sys.getrefcount(row)
    for ending in ([], [("bail", [], [])]):
        a = [marker] * 5
        run(fuzz, "list object", a, [("reverse", [], []), ("pop", [], []), ("set", [0], [None]), *ending])
        b = [row] * 5
        run(fuzz, "list row", b, [("sort", [], []), ("row_set", [0, 0, 1], []), ("clear", [], []), *ending])
        d = {"a": row}
        run(fuzz, "dict str row", d, [("pop", [], ["a"]), ("set", [], ["b", row]), ("clear", [], []), *ending], {})
        del a, b, d
    assert (sys.getrefcount(marker), sys.getrefcount(row)) == before
