"""Fixtures of what is tried with other people's tools: a project in a repository, and wheels of both distributions.

The tools come from an index (`tests/recipes/requirements.txt`); `make test-all` installs them, and without one its tests are skipped.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "docs"))
sys.path.insert(0, str(Path(__file__).parents[1] / "e2e"))
sys.path.insert(0, str(Path(__file__).parent))

from desk import Desk
from installs import clean_environment, copy_example


@pytest.fixture
def desk(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Desk]:
    """A copy of an example in a repository, with an index that is two folders."""
    folders = [Path(os.environ.get(name, "")) for name in ("PYRUST_TEST_WHEELS", "PYRUST_TEST_WHEELHOUSE")]
    if not all(folder.name and folder.is_dir() for folder in folders):
        pytest.skip("needs PYRUST_TEST_WHEELS and PYRUST_TEST_WHEELHOUSE, which `make test` sets")
    if sys.platform == "win32" or shutil.which("git") is None:
        pytest.skip("the commands are for a POSIX shell, with git")
    links = " ".join(str(folder) for folder in folders)
    environment = clean_environment(
        {
            "PIP_FIND_LINKS": links,
            "PIP_NO_INDEX": "1",
            "UV_FIND_LINKS": links.replace(" ", ","),
            "UV_NO_INDEX": "1",
            "UV_PYTHON_DOWNLOADS": "never",
            "PYRUST_CACHE_DIR": os.environ.get("PYRUST_CACHE_DIR") or str(tmp_path_factory.mktemp("cache")),
            "NO_COLOR": "1",
        }
    )

    def make(example: str) -> Desk:
        made = Desk(copy_example(example, tmp_path), environment)
        made.git("init", "--quiet", "--initial-branch", "main")
        (made.project / ".gitignore").write_text("/.pyrust*\n*.so\n*.egg-info\n__pycache__\n/build\n/dist\n")
        made.git("add", "--all")
        made.git("commit", "--quiet", "-m", "all of it")
        return made

    return make
