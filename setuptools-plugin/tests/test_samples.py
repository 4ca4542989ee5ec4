"""Samples of arguments: written as literals, read without running anything but literals."""

from __future__ import annotations

import json
import math
import struct
import sys
from array import array
from collections import Counter, OrderedDict, deque
from fractions import Fraction
from http import HTTPStatus
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import DefragResult

import pytest

from pyrust import runinfo, samples
from pyrust._engine import recorder

LOOP: list[Any] = []
LOOP.append(LOOP)


class Text(str):
    __slots__ = ()


def alike(one: Any, other: Any) -> bool:
    """Exact types, bits, order."""
    if type(one) is not type(other):
        return False
    if isinstance(one, float):
        return struct.pack("<d", one) == struct.pack("<d", other) or (math.isnan(one) and math.isnan(other))
    if isinstance(one, complex):
        return alike(one.real, other.real) and alike(one.imag, other.imag)
    if isinstance(one, deque) and one.maxlen != other.maxlen:
        return False
    if isinstance(one, (list, tuple, deque)):
        return len(one) == len(other) and all(map(alike, one, other))
    if isinstance(one, dict):
        return alike(list(one.items()), list(other.items()))
    return bool(one == other)


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        False,
        0,
        -1,
        2**63 - 1,
        -(2**63),
        2**63,
        -(10**5000),
        0.0,
        -0.0,
        0.1,
        1e16,
        1e-7,
        5e-324,
        1.7976931348623157e308,
        -2.5,
        float("nan"),
        float("inf"),
        float("-inf"),
        complex(-0.0, 1.5),
        complex(float("nan"), float("-inf")),
        "",
        "a'b\"c\\n\n\0",
        "ß😀\ud800",
        b"",
        b"\x00'\xff",
        bytearray(b"ab'"),
        range(5),
        range(-1, 2**70, 3),
        (),
        (1,),
        ((1, ("x",)), []),
        [],
        [1, [2.5, None], {"k": (1, 2)}],
        {},
        {1: "one", "two": 2, (3, 4): [5], True + 1: None, None: -0.0},
        set(),
        {1, 2, 3},
        frozenset(),
        frozenset({"a", "b"}),
        deque([1, 2], 5),
        deque(),
    ],
    ids=lambda value: f"{type(value).__name__} {value!r:.20}" if not isinstance(value, int) else f"int {value % 1000}",
)
def test_values_come_back_as_they_were(value: Any) -> None:
    for arguments in ((value,), (value, 1), ([value],)) if not isinstance(value, (list, dict, set)) else ((value,),):
        text = recorder.sample(arguments)
        assert text is not None
        assert text.isascii()
        make = samples.maker(text)
        assert alike(make(), arguments)


def test_arrays_come_back_as_they_lay() -> None:
    numpy = pytest.importorskip("numpy")
    grid = numpy.arange(24.0).reshape(2, 3, 4)
    fixed = numpy.array([[True, False]])
    fixed.flags.writeable = False
    views = [grid, grid.T, grid[:, ::-2], numpy.asfortranarray(grid[0]), grid[0, 0, 0:0], numpy.array(-0.0), fixed]
    views += [numpy.array([1, -2, 3], kind)[::-1] for kind in ("int8", "int16", "int64", "float32", "complex64")]
    views += [
        numpy.array([float("nan"), 2.0**63], "float64"),
        numpy.zeros((0, 3)),
        numpy.broadcast_to(grid[0, 0], (3, 4)),
    ]
    for view in views:
        text = recorder.sample((view, [view]))
        make = samples.maker(text)
        made, [again] = make()
        assert made is not again
        for one in (made, again):
            assert type(one) is type(view)
            assert (one.dtype, one.shape, one.strides) == (view.dtype, view.shape, view.strides)
            assert (one.flags.writeable, one.tobytes()) == (view.flags.writeable, view.tobytes())
        assert not numpy.shares_memory(make()[0], made)


def test_arrays_that_have_no_sample() -> None:
    numpy = pytest.importorskip("numpy")

    class Own(numpy.ndarray):  # type: ignore[misc, name-defined]
        pass

    plain = numpy.zeros(3)
    for value in (
        plain.view(Own),
        type("ndarray", (), {"__module__": "numpy"})(),
        numpy.array([None]),
        numpy.array(["x"]),
        numpy.zeros(2, "i4,f8"),
        numpy.zeros(2, ">f8"),
        numpy.zeros(2, "M8[s]"),
        numpy.ma.array([1.0], mask=[True]),
        numpy.zeros(1 << 20),
    ):
        assert recorder.sample((value,)) is None
    for wrong in (
        'array("float64", (3,), (8,), True, "AAAA")',
        'array("object", (1,), (8,), True, "AAAAAAAAAAA=")',
        'array("no", (1,), (8,), True, "AAAAAAAAAAA=")',
        'array("float64", (2,), (1000000000,), True, "AAAAAAAAAAAAAAAAAAAAAA==")',
        'array("float64", (1,), (8, 8), True, "AAAAAAAAAAA=")',
    ):
        with pytest.raises(ValueError, match="no array can be made"):
            samples.maker(f"({wrong},)")()


def test_packed_arrays_come_back() -> None:
    for value in (array("d", [1.5, float("nan"), -0.0]), array("Q", [2**64 - 1]), array("b"), array("f", [0.1])):
        make = samples.maker(recorder.sample((value, {"a": value})))
        made, again = make()
        assert type(made) is array
        assert made is not again["a"]
        assert (made.typecode, made.tobytes()) == (value.typecode, value.tobytes())
        assert again["a"].tobytes() == value.tobytes()
    assert recorder.sample((array("u", "ab"),)) is None
    assert recorder.sample((array("d", bytes(1 << 23)),)) is None
    for wrong in ('packed("d", "AAAA")', 'packed("x", "")', 'packed("d", 1)'):
        with pytest.raises(ValueError, match="no array can be made"):
            samples.maker(f"({wrong},)")()


