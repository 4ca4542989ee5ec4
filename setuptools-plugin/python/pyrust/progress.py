"""A line on the terminal about what takes long, with a bar where it is known how much is left.

It is drawn by a thread of its own from the second second on, and gone in the end. Where standard error is no terminal, and under `CI`,
what takes very long writes a line from time to time instead, so that a log shows life. With `--quiet` nothing is written: the command
line decides that, and sets `live` and `quiet`.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import threading
import time
from types import TracebackType
from typing import Self

#: What is over sooner than this is not spoken of.
PATIENCE = 1.0
#: Between two lines of a log.
SELDOM = 20.0
_WIDTH = 24

#: Whether lines are drawn; None: as `wanted` finds.
live: bool | None = None

#: Whether nothing is written at all.
quiet = False


def wanted() -> bool:
    """Whether somebody looks at a terminal that can be drawn on."""
    if live is not None:
        return live
    try:
        terminal = sys.stderr is not None and sys.stderr.isatty()
    except ValueError:
        return False  # closed
    return terminal and not os.environ.get("CI") and os.environ.get("TERM") != "dumb"


class Progress:
    """What is being done, and how much of it is; used as a context."""

    def __init__(self, what: str, total: int = 0) -> None:
        self.what = what
        self.total = total
        self.done = 0
        self.item = ""
        self._started = time.monotonic()
        self._ended = threading.Event()
        work = self._draw if wanted() else None if quiet else self._log
        self._thread = threading.Thread(target=work, daemon=True) if work else None

    def __enter__(self) -> Self:
        if self._thread is not None:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        if self._thread is not None:
            self._thread.join()

    def reached(self, done: int, item: str = "") -> None:
        """So many are done, and this one is being worked on."""
        self.done, self.item = done, item

    def line(self, seconds: float, width: int) -> str:
        """What is drawn, at most so wide."""
        if self.total > 1:
            filled = _WIDTH * min(self.done, self.total) // self.total
            bar = f"[{'#' * filled}{'.' * (_WIDTH - filled)}] {self.done} of {self.total}"
            said = f"pyrust: {self.what} {bar} {self.item}".rstrip()
        else:
            sign = "|/-\\"[int(seconds / 0.15) % 4]
            said = f"pyrust: {sign} {self.what} {self.item}".rstrip()
        end = f" … {seconds:.0f} s"
        return said[: max(width - len(end) - 1, 0)] + end

    def _log(self) -> None:
        with contextlib.suppress(OSError, ValueError, AttributeError):
            while not self._ended.wait(SELDOM):
                seconds = time.monotonic() - self._started
                count = f" {self.done} of {self.total}" if self.total > 1 else ""
                said = f"pyrust: {self.what}{count} {self.item}".rstrip()
                sys.stderr.write(f"{said} … {seconds:.0f} s\n")
                sys.stderr.flush()

    def _draw(self) -> None:
        shown, wait = False, PATIENCE
        with contextlib.suppress(OSError, ValueError):
            while not self._ended.wait(wait):
                text = self.line(time.monotonic() - self._started, shutil.get_terminal_size().columns)
                sys.stderr.write(f"\r\x1b[K{text}")
                sys.stderr.flush()
                shown, wait = True, 0.15
            if shown:
                sys.stderr.write("\r\x1b[K")
                sys.stderr.flush()
