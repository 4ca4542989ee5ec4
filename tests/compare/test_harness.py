"""The comparison itself: it notices wrong answers, and its means are right. Nothing is timed here."""

from __future__ import annotations

import copy
import math
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parents[2] / "benches" / "compare"
sys.path.insert(0, str(HERE))

import figures  # noqa: E402
import page  # noqa: E402
import table  # noqa: E402
from fingerprint import fingerprint  # noqa: E402
from inputs import GROUPS, KERNELS  # noqa: E402
from talk import Json, Runner, Worker  # noqa: E402
from turns import Effort, measure  # noqa: E402

row = [1.0]


@pytest.mark.parametrize(
    ("value", "other"),
    [
        (1, True),
        (1, 1.0),
        (0.0, -0.0),
        (0.1 + 0.2, 0.3),
        ([1, 2], (1, 2)),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ([row, row], [[1.0], [1.0]]),
        ("1", 1),
        (b"a", bytearray(b"a")),
        ([[1], 2], [[1, 2]]),
        (["a,b"], ["a", "b"]),
        ({1, 2}, {1, 3}),
    ],
)
def test_fingerprints_tell_results_apart(value: object, other: object) -> None:
    assert fingerprint(value) != fingerprint(other)
    assert fingerprint(value) == fingerprint(copy.deepcopy(value))


class Linked:
    """Stands for a class of a kernel."""

    def __init__(self, value: object, other: object = None) -> None:
        self.value = value
        self.other = other


Linked.__module__ = "everyday.linked"


def test_fingerprints_see_what_instances_hold() -> None:
    one, other = Linked(1), Linked(1)
    assert fingerprint([one, one]) != fingerprint([one, other])
    assert fingerprint([Linked(1, one)]) != fingerprint([Linked(1, Linked(True))])
    assert fingerprint([Linked(1, one), one]) == fingerprint([Linked(1, other), other])
    one.other = one
    assert fingerprint(one) != fingerprint(Linked(1, other))
    chain = None
    for n in range(5000):
        chain = Linked(n, chain)
    assert fingerprint(chain) == fingerprint(chain)


def test_order_of_sets_does_not_count() -> None:
    assert fingerprint({(9, 1), (1, 9)}) == fingerprint({(1, 9), (9, 1)})


def test_geometric_mean() -> None:
    mean = figures.geometric_mean([2.0, 8.0, 4.0])
    assert mean is not None
    assert math.isclose(mean, 4.0)
    assert figures.geometric_mean([]) is None


def _kernel(group: str, **seconds: float) -> Json:
    runners = {name: {"state": "right", "edges": ["same"], "cpu": time} for name, time in seconds.items()}
    return {"group": group, "module": "m", "function": "m:f", "size": 1, "edges": ["()"], "runners": runners}


def test_summary_counts_right_answers_only() -> None:
    kernels = {
        "one": _kernel("scalar", cpython=8.0, pyrust=1.0, numba=0.5, rust=2.0, pypy=4.0),
        "two": _kernel("scalar", cpython=2.0, pyrust=1.0, numba=0.25, rust=0.5, pypy=2.0),
        "later": _kernel("classes", cpython=1.0, pyrust=2.0),
        "shared": _kernel("shared", cpython=12.0, pyrust=2.0),
        "array": _kernel("arrays", cpython=80.0, pyrust=1.0, numba=0.5),
    }
    kernels["one"]["runners"]["numba"]["edges"] = ["same", "wrong"]
    kernels["two"]["runners"]["numba"]["state"] = "wrong"
    found = figures.summary(kernels)
    assert math.isclose(found["by_group"]["pyrust"]["all"]["mean"], 4.0)
    assert math.isclose(found["by_group"]["numba"]["all"]["mean"], 16.0)
    assert found["by_group"]["numba"]["scalar"]["kernels"] == 1
    # `rust` is twice as slow as PyRust in one kernel and twice as fast in the other.
    assert math.isclose(found["against"]["rust"]["mean"], 1.0)
    assert math.isclose(found["against"]["rust"]["least"], 0.5)
    assert {entry["rival"] for entry in found["against"]["best exact peer"]["kernels"].values()} == {"pypy"}
    assert {entry["rival"] for entry in found["against"]["best of all peers"]["kernels"].values()} == {"numba"}
    assert found["slower_than_cpython"] == []
    goals = {entry["goal"]: (entry["found"], entry["holds"]) for entry in found["goals"]}
    assert goals["shared against CPython"] == (pytest.approx(6.0), True)
    assert goals["classes against CPython"] == (pytest.approx(0.5), False)
    assert goals["against Numba, loops over NumPy arrays"] == (pytest.approx(0.5), False)
    assert found["edges"]["numba"] == {"same": 3, "wrong": 1}