def test_arguments_are_new_each_time() -> None:
    make = samples.maker(recorder.sample(([1], {"a": {2}})))
    first, second = make(), make()
    assert first == second
    assert first[0] is not second[0]
    assert first[1]["a"] is not second[1]["a"]


@pytest.mark.parametrize(
    "value",
    [object(), Text("x"), Counter("ab"), OrderedDict(a=1), LOOP, len, int, [[object()]], {"a": Text("b")}, iter([])],
    ids=lambda value: type(value).__name__,
)
def test_what_has_no_literal_has_no_sample(value: Any) -> None:
    assert recorder.sample((value,)) is None


def test_what_is_too_long_has_no_sample() -> None:
    assert recorder.sample(("x" * (5 << 20),)) is None
    assert recorder.sample(([0] * (3 << 20),)) is None
    assert recorder.sample(([0] * (1 << 20),)) is not None


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "(__import__('os'),)",
        "(open('x'),)",
        "(float,)",
        "(set([1], *x),)",
        "(float.fromhex('1'),)",
        "(range(3).start,)",
        "([x for x in (1, 2)],)",
        "(lambda: 1,)",
        "(1 + 1,)",
        "(f'{1}',)",
        "(float(x='1'),)",
        "[1]",
        "1",
        "",
        "(",
        "(" * 500 + ")" * 500,
    ],
)
def test_nothing_else_is_evaluated(text: str) -> None:
    with pytest.raises(ValueError, match="not a sample"):
        samples.maker(text)


def test_instances_are_made_where_they_are_wanted() -> None:
    text = '(instance("fractions:Fraction", {"_numerator": 3, "_denominator": 4}), [instance("test_made:Made", {"x": [1]})],)'
    with pytest.raises(ValueError, match="`instance` is called"):
        samples.maker(text)
    made = type("Made", (), {"__init__": None, "__module__": "test_made"})
    sys.modules["test_made"] = module = ModuleType("test_made")
    module.Made = made  # type: ignore[attr-defined]
    fraction, [own] = samples.maker(text, instances=True)()
    assert fraction == Fraction(3, 4)
    assert type(own) is made
    assert vars(own) == {"x": [1]}
    del sys.modules["test_made"]
    [member] = samples.maker('(member("http:HTTPStatus", "OK"),)', instances=True)()
    assert member is HTTPStatus.OK
    [named] = samples.maker('(named("urllib.parse:DefragResult", ("a", "b")),)', instances=True)()
    assert (type(named), named.fragment) == (DefragResult, "b")
    for text in (
        '(member("http:HTTPStatus", "no"),)',
        '(member("fractions:Fraction", "x"),)',
        '(member("no_such:X", "x"),)',
        '(named("fractions:Fraction", (3, 4)),)',
        '(named("builtins:len", (3, 4)),)',
    ):
        with pytest.raises(ValueError, match="no instance of"):
            samples.maker(text, instances=True)()


@pytest.mark.parametrize(
    ("name", "attributes"),
    [
        ("fractions:Fraction", {"numerator": 3}),
        ("fractions:Fraction", {"other": 3}),
        ("fractions:NoSuch", {}),
        ("no_such_module_here:X", {}),
        ("builtins:list", {}),
        ("builtins:len", {}),
        ("tempfile:TemporaryFile", {}),
        ("subprocess:Popen", {}),
        ("", {}),
    ],
)
def test_instances_that_cannot_be_made(name: str, attributes: dict[str, Any]) -> None:
    make = samples.maker(f"(instance({name!r}, {attributes!r}),)", instances=True)
    with pytest.raises(ValueError, match="no instance of"):
        make()


def example(a: int, /, b: int, *rest: int, c: int = 0, **more: int) -> tuple[Any, ...]:
    return (a, b, rest, c, more)


def test_orders_of_parameters() -> None:
    values = (1, 2, (3, 4), 5, {"x": 6})
    args, keywords = samples.call_form(example, values)  # type: ignore[arg-type]
    assert example(*args, **keywords) == values
    local = samples.local_order(example, values)  # type: ignore[arg-type]
    assert local == (1, 2, 5, (3, 4), {"x": 6})
    assert samples.parameter_order(example, local) == values  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="other parameters"):
        samples.call_form(example, (1, 2))  # type: ignore[arg-type]


def test_the_store(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "kit"\nversion = "1"\n\n[tool.pyrust]\n')
    (tmp_path / "kit.py").write_text("def f(x):\n    return x\n")
    project = runinfo.load(tmp_path)
    assert samples.read(project) == {}
    seen = samples.nothing()
    samples.add(seen, {"samples": [["(1,)", 2.0]], "opaque": 1})
    samples.add(seen, {"samples": [["(1,)", 3.0], ["(2,)", 1.0]], "long": 2})
    assert seen == {"samples": [["(1,)", 5.0], ["(2,)", 1.0]], "opaque": 1, "long": 2}
    samples.update(project, {"kit:f": seen})
    samples.update(project, {"kit:f": samples.nothing(), "kit:g": samples.nothing()})
    assert samples.read(project) == {"kit:f": seen, "kit:g": samples.nothing()}
    for broken in ("", "[]", json.dumps({"version": 99})):
        (project.cache / "samples.json").write_text(broken)
        assert samples.read(project) == {}
