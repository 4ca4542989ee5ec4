"""The comparator must report every difference that a program could see, and nothing else."""

from __future__ import annotations

import collections
import copy
import ctypes
import datetime
import decimal
import functools
import itertools
import math
import struct
from array import array
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pyrust import equal, invent

pytestmark = pytest.mark.slice


class Word(str):
    pass


class Point:
    def __init__(self, x: object, y: object) -> None:
        self.x = x
        self.y = y


class Slotted:
    __slots__ = ("a", "b")

    def __init__(self, a: object) -> None:
        self.a = a


class Stack(list):  # type: ignore[type-arg]
    pass


class Hostile:
    """Every attribute access and comparison is an error: the comparator must not come near."""

    def __getattribute__(self, name: str) -> Any:
        raise AssertionError(name)

    def __eq__(self, other: object) -> bool:
        raise AssertionError("==")

    def __hash__(self) -> int:
        raise AssertionError("hash")


class Meta(type):
    def __getattribute__(cls, name: str) -> Any:
        raise AssertionError(name)


class WithMeta(metaclass=Meta):
    pass


def cyclic(value: object) -> list[object]:
    loop: list[object] = [value]
    loop.append(loop)
    return loop


def shared() -> list[list[int]]:
    inner = [1]
    return [inner, inner]


def negative_nan() -> float:
    return struct.unpack("<d", struct.pack("<Q", 0xFFF8_0000_0000_1234))[0]


def reordered_set() -> set[int]:
    # The same elements in another order of the table: 8 and 0 collide in a table of 8.
    first = set()
    first.add(8)
    first.add(0)
    return first


def in_table_order() -> set[int]:
    first = set()
    first.add(0)
    first.add(8)
    return first


def moved_to_end() -> collections.OrderedDict[str, int]:
    """In the order of its dict `a` comes first."""
    found = collections.OrderedDict(a=1, b=2)
    found.move_to_end("a")
    return found


def wide(text: str) -> str:
    """A text of ASCII that is kept as one that is not: wrong native code may make it, Python never does."""
    make = ctypes.pythonapi.PyUnicode_New
    make.argtypes, make.restype = [ctypes.c_ssize_t, ctypes.c_uint32], ctypes.py_object
    made: str = make(len(text), 255)
    # Behind a header of the size of all but the last word of a text that is kept in two pieces.
    ctypes.memmove(id(made) + str.__basicsize__ - ctypes.sizeof(ctypes.c_void_p), text.encode(), len(text))
    assert made == text
    assert not made.isascii()
    return made


def error(*arguments: object) -> BaseException:
    return ValueError(*arguments)


def began(iterator: Any) -> Any:
    next(iterator, None)
    return iterator


def test_looking_at_an_iterator_takes_no_step() -> None:
    """Nor does it look like a change of what is put back."""
    words = ["b", "a", "c"]
    makers: list[Callable[[], Any]] = [
        lambda: iter(words),
        lambda: reversed(words),
        lambda: enumerate(words, 5),
        lambda: zip(words, range(3), strict=True),
        lambda: map(str.upper, words),
        lambda: filter(None, words),
        lambda: iter(dict.fromkeys(words)),
        lambda: iter({"x": 1}.items()),
        lambda: iter({"x", "y", "z"}),
        lambda: iter(collections.deque(words)),
        lambda: iter("héllo"),
        lambda: itertools.chain(words, "ab"),
        lambda: itertools.chain.from_iterable([words, "ab"]),
        lambda: itertools.cycle(words),
        lambda: itertools.islice(words, 1, None),
        lambda: itertools.product(words, repeat=2),
        lambda: itertools.permutations(words),
        lambda: itertools.combinations_with_replacement(words, 2),
        lambda: itertools.takewhile(bool, words),
        lambda: itertools.dropwhile(bool, [1, 0, 2]),
        lambda: itertools.compress(words, [1, 0, 1]),
        lambda: itertools.starmap(pow, [(2, 3), (3, 2)]),
        lambda: itertools.zip_longest(words, [1]),
        lambda: itertools.pairwise(words),
        lambda: itertools.repeat("x", 3),
        lambda: itertools.accumulate([1, 2]),
        lambda: itertools.count(5),
    ]
    for make in makers:
        for steps in range(3):
            one, other = make(), make()
            for _ in range(steps):
                began(one)
                began(other)
            before = equal.take({"value": one})
            assert equal.restored(before, {"value": one}) is None, one
            for _ in range(3):
                assert repr(next(one, None)) == repr(next(other, None)), one


