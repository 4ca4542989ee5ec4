"""Invented inputs: what no test of the project would find, `pyrust verify` does; and what is right is not blamed."""

from __future__ import annotations

import itertools
import json
import math
import os
import re
import shutil
import subprocess
import sys
from array import array
from pathlib import Path
from typing import Any

import pytest

from pyrust import invent, runinfo, samples

RECORDED = {
    "add": ("(int, int) -> int", ["(1, 2)"]),
    "fib": ("(int) -> int", ["(7)", "(7,)"]),
    "shift": ("(list[float]) -> float", ["([1.5, 2.5],)"]),
    "square": ("(int) -> int", ["(12,)"]),
    "tally": ("(dict[str, int], str) -> None", ["({'a': 1}, 'b')"]),
    "stop": ("(int) -> int", ["(1,)"]),
    "log": ("(list[int], int) -> int", ["([1], 2)"]),
    "crash": ("(int) -> int", ["(12,)"]),
    "edge_power": ("(int) -> int", ["(12,)"]),
    "edge_smallest": ("(int) -> int", ["(12,)"]),
    "edge_floor": ("(int, int) -> int", ["(12, 5)"]),
    "edge_zero": ("(float) -> float", ["(1.5,)"]),
    "edge_nan": ("(float, float) -> float", ["(1.5, 2.5)"]),
    "edge_limit": ("(int) -> int", ["(12,)"]),
    "edge_empty": ("(list[int]) -> int", ["([1, 2, 3],)"]),
    "edge_alias": ("(list[int], list[int]) -> int", ["([1], [2])"]),
    "edge_plane": ("(str) -> int", ["('word',)"]),
    "edge_order": ("(dict[str, int], str) -> None", ["({'a': 1}, 'b')"]),
    "edge_last": ("(list[float]) -> None", ["([1.5, 2.5],)"]),
    "edge_once": ("(int) -> int", ["(777777,)", "(12,)"]),
}
RIGHT = ("add", "fib", "shift", "square", "tally", "stop")


@pytest.fixture(scope="module")
def verified(built: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[int, dict[str, Any], Path]:
    """Exit code and findings of `pyrust verify` on the package with the faults."""
    root = tmp_path_factory.mktemp("invented") / "project"
    shutil.copytree(built, root)
    project = runinfo.load(root)
    entries = [
        f'[[hotspot]]\nfunction = "wrongkit.core:{name}"\nsignatures = ["{signature}"]\n'
        for name, (signature, _) in sorted(RECORDED.items())
    ]
    project.manifest.write_text("version = 1\n\n" + "\n".join(entries))
    seen = {
        f"wrongkit.core:{name}": {**samples.nothing(), "samples": [[text, 1] for text in texts]}
        for name, (_, texts) in RECORDED.items()
    }
    samples.write(project, seen)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        [sys.executable, "-m", "pyrust", "verify", "--json"],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout), root


def entry_of(data: dict[str, Any], name: str) -> dict[str, Any]:
    (entry,) = [entry for entry in data["hotspots"] if entry["function"] == f"wrongkit.core:{name}"]
    return entry


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(RECORDED) - {*RIGHT, "log", "crash"}))
def test_a_fault_at_a_boundary_is_found(verified: tuple[int, dict[str, Any], Path], name: str) -> None:
    code, data, _ = verified
    assert code == 1
    assert entry_of(data, name)["verdict"] == "different"
    assert any(f"wrongkit.core:{name} differs from Python" in found["text"] for found in data["differences"])


@pytest.mark.slow
@pytest.mark.parametrize("name", RIGHT)
def test_what_is_right_is_equal(verified: tuple[int, dict[str, Any], Path], name: str) -> None:
    entry = entry_of(verified[1], name)
    assert entry["verdict"] == "equal", entry
    assert entry["different"] == 0
    assert entry["invented"] >= 20


@pytest.mark.slow
def test_a_crash_costs_one_function(verified: tuple[int, dict[str, Any], Path]) -> None:
    _, data, _ = verified
    assert entry_of(data, "crash")["verdict"] == "different"
    assert any(
        "wrongkit.core:crash: the process ended while it ran: signal 11" in one["text"] for one in data["differences"]
    )


@pytest.mark.slow
def test_what_leaves_native_code_is_not_run(verified: tuple[int, dict[str, Any], Path]) -> None:
    entry = entry_of(verified[1], "log")
    assert entry["verdict"] == "bailed"
    assert set(entry["bailouts"]) == {"exception", "overflow"}, "an invented int may be too large for the signature"


