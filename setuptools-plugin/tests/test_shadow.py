"""Shadow mode: some calls are done by Python too, a difference is said once, and that hotspot is Python from then on."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

Shadow = Callable[..., subprocess.CompletedProcess[str]]

HEAD = """
import sys
from wrongkit import _pyrust, core

def state(name):
    (entry,) = [entry for entry in _pyrust.status() if entry["function"] == "wrongkit.core:" + name]
    return entry

"""


@pytest.fixture
def shadow(built: Path) -> Shadow:
    """Runs a program in shadow mode, in which nothing of ours can be imported."""

    def run(program: str, share: str = "1/1", *options: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": str(built), "PYRUST": f"shadow:{share}"}
        return subprocess.run(
            [sys.executable, *options, "-c", HEAD + program],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    return run


def test_right_functions_stay_native(shadow: Shadow) -> None:
    done = shadow(
        """
assert [core.add(n, 1) for n in range(1000)] == list(range(1, 1001))
items = [1.5, -0.0, 1e300]
assert core.shift(items) == 3.0 and items == [3.0, 0.0, 2e300]
counts = {"b": 1}
for word in "abca":
    core.tally(counts, word)
assert list(counts.items()) == [("b", 2), ("a", 2), ("c", 1)]
assert core.fib(15) == 610
# One in ten is Python's doing, and not counted.
assert (state("add")["state"], state("add")["native_calls"]) == ("native", 900)
""",
        "1/10",
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("call", "function", "said"),
    [
        ("assert core.rarely(77) == 154", "rarely", ["at result", "native: 155", "python: 154", "a = 77"]),
        ("assert str(core.zero(1.0)) == '-0.0'", "zero", ["native: 0.0", "python: -0.0"]),
        ("items = [1]; core.push(items, 5); assert items == [1, 5]", "push", ["at items[1]", "native: 6"]),
        ("items = [1, 2]; assert core.same(items) is items", "same", ["at result", "a new object [1, 2]"]),
        (
            "counts = {'a': 1}; core.mistally(counts, 'a'); assert counts == {'a': 2}",
            "mistally",
            ["at counts", "native: 3", "python: 2"],
        ),
        ("try: core.half(3)\nexcept ValueError as e: assert e.args == ('odd', 3)", "half", ["raised ValueError"]),
    ],
)
def test_a_difference_is_said_once_and_has_no_consequence(
    shadow: Shadow, call: str, function: str, said: list[str]
) -> None:
    done = shadow(f"for _ in range(50):\n    {call.replace(chr(10), chr(10) + '    ')}\nprint(state({function!r}))")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("differs from Python") == 1
    for text in (f"wrongkit.core:{function} differs from Python", "to reproduce:", f"def test_{function}():", *said):
        assert text in done.stderr
    assert done.stderr.endswith(f"wrongkit.core:{function} runs as Python from now on in this process (shadow mode)\n")
    assert "'state': 'disabled', 'reason': 'shadow mode: differs from Python at" in done.stdout
    assert "'native_calls': 0" in done.stdout


def test_the_reproduction_fails_natively(shadow: Shadow, built: Path) -> None:
    done = shadow("core.push([1], 5)")
    source = done.stderr.partition("to reproduce:")[2]
    lines = [line[4:] for line in source.splitlines() if line.startswith(("        ", "    def "))]
    program = "\n".join(lines) + "\ntest_push()\n"
    for mode, code in (("auto", 1), ("python", 0)):
        environment = {**os.environ, "PYTHONPATH": str(built), "PYRUST": mode}
        assert subprocess.run([sys.executable, "-c", program], env=environment, check=False).returncode == code


def test_what_was_compiled_with_it_inside_is_python_too(shadow: Shadow) -> None:
    done = shadow(
        """
assert core.rarely(77) == 154
assert [core.caller(77) for _ in range(10)] == [155] * 10
print(state("caller")["native_calls"], state("add")["state"])
""",
        "1/1",
    )
    assert (done.returncode, done.stdout) == (0, "0 native\n"), done.stderr
    # The other way round: the call inside is Python while its caller is compared.
    done = shadow("assert core.caller(77) == 155\nprint(state('caller')['state'])")
    assert (done.returncode, done.stdout) == (0, "disabled\n"), done.stderr
    assert "wrongkit.core:caller differs from Python at result" in done.stderr


def test_effects_happen_once(shadow: Shadow) -> None:
    done = shadow("items = []\nassert [core.log(items, n) for n in range(3)] == [1, 2, 3]\nassert items == [0, 1, 2]")
    assert (done.returncode, done.stdout, done.stderr) == (0, "logged 0\nlogged 1\nlogged 2\n", "")


def test_exceptions_are_python_s_own(shadow: Shadow) -> None:
    done = shadow(
        """
