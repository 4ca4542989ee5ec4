"""Live verification of what no interceptor can decide: loops that are native in functions that stay Python, and generators.

A loop: in front of it the native version runs, uncommitted, on the locals as they are; a picture is taken of what it would leave in
the frame; it is rolled back. Python then runs the loop, and says what it has left.

A generator gives its elements to a program one by one, and goes on natively from where it stands: what can be kept of a live one are
its arguments. They become samples, and the generator is compared in lockstep on those once the tests are over.

In: the events of an extension (`_set_observer`). Out: counts and texts of the verifier.
It must not run code of the project.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping
from types import FunctionType, ModuleType
from typing import Any

from pyrust import equal
from pyrust.compare import Comparison, shared
from pyrust.reproduce import cut

SAMPLED = 20
"""The first calls of a generator that are all sampled; then fewer and fewer."""

RETURNED = "returned by the loop"
"""What no local is called."""

Values = Mapping[str, object]
Returned = tuple[object] | None
Key = tuple[int, int]


class Unbound:
    """Stands for a local that Python has left without a value."""


class LoopComparison(Comparison):
    """One run of a loop: natively, uncommitted, and then by Python."""

    def __init__(
        self, module: ModuleType, name: str, spec: int, values: Values, original: FunctionType, line: int
    ) -> None:
        self._spec = spec
        self._line = line
        self._left: list[str] = []
        super().__init__(module, name, tuple(values.values()), original, {**shared(original), **values})

    def _dry_run(self, look: Callable[..., None]) -> tuple[str | None, bool]:
        answer: tuple[str | None, bool] = self._module._dry_run_loop(self.name, self._spec, self._args, look)
        return answer

    def _look(self, left: Values, returned: Returned, dicts: Mapping[int, object]) -> None:  # type: ignore[override]
        self._left = list(left)
        self._take({RETURNED: returned, **_behind(left)}, dicts)

    def left(self, values: Values, returned: Returned) -> str | None:
        """Python has left the loop in this way: the text of a difference, or None."""
        if self._unclean is not None:
            return self._text("after a rollback", [self._unclean])
        if self.bailed is not None:
            return None
        if self._native is None:
            return self._text("natively", ["it neither bailed nor came to an end"])
        behind = _behind({name: values.get(name, Unbound) for name in self._left})
        python = equal.take({**self._roots, RETURNED: returned, **behind}, self._known)
        found = equal.difference(self._native, python)
        if found is None:
            return None
        return self._text(f"at {found.place}", [f"native: {cut(found.first)}", f"python: {cut(found.second)}"])

    def raised(self) -> str | None:
        """Python has left the loop by an exception."""
        if self._unclean is not None or self.bailed is not None or self._native is None:
            return self.left({}, None)
        return self._text("at its end", ["native: the loop comes to its end", "python: an exception leaves it"])

    def _text(self, where: str, outcomes: list[str]) -> str:
        names = [name for name in self._before.roots if not name.startswith(("cell ", "global "))]
        lines = [
            f"pyrust: {self.name} differs from Python in its loop on line {self._line}, {where}",
            *(f"  {outcome}" for outcome in outcomes),
            "  in front of the loop:",
            *(f"    {name} = {cut(equal.show(self._before, self._before.roots[name]))}" for name in names),
        ]
        return "\n".join(lines)


def _behind(values: Values) -> dict[str, object]:
    return {f"{name} behind the loop": value for name, value in values.items()}


class Observer:
    """What a verifier is told of generators and loops.

    `begin(name, values, loop)` counts, and says whether to compare; `native(…)` runs the native version; `judge(…)` counts what came
    out of it; `sample(…)` keeps the arguments of a generator.
    """

    def __init__(
        self,
        begin: Callable[[str, tuple[object, ...], int | None], Any],
        native: Callable[[str, Any, Callable[[], LoopComparison]], LoopComparison | None],
        judge: Callable[[str, Any, LoopComparison, Callable[[], str | None]], None],
        sample: Callable[[str, tuple[object, ...], FunctionType], None],
    ) -> None:
        self._begin, self._native, self._judge, self._sample = begin, native, judge, sample
        # Of loops that Python runs now, with the thread.
        self._running: dict[tuple[str, Key], tuple[int, LoopComparison, Any]] = {}
        self._generators: dict[str, int] = {}

    def tell(self, module: ModuleType, event: str, name: str, *rest: Any) -> None:
        """An event of the extension."""
        if event == "generator":
            self._generator(module, name, *rest)
        elif event == "loop":
            self._loop(module, name, *rest)
        else:
            self._leave(name, *rest)

    def end(self) -> None:
        """Nothing runs in this thread any more: what has not come behind its loop was left by an exception."""
        here = threading.get_ident()
        for place, (thread, _, _) in list(self._running.items()):
            if thread == here:
                self._lost(place)

    def stop(self) -> None:
        self._running.clear()

    def _generator(self, module: ModuleType, name: str, args: tuple[object, ...]) -> None:
        number = self._generators[name] = self._generators.get(name, 0) + 1
        if self._begin(name, args, None) is not None and (number <= SAMPLED or number.bit_count() == 1):
            self._sample(name, args, module._original(name)[1])

    def _loop(self, module: ModuleType, name: str, key: Key, spec: int | None, values: Values | None) -> None:
        place = (name, key)
        # The same frame in front of the same loop: the last run of it, or that of a frame that is gone, did not get behind it.
        self._lost(place)
        if spec is None or values is None:
            return
        kind = self._begin(name, tuple(values.values()), key[1])
        if kind is None:
            return
        original, line = module._original(name)[1], _line()
        comparison = self._native(name, kind, lambda: LoopComparison(module, name, spec, values, original, line))
        if comparison is not None:
            self._running[place] = threading.get_ident(), comparison, kind

    def _leave(self, name: str, key: Key, values: Values | None, returned: Returned) -> None:
        found = self._running.pop((name, key), None)
        # Where a `finally` is still to run, there is nothing to compare with.
        if found is not None and values is not None:
            _, comparison, kind = found
            self._judge(name, kind, comparison, lambda: comparison.left(values, returned))

    def _lost(self, place: tuple[str, Key]) -> None:
        found = self._running.pop(place, None)
        if found is not None:
            _, comparison, kind = found
            self._judge(place[0], kind, comparison, comparison.raised)


def _line() -> int:
    """Where the program is: the first frame that is not the verifier's."""
    frame = sys._getframe()
    ours = frame.f_globals.get("__package__")
    while frame.f_back is not None and frame.f_globals.get("__package__") == ours:
        frame = frame.f_back
    return frame.f_lineno


def kinds(modules: Mapping[str, ModuleType]) -> dict[str, str]:
    """`generator` or `loops` for those native functions of the extensions that are not called as a whole."""
    found = {}
    for module in modules.values():
        for entry in module.status() if hasattr(module, "_kind") else ():
            kind = module._kind(entry["function"])
            if kind in ("generator", "loops"):
                found[str(entry["function"])] = str(kind)
    return found
