"""Samples of the arguments of hot functions: `.pyrust/samples.json`, which `bench`, `verify` and `brief` work with.

The profiler writes them as Python literals (never pickles, and not JSON, which has no tuples, NaN or keys that are ints).
Reading them evaluates nothing but literals, a handful of constructors of builtin types, and what makes an array as it lay in
memory. Where they are asked for, instances of the project's classes are made too: without their `__init__`, from the attributes that were
seen.

In: what the recorder has seen. Out: texts, and arguments made of them, fresh ones each time.
It must not run code of the project.
"""

from __future__ import annotations

import ast
import binascii
import importlib
import inspect
import json
from array import array
from collections import deque
from collections.abc import Callable, Mapping
from types import CodeType, FunctionType
from typing import Any

from pyrust import runinfo
from pyrust.runinfo import Project

VERSION = 1
MOST = 32
"""Samples of one function that are kept, of all processes of a run."""

SPAN = 256 << 20
"""Bytes that the elements of an array may be strewn over: it can be a column of something large."""

Seen = dict[str, Any]

_MAKERS: dict[str, Any] = {
    "bytearray": bytearray,
    "complex": complex,
    "deque": deque,
    "float": float,
    "frozenset": frozenset,
    "range": range,
    "set": set,
}
_LITERALS = (
    ast.Expression,
    ast.Constant,
    ast.Tuple,
    ast.List,
    ast.Dict,
    ast.Set,
    ast.UnaryOp,
    ast.USub,
    ast.Load,
)


def nothing() -> Seen:
    """What is kept of a function that was never sampled."""
    return {"samples": [], "opaque": 0, "long": 0}


def add(entry: Seen, seen: Seen) -> None:
    """Adds what another process has seen of the same function."""
    known = {text: place for place, (text, _) in enumerate(entry["samples"])}
    for text, weight in seen.get("samples", ()):
        if text in known:
            entry["samples"][known[text]][1] += weight
        elif len(entry["samples"]) < MOST:
            entry["samples"].append([text, weight])
    for key in ("opaque", "long"):
        entry[key] += seen.get(key, 0)


def update(project: Project, functions: Mapping[str, Seen]) -> None:
    """Replaces the samples of these functions; those of others stay."""
    stored = read(project)
    for name, seen in functions.items():
        kept = {key: seen[key] for key in nothing()}
        if kept["samples"] or name not in stored:
            stored[name] = kept
    write(project, stored)


def write(project: Project, functions: Mapping[str, Seen]) -> None:
    runinfo.write_json(project.cache / "samples.json", {"version": VERSION, "functions": dict(functions)})


