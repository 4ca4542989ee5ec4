"""A folder in the cache with a stamp of what it was built from."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

COMPARE = Path(__file__).resolve().parents[1]
ROOT = COMPARE.parents[1]


class Absent(Exception):
    """This implementation cannot be had here; the message says why."""


def cache() -> Path:
    """Where everything is built: outside the tree."""
    chosen = os.environ.get("PYRUST_BENCH_CACHE")
    return Path(chosen) if chosen else Path.home() / ".cache" / "pyrust-bench"


def digest(paths: Iterable[Path], *more: str) -> str:
    """Changes when one of the files does."""
    found = hashlib.sha256("\0".join(more).encode())
    for path in sorted(paths):
        found.update(path.name.encode())
        found.update(path.read_bytes())
    return found.hexdigest()


def sources() -> list[Path]:
    """The kernels and their profile."""
    return [*sorted((COMPARE / "everyday").glob("*.py")), COMPARE / "pyrust.toml"]


class Place:
    """One folder: `fresh()` tells whether it was built from the same things, `built()` that it now is."""

    only_built = False
    """Whether what is not fresh is absent, instead of being built."""

    def __init__(self, name: str, stamp: str) -> None:
        self.folder = cache() / name
        self._stamp = stamp
        self._file = self.folder / "built-from"

    def fresh(self) -> bool:
        found = self._file.is_file() and self._file.read_text() == self._stamp
        if Place.only_built and not found:
            raise Absent("not built yet: `make bench` builds it")
        return found

    def empty(self) -> Path:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        return self.folder

    def built(self) -> None:
        self._file.write_text(self._stamp)


def run(
    command: Sequence[object], folder: Path, environment: Mapping[str, str] | None = None, timeout: float = 1800
) -> subprocess.CompletedProcess[str]:
    """Runs a tool and keeps what it says; a failure is the caller's business."""
    try:
        return subprocess.run(
            [str(word) for word in command],
            cwd=folder,
            env={**os.environ, **(environment or {})},
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return subprocess.CompletedProcess([], 1, "", str(error))
