"""Where commands of a page are done: a folder with a project in it, and what they see there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BESIDE = Path(sys.executable).parent


def found(tool: str) -> str:
    """Where a program is: beside this Python, or on the path."""
    place = shutil.which(tool, path=os.pathsep.join([str(BESIDE), os.environ.get("PATH", "")]))
    if place is None:
        pytest.skip(f"needs {tool}")
    return place


@dataclass
class Desk:
    """A folder with a project in it, and what commands see there."""

    project: Path
    environment: dict[str, str] = field(default_factory=dict)

    def run(self, *command: str | Path, fails: bool = False, **more: str) -> str:
        done = subprocess.run(
            [str(part) for part in command],
            cwd=self.project,
            env={**self.environment, **more},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            encoding="utf-8",
            errors="replace",
            timeout=900,
            check=False,
        )
        assert (done.returncode != 0) is fails, f"exit code {done.returncode} of: {command}\n{done.stdout}"
        return done.stdout

    def git(self, *words: str) -> str:
        who = ["-c", "user.name=someone", "-c", "user.email=someone@example.org", "-c", "protocol.file.allow=always"]
        return self.run("git", *who, *words)

    def venv(self, name: str) -> Path:
        """A new environment, whose programs come first from now on."""
        folder = self.project.parent / name
        self.run(sys.executable, "-m", "venv", folder)
        path = os.pathsep.join([str(folder / "bin"), self.environment["PATH"]])
        self.environment = {**self.environment, "VIRTUAL_ENV": str(folder), "PATH": path}
        return folder
