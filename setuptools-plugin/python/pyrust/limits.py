"""Limits of time and memory for calls on arguments that nobody has tried before.

They may ask for years of computing, or for all memory.
"""

from __future__ import annotations

import contextlib
import signal
from pathlib import Path

MEMORY = 2 << 30
"""Bytes that invented calls may take."""


class TooLong(BaseException):
    """A call, natively or as Python, has used up its time."""


class Limits:
    """What runs inside has so many seconds; then `TooLong` is raised."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __enter__(self) -> None:
        if hasattr(signal, "setitimer"):
            self._previous = signal.signal(signal.SIGALRM, self._stop)
            signal.setitimer(signal.ITIMER_REAL, self._seconds)

    def __exit__(self, *_: object) -> None:
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, 0.0)
            signal.signal(signal.SIGALRM, self._previous)

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