def picture(value: object) -> equal.Picture:
    return equal.take({"value": value})


DIFFERENT: list[tuple[str, Callable[[], object], Callable[[], object]]] = [
    ("int and bool", lambda: 1, lambda: True),
    ("int and float", lambda: 1, lambda: 1.0),
    ("zero and minus zero", lambda: 0.0, lambda: -0.0),
    ("last bit of a float", lambda: 0.1 + 0.2, lambda: 0.3),
    ("nan and infinity", lambda: math.nan, lambda: math.inf),
    ("complex zeros", lambda: complex(0.0, 0.0), lambda: complex(0.0, -0.0)),
    ("None and False", lambda: None, lambda: False),
    ("str and bytes", lambda: "a", lambda: b"a"),
    ("str and its subclass", lambda: "a", lambda: Word("a")),
    ("value of a str subclass", lambda: Word("a"), lambda: Word("b")),
    ("tuple and list", lambda: (1, 2), lambda: [1, 2]),
    ("list and its subclass", lambda: [1], lambda: Stack([1])),
    ("contents of a list subclass", lambda: Stack([1]), lambda: Stack([2])),
    ("lengths", lambda: [1, 2], lambda: [1, 2, 3]),
    ("an element", lambda: [1, 2, 3], lambda: [1, 5, 3]),
    ("the type of one element among many", lambda: [1] * 100, lambda: [1] * 99 + [True]),
    ("minus zero among many", lambda: [0.0] * 100, lambda: [0.0] * 99 + [-0.0]),
    ("an int among many floats", lambda: [1.0] * 100, lambda: [1.0] * 99 + [1]),
    ("nan among many", lambda: [1.0] * 99 + [math.nan], lambda: [1.0] * 100),
    ("order of a dict", lambda: {"a": 1, "b": 2}, lambda: {"b": 2, "a": 1}),
    ("a key's type", lambda: {1: "x"}, lambda: {True: "x"}),
    ("a value of a dict", lambda: {"a": [1]}, lambda: {"a": [2]}),
    ("order of an OrderedDict", lambda: collections.OrderedDict(a=1, b=2), moved_to_end),
    ("dict and OrderedDict", lambda: {"a": 1}, lambda: collections.OrderedDict(a=1)),
    (
        "default of a defaultdict's contents",
        lambda: collections.defaultdict(int, a=1),
        lambda: collections.defaultdict(int, a=2),
    ),
    ("order of a set", in_table_order, reordered_set),
    ("set and frozenset", lambda: {1}, lambda: frozenset({1})),
    ("elements of a frozenset", lambda: frozenset({1}), lambda: frozenset({2})),
    ("bytearrays", lambda: bytearray(b"ab"), lambda: bytearray(b"ac")),
    ("deque elements", lambda: collections.deque([1]), lambda: collections.deque([2])),
    ("deque length limit", lambda: collections.deque([1], 3), lambda: collections.deque([1], 4)),
    ("ranges", lambda: range(3), lambda: range(4)),
    ("decimals that are equal", lambda: decimal.Decimal("1.0"), lambda: decimal.Decimal("1.00")),
    ("dates", lambda: datetime.date(2020, 1, 1), lambda: datetime.date(2020, 1, 2)),
    ("exception type", lambda: ValueError("x"), lambda: TypeError("x")),
    ("exception message", lambda: ValueError("x"), lambda: ValueError("y")),
    ("number of exception arguments", lambda: error("x", 1), lambda: error("x")),
    ("type of an exception argument", lambda: KeyError(1), lambda: KeyError("1")),
    ("an attribute", lambda: Point(1, 2), lambda: Point(1, 3)),
    ("a slot", lambda: Slotted(1), lambda: Slotted(2)),
    ("classes", lambda: Point(1, 2), lambda: Slotted(1)),
    ("functions", lambda: cyclic, lambda: shared),
    ("shared and separate", shared, lambda: [[1], [1]]),
    ("cycles", lambda: cyclic(1), lambda: cyclic(2)),
    ("a cycle and a copy", lambda: cyclic(1), lambda: [1, cyclic(1)]),
    ("depth", lambda: [[[[[[1]]]]]], lambda: [[[[[[2]]]]]]),
    ("inside tuples", lambda: (1, (2, (0.0,))), lambda: (1, (2, (-0.0,)))),
    ("iterators at other places", lambda: iter([1, 2]), lambda: began(iter([1, 2]))),
    ("iterators of other lists", lambda: iter([1, 2]), lambda: iter([1, 3])),
    ("an iterator that has ended", lambda: iter([1]), lambda: began(began(iter([1])))),
    ("zipped and other", lambda: zip([1], [2], strict=True), lambda: zip([2], [1], strict=True)),
    ("zipped and begun", lambda: zip([1, 2], [2, 3], strict=True), lambda: began(zip([1, 2], [2, 3], strict=True))),
    ("enumerations from elsewhere", lambda: enumerate([1]), lambda: enumerate([1], 1)),
    ("mapped by another function", lambda: map(str, [1]), lambda: map(repr, [1])),
    ("filtered lists", lambda: filter(None, [1]), lambda: filter(None, [0])),
    ("what is left of a dict", lambda: began(iter({1: 2, 2: 3})), lambda: iter({1: 2, 2: 3})),
    ("what is left of a set", lambda: began(iter({1, 2})), lambda: iter({1, 2})),
    ("backwards", lambda: reversed([1, 2]), lambda: began(reversed([1, 2]))),
    ("chains", lambda: itertools.chain([1], [2]), lambda: itertools.chain([1], [3])),
    ("chains that have begun", lambda: itertools.chain([1], [2]), lambda: began(itertools.chain([1], [2]))),
    ("slices of iterators", lambda: itertools.islice([1, 2], 1), lambda: itertools.islice([1, 2], 2)),
    ("counting", lambda: itertools.count(1), lambda: itertools.count(1, 2)),
    ("combinations", lambda: itertools.combinations([1, 2, 3], 2), lambda: began(itertools.combinations([1, 2, 3], 2))),
    ("characters that are left", lambda: iter("ab"), lambda: began(iter("ab"))),
    ("a range that is begun", lambda: iter(range(5)), lambda: began(iter(range(5)))),
    ("str with the same start", lambda: "ab\0c", lambda: "ab\0d"),
    ("the form of a text", lambda: "abc", lambda: wide("abc")),
    ("the form of a text in a tuple", lambda: (1, "abc"), lambda: (1, wide("abc"))),
    ("the form of a text among many", lambda: ["abc"] * 100, lambda: ["abc"] * 99 + [wide("abc")]),
    ("the form of a key", lambda: {"abc": 1}, lambda: {wide("abc"): 1}),
]


