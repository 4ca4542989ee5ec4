"""Source distributions from the package registry, pinned: fetched once, kept in `work/`, unpacked for every project."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import re
import sys
import tarfile
from pathlib import Path

import pytest

from installs import run

WORK = Path(__file__).resolve().parent / "work"
#: What pip says when nothing answers, as against "there is no such version".
_UNREACHABLE = re.compile(
    r"connection|timed? ?out|name resolution|max retries|network is unreachable|proxy", re.IGNORECASE
)


@dataclasses.dataclass(frozen=True)
class Pin:
    """One release, and what its archive must be."""

    distribution: str
    version: str
    sha256: str


def fetch(pin: Pin) -> Path:
    """The folder of the unpacked source distribution."""
    archive = _archive(pin)
    target = WORK / archive.name.removesuffix(".tar.gz")
    if not (target / ".complete").exists():
        with tarfile.open(archive) as opened:
            opened.extractall(WORK, filter="data")
        (target / ".complete").touch()
    return target


def _archive(pin: Pin) -> Path:
    WORK.mkdir(exist_ok=True)
    found = _known(pin)
    if found is None:
        _download(pin)
        found = _known(pin)
        assert found is not None, f"pip fetched another archive of {pin.distribution} {pin.version} than the pinned one"
    return found


def _known(pin: Pin) -> Path | None:
    for archive in WORK.glob("*.tar.gz"):
        if hashlib.sha256(archive.read_bytes()).hexdigest() == pin.sha256:
            return archive
    return None


def _download(pin: Pin) -> None:
    """Without a network the test is skipped, except where a registry is promised: a skip there would hide everything."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--retries", "1"]
    # Which registry is the caller's business.
    settings = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    try:
        run(
            [*command, "--no-binary", ":all:", "--dest", WORK, f"{pin.distribution}=={pin.version}"],
            environment=settings,
        )
    except AssertionError as error:
        if _UNREACHABLE.search(str(error)) and not os.environ.get("CI"):
            pytest.skip(f"no package registry to fetch {pin.distribution} {pin.version} from, and it was never fetched")
        raise
