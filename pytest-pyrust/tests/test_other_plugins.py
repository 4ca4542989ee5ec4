"""Profiling beside what else people run with pytest: the manifest is the same, and the other plugin works as ever."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest

Runner = Callable[..., pytest.RunResult]

ASYNC = """
import asyncio

import pytest

from textkit.distance import levenshtein, words

async def distance(a, b):
    await asyncio.sleep(0)
    return levenshtein(a, b)

@pytest.mark.asyncio
async def test_together():
    found = await asyncio.gather(*[distance("abcdef" * n, "bcd") for n in range(40)])
    assert len(found) == 40

@pytest.mark.asyncio
async def test_in_a_thread():
    assert await asyncio.to_thread(words, "a b  c") == 3
"""

THREADS = """
import threading

from textkit.distance import levenshtein, words

def test_threads():
    found = []
    def work(n):
        for _ in range(25):
            found.append(levenshtein("abcdef" * 6, "bcd" * n))
        words("a b")
    threads = [threading.Thread(target=work, args=(n,)) for n in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 100
"""

SLOW = """
import pytest

from textkit.distance import levenshtein

def test_quick():
    assert levenshtein("ab", "b") == 1

@pytest.mark.timeout(METHOD)
def test_without_an_end():
    while True:
        levenshtein("abcdef" * 9, "bcd" * 9)
"""


def manifest(project: pytest.Pytester) -> str:
    return (project.path / "pyrust.toml").read_text()


def calls(project: pytest.Pytester) -> dict[str, int]:
    data = json.loads((project.path / ".pyrust" / "profile.json").read_text())
    return {entry["function"].partition(":")[2]: entry["calls"] for entry in data["functions"]}


def replace_tests(project: pytest.Pytester, text: str) -> None:
    (project.path / "tests" / "test_distance.py").write_text(text)


def test_coverage(project: pytest.Pytester, run: Runner) -> None:
    pytest.importorskip("pytest_cov")
    run("--pyrust-profile", "--pyrust-threshold=0").assert_outcomes(passed=11)
    alone = manifest(project)
    (project.path / "pyrust.toml").unlink()
    plain = run("--cov=textkit", "--cov-report=term")
    result = run("--pyrust-profile", "--pyrust-threshold=0", "--cov=textkit", "--cov-report=term")
    result.assert_outcomes(passed=11)
    assert manifest(project) == alone

    def table(output: str) -> list[str]:
        return re.findall(r"^src\S+distance\.py.*$", output, re.MULTILINE)

    # What is covered does not depend on who else looks.
    assert table(result.stdout.str()) == table(plain.stdout.str()) != []


@pytest.mark.parametrize("method", ["signal", "thread"])
def test_timeouts(project: pytest.Pytester, run: Runner, method: str) -> None:
    pytest.importorskip("pytest_timeout")
    replace_tests(project, SLOW.replace("METHOD", f'2, method="{method}"'))
    result = run("--pyrust-profile", "--pyrust-threshold=0", "-o", "addopts=")
    assert "Timeout" in result.stdout.str() + result.stderr.str()
    if method == "signal":
        # The test fails, the run goes on, and the profile has what was seen.
        result.assert_outcomes(passed=1, failed=1)
        assert "(str, str) -> int" in manifest(project)
    else:
        # That method ends the process: nothing is written, least of all a half of it.
        assert result.ret != 0
        assert not (project.path / "pyrust.toml").exists()


def test_asyncio(project: pytest.Pytester, run: Runner) -> None:
    pytest.importorskip("pytest_asyncio")
    replace_tests(project, ASYNC)
    run("--pyrust-profile", "--pyrust-threshold=0").assert_outcomes(passed=2)
    assert calls(project) == {"levenshtein": 40, "words": 1}
    assert '"(str, str) -> int"' in manifest(project)


def test_threads(project: pytest.Pytester, run: Runner) -> None:
    replace_tests(project, THREADS)
    run("--pyrust-profile", "--pyrust-threshold=0").assert_outcomes(passed=1)
    assert calls(project) == {"levenshtein": 100, "words": 4}


def test_time_in_threads_counts(project: pytest.Pytester, run: Runner) -> None:
    # Long enough for a hundred samples.
    replace_tests(project, THREADS.replace("range(25)", "range(1500)").replace("== 100", "== 6000"))
    run("--pyrust-profile").assert_outcomes(passed=1)
    assert "textkit.distance:levenshtein" in manifest(project)