@pytest.mark.parametrize(("first", "second"), [case[1:] for case in DIFFERENT], ids=[case[0] for case in DIFFERENT])
def test_reports(first: Callable[[], object], second: Callable[[], object]) -> None:
    for one, other in ((first, second), (second, first)):
        found = equal.difference(picture(one()), picture(other()))
        assert found is not None
        assert found.first != found.second
        assert str(found).startswith("value")


SAME = [case[1] for case in DIFFERENT] + [
    lambda: math.nan,
    lambda: [math.nan] * 40,
    lambda: "\ud800",
    lambda: 10**40,
    lambda: {"a": {1: [2.5, None]}, (1, "x"): b""},
    lambda: Hostile(),
    lambda: [Hostile(), Hostile()],
    lambda: object.__new__(WithMeta),
    lambda: [WithMeta, len, math],
    lambda: ...,
    dict,
    lambda: (),
]


@pytest.mark.parametrize("make", SAME)
def test_does_not_report_equals(make: Callable[[], object]) -> None:
    assert equal.difference(picture(make()), picture(make())) is None


def test_order_of_an_ordered_dict_is_not_that_of_its_dict() -> None:
    assert equal.difference(picture(moved_to_end()), picture(collections.OrderedDict(b=2, a=1))) is None
    quiet = {(1, ("x", 2.5)): 1, None: 2}
    assert equal.difference(picture(collections.OrderedDict(quiet)), picture(collections.OrderedDict(quiet))) is None


class Defaulted(dict[str, int]):
    def __init__(self, default: int) -> None:
        super().__init__()
        self.default = default


def test_what_is_shown_in_place_of_a_dict_has_the_attributes_of_that() -> None:
    waiting, filled, other = Defaulted(1), Defaulted(1), Defaulted(2)
    for ready in (filled, other):
        ready["a"] = 3
    shown = equal.take({"value": waiting}, instead={id(waiting): {"a": 3}})
    assert equal.difference(shown, picture(filled)) is None
    assert str(equal.difference(shown, picture(other))) == "value.default: 1 against 2"


