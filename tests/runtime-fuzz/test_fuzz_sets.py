"""Random scripts on sets, against CPython, down to the raw table."""

from __future__ import annotations

import ctypes

import pytest
from hypothesis import given, note
from hypothesis import strategies as st

import fuzz_model

INTS = st.one_of(
    st.integers(-3, 40),
    st.integers(0, 30).map(lambda i: i * 8),
    st.integers(0, 30).map(lambda i: i << 40),
    st.sampled_from([2**61 - 1, 2**61, -(2**61), 2**63 - 1, -(2**63), -1, -2]),
)
STRINGS = st.one_of(st.text(st.sampled_from("abé\U0001f600"), max_size=2), st.integers(0, 60).map(lambda i: f"w{i}"))
KINDS = {
    "int": INTS,
    "str": STRINGS,
    "char": st.characters(exclude_categories=["Cs"]).map(str),
    "float": st.one_of(st.sampled_from([0.0, -0.0, 1.0, -1.0, 0.5, 1e300]), st.floats(allow_nan=False)),
    "number": st.sampled_from([0, 1, 2, -1, 0.0, -0.0, 1.0, 2.5, 2.0**61, 2**61, True, False, -1.0]),
    "mixed": st.sampled_from([None, 0, 1, 8, 16, "", "a", "é", b"b", b"\xff"]),
    "pair": st.tuples(st.integers(-2, 3), STRINGS),
    "tuple": st.lists(st.integers(-2, 2), max_size=3).map(tuple),
    "frozen": st.frozensets(st.integers(-2, 2), max_size=3),
}
READING = [
    "len", "truth", "contains", "list", "iterate", "copy", "frozen", "like", "union", "union_self", "union_list",
    "union_dict", "intersection", "intersection_self", "intersection_list", "difference", "difference_self",
    "difference_list", "difference_dict", "symmetric", "symmetric_self", "symmetric_list", "symmetric_dict", "compare",
    "compare_list",
]  # fmt: skip
WRITING = [
    "add", "add", "add", "add", "add", "discard", "discard", "remove", "pop", "pop", "clear", "update", "update_self",
    "update_list", "update_dict", "intersection_update", "intersection_update_self", "intersection_update_list",
    "difference_update", "difference_update_self", "difference_update_list", "symmetric_update",
    "symmetric_update_self", "symmetric_update_list", "symmetric_update_dict", "shrink_in_loop",
]  # fmt: skip


class Entry(ctypes.Structure):
    _fields_ = [("key", ctypes.c_void_p), ("hash", ctypes.c_ssize_t)]


class RawSet(ctypes.Structure):
    _fields_ = [
        ("head", ctypes.c_ssize_t * 2),
        ("fill", ctypes.c_ssize_t),
        ("used", ctypes.c_ssize_t),
        ("mask", ctypes.c_ssize_t),
        ("table", ctypes.POINTER(Entry)),
        ("hash", ctypes.c_ssize_t),
        ("finger", ctypes.c_ssize_t),
        ("small", Entry * 8),
    ]


def raw(s):
    """The table without the elements: counts, finger, and the hash of each slot (None: unused, "-": a dummy)."""
    o = RawSet.from_address(id(s))
    inside = ctypes.addressof(o.table.contents) == ctypes.addressof(o.small)
    slots = [o.table[i] for i in range(o.mask + 1)]
    kinds = [None if not slot.key else "-" if slot.hash == -1 else slot.hash for slot in slots]
    return o.fill, o.used, o.mask, o.finger, inside, kinds, list(map(repr, s))


@st.composite
def scripts(draw, kind, names, endings):
    keys = KINDS[kind]
    script = []
    for name in draw(st.lists(st.sampled_from(names), max_size=25)):
        items = draw(st.lists(keys, max_size=draw(st.sampled_from([2, 8, 30]))))
        script.append((name, [], [draw(keys), items, dict.fromkeys(reversed(items))]))
    if draw(st.sampled_from(endings)) == "bail":
        script.insert(draw(st.integers(0, len(script))), ("bail", [], []))
    return script


@st.composite
def histories(draw, kind, size):
    """Additions, removals and pops, so that tables have dummies and fingers."""
    keys = KINDS[kind]
    return [(draw(st.sampled_from("aaaaadp")), draw(keys)) for _ in range(draw(st.integers(0, size)))]


def build(history):
    result = set()
    for what, key in history:
        if what == "a":
            result.add(key)
        elif what == "d":
            result.discard(key)
        elif result:
            result.pop()
    return result


def model(target, other, script):
    """As `fuzz_model.run`; a bailout ends it."""
    return fuzz_model.run(target, other, script, fuzz_model.set_step)


def agree(mine, theirs):
    """The same values, and for sets the same tables."""
    if type(mine) is not type(theirs):
        return False
    if isinstance(mine, list | tuple):
        return len(mine) == len(theirs) and all(map(agree, mine, theirs))
    if isinstance(mine, set | frozenset):
        return raw(mine) == raw(theirs)
    return fuzz_model.same(mine, theirs)


