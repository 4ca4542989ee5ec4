"""The runtime's functions on values against CPython: same value, type and bits, or the same exception class.

A bailout is allowed only where the rules below say so; everything else is a difference.
"""

from __future__ import annotations

import functools
import importlib.machinery
import importlib.util
import itertools
import operator
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

from value_inputs import FIXED, KINDS, WORD
from value_oracle import ORACLE

HERE = Path(__file__).resolve().parent

EXAMPLES = int(os.environ.get("PYRUST_VALUES_EXAMPLES", "60"))


def build() -> Path:
    """The extension for this interpreter; PYRUST_VALUES names one that is built already."""
    ready = os.environ.get("PYRUST_VALUES")
    if ready:
        return Path(ready)
    root = HERE.parent.parent
    target = (
        Path(os.environ.get("CARGO_TARGET_DIR", root / "target"))
        / f"values-{sys.version_info[0]}.{sys.version_info[1]}"
    )
    environment = dict(os.environ, PYO3_PYTHON=sys.executable, CARGO_TARGET_DIR=str(target))
    subprocess.run(["cargo", "build", "-q", "-p", "pyrust-values-test"], cwd=root, env=environment, check=True)
    names = ("libpyrust_values.so", "libpyrust_values.dylib", "pyrust_values.dll")
    return next(path for path in (target / "debug" / name for name in names) if path.exists())


@functools.cache
def native() -> ModuleType:
    loader = importlib.machinery.ExtensionFileLoader("pyrust_values", str(build()))
    spec = importlib.util.spec_from_file_location("pyrust_values", loader.path, loader=loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


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


def partial_results(name: str, args: tuple[Any, ...]) -> list[Any]:
    """Of `sum` and `prod`, up to the first float."""
    step = operator.mul if name.startswith("prod.") else operator.add
    whole = itertools.takewhile(lambda item: type(item) is int, args[0])
    return list(itertools.accumulate(whole, step, initial=args[1] if len(args) > 1 else 1))


def may_bail(name: str, args: tuple[Any, ...], reason: str, value: Any, raised: str | None) -> bool:
    """Is this bailout one that the documentation of the function announces?"""
    if reason == "overflow":
        if too_big(value):
            return True
        if name.startswith(("sum.", "prod.")):
            # On the way the ints left 64 bits.
            return too_big(partial_results(name, args))
        if name.startswith("int.from_str"):
            return len(args[0]) > 640
        # The result needs more digits than CPython is willing to make.
        return raised in ("OverflowError", "MemoryError") and name in ("int.shl",)
    if name.startswith("big.") and reason in ("unsupported", "memory", "limit"):
        if name in ("big.comb", "big.perm", "big.factorial"):
            return True
        if name == "big.pow":
            return bool(args[1] < 0) or reason in ("memory", "limit")
        if name == "big.and_int":
            return bool(args[1] < 0)
        # Texts that are too long for CPython; specifications that are errors, or rare.
        return raised == "ValueError" or name == "big.format"
    if reason == "unsupported":
        if name in ("int.pow", "int.powmod"):
            return bool(args[1] < 0)
        if name == "int.pow_float":
            return bool(args[1] >= 0)
        if name == "float.pow":
            return isinstance(value, complex) or (raised == "OverflowError" and args[0] < 0 and args[1] != int(args[1]))
        if name.startswith("fmt.") and "percent" not in name:
            spec = args[-1]
            return not spec.isascii() or bool(spec.endswith("n"))
        return False
    if reason == "memory":
        return raised in ("MemoryError", "OverflowError")
    return False


def check(name: str, args: tuple[Any, ...]) -> str:
    function = ORACLE[name][1]
    value, raised = None, None
    kind, result = native().call(name, *args)
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
        assert may_bail(name, args, result, value, raised), (
            f"{name}{args!r}: bails ({result}), CPython: {raised or repr(value)}"
        )
    return str(kind)


def too_slow(name: str, args: tuple[Any, ...]) -> bool:
    """Calls that CPython would answer with gigabytes, or after seconds."""
    if name == "big.pow" and args[0].bit_length() * args[1] > 1 << 20:
        return True
    if name in (
        "int.pow",
        "int.pow_float",
        "big.pow",
        "big.round_n",
        "big.shl",
        "big.perm",
        "big.comb",
        "big.factorial",
        "big.to_bytes",
        "big.to_bytes_little",
        "int.round_n",
        "int.shl",
        "math.perm",
        "math.comb",
        "math.factorial",
    ) or name.endswith((".repeat", ".zeros")):
        return abs(args[-1]) > 5000 or (name.startswith(("math.", "big.comb", "big.perm")) and abs(args[0]) > 5000)
    if name == "big.powmod":
        return abs(args[1]) > 1 << 300 or abs(args[2]) > 1 << 1100
    return name in ("str.zfill", "str.ljust", "str.rjust", "str.center", "str.expandtabs") and args[1] > 5000


@pytest.mark.slice
def test_every_function_has_an_oracle() -> None:
    # Patterns have a test of their own.
    assert {name for name in native().names() if not name.startswith("regex.")} == set(ORACLE)


@pytest.mark.slice
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


@pytest.mark.slice
def test_every_code_point() -> None:
    """Classes and mappings of all code points, one by one."""
    step = 1 if EXAMPLES > 60 else 7
    for code in itertools.chain(range(0x3000), range(0x3000, 0x110000, step)):
        c = chr(code)
        for name in (
            "chr.isalpha",
            "chr.isalnum",
            "chr.isspace",
            "chr.isdecimal",
            "chr.isdigit",
            "chr.isnumeric",
            "chr.isprintable",
        ):
            assert native().call(name, c) == ("ok", ORACLE[name][1](c)), (name, code)
    for code in range(0x3000):
        for name in (
            "chr.upper",
            "chr.lower",
            "chr.islower",
            "chr.isupper",
            "chr.istitle",
            "chr.isidentifier",
            "chr.to_str",
        ):
            assert native().call(name, chr(code)) == ("ok", ORACLE[name][1](chr(code))), (name, code)