@pytest.mark.parametrize("change", [lambda d: dict.__delitem__(d, "a"), lambda d: dict.__setitem__(d, "c", 3)])
def test_ordered_dicts_that_were_changed_behind_their_order(change: Callable[[dict[str, int]], None]) -> None:
    changed, other, as_before = (collections.OrderedDict(a=1, b=2) for _ in range(3))
    change(changed)
    change(other)
    assert equal.difference(picture(changed), picture(other)) is None
    assert equal.difference(picture(changed), picture(as_before)) is not None


@pytest.mark.parametrize("name", ["compare.py", "equal.py", "reproduce.py", "shadow.py"])
def test_extensions_carry_the_same_comparison(name: str) -> None:
    """One file under two names: shadow mode must judge as the verifier does."""
    root = Path(__file__).parents[2]
    carried = root / "pyrust-runtime/src/activate/shadow" / name
    assert (root / "setuptools-plugin/python/pyrust" / name).resolve() == carried.resolve()


def test_nan_is_nan_whatever_its_bits() -> None:
    assert equal.difference(picture(math.nan), picture(negative_nan())) is None
    assert equal.difference(picture([math.nan] * 30), picture([negative_nan()] * 30)) is None


def test_identity_of_plain_values_does_not_count() -> None:
    text, pair = "".join(["a", "b"]), tuple(iter([1, "x"]))
    assert (
        equal.difference(
            picture([text, text, pair, pair]), picture(["ab", "".join("ab"), (1, "x"), tuple(iter([1, "x"]))])
        )
        is None
    )


def test_identity_of_other_objects_counts() -> None:
    argument = [1]
    before = equal.take({"a": argument})
    same = equal.take({"a": argument, "result": argument}, before.known())
    copy = equal.take({"a": argument, "result": [1]}, before.known())
    found = equal.difference(same, copy)
    assert found is not None
    assert found.place == "result"
    assert equal.difference(same, equal.take({"a": argument, "result": argument}, before.known())) is None


def test_which_old_object_counts() -> None:
    first, second = [1], [1]
    before = equal.take({"a": first, "b": second})
    one = equal.take({"a": first, "b": second, "result": first}, before.known())
    other = equal.take({"a": first, "b": second, "result": second}, before.known())
    assert equal.difference(one, other) is not None


def test_a_tuple_that_holds_objects_is_an_object() -> None:
    inner = [1]
    argument = (inner,)
    before = equal.take({"a": argument})
    same = equal.take({"a": argument, "result": argument}, before.known())
    rebuilt = equal.take({"a": argument, "result": (inner,)}, before.known())
    assert equal.difference(same, rebuilt) is not None


def test_pictures_do_not_change_with_the_objects() -> None:
    argument = [[1], {"k": 2}]
    before = equal.take({"a": argument})
    argument[0].append(5)  # type: ignore[union-attr]
    found = equal.difference(before, equal.take({"a": argument}))
    assert found is not None
    assert found.place == "a[0]"


def test_mutated_argument_is_found() -> None:
    argument = [1, 2]
    before = equal.take({"a": argument})
    native = equal.take({"a": argument, "result": None}, before.known())
    argument.append(3)
    python = equal.take({"a": argument, "result": None}, before.known())
    assert str(equal.difference(native, python)) == "a: list with 2 elements against list with 3 elements"


def test_deep_structures_are_no_problem() -> None:
    def nest(value: object) -> object:
        for _ in range(50_000):
            value = [value]
        return value

    assert equal.difference(picture(nest(1)), picture(nest(1))) is None
    assert equal.difference(picture(nest(1)), picture(nest(1.0))) is not None


@pytest.mark.parametrize("length", [2, 40])
def test_numbers_are_kept_in_objects_of_their_own(length: int) -> None:
    """Native code rewrites a number that it has made; what was shown before the rollback must not change with it."""
    numbers = [int("12345678901") + n for n in range(length)]
    (shown,) = (node.content for node in equal.take({"numbers": numbers}).nodes if node.kind == "list")
    held = shown[0][2] if length > 16 else [encoded[1] for encoded in shown]
    assert list(held) == numbers
    assert not any(kept is number for kept, number in zip(held, numbers, strict=True))


def test_rollback_of_elements_is_checked() -> None:
    element = 12345678901
    argument = [element, [element]]
    before = equal.take({"a": argument})
    assert equal.restored(before, {"a": argument}) is None
    argument[0] = int("12345678901")  # equal, but another object
    assert equal.restored(before, {"a": argument}) is not None