def read(project: Project) -> dict[str, Seen]:
    """The samples of each function; none where there is no file, or one of another version."""
    try:
        data = json.loads((project.cache / "samples.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(data, dict) or data.get("version") != VERSION:
        return {}
    return {str(name): {**nothing(), **seen} for name, seen in data["functions"].items()}


def maker(text: str, *, instances: bool = False) -> Callable[[], tuple[Any, ...]]:
    """What makes the arguments that a sample describes, new ones at each call; `ValueError` when it is no sample.

    `instances`: their classes, whose modules are imported for it, may be asked for.
    """
    makers = {**_MAKERS, "array": _array, "packed": _packed}
    if instances:
        makers |= {"instance": _instance, "member": _member, "named": _named}
    try:
        tree = ast.parse(text, mode="eval")
        code = _compiled(tree, makers)
    except (SyntaxError, RecursionError, MemoryError) as error:
        raise ValueError(f"not a sample of arguments: {error}") from None
    scope = {"__builtins__": {}, **makers}

    def make() -> tuple[Any, ...]:
        made = eval(code, scope)
        assert isinstance(made, tuple)
        return made

    return make


def _class(name: str) -> Any:
    module, _, qualname = name.partition(":")
    found: Any = importlib.import_module(module)
    for part in qualname.split("."):
        found = vars(found)[part]
    return found


def _instance(name: str, attributes: dict[str, Any]) -> Any:
    """An instance as it was seen; nothing of its class is run."""
    try:
        found = _class(name)
        if hasattr(found, "__del__"):
            raise TypeError("it has a `__del__`")
        made = object.__new__(found)
        for key, value in attributes.items():
            inherited = inspect.getattr_static(found, key, None)
            if hasattr(type(inherited), "__set__") and not inspect.ismemberdescriptor(inherited):
                raise TypeError(f"`{key}` is a descriptor")
            object.__setattr__(made, key, value)
    except (ImportError, KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"no instance of `{name}` can be made: {error}") from None
    return made


def _named(name: str, items: tuple[Any, ...]) -> Any:
    """A named tuple, or an instance of another class below `tuple`; nothing of its class is run."""
    try:
        found = _class(name)
        if hasattr(found, "__del__"):
            raise TypeError("it has a `__del__`")
        return tuple.__new__(found, items)
    except (ImportError, KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"no instance of `{name}` can be made: {error}") from None


def _member(name: str, key: str) -> Any:
    """The member of an enumeration."""
    try:
        return vars(_class(name))["_member_map_"][key]
    except (ImportError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"no instance of `{name}` is `{key}`: {error}") from None


def _array(dtype: str, shape: tuple[int, ...], strides: tuple[int, ...], writeable: bool, elements: str) -> Any:
    """An array of NumPy's, with memory of its own that is laid out as that of the one that was seen."""
    try:
        numpy = importlib.import_module("numpy")
        values = numpy.frombuffer(binascii.a2b_base64(elements), dtype).reshape(shape)
        reach = [stride * (length - 1) for length, stride in zip(shape, strides, strict=True)] if values.size else []
        first = -sum(each for each in reach if each < 0)
        span = first + sum(each for each in reach if each > 0) + values.itemsize
        if span > SPAN:
            raise ValueError("its elements lie too far apart")
        made = numpy.ndarray(shape, dtype, numpy.zeros(span, numpy.uint8), first, strides)
        # Elements that share memory are equal.
        made[...] = values
        made.flags.writeable = writeable
    except (ImportError, TypeError, ValueError) as error:
        raise ValueError(f"no array can be made: {error}") from None
    return made


def _packed(code: str, elements: str) -> Any:
    """An `array.array` with these bytes."""
    try:
        return array(code, binascii.a2b_base64(elements))
    except (TypeError, ValueError) as error:
        raise ValueError(f"no array can be made: {error}") from None


def _compiled(tree: ast.Expression, makers: Mapping[str, Any]) -> CodeType:
    if not isinstance(tree.body, ast.Tuple):
        raise ValueError("not a sample of arguments: a tuple was expected")
    called = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if not (isinstance(node.func, ast.Name) and node.func.id in makers and not node.keywords):
                raise ValueError(f"not a sample of arguments: `{ast.unparse(node.func)}` is called")
            called.add(id(node.func))
        elif isinstance(node, ast.Name):
            if id(node) not in called:
                raise ValueError(f"not a sample of arguments: `{node.id}` is a name")
        elif not isinstance(node, _LITERALS):
            raise ValueError(f"not a sample of arguments: {type(node).__name__}")
    return compile(tree, "<sample>", "eval")


def call_form(function: FunctionType, values: tuple[Any, ...]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Positional arguments and keywords for one value per parameter, in the order of the parameters."""
    code = function.__code__
    positional, keyword_only = code.co_argcount, code.co_kwonlyargcount
    star, stars = bool(code.co_flags & 0x04), bool(code.co_flags & 0x08)
    if len(values) != positional + star + keyword_only + stars:
        raise ValueError("the function has other parameters now")
    args = values[:positional] + (values[positional] if star else ())
    named = values[positional + star : positional + star + keyword_only]
    keywords = dict(zip(code.co_varnames[positional : positional + keyword_only], named, strict=True))
    if stars:
        keywords.update(values[-1])
    return args, keywords


def parameter_order(function: FunctionType, values: tuple[Any, ...]) -> tuple[Any, ...]:
    """The values of a function's local variables in the order of its parameters: the opposite of `local_order`."""
    code = function.__code__
    positional, keyword_only = code.co_argcount, code.co_kwonlyargcount
    if not code.co_flags & 0x04:
        return values
    at = positional + keyword_only
    return values[:positional] + values[at : at + 1] + values[positional:at] + values[at + 1 :]


def local_order(function: FunctionType, values: tuple[Any, ...]) -> tuple[Any, ...]:
    """The same values in the order of the function's local variables, as the runtime wants them."""
    code = function.__code__
    positional, keyword_only = code.co_argcount, code.co_kwonlyargcount
    if not code.co_flags & 0x04:
        return values
    rest = positional + 1
    return (
        values[:positional]
        + values[rest : rest + keyword_only]
        + values[positional:rest]
        + values[rest + keyword_only :]
    )
