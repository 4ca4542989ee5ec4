"""The generated workspace as text, and which hotspots a line of it belongs to."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from pyrust import crate

ROOT = Path(__file__).resolve().parents[2]

RUST = """\
//! init: PyInit__pyrust
use pyrust_runtime::prelude::*;

#[hotspot(function = "a.b:f", signature = "(int) -> int")]
fn a_b__f(cx: Cx, x: i64) -> R<i64> {
    a_b__g(cx, x)
}

#[hotspot(
    function = "a.b:h",
    signature = "(int, int, int, int, int, int) -> int",
)]
fn a_b__h(cx: Cx, x: i64) -> R<i64> {
    Ok(x)
}

fn a_b__g(cx: Cx, x: i64) -> R<i64> {
    Ok(x + 1)
}

pub static MODULE: Module = Module {};
"""


def line_of(text: str) -> int:
    return 1 + RUST[: RUST.index(text)].count("\n")


def test_line_in_a_hotspot() -> None:
    assert crate.functions_at(RUST, {line_of("a_b__g(cx, x)")}) == {"a.b:f"}
    assert crate.functions_at(RUST, {line_of("Ok(x)")}) == {"a.b:h"}


def test_line_in_an_attribute() -> None:
    assert crate.functions_at(RUST, {line_of('    signature = "(int, int')}) == {"a.b:h"}


def test_line_in_a_callee_costs_its_callers() -> None:
    assert crate.functions_at(RUST, {line_of("Ok(x + 1)")}) == {"a.b:f"}


def test_two_functions_of_one_name() -> None:
    """Our own mistake, and rustc's complaint is about the second."""
    twice = RUST + RUST[RUST.index("#[hotspot") : RUST.index("pub static")].replace("a.b:h", "a.b:i")
    last = 1 + twice[: twice.rindex("Ok(x)\n")].count("\n")
    assert crate.functions_at(twice, {last}) == {"a.b:h", "a.b:i"}


def test_line_elsewhere() -> None:
    assert crate.functions_at(RUST, {2, line_of("pub static")}) == set()


def test_crate_names_differ_by_project_and_package() -> None:
    one = crate.Unit("acme.tools", "_pyrust", "", "")
    other = crate.Unit("acme_tools", "_pyrust", "", "")
    assert len({one.crate("k1"), one.crate("k2"), other.crate("k1")}) == 3
    assert crate.Unit("größe", "_pyrust", "", "").crate("k").isascii()


def test_workspace_is_toml() -> None:
    unit = crate.Unit("textkit", "_pyrust", "// text", "textkit:f 00\n")
    files = crate.files([unit], "key", 'C:\\a "b"', ["arrays"])
    name = unit.crate("key")
    workspace = tomllib.loads(files["Cargo.toml"])
    assert workspace["workspace"]["members"] == [name]
    assert workspace["profile"]["release"]["opt-level"] == 3
    assert workspace["profile"]["release"]["package"][name]["codegen-units"] == 2
    member = tomllib.loads(files[f"{name}/Cargo.toml"])
    assert member["dependencies"]["pyrust-macros"]["path"] == 'C:/a "b"/pyrust-macros'
    runtime = member["dependencies"]["pyrust-runtime"]
    assert (runtime["default-features"], runtime["features"]) == (False, ["arrays"])
    assert files[f"{name}/src/pyrust_hotspots.rs"] == "// text"


def test_large_crates_are_compiled_in_more_units() -> None:
    def units(size: int) -> int:
        unit = crate.Unit("a", "_pyrust", "x" * size, "")
        profile = tomllib.loads(crate.files([unit], "key", "/crates")["Cargo.toml"])["profile"]["release"]
        return profile["package"][unit.crate("key")]["codegen-units"]

    assert [units(size << 10) for size in (1, 100, 300, 5000)] == [2, 3, 9, 16]


def test_what_is_kept_is_kept_for_each_function() -> None:
    unit = crate.Unit("a", "_pyrust", "x", "")
    for incremental in (False, True):
        text = crate.files([unit], "key", "/crates", [], incremental)["Cargo.toml"]
        packages = tomllib.loads(text)["profile"]["release"]["package"]
        assert packages[unit.crate("key")]["incremental"] == incremental
        assert (packages[unit.crate("key")]["codegen-units"] > 1000) == incremental
        # What all projects share does not change.
        assert "incremental" not in packages["pyrust-runtime"]


