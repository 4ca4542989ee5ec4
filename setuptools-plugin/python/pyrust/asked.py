"""What the compiler says of hot functions, with one manifest or another.

In: a project, a profile. Out: per function why it stays Python, and where calls go back to Python. It writes no file of the project.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyrust.runinfo import Project

MOST_ASKED = 100
"""With more hot functions than this the compiler is not asked."""

MOST_WORK = 4_000_000
"""Once inference has looked at so many expressions the compiler is only asked what has to be known: after ten seconds, about."""


@dataclass(frozen=True)
class Answer:
    """What the compiler makes of a function: why it stays Python, or the lines at which a call goes back to Python."""

    reason: str | None
    left: tuple[int, ...]

    def is_better_than(self, other: Answer) -> bool:
        return (self.reason is not None, len(self.left)) < (other.reason is not None, len(other.left))


TAKEN = Answer(None, ())
"""Of a function that is native as a whole."""


class Compiler:
    """What the compiler says of hot functions with one manifest or another. It is asked once about each: that may take seconds."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._said: dict[bytes, dict[str, Answer]] = {}
        self._told: dict[tuple[bytes, str], dict[str, Any]] = {}
        self._work = 0

    @property
    def has_time(self) -> bool:
        """May it be asked what would only be better to know?"""
        return self._work < MOST_WORK

    def answers(self, manifest: Path, hot: Sequence[str]) -> dict[str, Answer]:
        """What it says of these; nothing where it cannot be asked, or would take long."""
        if not 0 < len(hot) <= MOST_ASKED:
            return {}
        text = manifest.read_bytes() if manifest.is_file() else b""
        if text not in self._said:
            self._said[text] = self._ask(manifest)
        return {name: answer for name, answer in self._said[text].items() if name in hot}

    def _ask(self, manifest: Path) -> dict[str, Answer]:
        from pyrust import _engine

        try:
            found = _engine.asked(str(self.project.root), str(manifest))
        except ValueError:
            return {}
        self._work += found["work"]
        return {
            entry["function"]: Answer(entry["reason"] if entry["state"] == "python" else None, tuple(entry["left"]))
            for entry in found["functions"]
        }

    def attributes(self, manifest: Path, observed: str) -> dict[str, Any]:
        """What of the observed attributes hotspots would need, or do not need any more."""
        from pyrust import _engine

        asked = (manifest.read_bytes(), observed)
        if asked not in self._told:
            self._told[asked] = _engine.attributes(str(self.project.root), str(manifest), observed)
            self._work += self._told[asked]["work"]
        return self._told[asked]

    def answers_with(self, profile: dict[str, Any], hot: Sequence[str], more: set[str]) -> dict[str, Answer]:
        """The same, if the manifest had these functions as well."""
        from pyrust import _engine

        project = self.project
        with tempfile.TemporaryDirectory() as folder:
            trial = Path(folder) / project.manifest.name
            if project.manifest.is_file():
                shutil.copyfile(project.manifest, trial)
            functions = [each for each in profile["functions"] if each["function"] in {*hot, *more}]
            told = {**profile, "functions": functions, "needed": sorted({*hot, *more}), "measured": False}
            _engine.merge_profile(str(project.root), str(trial), json.dumps(told))
            return self.answers(trial, hot)
