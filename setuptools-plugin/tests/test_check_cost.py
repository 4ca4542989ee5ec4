"""`pyrust check` runs before every commit: on a package of 200,000 lines it takes a moment, whatever is installed.

The time is that of the whole command, interpreter included; on a busy machine the time on the processors takes the place of
that on the clock.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

MILLISECONDS = 200
MODULES = 400
FUNCTIONS = 30

FUNCTION = '''
def function_{n}(items, limit={n}, *, scale=1.5):
    """What it does, said in a line or two.

    And a line more.
    """
    total = 0.0
    seen = {{}}
    for index, item in enumerate(items):
        if item is None or index > limit:
            continue
        key = f"{{item}}:{{index % 7}}"
        seen[key] = seen.get(key, 0) + 1
        total += item * scale if item > 0 else -item / (1 + index)
    # the largest first
    return total, sorted(seen, key=lambda key: (-seen[key], key))[: limit or 10]

'''
#: Whoever imports any of it finds out.
IMPORTED = 'open("imported", "w").close()\n'


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package of so many lines, with a hotspot in every tenth module."""
    root = tmp_path_factory.mktemp("large")
    package = root / "src" / "large"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(IMPORTED)
    text = IMPORTED + "".join(FUNCTION.format(n=n) for n in range(FUNCTIONS))
    entries = []
    for number in range(MODULES):
        folder = package / f"part_{number // 20}"
        folder.mkdir(exist_ok=True)
        (folder / "__init__.py").touch()
        (folder / f"module_{number}.py").write_text(text)
        if number % 10 == 0:
            entries.append(
                f'[[hotspot]]\nfunction = "large.part_{number // 20}.module_{number}:function_3"\n'
                'signatures = ["(list[int], int, float) -> tuple[float, list[str]]"]\n'
            )
    assert text.count("\n") * MODULES > 200_000
    (root / "pyproject.toml").write_text('[project]\nname = "large"\nversion = "1"\n\n[tool.pyrust]\n')
    # As `pyrust init` leaves it: there is a place for what an earlier check has seen.
    (root / ".gitignore").write_text(".pyrust/\n")
    (root / "pyrust.toml").write_text("version = 1\n\n" + "\n".join(entries))
    return root


def check(root: Path, *options: str, tools: Path) -> tuple[int, str]:
    """Exit code and findings; nothing is on the path but an empty folder."""
    done = subprocess.run(
        [sys.executable, "-m", "pyrust", "check", *options],
        cwd=root,
        env={**os.environ, "PATH": str(tools), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout or done.stderr


def milliseconds(action: Callable[[], object]) -> float:
    before, start = os.times(), time.monotonic()
    action()
    after, wall = os.times(), time.monotonic() - start
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return 1000 * min(wall, used)


@pytest.mark.slow
def test_check_takes_a_moment(large: Path, tmp_path: Path) -> None:
    code, said = check(large, "--fix", tools=tmp_path)
    assert code == 0, said
    memory = large / ".pyrust" / "check.json"

    def first() -> None:
        memory.unlink(missing_ok=True)
        for path in [*large.rglob("*.py"), large / "pyrust.toml"]:
            # As after a fresh clone: not in memory. Where the system cannot be told so, it stays there.
            if hasattr(os, "posix_fadvise"):
                file = os.open(path, os.O_RDONLY)
                os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
                os.close(file)

    times: dict[str, list[float]] = {"first": [], "again": []}
    for _ in range(5):
        first()
        for name in times:
            times[name].append(milliseconds(lambda: check(large, tools=tmp_path)))
    assert memory.exists()
    print({name: f"{min(found):.0f} ms" for name, found in times.items()})
    assert not (large / "imported").exists()
    for name, found in times.items():
        assert min(found) <= MILLISECONDS, (name, found)


@pytest.mark.slow
def test_a_change_is_found_among_all_of_it(large: Path, tmp_path: Path) -> None:
    path = large / "src/large/part_5/module_110.py"
    text = path.read_text()
    assert check(large, "--fix", tools=tmp_path)[0] == 0
    path.write_text(text.replace("limit=3, *, scale=1.5", "limit=3, *, scale=2.5"))
    try:
        code, said = check(large, "--json", tools=tmp_path)
    finally:
        path.write_text(text)
    assert code == 1, said
    (finding,) = json.loads(said)
    assert "large.part_5.module_110:function_3" in finding["message"]
