"""The same calls with and without native code, paired: two processes take turns, so both see the same machine.

Times are CPU time of the calling thread, the least of several rounds; they are reported, never asserted.
"""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from installs import clean_environment

ROUNDS = 7

_WORKER = """
import json, sys, time

def answer(request, scope):
    code = compile(request["call"], "<call>", "eval")
    if request["count"] == 0:
        return repr(eval(code, scope))
    start = time.thread_time()
    for _ in range(request["count"]):
        eval(code, scope)
    return time.thread_time() - start

scope = {}
exec(json.loads(sys.stdin.readline()), scope)
for line in sys.stdin:
    print(json.dumps(answer(json.loads(line), scope)), flush=True)
"""


@dataclasses.dataclass(frozen=True)
class Pair:
    """Seconds per call."""

    python: float
    native: float

    @property
    def speedup(self) -> float:
        return self.python / self.native


class Worker:
    """A process of its own that evaluates calls."""

    def __init__(self, folder: Path, path: str, mode: str, setup: str) -> None:
        environment = clean_environment({"PYRUST": mode, "PYTHONPATH": path})
        self.process = subprocess.Popen(
            [sys.executable, "-c", _WORKER],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        self._send(setup)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.communicate()

    def result(self, call: str) -> str:
        return str(self._ask(call, 0))

    def seconds(self, call: str, count: int) -> float:
        return float(self._ask(call, count))

    def _send(self, value: object) -> None:
        assert self.process.stdin
        self.process.stdin.write(json.dumps(value) + "\n")
        self.process.stdin.flush()

    def _ask(self, call: str, count: int) -> Any:
        assert self.process.stdout
        self._send({"call": call, "count": count})
        answer = self.process.stdout.readline()
        assert answer, f"the process ended at {call}"
        return json.loads(answer)


def compare(folder: Path, path: str, setup: str, calls: Mapping[str, str]) -> dict[str, Pair]:
    """Times each call, and asserts that both sides return the same."""
    times = {}
    with Worker(folder, path, "python", setup) as python, Worker(folder, path, "require", setup) as native:
        for name, call in calls.items():
            assert native.result(call) == python.result(call), f"{call} differs"
            # Both sides make the same calls: a call may move the state that the next one sees.
            once, _ = (side.seconds(call, 3) / 3 for side in (python, native))
            count = max(1, int(0.02 / max(once, 1e-7)))
            rounds = [(python.seconds(call, count), native.seconds(call, count)) for _ in range(ROUNDS)]
            slow, fast = (min(side) / count for side in zip(*rounds, strict=True))
            times[name] = Pair(slow, max(fast, 1e-9))
    return times
