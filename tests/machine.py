"""What this machine offers: interpreters, virtual environments, and a way to run steps with visible progress."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENVS = ROOT / ".venvs"
SUPPORTED = ("3.11", "3.12", "3.13")
#: Steps that run beside each other: much of compiling and installing waits for one processor.
LANES = int(os.environ.get("PYRUST_TEST_LANES", min(2, os.cpu_count() or 1)))

_PROBE = """
import importlib.util, json, os, platform, sys, sysconfig
print(json.dumps({
    "version": "%d.%d" % sys.version_info[:2],
    "full": platform.python_version(),
    "implementation": platform.python_implementation(),
    "free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
    "venv": all(importlib.util.find_spec(name) for name in ("venv", "ensurepip")),
    "headers": os.path.isfile(os.path.join(sysconfig.get_path("include"), "Python.h")),
    "executable": os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable),
}))
"""


class Failed(Exception):
    """A step failed; what it said has been shown."""


@dataclasses.dataclass(frozen=True)
class Python:
    """An interpreter that was executed, and can be used."""

    path: str
    version: str
    full: str

    def environment(self) -> Path:
        return VENVS / f"test-{self.version}"


def say(text: str) -> None:
    print(text, flush=True)


def probe(path: str) -> Python | str:
    """Runs an interpreter; returns it, or why it cannot be used. Shims on the path exist and fail."""
    try:
        done = subprocess.run([path, "-I", "-c", _PROBE], capture_output=True, text=True, timeout=60, check=False)
        facts = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return "does not run"
    if facts["implementation"] != "CPython" or facts["free_threaded"]:
        return "is not CPython with a GIL"
    if facts["version"] not in SUPPORTED:
        return f"is {facts['full']}, not one of {', '.join(SUPPORTED)}"
    if not facts["headers"]:
        return f"is {facts['full']} without its C headers"
    if not facts["venv"]:
        return f"is {facts['full']} without venv"
    return Python(facts["executable"], facts["version"], facts["full"])


def candidates() -> list[str]:
    """Paths where interpreters may be, best first; most do not exist on a given machine."""
    names = [f"python{version}" for version in SUPPORTED]
    found = [path for name in names if (path := shutil.which(name))]
    home = Path.home()
    for pattern in (
        ".pyenv/versions/*/bin/python3",
        ".local/share/uv/python/cpython-*/bin/python3",
        ".local/share/mise/installs/python/*/bin/python3",
    ):
        found += [str(path) for path in sorted(home.glob(pattern), reverse=True)]
    for folder in ("/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"):
        found += [f"{folder}/{name}" for name in names if Path(folder, name).exists()]
    return found


def interpreters(chosen: str) -> tuple[Python, list[Python]]:
    """The chosen interpreter, and one of each other supported version that works here."""
    main = probe(chosen)
    if isinstance(main, str):
        raise Failed(f"`{chosen}` {main}; choose another one with `make PYTHON=…`")
    others: dict[str, Python] = {}
    for path in candidates():
        found = probe(path)
        if isinstance(found, Python) and found.version != main.version:
            others.setdefault(found.version, found)
    return main, [others[version] for version in SUPPORTED if version in others]


@dataclasses.dataclass(frozen=True)
class Task:
    """Some steps that may run beside others, but not beside those that use one of the same things, such as a build folder."""

    uses: frozenset[str]
    work: Callable[[], object]


class Steps:
    """Runs commands one after the other or in lanes, says which, and how long each took."""

    def __init__(self) -> None:
        self.started = time.monotonic()
        self.done: list[tuple[str, float]] = []
        self.failed: list[str] = []
        self._beside = False
        self._speaking = threading.Lock()

    def together(self, tasks: Sequence[Task], lanes: int = LANES) -> None:
        """Runs all, up to `lanes` of them at a time, the first ones first. What each says is shown when it has ended."""
        waiting, used = list(tasks), set[str]()
        free = threading.Condition()
        broken: list[BaseException] = []

        def lane() -> None:
            while True:
                with free:
                    while waiting and not broken and not any(task.uses.isdisjoint(used) for task in waiting):
                        free.wait()
                    if broken or not waiting:
                        return
                    task = next(task for task in waiting if task.uses.isdisjoint(used))
                    waiting.remove(task)
                    used.update(task.uses)
                try:
                    task.work()
                except BaseException as error:
                    broken.append(error)
                with free:
                    used.difference_update(task.uses)
                    free.notify_all()

        self._beside = lanes > 1
        threads = [threading.Thread(target=lane, daemon=True) for _ in range(lanes)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self._beside = False
        if broken:
            raise broken[0]

    def run(
        self,
        title: str,
        command: Sequence[object],
        *,
        environment: Mapping[str, str] | None = None,
        folder: Path = ROOT,
        go_on: bool = False,
    ) -> bool:
        words = [str(part) for part in command]
        variables = clean_environment(environment)
        heading, start = f"\n── {title}  [{self._clock()}]", time.monotonic()
        if self._beside:
            said = subprocess.run(
                words, cwd=folder, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
            )
            code = said.returncode
            with self._speaking:
                say(f"{heading}\n{said.stdout.decode(errors='replace')}".rstrip())
        else:
            say(heading)
            code = subprocess.run(words, cwd=folder, env=variables, check=False).returncode
        self.done.append((title, time.monotonic() - start))
        if code:
            self.failed.append(title)
            say(f"── failed: {title}")
            if not go_on:
                raise Failed(title)
        return code == 0

    def finish(self, quiet: bool = False) -> int:
        if not quiet or self.failed:
            say("\n── time")
        for title, seconds in () if quiet and not self.failed else self.done:
            mark = "FAILED" if title in self.failed else ""
            say(f"{seconds:7.1f} s  {title} {mark}".rstrip())
        say(f"{time.monotonic() - self.started:7.1f} s  in all")
        if self.failed:
            say(f"\nfailed: {', '.join(self.failed)}")
            return 1
        return 0

    def _clock(self) -> str:
        seconds = int(time.monotonic() - self.started)
        return f"{seconds // 60}:{seconds % 60:02}"


def clean_environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment without what would make a test depend on the caller's shell."""
    dropped = ("PYRUST", "PYTHONPATH", "PYTHONHOME", "PYO3_", "VIRTUAL_ENV", "COVERAGE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    return {**kept, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PYTHONUTF8": "1", **(more or {})}


def python_in(environment: Path) -> Path:
    return environment / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def environment_for(steps: Steps, python: Python, folder: Path, requirements: Sequence[Path]) -> Path:
    """A virtual environment with the requirements installed; made anew when either changes."""
    key = hashlib.sha256(repr((python.path, python.full)).encode())
    for file in requirements:
        key.update(file.read_bytes())
    stamp = folder / "pyrust-stamp"
    if not (stamp.is_file() and stamp.read_text() == key.hexdigest()):
        shutil.rmtree(folder, ignore_errors=True)
        where = folder.relative_to(ROOT)
        steps.run(f"environment {where} with Python {python.full}", [python.path, "-m", "venv", folder])
        install = [python_in(folder), "-m", "pip", "install", "--quiet"]
        files = [part for file in requirements for part in ("-r", file)]
        steps.run(f"packages for {where}", [*install, *files])
        stamp.write_text(key.hexdigest())
    return python_in(folder)


def rust_release() -> str:
    """What `rustc` is, or why there is none."""
    try:
        done = subprocess.run(["rustc", "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    match = re.search(r"\d+\.\d+\.\d+", done.stdout)
    return match[0] if match else ""