@pytest.mark.parametrize(
    ("wanted", "found", "verdict"),
    [
        ({"print": "a"}, {"outcome": {"print": "a"}}, "same"),
        ({"print": "a"}, {"outcome": {"print": "b"}}, "wrong"),
        ({"print": "a"}, {"outcome": {"raises": "TypeError", "after": "x"}}, "refuses"),
        ({"print": "a"}, {"outcome": {"raises": "KeyError", "after": "x"}}, "other exception"),
        ({"raises": "KeyError", "after": "x"}, {"outcome": {"raises": "KeyError", "after": "x"}}, "same"),
        ({"raises": "KeyError", "after": "x"}, {"outcome": {"raises": "KeyError", "after": "y"}}, "wrong"),
        ({"raises": "KeyError", "after": "x"}, {"outcome": {"raises": "IndexError", "after": "x"}}, "other exception"),
        ({"raises": "KeyError", "after": "x"}, {"outcome": {"print": "a"}}, "wrong"),
        ({"print": "a"}, {"died": "exit code -11"}, "dies"),
        ({"print": "a"}, {"refused": "no"}, "no version"),
    ],
)
def test_judgements(wanted: Json, found: Json, verdict: str) -> None:
    assert figures.judge({"outcome": wanted}, found) == verdict


@pytest.fixture
def impostor(tmp_path: Path) -> Runner:
    """A runner with two kernels: one right, one that forgets a step and dies on an edge input."""
    (tmp_path / "k_fib.py").write_text("def fib(n):\n    return n if n < 2 else fib(n - 1) + fib(n - 2)\n")
    (tmp_path / "k_sieve.py").write_text(
        "import os\ndef sieve(n):\n    if n == -3:\n        os._exit(3)\n    return list(range(2, n))\n"
    )
    return Runner("impostor", "Impostor", (sys.executable,), "modules", tmp_path)


def test_a_wrong_answer_and_a_death_are_noticed(impostor: Runner) -> None:
    reference = Runner("cpython", "CPython", (sys.executable,), "package", HERE, {"PYRUST": "python"})
    results, rounds = measure([reference, impostor], ["fib", "sieve", "matmul"], Effort(1, 0.0), lambda text: None)
    assert rounds == 1
    runners = {name: kernel["runners"]["impostor"] for name, kernel in results.items()}
    assert runners["fib"]["state"] == "right"
    assert runners["fib"]["cpu"] > 0
    assert set(runners["fib"]["edges"]) == {"same"}
    assert runners["sieve"]["state"] == "wrong"
    assert runners["sieve"]["edges"][KERNELS["sieve"].edges.index("(-3,)")] == "dies"
    assert runners["matmul"]["state"] == "refused"
    _rendered(results)


def _rendered(kernels: Json) -> None:
    """Both reports can be made of it."""
    results: Json = {
        "machine": {"processor": "p", "cores": 1, "system": "s", "load_before": 0, "load_after": 0},
        "date": "2000-01-01",
        "clock": "cpu",
        "rounds": 1,
        "runners": {name: {"title": name, "unmodified": True} for name in ("cpython", "impostor")},
        "absent": {"pypy": "not here"},
        "groups": GROUPS,
        "kernels": kernels,
        "summary": figures.summary(kernels),
    }
    text = table.markdown(results)
    assert "| fib | scalar loops |" in text
    assert "impostor, `sieve`: wrong." in text
    assert "<svg" in page.html(results)


def test_inputs_are_the_same_each_time_and_every_edge_can_be_made() -> None:
    for kernel in KERNELS.values():
        small = kernel.sizes[0]
        assert fingerprint(list(kernel.arguments(small))) == fingerprint(list(kernel.arguments(small))), kernel.name
        for number in range(len(kernel.edges)):
            assert isinstance(kernel.edge(number), tuple), (kernel.name, kernel.edges[number])


def test_there_are_kernels_of_all_kinds() -> None:
    assert len(KERNELS) >= 36
    assert {kernel.group for kernel in KERNELS.values()} == set(GROUPS)
    modules = {path.stem for path in (HERE / "everyday").glob("*.py")} - {"__init__"}
    assert {kernel.module for kernel in KERNELS.values()} == modules


def test_a_worker_that_hangs_is_ended(tmp_path: Path) -> None:
    (tmp_path / "k_fib.py").write_text("def fib(n):\n    while True: pass\n")
    worker = Worker(Runner("slow", "Slow", (sys.executable,), "modules", tmp_path))
    assert "no answer" in worker.ask(0.5, do="check", kernel="fib", size=0)["died"]
    worker.close()


def test_what_is_left_of_a_ratio_when_inputs_grow() -> None:
    seconds = {"cpython": [8.0, 80.0], "pyrust": [1.0, 20.0], "rust": [1.0, None]}
    again = {"cpython": [8.0, 80.0], "pyrust": [1.0, 10.0]}
    kernel = {"sizes": [1, 10], "seconds": seconds, "again": again}
    assert figures.grown(kernel, "pyrust") == [8.0, 4.0]
    assert figures.grown(kernel, "pyrust", "again") == [8.0, 8.0]
    assert figures.kept([8.0, 4.0]) == 0.5
    assert figures.grown(kernel, "rust") is None
    assert figures.grown(kernel, "numba") is None


def test_inputs_of_a_number_are_others_but_the_same_in_each_process() -> None:
    kernel = KERNELS["quicksort"]
    assert kernel.arguments(50, 3) == kernel.arguments(50, 3)
    assert len({str(kernel.arguments(50, number)) for number in range(5)}) == 5
