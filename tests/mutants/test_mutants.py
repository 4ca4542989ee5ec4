"""The list of rules that can be switched off is true: each stands where it says. (`make mutants` switches them off.)"""

from __future__ import annotations

from pathlib import Path

import pytest

from mutants import ROOT, Mutant, load

MUTANTS = load()


@pytest.mark.parametrize("mutant", MUTANTS, ids=[mutant.name for mutant in MUTANTS])
def test_the_rule_stands_there(mutant: Mutant) -> None:
    text = (ROOT / mutant.file).read_text(encoding="utf-8")
    assert mutant.apply(text) != text
    folder = Path(ROOT / "tests/cases")
    names = [path.relative_to(folder).with_suffix("").as_posix() for path in folder.rglob("*.md")]
    assert any(mutant.cases in name for name in names)


def test_no_rule_is_listed_twice() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)


def test_a_rule_that_moved_is_an_error() -> None:
    gone = Mutant("gone", "x", "not there", "", "traps")
    with pytest.raises(ValueError, match="0 times"):
        gone.apply("nothing")
    twice = Mutant("twice", "x", "a", "b", "traps")
    with pytest.raises(ValueError, match="2 times"):
        twice.apply("a a")
