"""The text of a difference: function, arguments, both outcomes, and a test to paste.

In: pictures of the arguments before the call and of both outcomes. Out: text.
It must not call anything: what it shows was seen when it happened.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Collection
from types import FunctionType
from typing import Any

from . import equal
from .equal import Difference, Encoded, Picture, Ref

_LONG = 400
"""Characters after which a value is cut in prose; in the test to paste it is whole."""


def text(
    name: str,
    original: FunctionType,
    before: Picture,
    native: Picture,
    python: Picture | BaseException,
    found: Difference,
) -> str:
    """The report of one call whose outcomes differ."""
    lines = [
        f"pyrust: {name} differs from Python at {found.place}",
        f"  native: {cut(found.first)}",
        f"  python: {cut(found.second)}",
        "  arguments:",
        *(f"    {parameter} = {cut(equal.show(before, value))}" for parameter, value in _arguments(original, before)),
        "  to reproduce:",
        "",
        *test(name, original, before, python),
    ]
    return "\n".join(lines)


def unclean(name: str, original: FunctionType, before: Picture, what: str) -> str:
    """The report of a rollback that has not put everything back."""
    lines = [
        f"pyrust: {name} was not rolled back exactly: {what}",
        "  arguments:",
        *(f"    {parameter} = {cut(equal.show(before, value))}" for parameter, value in _arguments(original, before)),
        "  please report this: it is an error of PyRust, whatever the function does",
    ]
    return "\n".join(lines)


def cut(shown: str) -> str:
    """As prose shows it."""
    return shown if len(shown) <= _LONG else f"{shown[:_LONG]} … ({len(shown)} characters)"


def _arguments(original: FunctionType, before: Picture) -> list[tuple[str, Encoded]]:
    code = original.__code__
    count = code.co_argcount + code.co_kwonlyargcount + bool(code.co_flags & 0x04) + bool(code.co_flags & 0x08)
    return [(parameter, before.roots[parameter]) for parameter in code.co_varnames[:count] if parameter in before.roots]


_MAKER = [
    "def make(cls, **attributes):",
    "    made = object.__new__(cls)",
    "    for name, value in attributes.items():",
    "        object.__setattr__(made, name, value)",
    "    return made",
]


def outcome(names: Collection[str]) -> str:
    """What the result of a call is called: none of its arguments has that name."""
    name = "result"
    while name in names:
        name += "_"
    return name


def test(name: str, original: FunctionType, before: Picture, python: Picture | BaseException) -> list[str]:
    """A test function that fails as long as the native version differs, and passes with `PYRUST=python`."""
    module, _, qualname = name.partition(":")
    arguments = _arguments(original, before)
    names, lines = _variables(before, [value for _, value in arguments])
    code = original.__code__
    call = []
    for index, (parameter, value) in enumerate(arguments):
        star = _star(code.co_flags, index, code.co_argcount + code.co_kwonlyargcount, code.co_argcount)
        lines.append(f"{parameter} = {equal.show(before, value, names)}")
        call.append(f"{star}{parameter}" if star != "=" else f"{parameter}={parameter}")
        if isinstance(value, Ref):
            names.setdefault(value.node, parameter)
    target = f"{module}.{qualname}{_access(module, qualname)}({_call(call)})"
    if isinstance(python, BaseException):
        kind = type(python)
        error = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
        shown = equal.show_exception(python)
        lines += ["try:", f"    {target}", f"except {error} as error:", f"    assert repr(error.args) == repr({shown})"]
        lines += ["else:", f'    raise AssertionError("Python raises {kind.__qualname__}")']
    else:
        result = outcome(before.roots)
        lines.append(f"{result} = {target}")
        lines.append(_assertion(result, equal.show(python, python.roots[result])))
        for parameter, value in arguments:
            if isinstance(value, Ref):
                if python.roots[parameter] == python.roots[result]:
                    lines.append(f"assert {result} is {parameter}")
                after = equal.show(python, python.roots[parameter])
                if after != equal.show(before, value):
                    lines.append(_assertion(parameter, after))
    written = "\n".join(lines)
    imports = {module, *re.findall(r"\b(collections|decimal|datetime)\.", written), *_classes(before, python)}
    if f"{equal.MAKE}(" in written:
        lines = [*_MAKER, *lines]
    if "<" in written and re.search(r"<[\w.]+( of .*)?>", written):
        lines.insert(0, "# What is written <like this> has no literal: make it by hand.")
    safe = re.sub(r"\W+", "_", qualname).strip("_").lower()
    body = [*(f"import {one}" for one in sorted(imports)), *lines]
    return [f"    def test_{safe}():", *(f"        {line}" for line in body)]


def _assertion(variable: str, shown: str) -> str:
    if f"{equal.MAKE}(" in shown:
        return f"# Python: {variable} is {shown}"
    return f"assert repr({variable}) == repr({shown})"


def _classes(before: Picture, python: Any) -> set[str]:
    """Modules of the classes, functions and modules that are written down."""
    nodes = before.nodes + (python.nodes if isinstance(python, Picture) else [])
    identified = {
        str(getattr(thing, "__module__", None) or getattr(thing, "__name__", ""))
        for picture in (before, python)
        if isinstance(picture, Picture)
        for node, thing in zip(picture.nodes, picture.objects, strict=True)
        if node.kind == "identity"
    }
    return ({str(node.type.__module__) for node in nodes if node.kind == "object"} | identified) - {"builtins"}


def _star(flags: int, index: int, named: int, positional: int) -> str:
    if index < positional:
        return ""
    if index < named:
        return "="
    return "*" if index == named and flags & 0x04 else "**"


def _call(arguments: list[str]) -> str:
    """The arguments in an order that Python accepts."""
    keywords = [one for one in arguments if "=" in one]
    plain = [one for one in arguments if "=" not in one]
    ordered = (
        [one for one in plain if not one.startswith("**")] + keywords + [one for one in plain if one.startswith("**")]
    )
    return ", ".join(ordered)


def _access(module: str, qualname: str) -> str:
    """How to get at the plain function behind what stands in a class."""
    found: Any = sys.modules.get(module)
    for name in qualname.split("."):
        found = getattr(found, "__dict__", {}).get(name)
    return {classmethod: ".__func__", property: ".fget"}.get(type(found), "")


def _variables(before: Picture, roots: list[Encoded]) -> tuple[dict[int, str], list[str]]:
    """Names for objects that occur in several places, with the lines that make them."""
    counts: dict[int, int] = {}
    waiting = list(roots)
    while waiting:
        value = waiting.pop()
        if isinstance(value, Ref):
            counts[value.node] = counts.get(value.node, 0) + 1
            if counts[value.node] == 1:
                waiting += before.nodes[value.node].content
    shared = [node for node, count in sorted(counts.items(), reverse=True) if count > 1]
    names: dict[int, str] = {}
    lines: list[str] = []
    for node in shared:
        lines.append(f"shared_{len(names)} = {equal.show_node(before, node, names)}")
        names[node] = f"shared_{len(names)}"
    return names, lines
