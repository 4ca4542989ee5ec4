"""Limits of time and memory for calls on arguments that nobody has tried before.

They may ask for years of computing, or for all memory.
"""

from __future__ import annotations

import contextlib
import signal
from pathlib import Path

MEMORY = 2 << 30
"""Bytes that invented calls may take."""
PATIENCE = 20
"""So many times its seconds a call may take on the clock."""


class TooLong(BaseException):
    """A call, natively or as Python, has used up its time."""


class Limits:
    """What runs inside has so many seconds of the processor's time; then `TooLong` is raised. On the clock it has many times as much: a
    busy machine must not make a call look endless, but one that waits for something has to end too."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __enter__(self) -> None:
        if hasattr(signal, "setitimer"):
            self._previous = [signal.signal(number, self._stop) for number in (signal.SIGPROF, signal.SIGALRM)]
            signal.setitimer(signal.ITIMER_PROF, self._seconds)
            signal.setitimer(signal.ITIMER_REAL, PATIENCE * self._seconds + 1.0)

    def __exit__(self, *_: object) -> None:
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_PROF, 0.0)
            signal.setitimer(signal.ITIMER_REAL, 0.0)
            for number, previous in zip((signal.SIGPROF, signal.SIGALRM), self._previous, strict=True):
                signal.signal(number, previous)

    @staticmethod
    def _stop(_number: int, _frame: object) -> None:
        raise TooLong

    @staticmethod
    def memory() -> None:
        with contextlib.suppress(ImportError, OSError, ValueError):
            import resource

            _, hard = resource.getrlimit(resource.RLIMIT_AS)
            used = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
            resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, hard))
