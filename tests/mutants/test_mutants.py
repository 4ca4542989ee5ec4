"""The list of rules that can be switched off is true: each stands where it says. (`make mutants` switches them off.)"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from mutants import HERE, PARTS, ROOT, Mutant, load

MUTANTS = load()


@pytest.mark.parametrize("mutant", MUTANTS, ids=[mutant.name for mutant in MUTANTS])
def test_the_rule_stands_there(mutant: Mutant) -> None:
    text = (ROOT / mutant.file).read_text(encoding="utf-8")
    assert mutant.apply(text) != text
    folder = Path(ROOT / "tests/cases")
    names = [path.relative_to(folder).with_suffix("").as_posix() for path in folder.rglob("*.md")]
    assert any(mutant.cases in name for name in names)


def test_the_copy_is_whole() -> None:
    """Links lead to what is copied as well."""
    parts = [ROOT / part for part in PARTS]
    links = [path for part in parts for path in part.rglob("*") if path.is_symlink() and "target" not in path.parts]
    assert len(links) >= 8
    for link in links:
        end = link.resolve()
        assert any(end == part or end.is_relative_to(part) for part in parts), link


def test_no_rule_is_listed_twice() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)


def test_a_rule_that_moved_is_an_error() -> None:
    gone = Mutant("gone", "x", "not there", "", "traps")
    with pytest.raises(ValueError, match="0 times"):
        gone.apply("nothing")
    twice = Mutant("twice", "x", "a", "b", "traps")
    with pytest.raises(ValueError, match="2 times"):
        twice.apply("a a")


HOLES: list[dict[str, Any]] = tomllib.loads((HERE / "holes.toml").read_text(encoding="utf-8"))["hole"]


def test_every_hole_is_listed() -> None:
    assert [entry["number"] for entry in HOLES] == list(range(1, 47))


@pytest.mark.parametrize("entry", HOLES, ids=[entry["hole"] for entry in HOLES])
def test_what_shows_a_hole_is_there(entry: dict[str, Any]) -> None:
    assert ("shown" in entry) != ("instead" in entry)
    for shown in entry.get("shown", ()):
        kind, _, rest = shown.partition(": ")
        if kind == "mutant":
            assert rest in {mutant.name for mutant in MUTANTS}, shown
        elif kind == "case":
            file, _, heading = rest.partition(": ")
            text = (ROOT / "tests/cases" / f"{file}.md").read_text(encoding="utf-8")
            assert f"\n## {heading}\n" in text, shown
        else:
            path, _, name = shown.partition("::")
            assert f"\ndef {name}(" in (ROOT / path).read_text(encoding="utf-8"), shown