@pytest.mark.slow
def test_reproductions_are_small_and_fail(verified: tuple[int, dict[str, Any], Path]) -> None:
    _, data, root = verified
    for name, small in (("edge_plane", 60), ("edge_empty", 60), ("edge_order", 80)):
        text = next(found["text"] for found in data["differences"] if f":{name} differs" in found["text"])
        arguments = text.partition("  arguments:\n")[2].partition("  to reproduce")[0]
        assert len(arguments) < small, arguments
        lines = [line[4:] for line in text.partition("to reproduce:")[2].splitlines() if line.startswith("    ")]
        program = "\n".join(lines) + f"\ntest_{name}()\n"
        for mode, code in (("auto", 1), ("python", 0)):
            environment = {**os.environ, "PYTHONPATH": str(root), "PYRUST": mode}
            done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, check=False)
            assert done.returncode == code, program


def example(a: Any, b: Any) -> Any:
    if a == 31337 or b == "needle":
        return lambda: 2.75
    return None


def invented(signature: str, recorded: str, count: int = 3000) -> list[tuple[Any, ...]]:
    makers = [samples.maker(recorded)] if recorded else []
    return list(itertools.islice(invent.Inventor(example, [signature], makers), count))


def test_boundaries_are_among_them() -> None:
    made = invented("(int, str) -> None", "(5, 'x')")
    ints, texts = {a for a, _ in made}, {b for _, b in made}
    assert {0, -1, 1, 4, 6, 31336, 31337, 31338, 2**31, 2**31 - 1, 2**53 + 1, 2**63 - 1, -(2**63)} <= ints
    assert {"", "needle", "\ud800"} <= texts
    assert any(ord(char) > 0xFFFF for text in texts for char in text)
    floats = [a for a, _ in invented("(float, None) -> None", "")]
    assert {2.75, 0.0, float("inf"), 5e-324} <= set(floats)
    assert any(math.isnan(value) for value in floats)
    assert any(value == 0 and math.copysign(1, value) < 0 for value in floats)


def test_containers_of_every_size_and_the_same_one_twice() -> None:
    made = invented("(list[int], list[int]) -> None", "")
    assert {0, 1, 2, 3, 64, 65} <= {len(a) for a, _ in made}
    assert any(a is b for a, b in made)
    assert any(a and a == sorted(a) and len(set(a)) > 5 for a, _ in made)


@pytest.mark.parametrize(
    ("signature", "types"),
    [
        ("(int | None, bytes) -> None", ({int, type(None)}, {bytes})),
        ("(tuple[int, str], dict[str, list[float]]) -> None", ({tuple}, {dict})),
        ("(set[str], frozenset[int]) -> None", ({set}, {frozenset})),
        ("(tuple[int, ...], deque[int]) -> None", ({tuple}, {type(samples.deque())})),
        ("(bool, complex) -> None", ({bool}, {complex})),
        ("(range, bytearray) -> None", ({range}, {bytearray})),
        ("(array.array[d], array.array[Q]) -> None", ({array}, {array})),
        ("(list[?], dict[?, ?]) -> None", ({list}, {dict})),
    ],
)
def test_types_are_exact(signature: str, types: tuple[set[type], set[type]]) -> None:
    made = invented(signature, "", 300)
    assert ({type(a) for a, _ in made}, {type(b) for _, b in made}) == types


def test_what_cannot_be_made_is_only_changed() -> None:
    assert invented("(kit.Thing, int) -> None", "", 10) == []
    made = invented("(object, int) -> None", "('x', 5)", 200)
    assert len(made) == 200


def test_a_run_can_be_repeated() -> None:
    assert repr(invented("(int, str) -> None", "(5, 'x')", 500)) == repr(
        invented("(int, str) -> None", "(5, 'x')", 500)
    )


def test_smaller_comes_to_an_end() -> None:
    arguments: tuple[Any, ...] = ([5, -7, 2**63], "some text", {"a": [1.5]}, {1, 2}, (1, 2), -3.5)
    steps = 0
    while True:
        following = next(invent.smaller(arguments), None)
        if following is None:
            break
        arguments, steps = following, steps + 1
        assert steps < 200
    assert arguments == ([], "", {}, set(), (0, 0), 0.0)
    assert re.match(r"\(\[\]", repr(arguments))
