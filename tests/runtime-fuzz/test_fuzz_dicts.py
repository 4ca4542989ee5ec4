"""Random scripts on dicts, against CPython, down to the raw table."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given, note
from hypothesis import strategies as st

import fuzz_model

STRINGS = st.text(st.sampled_from("abé\U0001f600"), max_size=2)
WORDS = st.one_of(STRINGS, st.integers(0, 60).map(lambda i: f"word {i}"))
INTS = st.one_of(st.integers(-3, 12), st.sampled_from([2**61 - 1, 2**61, -(2**61), 2**63 - 1, -1, -2, 2**40]))
ROW = st.lists(st.integers(0, 3), max_size=2)
KINDS = {
    "str int": (WORDS, st.integers(-(2**63), 2**63 - 1)),
    "int int": (INTS, INTS),
    "float str": (st.one_of(st.sampled_from([0.0, -0.0, 1.0, -1.0, 0.5, 1e300, 5e-324]), st.floats(allow_nan=False)), STRINGS),
    "number str": (st.sampled_from([0, 1, 2, -1, 0.0, -0.0, 1.0, 2.5, 2.0**61, 2**61, True, False, -1.0]), STRINGS),
    "mixed str": (st.sampled_from([None, 0, 1, "", "a", "é", b"b", b"\xff"]), STRINGS),
    "pair int": (st.tuples(st.integers(-2, 3), STRINGS), INTS),
    "tuple int": (st.lists(st.integers(-2, 2), max_size=3).map(tuple), INTS),
    "str row": (WORDS, ROW),
}  # fmt: skip
NAMES = [
    "len", "truth", "getitem", "get", "get_or", "set", "set", "set", "set", "del", "del", "contains", "setdefault",
    "pop", "pop_or", "popitem", "clear", "update", "keys", "values", "items", "copy", "union", "eq", "ne",
    "overwrite_all", "grow_in_loop",
]  # fmt: skip


@st.composite
def scripts(draw, kind, endings):
    keys, values = KINDS[kind]
    script = [(name, [], [draw(keys), draw(values)]) for name in draw(st.lists(st.sampled_from(NAMES), max_size=25))]
    if draw(st.sampled_from(endings)) == "bail":
        script.insert(draw(st.integers(0, len(script))), ("bail", [], []))
    return script


@st.composite
def histories(draw, kind, size):
    """Insertions and deletions, so that tables have holes."""
    keys, values = KINDS[kind]
    return [
        (draw(keys), None if draw(st.integers(0, 4)) == 0 else draw(values)) for _ in range(draw(st.integers(0, size)))
    ]


def build(history):
    result = {}
    for key, value in history:
        if value is None:
            result.pop(key, None)
        else:
            result[key] = value
    return result


def drain(iterator):
    try:
        return list(iterator)
    except RuntimeError as error:
        return str(error)


def raw(d):
    return [(id(k), id(v)) for k, v in d.items()], repr(d), sys.getsizeof(d)


@pytest.mark.parametrize("kind", KINDS)
@fuzz_model.fuzzed
@given(data=st.data())
def test_in_place(fuzz, kind, data):
    history = data.draw(histories(kind, data.draw(st.sampled_from([3, 12, 60]))))
    a, expected = build(history), build(history)
    b = build(data.draw(histories(kind, 5)))
    script = data.draw(scripts(kind, ["commit", "bail"]))
    steps = data.draw(st.integers(0, len(a)))
    mine, theirs = iter(a), iter(expected)
    for _ in range(steps):
        next(mine), next(theirs)
    before, originals = raw(a), [*a.keys(), *a.values(), *b.keys(), *b.values()]
    counts = fuzz_model.counts(originals)
    outcome, result, results = fuzz.run(f"dict {kind}", (a, b), script)
    note(outcome)
    if any(line[0] == "bail" for line in script):
        assert outcome == "unsupported"
        del results
        assert raw(a) == before
        assert fuzz_model.counts(originals) == counts
        assert drain(mine) == drain(theirs)
        return
    assert outcome == "commit"
    assert result is a
    assert fuzz_model.same(results, fuzz_model.run(expected, dict(b), script, fuzz_model.dict_step))
    assert fuzz_model.same(a, expected)
    names = {line[0] for line in script}
    if not names & {"del", "pop", "pop_or", "popitem", "clear"}:
        # A key that was there stays the object that it is.
        kept = [id(key) for key in a][: len(before[0])]
        assert kept == [key for key, _ in before[0]]
    if "update" not in names:
        # CPython sizes the table for the whole of an update at once.
        assert sys.getsizeof(a) == sys.getsizeof(expected)
        assert drain(mine) == drain(theirs)
    mine, theirs = [], []
    while expected:
        theirs.append(expected.popitem())
    while a:
        mine.append(a.popitem())
    assert fuzz_model.same(mine, theirs)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "str row"])
@pytest.mark.parametrize("mode", ["native", "fresh"])
@fuzz_model.fuzzed
@given(data=st.data())
def test_new_dicts(fuzz, mode, kind, data):
    if mode == "fresh" and kind not in ("str int", "int int"):
        pytest.skip("covered by the live dict")
    a = build(data.draw(histories(kind, 20)))
    b = build(data.draw(histories(kind, 5)))
    script = data.draw(scripts(kind, ["commit", "bail"]))
    before, originals = raw(a), [*a.keys(), *a.values(), *b.keys(), *b.values()]
    counts = fuzz_model.counts(originals)
    outcome, result, results = fuzz.run(f"{mode} {kind}", (a, b), script)
    assert raw(a) == before
    if any(line[0] == "bail" for line in script):
        assert outcome == "unsupported"
        del results
        assert fuzz_model.counts(originals) == counts
        return
    expected = dict(a)
    assert outcome == "commit"
    assert fuzz_model.same(results, fuzz_model.run(expected, dict(b), script, fuzz_model.dict_step))
    assert fuzz_model.same(result, expected)


@pytest.mark.parametrize("kind", ["str int", "int int", "number str", "str row"])
@fuzz_model.fuzzed
@given(data=st.data())
def test_every_point_can_bail(fuzz, kind, data):
    a = build(data.draw(histories(kind, 20)))
    b = build(data.draw(histories(kind, 5)))
    script = data.draw(scripts(kind, ["commit"]))
    before, originals = raw(a), [*a.keys(), *a.values(), *b.keys(), *b.values()]
    counts = fuzz_model.counts(originals)
    fuzz.force(-1)
    outcome, restored, states = fuzz.dry(f"dict {kind}", (a, b), script)
    assert (outcome, restored) == ("commit", True)
    assert raw(a) == before
    expected = dict(a)
    fuzz_model.run(expected, dict(b), script, fuzz_model.dict_step)
    assert fuzz_model.same(states[0], expected)
    del states, expected
    points = fuzz.points()
    for k in sorted({k for k in (1, 2, 3, 5, 8, points // 2, points - 1, points) if 1 <= k <= points}):
        fuzz.force(k)
        outcome, _, results = fuzz.run(f"dict {kind}", (a, b), script)
        assert outcome == "forced"
        del results
        assert raw(a) == before
        assert fuzz_model.counts(originals) == counts
    fuzz.force(0)


@pytest.mark.parametrize("kind", ["str int", "str row"])
def test_instance_dictionaries(fuzz, kind):
    """Their values stand beside keys that all instances share."""

    class Point:
        def __init__(self):
            self.x = self.y = self.z = 5 if kind == "str int" else [5]

    first, second = Point(), Point()
    value = 7 if kind == "str int" else [7]
    script = [("getitem", [], ["y"]), ("set", [], ["y", value]), ("set", [], ["new", value]), ("items", [], [])]
    script += [("del", [], ["x"]), ("keys", [], [])]
    expected = dict(vars(second))
    wanted = fuzz_model.run(expected, {}, script, fuzz_model.dict_step)
    outcome, _, results = fuzz.run(f"dict {kind}", (vars(first), {}), script)
    assert outcome == "commit"
    assert fuzz_model.same(results, wanted)
    assert fuzz_model.same(vars(first), expected)
    assert first.y == value
    assert not hasattr(first, "x")


def test_large_dicts(fuzz):
    """Index slots of one, two and four bytes."""
    for size in (100, 1000, 70_000):
        a = {i * 7919: i for i in range(size)}
        for i in range(0, size, 3):
            del a[i * 7919]
        expected = dict(a)
        probes = range(0, size * 7919, size * 7919 // 50)
        script = [("get", [], [k, 0]) for k in probes] + [("set", [], [k + 1, 5]) for k in probes]
        script += [("pop_or", [], [k * 7919, -1]) for k in range(0, size, size // 50)] + [("len", [], [])]
        wanted = fuzz_model.run(expected, {}, script, fuzz_model.dict_step)
        outcome, _, results = fuzz.run("dict int int", (a, {}), script)
        assert outcome == "commit"
        assert results == wanted
        assert list(a.items()) == list(expected.items())
