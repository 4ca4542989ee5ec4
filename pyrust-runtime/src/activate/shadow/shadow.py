"""Shadow mode (`PYRUST=shadow:1/N`): one of N calls of each hotspot is done by Python too, and both are compared.

The extension decides which calls, and hands those over. What the program sees of them is Python's doing. A difference is reported once,
with a reproduction; from then on the hotspot, and whatever was compiled with it inside, runs as Python in this process.

In: calls from an extension. Out: their outcome, and text on standard error.
It must not run anything twice, and must not fail: whatever goes wrong here costs a comparison, never a call.

Extensions carry this file with them (with `compare`, `equal` and `reproduce`): production has no PyRust installed.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from types import FunctionType, ModuleType, TracebackType

from . import equal
from .compare import Comparison, bound

Outcome = tuple[object, "BaseException | None"]
"""What a call returned, and what it raised."""


def comparer(extension: ModuleType) -> Callable[[str, tuple[object, ...], FunctionType], Outcome]:
    """What the extension is to call instead of the native version."""
    failed: set[str] = set()

    def call(name: str, args: tuple[object, ...], original: FunctionType) -> Outcome:
        comparison = None
        collecting = gc.isenabled()
        gc.disable()
        try:
            comparison = Comparison(extension, name, args, original)
            comparison.run_native(rehearse=False)
        except equal.TooLarge:
            comparison = None  # it would take longer than anyone is willing to wait
        except Exception as error:
            comparison = None
            _failed(name, error, failed)
        finally:
            if collecting:
                gc.enable()
        result: object = None
        error_here: BaseException | None = None
        try:
            result = bound(original, args)
        except BaseException as error:
            error_here = error
        if comparison is not None:
            try:
                found = comparison.judge(result, error_here)
                if found is not None:
                    extension._distrust(name, "shadow mode: " + found.splitlines()[0].removeprefix(f"pyrust: {name} "))
                    _say(f"{found}\npyrust: {name} runs as Python from now on in this process (shadow mode)")
            except Exception as error:
                _failed(name, error, failed)
        if error_here is not None:
            # The frames of this file are of no interest to whoever reads the traceback.
            error_here.__traceback__ = _without_ours(error_here.__traceback__)
        return result, error_here

    return call


def _without_ours(traceback: TracebackType | None) -> TracebackType | None:
    while traceback is not None and traceback.tb_frame.f_globals.get("__package__") == __package__:
        traceback = traceback.tb_next
    return traceback


def _failed(name: str, error: Exception, failed: set[str]) -> None:
    """Says once per function that it cannot be compared."""
    if name not in failed:
        failed.add(name)
        _say(f"pyrust: {name} cannot be compared with Python: {type(error).__name__}: {error}")


def _say(text: str) -> None:
    try:
        print(text, file=sys.stderr, flush=True)
    except Exception:  # standard error may be closed, or be anything
        return
