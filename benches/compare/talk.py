"""Talks to the workers: one process for each implementation, begun again when it dies or hangs."""

from __future__ import annotations

import dataclasses
import json
import os
import selectors
import subprocess
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
Json = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Runner:
    """An implementation that was built and can be asked."""

    name: str
    """Its key in the results."""
    title: str
    """Its name for readers, with its version."""
    command: tuple[str, ...]
    """The interpreter."""
    form: str
    """See `worker.py`."""
    folder: Path
    environment: dict[str, str] = dataclasses.field(default_factory=dict)
    warm: float = 0.0
    """Seconds of calls before anything is timed, for compilers that work at run time."""
    unmodified: bool = True
    """Whether it gets the source as it is."""


class Worker:
    """The process of one runner."""

    def __init__(self, runner: Runner) -> None:
        self.runner = runner
        self._process: subprocess.Popen[str] | None = None

    def ask(self, timeout: float = 120.0, **request: object) -> Json:
        """The worker's answer; `{"died": …}` if there is none, and the next question begins a new process."""
        process = self._process or self._start()
        assert process.stdin
        assert process.stdout
        try:
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()
        except OSError:
            return self._ended()
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            if not selector.select(timeout):
                self.close()
                return {"died": f"no answer within {timeout:.0f} s"}
        line = process.stdout.readline()
        if not line:
            return self._ended()
        answer: Json = json.loads(line)
        return answer

    def close(self) -> None:
        if self._process:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _start(self) -> subprocess.Popen[str]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYRUST"))}
        self._process = subprocess.Popen(
            [*self.runner.command, str(HERE / "worker.py"), self.runner.form, str(self.runner.folder)],
            env={**environment, "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1", **self.runner.environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
        )
        return self._process

    def _ended(self) -> Json:
        assert self._process
        code = self._process.wait()
        self._process.communicate()
        self._process = None
        return {"died": f"exit code {code}"}