def draw_sets(data, kind):
    history = data.draw(histories(kind, data.draw(st.sampled_from([3, 12, 60]))))
    other = data.draw(histories(kind, data.draw(st.sampled_from([3, 12, 60]))))
    return history, other


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mode", ["", "native ", "fresh "])
@fuzz_model.fuzzed
@given(data=st.data())
def test_sets(fuzz, mode, kind, data):
    if mode == "fresh " and kind not in ("int", "str"):
        pytest.skip("covered by the live set")
    history, other = draw_sets(data, kind)
    a, b, expected = build(history), build(other), build(history)
    script = data.draw(scripts(kind, READING + WRITING, ["commit", "commit", "bail"]))
    before, originals = raw(a), [*a, *b]
    counts = fuzz_model.counts(originals)
    outcome, result, results = fuzz.run(f"{mode}set {kind}", (a, b), script)
    note(outcome)
    if outcome != "commit":
        # A loop over a set that changes and has its old size again.
        assert outcome == "unsupported" if any(line[0] == "bail" for line in script) else outcome == "dict"
        del results
        assert raw(a) == before
        assert fuzz_model.counts(originals) == counts
        return
    if mode:
        assert raw(a) == before
        expected = set(expected)
        if mode == "fresh ":
            expected = set(a)
    else:
        assert result is a
    assert agree(results, model(expected, build(other), script))
    assert agree(result, expected)
    # They go on in the same way.
    for key in range(5):
        result.add(f"later {key}")
        expected.add(f"later {key}")
        if key % 2:
            result.pop(), expected.pop()
    assert raw(result) == raw(expected)


@pytest.mark.parametrize("kind", ["int", "str"])
@fuzz_model.fuzzed
@given(data=st.data())
def test_frozensets(fuzz, kind, data):
    history, other = draw_sets(data, kind)
    a, b = frozenset(build(history)), build(other)
    script = data.draw(scripts(kind, READING, ["commit"]))
    outcome, result, results = fuzz.run(f"frozenset {kind}", (a, b), script)
    assert outcome == "commit"
    assert agree(results, model(a, b, script) + model(a.union(), b, script))
    assert agree(result, a.union())


@pytest.mark.parametrize("kind", ["int", "str", "frozen"])
@fuzz_model.fuzzed
@given(data=st.data())
def test_every_point_can_bail(fuzz, kind, data):
    history, other = draw_sets(data, kind)
    a, b, expected = build(history), build(other), build(history)
    script = [line for line in data.draw(scripts(kind, READING + WRITING, ["commit"])) if line[0] != "shrink_in_loop"]
    before = raw(a)
    fuzz.force(-1)
    outcome, restored, states = fuzz.dry(f"set {kind}", (a, b), script)
    assert (outcome, restored) == ("commit", True)
    assert raw(a) == before
    model(expected, build(other), script)
    if any(line[0] in WRITING for line in script) and raw(expected) != before:
        assert raw(states[0]) == raw(expected)
    points = fuzz.points()
    del states, expected
    originals = [*a, *b]
    counts = fuzz_model.counts(originals)
    for k in sorted({k for k in (1, 2, 3, 5, 8, points // 2, points - 1, points) if 1 <= k <= points}):
        fuzz.force(k)
        outcome, _, results = fuzz.run(f"set {kind}", (a, b), script)
        assert outcome == "forced"
        del results
        assert raw(a) == before
        assert fuzz_model.counts(originals) == counts
    fuzz.force(0)


def test_large_sets(fuzz):
    """Growth by two beyond 50,000 elements."""
    for size in (1000, 52_000, 70_000):
        a, expected = set(range(0, size * 7, 7)), set(range(0, size * 7, 7))
        items = [i * 11 for i in range(30_000)]
        script = [("update_list", [], [0, items, {}]), ("difference_update_list", [], [0, items[::2], {}])]
        script += [("pop", [], [0, [], {}])] * 20 + [("copy", [], [0, [], {}])]
        wanted = model(expected, set(), script)
        outcome, result, results = fuzz.run("set int", (a, set()), script)
        assert outcome == "commit"
        assert agree(results, wanted)
        assert raw(result) == raw(expected)


def test_dropped_finalisers(fuzz):
    """What dies with the commit must not run code: then the call runs as Python."""

    class Loud:
        pass

    a = {(1, 2), (3, 4)}
    outcome, _, _ = fuzz.run("set tuple", (a, set()), [("clear", [], [(), [], {}])])
    assert outcome == "commit"
    assert a == set()
    odd = {(Loud(),), (1,)}
    before = raw(odd)
    outcome, _, _ = fuzz.run("set tuple", (odd, set()), [("discard", [], [(1,), [], {}])])
    assert outcome in ("commit", "type")
    odd = {(Loud(),)}
    before = raw(odd)
    outcome, _, _ = fuzz.run("set tuple", (odd, set()), [("clear", [], [(), [], {}])])
    assert outcome == "unsupported"
    assert raw(odd) == before
