"""The runtime's functions on values against CPython: same value, type and bits, or the same exception class.

A bailout is allowed only where the rules below say so; everything else is a difference.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import itertools
import os
import random
import struct
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from oracle import ORACLE

EXAMPLES = int(os.environ.get("PYRUST_VALUES_EXAMPLES", "60"))


def build() -> Path:
    """The extension for this interpreter; PYRUST_VALUES names one that is built already."""
    ready = os.environ.get("PYRUST_VALUES")
    if ready:
        return Path(ready)
    root = HERE.parent.parent
    target = Path(os.environ.get("CARGO_TARGET_DIR", root / "target")) / f"values-{sys.version_info[0]}.{sys.version_info[1]}"
    environment = dict(os.environ, PYO3_PYTHON=sys.executable, CARGO_TARGET_DIR=str(target))
    subprocess.run(["cargo", "build", "-q", "-p", "pyrust-values-test"], cwd=root, env=environment, check=True)
    names = ("libpyrust_values.so", "libpyrust_values.dylib", "pyrust_values.dll")
    return next(path for path in (target / "debug" / name for name in names) if path.exists())


def load() -> ModuleType:
    loader = importlib.machinery.ExtensionFileLoader("pyrust_values", str(build()))
    spec = importlib.util.spec_from_file_location("pyrust_values", loader.path, loader=loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


native = load()

WORD = 1 << 63
BOUNDARIES = [0, 1, -1, 2, -2, 3, -3, 7, -7, 10, -10, 63, 64, 65, 255, 256]
for _power in (31, 32, 53, 54, 62):
    BOUNDARIES += [s * (1 << _power) + d for s in (1, -1) for d in (-1, 0, 1)]
BOUNDARIES += [WORD - 1, WORD - 2, WORD - 1024, -WORD, -WORD + 1, 10**18, -(10**18), 5 * 10**18, 0x10FFFF, 0x110000, 0xD800]
SMALL = [*range(-20, 25), 36, 37, 62, 63, 64, 65, 100, 128, 255, 256, 323, 324, -64, -308, -309, 1023, 1074, 1075, -1074]
SMALL_WIDE = [2**31, -(2**31), 2**62]
FLOATS = [0.0, -0.0, 0.5, 1.0, -1.0, 1.5, -1.5, 2.0, 2.5, -2.5, 3.0, -3.0, 0.1, 0.3, 1e-5, 1e15, 1e16, 1e17, 1e22, 1e23]
FLOATS += [5e-324, -5e-324, 2.2250738585072014e-308, 1e308, -1e308, 1.7976931348623157e308, 0.05, 2.675, 1.005, 123456.785]
FLOATS += [2.0**n + d for n in (31, 52, 53, 62, 63) for d in (-1.0, 0.0, 1.0)] + [-(2.0**63), -(2.0**53), 2.0**64]
FLOATS += [float("inf"), float("-inf"), float("nan"), 710.0, -745.2, 1024.0, 171.0, 0.49999999999999994, 4503599627370497.5]
TEXTS = ["", "a", "A", "abc", "ABC", " a b ", "\t\n x \x1c", "ß", "İ", "ΑΣ", "ǅ", "ﬁ", "é", "Ā", "€uro", "😀", "a😀b", "\ud800", "\udfffx"]
TEXTS += ["\u2028", "a\r\nb\rc\n", "\x85\xa0", "0", "-5", "+12", " 7 ", "1_000", "1__0", "_1", "1_", "0x1f", "0b101", "0o17", "010", "00", "٣", "²"]
TEXTS += ["½", "1e5", "1_0.5", "nan", "-Infinity", " inf ", "1e999", ".5", "5.", ".", "e5", "1e", "+-1", "9223372036854775807", "-9223372036854775808"]
TEXTS += ["9223372036854775808", "\u3000", "a,b,,c", ",", ",,", "aaa", "aa", "x\x00y", "0_0", "0x_f", "0x", "١٢.٥", "'", '"', "'\"", "\\", "\x7f\xad", "１２"]
TEXTS += ["Hello World", "hello, world", "ABC def", "123abc", "tab\there", "naïve café", "日本語 text", "𝟘𝟙", "_x1", "1x", "\U0010ffff"]
BYTES = [b"", b"a", b"abc", b"\xff\x00", b"aaa", b"aa", "é€😀".encode(), b"\xed\xa0\x80", b"\xc3", b"A b'c\"", b"a,b,,c", b",", b"\n\t\\"]
SPECS = ["", "d", "5", "05d", "<5", ">8", "^9", "=+9", "*^12", "x", "#x", "X", "#X", "b", "#b", "#010b", "o", "#o", "c", "n", ",", ",d", "_", "_x", "_b"]
SPECS += ["+", "-", " ", "+d", " d", ".2f", "10.3f", "<10.3f", "+.1e", ".3g", "g", "e", "E", "F", "G", "%", ".1%", ",.2f", "_.2f", "010,.2f", "09,d", "s", "10s"]
SPECS += [".2", ".3s", ">10.2s", "^7s", "05", "<05", "=5", "=05", "#.3g", "#g", ".0f", "#.0f", ".0e", "z", "z.1f", "q", "5q", "..2f", ".", ".f", "é>5", "+s", ",s", "#s"]
SPECS += ["0", "00", "<", "<<5", "0<5", "x<5", "1000d", ".300f", "20.15", ".17g", "=+010d", "010_x", "-10", " =8", ",x", ".2d", "{<4", "6.2%", "0=7", "012.3e", ",.3", "_e"]
PERCENTS = ["%d", "%5d", "%-5d|", "%05d", "%x", "%#x", "%o", "%s", "%r", "%.2f", "%10.3e", "%g", "%%", "%i %s", "%d-%s", "%s %s", "", "%c", "%5.1f%%", "é%s", "%a", "%q", "%"]


def char(text: str) -> bool:
    return len(text) == 1


ints = st.one_of(st.sampled_from(BOUNDARIES), st.integers(-WORD, WORD - 1), st.integers(-1000, 1000))
floats = st.one_of(st.sampled_from(FLOATS), st.floats(), st.floats(-1000, 1000), st.integers(-(10**6), 10**6).map(lambda i: i / 100))
characters = st.one_of(st.characters(exclude_categories=()), st.sampled_from([t for t in TEXTS if char(t)]))
texts = st.one_of(
    st.sampled_from(TEXTS),
    st.text(characters, max_size=12),
    st.text("ab, \t\n\r", max_size=20),
    st.text("0123456789_+-.eExX \u0663", max_size=8),
    st.text("ab\xe9\u20ac\U0001f600 ", max_size=10),
)
KINDS: dict[str, st.SearchStrategy[Any]] = {
    "i": ints,
    "n": st.one_of(st.sampled_from(SMALL), st.integers(-70, 70)),
    "f": floats,
    "s": texts,
    "c": characters,
    "b": st.one_of(st.sampled_from(BYTES), st.binary(max_size=12), st.lists(st.sampled_from(list(b"ab,")), max_size=12).map(bytes)),
    "o": st.one_of(st.none(), st.integers(-12, 12), st.sampled_from([WORD - 1, -WORD, 2**31, -(2**31)])),
    "t": st.booleans(),
    "p": st.one_of(
        st.sampled_from(SPECS),
        st.text("<>=^+- #0123456789,_.bcdeEfFgGnosxX%*", max_size=6),
        st.from_regex(r"([*x0]?[<>=^])?[-+ ]?#?0?[0-9]{0,2}[,_]?(\.[0-9])?[bdeEfFgGosxX%]?", fullmatch=True),
    ),
    "q": st.one_of(st.sampled_from(PERCENTS), st.from_regex(r"%[-+ #0]{0,3}[0-9]?(\.[0-9])?[dixXoeEfgGsrca]", fullmatch=True)),
    "x": st.one_of(ints, floats),
    "I": st.lists(ints, max_size=6),
    "F": st.lists(floats, max_size=8),
    "M": st.lists(st.one_of(ints, floats), max_size=8),
    "S": st.lists(texts, max_size=5),
    "B": st.lists(st.binary(max_size=4), max_size=4),
    "D": st.dictionaries(texts, ints, max_size=4),
}
FIXED: dict[str, list[Any]] = {
    "i": BOUNDARIES,
    "n": SMALL + SMALL_WIDE,
    "f": FLOATS,
    "s": TEXTS,
    "c": [t for t in TEXTS if char(t)] + [chr(c) for c in range(0x250)],
    "b": BYTES,
    "o": [None, 0, 1, -1, 2, -2, 5, -5, 100, -100, WORD - 1, -WORD],
    "t": [False, True],
    "p": SPECS,
    "q": PERCENTS,
    "x": BOUNDARIES[:12] + FLOATS[:12],
    "I": [[], [1], [0, 255], [256], [-1], [WORD - 1, 1], [WORD - 1, 1, -5], [-WORD, -1]],
    "F": [[], [-0.0], [0.1] * 10, [1e308, 1e308], [1e308, 1e308, -1e308], [1.0, 1e100, 1.0, -1e100], [float("inf"), float("-inf")], [float("nan")]],
    "M": [[], [1], [True and 1, 0.1, 2, 0.2], [2**53, 1.0, 1], [1, 2, 3.0, WORD - 1], [0.1] * 10, [-0.0], [1e308, 1e308, 1], [1e16, 1.0, 1, 1.0]],
    "S": [[], [""], ["a"], ["a", "é"], ["€", "b", "😀"], ["a"] * 4],
    "B": [[], [b""], [b"a", b"\xff"], [b"a"] * 4],
    "D": [{}, {"a": 1}, {"a'": -1, "é😀": 2, "": 3}],
}


def same(a: Any, b: Any) -> bool:
    """Equal with types and bits; all NaNs are one."""
    if type(a) is not type(b):
        return False
    if isinstance(a, float):
        return (a != a and b != b) or struct.pack("<d", a) == struct.pack("<d", b)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return bool(a == b)


def too_big(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return any(map(too_big, value))
    return type(value) is int and not -WORD <= value < WORD


def may_bail(name: str, args: tuple[Any, ...], reason: str, value: Any, raised: str | None) -> bool:
    """Is this bailout one that the documentation of the function announces?"""
    if reason == "overflow":
        if too_big(value):
            return True
        if name.startswith(("sum.", "prod.")):
            # The sum left 64 bits on the way.
            return too_big(list(itertools.accumulate([int(a) if a == a and abs(a) < 1e300 else 0 for a in args[0]], lambda a, b: a * b if name[0] == "p" else a + b, initial=(args[1:] or (1,))[0] if not isinstance((args[1:] or (1,))[0], float) else 0)))
        if name.startswith("int.from_str"):
            return len(args[0]) > 640
        # The result needs more digits than CPython is willing to make.
        return raised in ("OverflowError", "MemoryError") and name in ("int.shl",)
    if reason == "unsupported":
        if name in ("int.pow", "int.powmod"):
            return args[1] < 0
        if name == "int.pow_float":
            return args[1] >= 0
        if name == "float.pow":
            return isinstance(value, complex) or (raised == "OverflowError" and args[0] < 0 and args[1] != int(args[1]))
        if name.startswith("fmt."):
            return not args[1].isascii() or args[1].endswith("n") if name[4:11] != "percent" else False
        return False
    if reason == "memory":
        return raised in ("MemoryError", "OverflowError")
    return False


def check(name: str, args: tuple[Any, ...]) -> str:
    function = ORACLE[name][1]
    value, raised = None, None
    kind, result = native.call(name, *args)
    try:
        value = function(*args)
    except Exception as error:
        raised = type(error).__name__
    if kind == "ok":
        assert raised is None, f"{name}{args!r}: {result!r}, CPython raises {raised}"
        assert same(result, value), f"{name}{args!r}: {result!r}, CPython says {value!r}"
    elif kind == "exc":
        assert raised == result, f"{name}{args!r}: raises {result}, CPython: {raised or repr(value)}"
    else:
        assert may_bail(name, args, result, value, raised), f"{name}{args!r}: bails ({result}), CPython: {raised or repr(value)}"
    return str(kind)


def too_slow(name: str, args: tuple[Any, ...]) -> bool:
    """Calls that CPython would answer with gigabytes."""
    if name in ("int.pow", "int.pow_float", "int.round_n", "int.shl", "math.perm", "math.comb", "math.factorial") or name.endswith((".repeat", ".zeros")):
        return abs(args[-1]) > 5000 or abs(args[0] if isinstance(args[0], int) else 0) > 5000 and name.startswith("math.")
    return name in ("str.zfill", "str.ljust", "str.rjust", "str.center", "str.expandtabs") and args[1] > 5000


def test_every_function_has_an_oracle() -> None:
    assert set(native.names()) == set(ORACLE)


@pytest.mark.parametrize("name", sorted(ORACLE))
def test_boundaries(name: str) -> None:
    kinds = ORACLE[name][0]
    columns = [FIXED[kind] for kind in kinds]
    total = 1
    for column in columns:
        total *= len(column)
    if total <= 6000:
        calls = list(itertools.product(*columns))
    else:
        chosen = random.Random(name)
        calls = [tuple(chosen.choice(column) for column in columns) for _ in range(6000)]
    kinds_seen = {check(name, call) for call in calls if not too_slow(name, call)}
    assert "ok" in kinds_seen


@pytest.mark.parametrize("name", sorted(name for name in ORACLE if ORACLE[name][0]))
def test_random(name: str) -> None:
    strategy = st.tuples(*(KINDS[kind] for kind in ORACLE[name][0]))

    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(strategy)
    def run(call: tuple[Any, ...]) -> None:
        if not too_slow(name, call):
            check(name, call)

    run()


def test_every_code_point() -> None:
    """Classes and mappings of all code points, one by one."""
    step = 1 if EXAMPLES > 60 else 7
    for code in itertools.chain(range(0x3000), range(0x3000, 0x110000, step)):
        c = chr(code)
        for name in ("chr.isalpha", "chr.isalnum", "chr.isspace", "chr.isdecimal", "chr.isdigit", "chr.isnumeric", "chr.isprintable"):
            assert native.call(name, c) == ("ok", ORACLE[name][1](c)), (name, code)
    for code in range(0x3000):
        for name in ("chr.upper", "chr.lower", "chr.islower", "chr.isupper", "chr.istitle", "chr.isidentifier", "chr.to_str"):
            assert native.call(name, chr(code)) == ("ok", ORACLE[name][1](chr(code))), (name, code)
