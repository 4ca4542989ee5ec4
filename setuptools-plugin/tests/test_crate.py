"""The generated workspace as text, and which hotspots a line of it belongs to."""

from __future__ import annotations

import tomllib

from pyrust import crate

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
    files = crate.files([unit], "key", 'C:\\a "b"')
    name = unit.crate("key")
    workspace = tomllib.loads(files["Cargo.toml"])
    assert workspace["workspace"]["members"] == [name]
    assert workspace["profile"]["release"]["opt-level"] == 3
    assert workspace["profile"]["release"]["package"][name]["codegen-units"] == 2
    member = tomllib.loads(files[f"{name}/Cargo.toml"])
    assert member["dependencies"]["pyrust-macros"]["path"] == 'C:/a "b"/pyrust-macros'
    assert files[f"{name}/src/pyrust_hotspots.rs"] == "// text"


def test_large_crates_are_compiled_in_more_units() -> None:
    def units(size: int) -> int:
        unit = crate.Unit("a", "_pyrust", "x" * size, "")
        profile = tomllib.loads(crate.files([unit], "key", "/crates")["Cargo.toml"])["profile"]["release"]
        return profile["package"][unit.crate("key")]["codegen-units"]

    assert [units(size << 10) for size in (1, 100, 300, 5000)] == [2, 3, 9, 16]


def test_only_what_is_named_is_compiled_along() -> None:
    def features(*units: crate.Unit) -> list[list[str]]:
        files = crate.files(list(units), "key", "/crates")
        members = [tomllib.loads(files[f"{unit.crate('key')}/Cargo.toml"]) for unit in units]
        runtimes = [member["dependencies"]["pyrust-runtime"] for member in members]
        assert not any(runtime["default-features"] for runtime in runtimes)
        return [runtime["features"] for runtime in runtimes]

    plain = crate.Unit(
        "a", "_pyrust", '// 4: x = array[0]\n#[hotspot(function = "a.arrays:f")]\nfn f(x: ByteArray) {}\n', ""
    )
    arrays = crate.Unit("b", "_pyrust", "fn f(cx: Cx, x: Array<f64, 1>) {}\n", "")
    by_hand = crate.Unit("c", "_pyrust", "", "", (("pyrust_bodies/f.rs", "let x = ndarray::len(a);\n"),))
    assert features(plain) == [[]]
    assert features(plain, arrays) == [["arrays"], ["arrays"]]
    assert features(by_hand) == [["arrays"]]


def test_dependency_workspace() -> None:
    text = '[workspace]\nresolver = "2"\nmembers = [\n  "a",\n  "b",\n]\n\n[workspace.package]\nversion = "1"\n'
    data = tomllib.loads(crate.dependency_workspace(text))
    assert data["workspace"]["members"] == ["pyrust-core", "pyrust-macros", "pyrust-runtime"]
    assert data["workspace"]["package"] == {"version": "1"}