import traceback
def outer(function, argument):
    try:
        return next(iter([function(argument)]))
    except Exception as error:
        return error
for function, argument, kind in ((core.half, 3, ValueError), (core.stop, 0, StopIteration)):
    error = outer(function, argument)
    assert type(error) is kind, error
    files = {frame.filename.rpartition("/")[2] for frame in traceback.extract_tb(error.__traceback__)}
    assert files == {"<string>", "core.py"}, files
    assert error.__context__ is None and error.__cause__ is None
try:
    {}["missing"]
except KeyError:
    try:
        core.half(5)
    except ValueError as error:
        assert type(error.__context__) is KeyError
""",
        "1/1",
    )
    assert done.returncode == 0, done.stderr


def test_the_share(shadow: Shadow) -> None:
    done = shadow("for n in range(10_000):\n    core.add(n, 1)\nprint(state('add')['native_calls'])", "1/1000")
    assert (done.returncode, done.stdout) == (0, "9990\n"), done.stderr
    # A fault that one call in ten shows is found by one in a thousand on average, and costs nobody a wrong answer afterwards. That it
    # takes twenty times as long is as likely as winning the lottery twice.
    done = shadow(
        """
values = [77 if n % 10 == 0 else n + 100 for n in range(100_000)]
wrong = [n for n, value in enumerate(values) if core.rarely(value) != 2 * value]
print(wrong == list(range(0, 10 * len(wrong), 10)), len(wrong) < 2_000)
""",
        "1/100",
    )
    assert done.stdout == "True True\n"
    assert done.stderr.count("differs from Python") == 1


def test_threads(shadow: Shadow) -> None:
    done = shadow(
        """
import threading
sys.setswitchinterval(1e-5)
wrong = []
def work(offset):
    for n in range(3000):
        counts = {}
        core.tally(counts, "a")
        if core.add(n, offset) != n + offset or core.fib(7) != 13 or counts != {"a": 1} or core.rarely(n + 100) != 2 * (n + 100):
            wrong.append(n)
threads = [threading.Thread(target=work, args=(k,)) for k in range(6)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(wrong, {entry["state"] for entry in _pyrust.status() if entry["native_calls"]})
""",
        "1/3",
    )
    assert (done.returncode, done.stdout) == (0, "[] {'native'}\n"), done.stderr


def test_nothing_of_ours_is_needed_and_nothing_else_changes(shadow: Shadow) -> None:
    done = shadow(
        """
assert "pyrust" not in sys.modules
import gc, pickle
assert core.add(1, 2) == 3 and gc.isenabled()
gc.disable(); core.add(1, 2); assert not gc.isenabled(); gc.enable()
assert pickle.loads(pickle.dumps(core.add)) is core.add
""",
        "1/1",
        "-W",
        "error",
    )
    assert (done.returncode, done.stderr) == (0, "")
    done = shadow("sys.stderr.close()\nassert core.rarely(77) == 154\nsys.stderr = None\nassert core.zero(1.0) == 0")
    assert done.returncode == 0


def test_large_arguments_are_not_compared(shadow: Shadow) -> None:
    """`mistally` is wrong: what is said of a small dict is not looked for in a large one."""
    program = """
counts = {str(n): 1 for n in range(SIZE)}
core.mistally(counts, "1")
assert counts["1"] == 2
print(state("mistally")["state"])
"""
    small, large = (shadow(program.replace("SIZE", size)) for size in ("2", "1_100_000"))
    assert (small.stdout, large.stdout) == ("disabled\n", "native\n"), small.stderr + large.stderr
    assert "wrongkit.core:mistally" in small.stderr
    assert large.stderr == ""


def test_a_wrong_share_is_said(shadow: Shadow) -> None:
    done = shadow("print(core.add(1, 2))", "1/0")
    assert done.stdout == "3\n"
    assert re.search(r"RuntimeWarning: PYRUST=.*shadow:1/0.* is unknown: expected .* shadow:1/N", done.stderr)