def test_only_what_is_named_is_compiled_along() -> None:
    def features(*units: crate.Unit) -> list[str]:
        return crate.needed(list(units))

    text = """\
// 4: x = array[0] + big::of(1)
#[hotspot(function = "a.arrays:f", signature = "(complex, bytearray) -> int")]
fn f(cx: Cx, big: i64, random: bool) -> R<f64> {
    let memory = (big, random);
    math::dist(cx, memory)
}
"""
    plain = crate.Unit("a", "_pyrust", text, "")
    arrays = crate.Unit("b", "_pyrust", "fn f(cx: Cx, x: Array<f64, 1>) {}\n", "")
    by_hand = crate.Unit("c", "_pyrust", "", "", (("pyrust_bodies/f.rs", "let x = ndarray::len(a);\n"),))
    wide = crate.Unit("d", "_pyrust", "    Ok(big::add(cx, &x, &y)?)\n", "")
    assert features(plain) == []
    assert features(plain, arrays) == ["arrays"]
    assert features(by_hand) == ["arrays"]
    drawn = crate.Unit("e", "_pyrust", "    let x = random::random(cx)?;\n", "")
    assert features(wide, plain) == ["big"]
    assert features(wide, by_hand) == ["arrays", "big"]
    # That has bits of any number.
    assert features(drawn) == ["big", "rare"]


#: The feature, what is named by `use`, or a word that says what it is and its name.
GATED = re.compile(
    r"""^\#\[cfg\(feature\ =\ "(\w+)"\)\]\n(?:\#\[.*\]\n)*pub\ (?:unsafe\ )?(?:use\ ([^;]+);|(\w+)\ (\w+))""",
    re.M | re.X,
)


def gated() -> Iterator[tuple[str, str, str]]:
    """What features have that code can name: the feature, the name, and how that looks in code."""
    for path in (*ROOT.glob("pyrust-core/src/**/*.rs"), *ROOT.glob("pyrust-runtime/src/**/*.rs")):
        module = path.parent.name if path.stem == "mod" else path.stem
        for feature, used, kind, name in GATED.findall(path.read_text(encoding="utf-8")):
            names = [name] if kind else re.findall(r"\w+(?=[,}]|$)", used) or [module]
            for name in names:
                if name[0].isupper():
                    yield feature, name, f"x: {name},"
                elif kind == "mod" or name == module or module == "prelude":
                    yield feature, name, f"{name}::of(x)"
                else:
                    yield feature, name, f"{module}::{name}(x)"


def test_what_features_have_is_known_by_its_name() -> None:
    found = set(gated())
    known = {"big", "Big", "SumBig", "complex", "concat_any", "push_big", "POrdered", "Random", "bytearray", "memory"}
    assert known <= {name for _, name, _ in found}
    for feature, name, text in found:
        assert crate.needed([crate.Unit("a", "_pyrust", text, "")])[-1] == feature, (name, text)


def test_runtime_that_there_is_does() -> None:
    everything = list(crate.FEATURES)
    assert crate.chosen([], None, []) == []
    assert crate.chosen(["rare"], None, [[], ["arrays"]]) == ["rare"]
    # The smallest that has all.
    assert crate.chosen([], None, [everything, ["rare"]]) == ["rare"]
    assert crate.chosen(["arrays"], None, [[], everything]) == everything
    assert crate.chosen([], None, [["rare"], []]) == []
    # The project keeps its own, while that does.
    assert crate.chosen([], ["rare"], [[]]) == ["rare"]
    assert crate.chosen(["arrays"], ["rare"], [everything, ["arrays"]]) == ["arrays"]
    # What another version has left.
    assert crate.chosen([], ["unknown"], [["other"]]) == []


def test_dependency_workspace() -> None:
    text = '[workspace]\nresolver = "2"\nmembers = [\n  "a",\n  "b",\n]\n\n[workspace.package]\nversion = "1"\n'
    data = tomllib.loads(crate.dependency_workspace(text))
    assert data["workspace"]["members"] == ["pyrust-core", "pyrust-macros", "pyrust-runtime"]
    assert data["workspace"]["package"] == {"version": "1"}
