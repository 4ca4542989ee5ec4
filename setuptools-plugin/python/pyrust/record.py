"""Stage 2 of profiling: the exact types of arguments and results, recorded natively.

The recorder (`src/recorder.rs`) sees functions of the project when they are first called.
It watches the first calls of each (all of them up to the limit when everything is wanted), lets go, and comes back for those that the sampler finds hot.
On CPython 3.12 and later it is carried by `sys.monitoring`, whose tool ids are scarce: ask, make do without, always give back.
On 3.11 it is carried by a frame evaluation function, which costs a little on every call of the process, so it works within a budget of CPU time.

In: a project. Out: per function, signatures with counts.
It must not run code of the user or keep his objects alive; both are in the hands of the native side.
"""

from __future__ import annotations

import dis
import inspect
import sys
import time
from types import CodeType, FrameType
from typing import Any

from pyrust import samples
from pyrust.runinfo import Project

FIRST = 1_000
"""Calls of every function that are recorded before anybody knows whether it is hot."""
EXHAUSTIVE = 100_000
"""Calls of a hot function that are recorded before recording thins out."""
WINDOW = 1_000
"""Calls of a hot function that are recorded in each window after that."""
PAUSE = 0.2
"""Seconds of CPU time between windows."""
BUDGET = 0.04
"""Share of the CPU time that the frame evaluation function of 3.11 may cost, after the first second."""
PRICE = 25e-9
"""Seconds that it costs per call."""

TOOL_NAME = "pyrust"

_BINDING = ("STORE_FAST", "DELETE_FAST", "STORE_DEREF", "DELETE_DEREF")
"""How the names of instructions begin that bind a local name."""


def _bound(code: CodeType) -> set[str]:
    """The local names that a function binds, or a function inside."""
    names: set[str] = set()
    for each in dis.get_instructions(code):
        if each.opname.startswith(_BINDING):
            # Since 3.13 one instruction may bind two.
            names.update(each.argval if isinstance(each.argval, tuple) else (each.argval,))
    return names.union(*(_bound(inside) for inside in code.co_consts if isinstance(inside, CodeType)))


_monitoring: Any = getattr(sys, "monitoring", None)


class Recorder:
    """Records from `start()` to `stop()`; `functions` holds the result: name → {"calls", "signatures"} and what `samples` keeps;

    `attributes`: class → attribute → type → how often instances were seen to hold it.
    """

    def __init__(self, project: Project, *, everything: bool) -> None:
        self.functions: dict[str, dict[str, Any]] = {}
        self.attributes: dict[str, dict[str, dict[str, int]]] = {}
        self.notice: str | None = None
        self._project = project
        self._everything = everything
        self._native: Any = None
        self._tools: list[int] = []
        self._window = 0.0
        # A second of credit, or what starting up costs would hide functions that are called once, early.
        self._debt = -BUDGET
        self._ticked = 0.0
        self._calls = 0

    def start(self) -> None:
        from pyrust._engine import recorder

        first = EXHAUSTIVE if self._everything else FIRST
        if sys.version_info >= (3, 12):
            self._take_tools()
            if not self._tools:
                self.notice = "no free tool id in sys.monitoring: no argument types recorded"
                return
        try:
            recorder.start(self._project.paths, set(self._project.modules), first, EXHAUSTIVE, self._tools)
        except RuntimeError as error:
            self.notice = f"{error}: no argument types recorded"
            recorder.stop()
            self._give_back()
            return
        self._native = recorder
        # Counted since the engine was loaded.
        self._calls = recorder.evaluated()
        self._ticked = self._window = time.process_time()

    def _take_tools(self) -> None:
        """Takes two tool ids: one finds functions, the other watches some. One alone will do, less cheaply."""
        for tool in (3, 4, _monitoring.PROFILER_ID):
            if len(self._tools) < 2 and _monitoring.get_tool(tool) is None:
                _monitoring.use_tool_id(tool, TOOL_NAME)
                self._tools.append(tool)

    def _give_back(self) -> None:
        for tool in self._tools:
            _monitoring.set_events(tool, 0)
            for event in (_monitoring.events.PY_START, _monitoring.events.PY_RETURN):
                _monitoring.register_callback(tool, event, None)
            _monitoring.free_tool_id(tool)
        self._tools = []

    def hot(self, code: CodeType) -> None:
        """The sampler has found this function hot: record it up to the limit."""
        if self._native is not None:
            self._native.hot(code)

    def met(self, frame: FrameType) -> None:
        """The sampler has met a function of the project for the first time, at work: its arguments are still there, if it binds none of them again."""
        if self._native is None:
            return
        code = frame.f_code
        stars = sum(bool(code.co_flags & flag) for flag in (inspect.CO_VARARGS, inspect.CO_VARKEYWORDS))
        parameters = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount + stars]
        if _bound(code).isdisjoint(parameters):
            self._native.glance(frame)

    def tick(self) -> None:
        """Called by the sampler every few milliseconds."""
        if self._native is None:
            return
        now = time.process_time()
        if now - self._window > PAUSE:
            self._window = now
            self._native.window(WINDOW)
        if not self._tools and not self._everything:
            self._keep_budget(now)

    def _keep_budget(self, now: float) -> None:
        calls = self._native.evaluated()
        self._debt += (calls - self._calls) * PRICE - (now - self._ticked) * BUDGET
        self._debt = max(self._debt, -BUDGET)
        self._calls, self._ticked = calls, now
        self._native.evaluate(self._debt <= 0.0)

    def stop(self) -> None:
        if self._native is None:
            return
        recorded, held = self._native.stop()
        self._give_back()
        self._native = None
        for function, calls, signatures, taken, (opaque, long) in recorded:
            entry = self.functions.setdefault(function, {"calls": 0, "signatures": {}, **samples.nothing()})
            entry["calls"] += calls
            samples.add(entry, {"samples": [list(pair) for pair in taken], "opaque": opaque, "long": long})
            for signature, count in signatures:
                entry["signatures"][signature] = entry["signatures"].get(signature, 0) + count
        for owner, attribute, types in held:
            entry = self.attributes.setdefault(owner, {}).setdefault(attribute, {})
            for text, count in types:
                entry[text] = entry.get(text, 0) + count
