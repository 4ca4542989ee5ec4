"""Random scripts on lists, against CPython."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given, note
from hypothesis import strategies as st

import fuzz_model

INTS = st.one_of(st.integers(-3, 3), st.integers(-(2**63), 2**63 - 1), st.sampled_from([2**30, -(2**60), 2**62]))
FLOATS = st.one_of(st.sampled_from([0.0, -0.0, 1.0, 2.5, float("inf")]), st.floats(allow_nan=False))
STRINGS = st.text(st.sampled_from("abé\u0130\U0001f600\ud800"), max_size=3)
VALUES = {
    "int": INTS,
    "float": FLOATS,
    "bool": st.booleans(),
    "str": STRINGS,
    "number": st.one_of(st.integers(-3, 3), st.sampled_from([-1.0, 0.0, 2.0, 2.5, 1e300])),
    "pair": st.tuples(st.integers(-2, 2), STRINGS),
    "row": st.lists(st.integers(-3, 300), max_size=4),
    "object": st.one_of(st.integers(), STRINGS, st.builds(object), st.none()),
}
BASIC = [
    "len", "truth", "get", "set", "set", "set", "move", "append", "append", "pop", "pop", "pop_at", "insert", "del",
    "extend", "extend_self", "imul", "clear", "reverse", "copy", "slice", "del_slice", "set_slice",
    "set_slice_self", "concat", "repeat", "tuple", "iterate",
]  # fmt: skip
ORDERED = [
    "remove", "index", "count", "contains", "sort", "sort_reverse", "sort_keyed", "eq", "lt", "ge",
]  # fmt: skip
ROWS = ["row_set", "row_append", "row_pop", "row_fresh"]
INDEX = st.one_of(st.integers(-3, 3), st.integers(-40, 40), st.sampled_from([2**62, -(2**63)]))
BOUND = st.one_of(st.none(), INDEX)
#: Reads through unboxed values, so that the stored object may be a new one.
REBOXING = {"move", "iterate"}


@st.composite
def scripts(draw, element, endings):
    names = BASIC + (ORDERED if element != "object" else []) + (ROWS if element == "row" else [])
    script = []
    for name in draw(st.lists(st.sampled_from(names), max_size=25)):
        if name in ("slice", "del_slice", "set_slice", "set_slice_self"):
            ints = [draw(BOUND), draw(BOUND), draw(st.one_of(st.none(), st.integers(-3, 3), BOUND))]
        elif name in ("imul", "repeat"):
            ints = [draw(st.integers(-1, 3))]
        elif name in ROWS:
            ints = [draw(st.integers(-4, 4)), draw(st.integers(-3, 3)), draw(st.integers(-1000, 1000))]
        else:
            ints = [draw(INDEX), draw(INDEX)]
        script.append((name, ints, [draw(VALUES[element])]))
    if draw(st.sampled_from(endings)) == "bail":
        script.insert(draw(st.integers(0, len(script))), ("bail", [], []))
    return script


@st.composite
def cases(draw, element, endings=("commit", "bail")):
    a = draw(st.lists(VALUES[element], max_size=draw(st.sampled_from([4, 12, 80]))))
    if a and draw(st.booleans()):
        a[draw(st.integers(0, len(a) - 1))] = a[draw(st.integers(0, len(a) - 1))]
    return a, draw(st.lists(VALUES[element], max_size=6)), draw(scripts(element, endings))


def too_big(a, b, script):
    """Doubling again and again is no test of anything."""
    size = len(a)
    for name, _ints, _ in script:
        size = {"extend_self": 2 * size, "set_slice_self": 2 * size + 1, "imul": 3 * size}.get(name, size)
        size += len(b) + 20
    return size > 20_000


def raw(a):
    """Which objects, and their state."""
    return [id(x) for x in a], repr(a)


def rows(a):
    return [raw(x) for x in a if type(x) is list]


@pytest.mark.parametrize("element", VALUES)
@fuzz_model.fuzzed
@given(data=st.data())
def test_in_place(fuzz, element, data):
    a, b, script = data.draw(cases(element))
    if too_big(a, b, script):
        return
    bails = any(line[0] == "bail" for line in script)
    expected, other, lines = list(a), list(b), script
    if element == "row":
        # Rows are changed, by either side.
        expected, other, lines = copy.deepcopy((a, b, script))
    before, before_rows, originals = raw(a), rows(a), list(a) + list(b)
    counts = fuzz_model.counts(originals)
    outcome, result, results = fuzz.run(f"list {element}", (a, b), script)
    note(outcome)
    if bails:
        assert outcome == "unsupported"
        del results
        assert raw(a) == before
        assert rows(a) == before_rows
        assert fuzz_model.same(script, lines)
        assert fuzz_model.counts(originals) == counts
        return
    assert outcome == "commit"
    wanted = fuzz_model.run(expected, other, lines, fuzz_model.list_step)
    assert fuzz_model.same(results, wanted)
    assert fuzz_model.same(a, expected)
    assert fuzz_model.same(b, other)
    if element not in ("object", "row"):
        assert result[0] is result[1]
        assert fuzz_model.same(result[0], a)
        assert result[2] is a
    if element not in ("row",) and not any(line[0] in REBOXING for line in script):
        known = {id(x) for x in originals} - {id(x) for line in script for x in line[2]}
        for mine, theirs in zip(a, expected, strict=True):
            assert mine is theirs or id(theirs) not in known


@pytest.mark.parametrize("element", ["int", "float", "str", "number", "pair"])
@pytest.mark.parametrize("mode", ["native", "fresh"])
@fuzz_model.fuzzed
@given(data=st.data())
def test_new_lists(fuzz, mode, element, data):
    if mode == "fresh" and element not in ("int", "float", "str"):
        pytest.skip("covered by the live list")
    a, b, script = data.draw(cases(element))
    if too_big(a, b, script):
        return
    before, originals = raw(a), list(a) + list(b)
    counts = fuzz_model.counts(originals)
    outcome, result, results = fuzz.run(f"{mode} {element}", (a, b), script)
    assert raw(a) == before
    if any(line[0] == "bail" for line in script):
        assert outcome == "unsupported"
        del results
        assert fuzz_model.counts(originals) == counts
        return
    expected = list(a)
    assert outcome == "commit"
    assert fuzz_model.same(results, fuzz_model.run(expected, list(b), script, fuzz_model.list_step))
    assert fuzz_model.same(result, expected)


def bits(a):
    return [id(x) for x in a], [x.hex() for x in a]


@fuzz_model.fuzzed
@given(data=st.data(), ending=st.sampled_from(["commit", "bail"]))
def test_floats_that_nobody_else_holds(fuzz, data, ending):
    """They are rewritten where they are, and get their bits back."""
    start = data.draw(st.lists(FLOATS, min_size=1, max_size=30))
    a = [float.fromhex(x.hex()) for x in start]
    index = st.integers(-len(a), len(a) - 1)
    script = []
    for _ in range(data.draw(st.integers(1, 120))):
        name = data.draw(st.sampled_from(["set", "set", "set", "set", "pop", "append", "reverse", "del", "insert"]))
        script.append((name, [data.draw(index), 0], [data.draw(FLOATS)]))
    if ending == "bail":
        script.append(("bail", [], []))
    before = bits(a)
    outcome, _, results = fuzz.run("list float", (a, []), script)
    if ending == "bail":
        assert outcome == "unsupported"
        assert bits(a) == before
    else:
        expected = list(start)
        assert fuzz_model.same(results, fuzz_model.run(expected, [], script, fuzz_model.list_step))
        assert fuzz_model.same(a, expected)


@pytest.mark.parametrize("element", ["int", "float", "row", "object"])
@fuzz_model.fuzzed
@given(data=st.data())
def test_every_point_can_bail(fuzz, element, data):
    a, b, script = data.draw(cases(element, endings=["commit"]))
    if too_big(a, b, script):
        return
    before, before_rows, originals = raw(a), rows(a), list(a) + list(b)
    counts = fuzz_model.counts(originals)
    fuzz.force(-1)
    outcome, restored, _ = fuzz.dry(f"list {element}", (a, b), script)
    assert (outcome, restored) == ("commit", True)
    assert raw(a) == before
    points = fuzz.points()
    assert points >= 1
    for k in sorted({k for k in (1, 2, 3, 5, 8, points // 2, points - 1, points) if 1 <= k <= points}):
        fuzz.force(k)
        outcome, _, results = fuzz.run(f"list {element}", (a, b), script)
        assert outcome == "forced"
        del results
        assert raw(a) == before
        assert rows(a) == before_rows
        assert fuzz_model.counts(originals) == counts
    fuzz.force(0)


@pytest.mark.parametrize("element", ["int", "str", "row"])
@fuzz_model.fuzzed
@given(data=st.data())
def test_dry_runs_show_what_would_be(fuzz, element, data):
    a, b, script = data.draw(cases(element, endings=["commit"]))
    if too_big(a, b, script) or any(line[0] in ROWS for line in script):
        return
    before, originals = raw(a), list(a) + list(b)
    counts = fuzz_model.counts(originals)
    outcome, restored, states = fuzz.dry(f"list {element}", (a, b), script)
    assert (outcome, restored) == ("commit", True)
    assert raw(a) == before
    expected = list(a)
    fuzz_model.run(expected, list(b), script, fuzz_model.list_step)
    assert fuzz_model.same(states[0], expected)
    del states, expected
    assert fuzz_model.counts(originals) == counts


@fuzz_model.fuzzed
@given(size=st.integers(0, 40), writes=st.lists(st.tuples(st.integers(0, 39), INTS), max_size=200))
def test_many_stores_go_over_to_a_snapshot(fuzz, size, writes):
    a = [10**6 + i for i in range(size)]
    script = [("set", [i % size, 0], [x]) for i, x in writes] if size else []
    before = raw(a)
    outcome, _, _ = fuzz.run("list int", (a, []), [*script, ("bail", [], [])])
    assert outcome == "unsupported"
    assert raw(a) == before
    outcome, _, _ = fuzz.run("list int", (a, []), script)
    expected = [10**6 + i for i in range(size)]
    fuzz_model.run(expected, [], script, fuzz_model.list_step)
    assert outcome == "commit"
    assert a == expected
