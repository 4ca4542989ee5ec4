"""The text of what cargo compiles: one workspace per project, one crate per package. Pure, no IO."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterable, Sequence

#: The generated text and its companion, beside `lib.rs`.
GENERATED = "pyrust_hotspots.rs"
DIGESTS = "pyrust_digests.txt"
#: The folder of bodies written by hand, beside the manifest, and beside the generated text.
BODIES = "pyrust_bodies"

#: The crates that are compiled with every project: their sources are in the wheel.
SHIPPED = ("pyrust-core", "pyrust-macros", "pyrust-runtime")

_WORKSPACE = """\
[workspace]
resolver = "2"
members = [{members}]

[profile.release]
opt-level = 3
strip = true

# One unit each: no second pass over all of them (thin-local LTO). They are compiled beside each other.
[profile.release.package.pyrust-core]
codegen-units = 1

[profile.release.package.pyrust-runtime]
codegen-units = 1
"""

_PROFILE = """
[profile.release.package.{name}]
codegen-units = {units}
incremental = {incremental}
"""
#: Each unit is compiled beside the others and once more with what it takes from them: small ones are not worth that.
_UNIT, _MOST_UNITS = 32 << 10, 16
#: Where units are kept for the next build: one for each function, however many there are.
_KEPT_UNITS = 4096

_MEMBER = """\
[package]
name = {name}
version = "0.0.0"
edition = "2024"
publish = false

[lib]
crate-type = ["cdylib"]

