"""`pyrust check` runs before every commit: on a package of 200,000 lines, whatever is installed. What it costs is measured by
`make bench-install`; here stands what makes it cheap.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import large as package


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("large")
    package.write(root)
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


@pytest.mark.slow
def test_only_modules_with_entries_are_read(large: Path, tmp_path: Path) -> None:
    code, said = check(large, "--fix", tools=tmp_path)
    assert code == 0, said
    memory = large / ".pyrust" / "check.json"
    memory.unlink()
    without = [path for path in large.rglob("module_*.py") if int(path.stem.partition("_")[2]) % 10]
    text = without[0].read_text()
    for path in without:
        path.write_text("def (:\n")
    try:
        assert check(large, tools=tmp_path)[0] == 0
        known = memory.read_bytes()
        assert check(large, tools=tmp_path)[0] == 0
    finally:
        for path in without:
            path.write_text(text)
    assert memory.read_bytes() == known
    assert not (large / "imported").exists()


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