def test_rollback_of_tables_is_checked() -> None:
    argument = {1, 2, 3}
    before = equal.take({"a": argument})
    argument.update(range(100))
    argument.difference_update(range(4, 100))
    argument.discard(0)
    assert equal.restored(before, {"a": argument}) is not None


def test_numbers_that_c_code_keeps_have_no_identity() -> None:
    roots = {"roots": functools.partial(print, [1])}
    assert equal.restored(equal.take(roots), roots) is None


def test_graphs_of_many_paths_are_shown_in_short() -> None:
    value: list[object] = [1]
    for _ in range(200):
        value = [value, value]
    picture = equal.take({"value": value})
    assert len(equal.show(picture, picture.roots["value"])) < 5000


def test_show_is_python() -> None:
    value = [1, {"a": (1.5, None)}, {3}, (1,), set(), [], b"x", -0.0, float("inf"), "ü", True, collections.deque([1])]
    shown = equal.show(picture(value), equal.Ref(0))
    again = eval(shown, {"collections": collections})
    assert equal.difference(picture(value), picture(again)) is None


def test_values_of_subclasses_are_restored() -> None:
    class Text(str):
        pass

    class Number(int):
        pass

    roots: dict[str, object] = {"a": Text("a text of some length"), "b": Number(2**70), "c": [Text("another")]}
    assert equal.restored(equal.take(roots), roots) is None


def test_no_false_alarm_on_a_thousand_equal_pairs() -> None:
    """Random graphs of the types that hotspots take, with objects in several places, against their copies."""

    def function(a: Any, b: Any, c: Any) -> None: ...

    signatures = [
        "(list[list[int]], dict[str, list[float]], set[int]) -> None",
        "(tuple[int, str, None], list[tuple[float, str]], deque[list[int]]) -> None",
        "(dict[tuple[int, str], list[str]], frozenset[str], bytearray) -> None",
        "(complex | float, list[?] | None, dict[int, dict[str, bool]]) -> None",
    ]
    pairs = 0
    for a, b, c in itertools.islice(invent.Inventor(function, signatures, []), 3000):
        # A set that is made again may have another order, which is a difference.
        if any(list(value) != list(copy.deepcopy(value)) for value in (b, c) if isinstance(value, (set, frozenset))):
            continue
        roots = {"a": a, "b": [b, a], "c": {"c": c, "again": b}}
        found = equal.difference(equal.take(roots), equal.take(copy.deepcopy(roots)))
        assert found is None, (str(found), roots)
        pairs += 1
    assert pairs >= 1000


def test_bits_of_a_nan_in_an_array_are_nobodys() -> None:
    other = struct.unpack("=d", struct.pack("=Q", 0xFFF8000000000001))[0]

    def found(first: object, second: object) -> str:
        pictures = [equal.take({"result": array}, {}) for array in (first, second)]
        return str(equal.difference(*pictures) or "")

    assert found(array("d", [1.0, other]), array("d", [1.0, float("nan")])) == ""
    assert found(array("f", [other]), array("f", [float("nan")])) == ""
    assert 'float("nan") as element 0' in found(array("d", [other]), array("d", [0.0]))
    assert "0.0 as element 1" in found(array("d", [1.0, 0.0]), array("d", [1.0, -0.0]))
    assert "3 as element 2" in found(array("H", [1, 2, 3]), array("H", [1, 2, 4]))
    assert found(array("l", [1]), array("q", [1])) != ""
    assert found(array("i", [1]), array("i", [1, 1])) != ""
    numpy = pytest.importorskip("numpy")
    assert found(numpy.array([1.0, other]), numpy.array([1.0, float("nan")])) == ""
    assert found(numpy.array([other]), numpy.array([1.0])) != ""


def test_arrays_differ_in_how_they_lie_and_say_which_element() -> None:
    numpy = pytest.importorskip("numpy")
    plain = numpy.arange(6.0).reshape(2, 3)

    def found(other: object) -> str:
        pictures = [equal.take({"result": array}, {}) for array in (plain, other)]
        return str(equal.difference(*pictures))

    changed = plain.copy()
    changed[1, 1] = numpy.nan
    frozen = plain.copy()
    frozen.flags.writeable = False
    assert found(plain.copy()) == "None"
    assert 'result: 4.0 as element 4 of an array of <f8, shape (2, 3), in C order against float("nan")' in found(
        changed
    )
    assert found(numpy.asfortranarray(plain)).endswith("in Fortran order")
    assert found(frozen).endswith("read-only")
    assert "array of <f4, shape (2, 3)" in found(plain.astype("f4"))