[dependencies]
pyrust-macros = {{ path = {macros} }}
pyrust-runtime = {{ path = {runtime}, default-features = false, features = {features} }}
"""

# Modules of the runtime by what stands behind their names, since other things have the same names.
_BIG = r"\bbig\s*(?:::|as\b)|\b(?:Big|BigConst|SumBig|big_|big_dyn|push_big|boxed_int)\b"
_RARE = (
    r"\b(?:bytearray|complex|memory|packed|parallel|random|statistics|structs)\s*(?:::|as\b)"
    r"|\b(?:ByteArray|Code|Complex|MemView|Packed|POrdered|Random)\b"
    r"|\b(?:complex_dyn|concat_any|live_ordered|push_complex)\b|\bfmt::complex\b|\bcomplex\("
)
#: Parts of the runtime that are compiled only where code names something of theirs.
_FEATURES = {
    "arrays": re.compile(r"\b(?:Array|Np|ndarray|array|umath|ufunc|of_ufunc)\b|\.arrays\(\)"),
    # What is rare computes with big ints.
    "big": re.compile(f"{_BIG}|{_RARE}"),
    "rare": re.compile(_RARE),
    "regex": re.compile(r"\bregex\s*(?:::|as\b)|\bFound\b"),
}
#: All of them.
FEATURES = tuple(_FEATURES)
_COMMENT = re.compile(r"^\s*//.*", re.MULTILINE)

_LIB = f"""\
//! Written by PyRust from the project's manifest.
pyrust_macros::hotspots!("{GENERATED}", movable);
"""


@dataclasses.dataclass(frozen=True)
class Unit:
    """The module of one package, before it is compiled."""

    #: The dotted package that the module belongs to, or the top-level module beside which it lies.
    package: str
    #: Name of the module to be made: `_pyrust`, or `_pyrust_<module>`.
    module: str
    rust: str
    digests: str
    #: What the text takes in beside it, by hand: path and text.
    bodies: tuple[tuple[str, str], ...] = ()

    def crate(self, key: str) -> str:
        """The crate's name. It carries the project's key: crates of one name in a shared build folder mix up."""
        readable = re.sub(r"[^a-z0-9]+", "_", self.package.lower()).strip("_")
        return f"pyrust_{readable[:40]}_{_short(self.package)}_{key}"


def _short(package: str) -> str:
    # Two packages may differ only in what the readable part of the name drops.
    value = 0xCBF29CE484222325
    for byte in package.encode():
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return f"{value:016x}"[:6]


def files(
    units: list[Unit], key: str, crates: str, features: Sequence[str] | None = None, incremental: bool = False
) -> dict[str, str]:
    """Every file of the generated workspace but the lock file, by its path.

    `features`: what the runtime is compiled with; without, as much as the units need. With `incremental` rustc keeps what it
    has compiled, so that the next build compiles functions that have changed; the first one takes a sixth longer.
    """
    members = ", ".join(_quoted(unit.crate(key)) for unit in units)
    features = needed(units) if features is None else features
    written = {"Cargo.toml": _WORKSPACE.format(members=members)}
    for unit in units:
        name = unit.crate(key)
        count = _KEPT_UNITS if incremental else _codegen_units(unit)
        written["Cargo.toml"] += _PROFILE.format(name=name, units=count, incremental=json.dumps(incremental))
        written[f"{name}/Cargo.toml"] = _MEMBER.format(
            name=_quoted(name),
            macros=_quoted(f"{crates}/pyrust-macros"),
            runtime=_quoted(f"{crates}/pyrust-runtime"),
            features=json.dumps(list(features)),
        )
        written[f"{name}/src/lib.rs"] = _LIB
        written[f"{name}/src/{GENERATED}"] = unit.rust
        written[f"{name}/src/{DIGESTS}"] = unit.digests
        for path, text in unit.bodies:
            written[f"{name}/src/{path}"] = text
    return written


def _codegen_units(unit: Unit) -> int:
    return max(2, min(_MOST_UNITS, len(unit.rust.encode()) // _UNIT))


def needed(units: list[Unit]) -> list[str]:
    """What the texts need of the runtime besides what every module needs: of all of them, so that they share one runtime."""
    texts = [_COMMENT.sub("", text) for unit in units for text in (unit.rust, *(text for _, text in unit.bodies))]
    return [name for name, words in _FEATURES.items() if any(words.search(text) for text in texts)]


def chosen(needed: Sequence[str], last: Sequence[str] | None, compiled: Iterable[Sequence[str]]) -> list[str]:
    """With which features the runtime is compiled: rather with too many than once more.

    `last` are those of the project's last build, if it had one; `compiled` are the sets that the cache has.
    """
    candidates = sorted(compiled, key=lambda features: (len(features), list(features)))
    for features in [last, *candidates]:
        if features is not None and set(needed) <= set(features) <= set(FEATURES):
            return list(features)
    return list(needed)


def _quoted(text: str) -> str:
    # A JSON string is a TOML basic string.
    return json.dumps(text.replace("\\", "/"), ensure_ascii=False)


def dependency_workspace(cargo_toml: str) -> str:
    """The workspace file beside the shipped crates: ours, with only those as members."""
    return re.sub(
        r"(?ms)^members = \[.*?\]",
        f"members = {json.dumps(SHIPPED)}",
        cargo_toml,
        count=1,
    )


_ITEM = re.compile(r"^(?:pub(?:\([a-z]+\))? )?(?:unsafe )?(?:extern \"C\" )?fn ([A-Za-z0-9_]+)", re.MULTILINE)
_ATTRIBUTE = re.compile(r"#\[hotspot\(.*?function = \"([^\"]+)\"", re.DOTALL)


@dataclasses.dataclass(frozen=True)
class _Item:
    """A top-level function of the generated text: its lines (attributes included), and the hotspot that it is."""

    name: str
    first: int
    last: int
    hotspot: str | None
    words: frozenset[str]


def functions_at(rust: str, lines: set[int]) -> set[str]:
    """The hotspots whose native code needs a Rust function that one of the (1-based) lines lies in."""
    items = _items(rust)
    failing = {item.name for item in items if any(item.first <= line <= item.last for line in lines)}
    need = _needing(failing, items)
    return {item.hotspot for item in items if item.hotspot and item.name in need}


def bodies_at(rust: str, lines: set[int]) -> set[str]:
    """The files of bodies that one of the (1-based) lines of the generated text names."""
    text = rust.splitlines()
    named = {name for line in lines if line <= len(text) for name in _BODY.findall(text[line - 1])}
    return {f"{BODIES}/{name}.rs" for name in named}


_BODY = re.compile(rf"\b{BODIES}_(\w+)\b")


def _items(rust: str) -> list[_Item]:
    found = []
    previous_end = line = 0
    for match in _ITEM.finditer(rust):
        # The printer closes a top-level item with a brace in the first column.
        close = rust.find("\n}", match.end())
        end = len(rust) if close < 0 else close + 2
        attribute = rust.find("#[hotspot", previous_end, match.start())
        begin = match.start() if attribute < 0 else attribute
        named = _ATTRIBUTE.search(rust, begin, match.start())
        # Counted on from the item before: texts of a thousand functions have megabytes.
        first = line + rust.count("\n", previous_end, begin)
        line = first + rust.count("\n", begin, end)
        found.append(
            _Item(
                name=match[1],
                first=first + 1,
                last=line + 1,
                hotspot=named[1] if named else None,
                words=frozenset(re.findall(r"[A-Za-z0-9_]+", rust[begin:end])),
            )
        )
        previous_end = end
    return found


def _needing(names: set[str], items: list[_Item]) -> set[str]:
    """Names of the functions that may call one of these, over any others, and these themselves."""
    known = {item.name for item in items}
    callers: dict[str, set[str]] = {}
    for item in items:
        for word in item.words & known:
            callers.setdefault(word, set()).add(item.name)
    seen: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += callers.get(name, ())
    return seen
