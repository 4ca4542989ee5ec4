"""`pyrust bisect -- CMD`: which hotspots make a command fail?

The command runs natively, as Python, and then with more and more of the hotspots native, by `PYRUST_DISABLE`, until a smallest
set is left that has to be Python for the command to succeed: usually one function, found in as many runs as its place has binary digits.

In: a command that fails natively, and its exit code. Out: the functions. It must not change anything.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence

from pyrust import PyRustError, runinfo


def main(argument: str) -> int:
    """The command; its options as JSON. 0: it does not fail; 1: found; 2: not to be found."""
    from pyrust import _engine

    options = json.loads(argument)
    project = runinfo.load(os.getcwd())
    entries = _engine.load_project(str(project.root))["hotspots"]
    hotspots = [str(entry["function"]) for entry in entries if entry["mode"] != "python"]
    if not hotspots:
        raise PyRustError(f"there is nothing to switch off: no hotspots {runinfo.next_step(project)}")
    runs = _Runs(options["command"])
    already = [name for name in os.environ.get("PYRUST_DISABLE", "").split(",") if name]
    if runs.succeeds(already, "as it is"):
        _say("it does not fail")
        return 0
    if not runs.succeeds([], "as Python", PYRUST="python"):
        raise PyRustError("it fails as Python, too: no hotspot is to blame")
    if not runs.succeeds(already + hotspots, f"without the {len(hotspots)} hotspots"):
        raise PyRustError(
            "it fails even with every hotspot switched off, but not with PYRUST=python; please report this"
        )
    guilty = minimal(hotspots, lambda names: runs.succeeds(already + names, f"with {len(names)} of them as Python"))
    for name in guilty:
        print(name)
    noun = "this hotspot is" if len(guilty) == 1 else f"these {len(guilty)} hotspots are"
    _say(f"the command succeeds when {noun} Python: {', '.join(guilty)} ({runs.count} runs)")
    _say(f"next: `pyrust verify {' '.join(guilty)}`; until then, PYRUST_DISABLE={','.join(guilty)}")
    return 1


def _say(line: str) -> None:
    print(f"pyrust: {line}", file=sys.stderr, flush=True)


class _Runs:
    """Runs the command; its output is shown the first time only."""

    def __init__(self, command: Sequence[str]) -> None:
        self.command = [shutil.which(command[0]) or command[0], *command[1:]]
        self.count = 0

    def succeeds(self, disabled: Sequence[str], how: str, **variables: str) -> bool:
        environment = {**os.environ, "PYRUST_DISABLE": ",".join(dict.fromkeys(disabled)), **variables}
        if "PYRUST" not in variables and environment.get("PYRUST") == "python":
            del environment["PYRUST"]
        self.count += 1
        quiet = subprocess.DEVNULL if self.count > 1 else None
        try:
            code = subprocess.run(self.command, env=environment, stdout=quiet, stderr=quiet, check=False).returncode
        except OSError as error:
            raise PyRustError(f"cannot run `{self.command[0]}`: {error.strerror}") from None
        _say(f"{how}: {'succeeds' if code == 0 else f'fails ({code})'}")
        return code == 0


def minimal(names: Sequence[str], succeeds: Callable[[list[str]], bool]) -> list[str]:
    """A smallest part of the names with which it succeeds, given that it does with all of them (delta debugging)."""
    current, parts = list(names), 2
    while len(current) > 1:
        size = max(1, len(current) // parts)
        chunks = [current[at : at + size] for at in range(0, len(current), size)]
        found = next((chunk for chunk in chunks if succeeds(chunk)), None)
        if found is not None:
            current, parts = found, 2
            continue
        if len(chunks) > 2:
            rests = ([name for name in current if name not in chunk] for chunk in chunks)
            rest = next((rest for rest in rests if succeeds(rest)), None)
            if rest is not None:
                current, parts = rest, max(parts - 1, 2)
                continue
        if parts >= len(current):
            break
        parts = min(len(current), 2 * parts)
    return current
