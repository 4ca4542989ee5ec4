"""Functions that stand in the manifest though they are not hot: where time is in short functions that they call."""

from __future__ import annotations

from typing import Any, cast

import pytest

from pyrust import besides


class Recorded:
    """What is known of functions whose names say it: those with `yield` are generators, others but `unseen` were recorded."""

    def __init__(self, run: dict[str, Any]) -> None:
        self.recorded = {name for name in run["functions"] if "unseen" not in name}

    def is_generator(self, name: str) -> bool:
        return "yield" in name


CASES: list[tuple[str, dict[str, float], dict[str, int], set[str]]] = [
    ("who calls a short one", {"main;hop": 1.0, "main": 0.1}, {"hop": 100_000}, {"main"}),
    ("a long one is called rarely", {"main;hop": 1.0, "main": 0.001}, {"hop": 10}, set()),
    ("who calls who calls", {"main;route;hop": 1.0}, {"hop": 100_000, "route": 50_000}, {"main", "route"}),
    ("the middle is long", {"main;route;hop": 1.0}, {"hop": 100_000, "route": 5}, {"route"}),
    ("too little time", {"main;hop": 0.05, "x": 20.0}, {"hop": 100_000}, {"x"}),
    ("a generator in between", {"main;yields;hop": 1.0}, {"hop": 100_000, "yields": 9}, set()),
    ("not recorded", {"unseen;hop": 1.0}, {"hop": 100_000}, set()),
    ("recursion", {"main;hop;hop;hop": 1.0}, {"hop": 100_000}, {"main"}),
    ("time in many that are not hot", {"main;run;a": 0.3, "main;run;b": 0.3, "main;hop": 40.0}, {}, {"run"}),
    ("the innermost of them", {"main;run;a": 0.9, "main;run;b": 0.1, "main;hop": 40.0}, {}, {"a"}),
    ("known ones stay until half", {"old;hop": 0.06, "hop": 9.9}, {"hop": 100_000}, {"old"}),
    ("others come later", {"new;hop": 0.06, "hop": 9.9}, {"hop": 100_000}, set()),
]


@pytest.mark.parametrize(("stacks", "calls", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_callers(stacks: dict[str, float], calls: dict[str, int], expected: set[str]) -> None:
    names = {name for stack in stacks for name in stack.split(";")}
    run = {
        "stacks": stacks,
        "seconds": {str(i): seconds for i, seconds in enumerate(stacks.values())},
        "functions": {name: {"calls": calls.get(name, 1)} for name in names},
    }
    tellers = cast("besides.Tellers", Recorded(run))
    found = besides.callers(run, tellers, {"hop"}, 1.0, {"old"})
    assert found == expected
    assert besides.callers(run, tellers, {"hop"}, 1.0, {"old"} | found) >= found
