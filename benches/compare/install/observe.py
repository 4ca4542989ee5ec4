"""What the peers' annotations are made from: the profile's signatures, and the types that locals have while a kernel runs.

A person who annotates by hand writes the same: this is the table of signatures, without the writing.
"""

from __future__ import annotations

import dataclasses
import importlib
import sys
import tomllib
from types import FrameType
from typing import Any

from inputs import Kernel
from install.place import COMPARE


@dataclasses.dataclass(frozen=True)
class Known:
    """The types of one function, as texts in the notation of Python."""

    parameters: list[str]
    result: str
    variables: dict[str, str]
    """Locals that are no parameters."""


def split(text: str) -> list[str]:
    """The parts between commas that are in no brackets."""
    parts, depth = [""], 0
    for c in text:
        depth += (c == "[") - (c == "]")
        if c == "," and not depth:
            parts.append("")
        else:
            parts[-1] += c
    return [part.strip() for part in parts if part.strip()]


def signatures() -> dict[str, tuple[list[str], str]]:
    """Function → parameters and result, from the profile."""
    manifest = tomllib.loads((COMPARE / "pyrust.toml").read_text())
    found = {}
    for entry in manifest["hotspot"]:
        before, _, result = entry["signatures"][0].rpartition(" -> ")
        found[entry["function"].partition(":")[2]] = (split(before[1:-1]), result)
    return found


def known(kernel: Kernel) -> dict[str, Known]:
    """The types of all functions that run when the kernel does."""
    recorded = signatures()
    found = {}
    for name, variables in _variables(kernel).items():
        if name in recorded:
            parameters, result = recorded[name]
            if "bigint" in (*parameters, result):
                # What the small input shows says little: all its ints may grow.
                variables = {n: "bigint" if text == "int" else text for n, text in variables.items()}
            found[name] = Known(parameters, result, variables)
    return found


def _variables(kernel: Kernel) -> dict[str, dict[str, str]]:
    module = importlib.import_module(f"everyday.{kernel.module}")
    seen: dict[str, dict[str, set[str]]] = {}

    def look(frame: FrameType, event: str, argument: Any) -> Any:
        if frame.f_code.co_filename != module.__file__ or frame.f_code.co_name.startswith("<"):
            return None
        code = frame.f_code
        if event in ("line", "return"):
            types = seen.setdefault(code.co_qualname, {})
            for name in code.co_varnames[code.co_argcount :]:
                if name in frame.f_locals:
                    types.setdefault(name, set()).add(described(frame.f_locals[name]))
        return look

    sys.settrace(look)
    try:
        kernel.of(module)(*kernel.arguments(max(2, kernel.sizes[0] // 8)))
    finally:
        sys.settrace(None)
    return {name: {n: merged(kinds) for n, kinds in types.items()} for name, types in seen.items()}


def described(value: object) -> str:
    """The type of a value, its first elements included."""
    kind = type(value)
    if kind is int and not -(2**63) <= value < 2**63:  # type: ignore[operator]
        return "bigint"
    if kind in (list, set, frozenset, range) or kind.__name__ == "deque":
        items = list(value)[:4]  # type: ignore[call-overload]
        inner = merged({described(item) for item in items}) if items else "?"
        return f"{kind.__name__}[{inner}]" if kind is not range else "range"
    if kind is tuple:
        return f"tuple[{', '.join(described(item) for item in value)}]"  # type: ignore[attr-defined]
    if kind is dict:
        items = list(value.items())[:4]  # type: ignore[attr-defined]
        parts = [merged({described(pair[n]) for pair in items}) if items else "?" for n in (0, 1)]
        return f"dict[{', '.join(parts)}]"
    return kind.__name__


def merged(kinds: set[str]) -> str:
    """One type for several observations; `object` if they do not agree."""
    kinds = {kind for kind in kinds if kind.count("?") == min(k.count("?") for k in kinds)}
    return kinds.pop() if len(kinds) == 1 else "bigint" if kinds == {"int", "bigint"} else "object"
