"""Stage 1 of profiling: where does the CPU time go?

A timer interrupts the main thread every few milliseconds of CPU time and notes which function is running.
That costs nothing between two interrupts, and does not make small functions look expensive, as profilers that look at every call do.
Time is charged to the function whose Python code runs, builtins that it calls directly included.

In: an attribution (which code object belongs to which function of the project). Out: CPU seconds per function.
It must not: count calls, or touch anything that the program can see except the `SIGPROF` handler.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any

PACES = ((1 << 62, 0.004),)
"""Seconds of CPU time between two samples, up to a number of samples. The kernel's own timer has this pace: a finer one needs somebody who
wakes up for it, which costs more than it tells, and is late where processors are scarce."""
INTERVAL = 0.004
"""The same for a thread that samples, and between two ticks."""

DEEPEST = 60
"""Functions of the project that a stack keeps, from the inside; what called those is left out."""

Attribution = Callable[[FrameType], "str | None"]
"""The function of the project to which a frame's time belongs, `""` for the project's own top-level code, None for foreign code."""


class Sampler:
    """Samples from `start()` to `stop()`; `seconds` holds the result."""

    def __init__(self, attribute: Attribution, on_tick: Callable[[], None] | None = None) -> None:
        self.seconds: dict[str, float] = {}
        self.samples: dict[str, int] = {}
        self.stacks: dict[tuple[str, ...], float] = {}
        """CPU seconds by the functions of the project that are on the stack, the innermost first."""
        self.foreign = 0.0
        self.notice: str | None = None
        self._attribute = attribute
        self._on_tick = on_tick
        self._hot: Callable[[CodeType], None] | None = None
        self._met: Callable[[FrameType], None] | None = None
        self._known: dict[int, tuple[CodeType, str | None]] = {}
        self._seen: dict[int, int] = {}
        self._recorder: Any = None
        self._taken = 0
        self._paces = list(PACES)
        self._ticked = 0.0
        self._cpu = 0.0
        self._own = 0.0
        self._main = threading.main_thread().ident
        self._previous: object = None
        self._backend: str | None = None
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def when_hot(self, hot: Callable[[CodeType], None]) -> None:
        """Calls `hot(code)` once for a code object of the project when it has been seen twice."""
        self._hot = hot

    def when_met(self, met: Callable[[FrameType], None]) -> None:
        """Calls `met(frame)` once for a code object of a function of the project, when it is met on the stack."""
        self._met = met

    def start(self) -> None:
        from pyrust._engine import recorder

        self._cpu = time.process_time()
        self._own = time.thread_time()
        in_main = threading.current_thread() is threading.main_thread()
        if in_main and hasattr(signal, "setitimer") and hasattr(signal, "SIGPROF"):
            previous = signal.getsignal(signal.SIGPROF)
            if previous not in (signal.SIG_DFL, signal.SIG_IGN) or signal.getitimer(signal.ITIMER_PROF)[0]:
                self.notice = "another profiler uses SIGPROF: sampling from a thread instead"
            else:
                self._previous, self._recorder = previous, recorder
                signal.signal(signal.SIGPROF, self._on_signal)
                if recorder.pace(signal.SIGPROF, self._paces[0][1]):
                    self._backend = "signal"
                    return
                signal.signal(signal.SIGPROF, signal.SIG_DFL)
        self._backend = "thread"
        self._thread = threading.Thread(target=self._watch, name="pyrust-sampler", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        if self._backend == "signal":
            self._recorder.pace(signal.SIGPROF, 0.0)
            # Somebody else may have put a handler of his own there meanwhile; then it stays.
            if signal.getsignal(signal.SIGPROF) == self._on_signal:
                # A last signal may still be on its way: ignoring is safer than the default, which ends the process.
                signal.signal(signal.SIGPROF, signal.SIG_IGN)
                if self._previous is not signal.SIG_IGN:
                    signal.signal(signal.SIGPROF, signal.SIG_DFL)
        elif self._thread is not None:
            self._stopping.set()
            self._thread.join()
        self._backend = None
        self._known.clear()

    def _on_signal(self, _number: int, frame: FrameType | None) -> None:
        # What ran when the signal came was noted then; a long builtin or a function without loops delays this handler.
        cpu, own = time.process_time(), time.thread_time()
        spent, mine = cpu - self._cpu, own - self._own
        self._cpu, self._own = cpu, own
        notes = self._recorder.noted()
        for code, seconds in notes:
            self._charge_noted(code, frame, seconds)
        elsewhere = spent - mine
        if elsewhere > 0.2 * spent:
            self._charge_threads(elsewhere)
        self._taken += len(notes)
        if self._taken >= self._paces[0][0]:
            del self._paces[0]
            self._recorder.pace(signal.SIGPROF, self._paces[0][1])
        if self._on_tick is not None and cpu - self._ticked >= INTERVAL:
            self._ticked = cpu
            self._on_tick()

    def _charge_noted(self, key: int, frame: FrameType | None, seconds: float) -> None:
        """Charges the code at an address: one that is known, or still runs. Else it is whoever runs now that has called it."""
        if frame is not None:
            self._know(frame)
        here, depth = frame, 0
        while key not in self._known and here is not None and depth < 20:
            self._know(here)
            here, depth = here.f_back, depth + 1
        known = self._known.get(key)
        if known is not None:
            self._add(key, known, seconds, frame)
        elif frame is not None:
            self._charge(frame, seconds)

    def _charge_threads(self, seconds: float) -> None:
        frames = [frame for ident, frame in sys._current_frames().items() if ident != self._main]
        for frame in frames:
            self._charge(frame, seconds / len(frames))

    def _watch(self) -> None:
        """The sampler where there is no SIGPROF: charges wall-clock slices in which the process used the CPU."""
        own = threading.get_ident()
        while not self._stopping.wait(INTERVAL):
            cpu = time.process_time()
            spent, self._cpu = cpu - self._cpu, cpu
            if spent < INTERVAL / 10:
                continue
            frames = [frame for ident, frame in sys._current_frames().items() if ident != own]
            for frame in frames:
                self._charge(frame, spent / len(frames))
            del frames
            if self._on_tick is not None:
                self._on_tick()

    def _charge(self, frame: FrameType, seconds: float) -> None:
        self._add(id(frame.f_code), self._know(frame), seconds, frame)

    def _know(self, frame: FrameType) -> tuple[CodeType, str | None]:
        code = frame.f_code
        known = self._known.get(id(code))
        if known is None:
            # Holding the code object keeps its id from being used again.
            known = self._known[id(code)] = (code, self._attribute(frame))
            if known[1] and self._met is not None:
                self._met(frame)
        return known

    def _stack(self, function: str, frame: FrameType | None) -> tuple[str, ...]:
        """What was on the stack: what is there now, which may be a little later, with the function on top."""
        found: list[str] = []
        while frame is not None and len(found) < DEEPEST:
            name = self._know(frame)[1]
            if name:
                found.append(name)
            frame = frame.f_back
        return tuple(found[found.index(function) :] if function in found else [function, *found])

    def _add(self, key: int, known: tuple[CodeType, str | None], seconds: float, frame: FrameType | None) -> None:
        code, function = known
        if function is None:
            self.foreign += seconds
            return
        self.seconds[function] = self.seconds.get(function, 0.0) + seconds
        self.samples[function] = self.samples.get(function, 0) + 1
        if function:
            stack = self._stack(function, frame)
            self.stacks[stack] = self.stacks.get(stack, 0.0) + seconds
        if self._hot is not None and function:
            seen = self._seen[key] = self._seen.get(key, 0) + 1
            if seen == 2:
                self._hot(code)
