"""One call done twice: natively, uncommitted, and then for real by Python; and whether a program could tell the outcomes apart.

The native version runs first; a picture of its result and of what the arguments would be is taken; it is rolled back, and the
rollback is checked. Then the caller runs the Python original, once, and hands over its outcome.

In: an extension, the name of a hotspot, the arguments of a call. Out: the text of a difference, or None.
It must not run the original, or anything else of the user: a hotspot has no effect but those that a rollback undoes.

An extension in shadow mode carries this file with it, and `equal` and `reproduce`: nothing else of ours may be imported here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from types import FunctionType, ModuleType

from . import equal, reproduce

REHEARSAL = 1.0
"""Seconds after which no further point of one call is tried."""

_MUTABLE = (list, dict, set, bytearray)


class Comparison:
    """One call, natively and by Python."""

    def __init__(
        self,
        module: ModuleType,
        name: str,
        args: tuple[object, ...],
        original: FunctionType,
        roots: dict[str, object] | None = None,
    ) -> None:
        self.name = name
        self.bailed: str | None = None
        self._module = module
        equal.without_dict = getattr(module, "_attributes", equal.without_dict)
        self._args = args
        self._original = original
        self._roots = _roots(original, args) if roots is None else roots
        self._gathered = _gathered(original) if roots is None else ()
        self._result = reproduce.outcome(self._roots)
        self._before = equal.take(self._roots, limited=True)
        # Held: a global that the call replaces must not give its identity to a new object.
        self._held = list(original.__globals__.values())
        self._known = {id(value): len(self._before.objects) + number for number, value in enumerate(self._held)}
        self._known.update(self._before.known())
        for name in self._gathered:
            self._known.pop(id(self._roots[name]), None)
        self._native: equal.Picture | None = None
        self._too_large = False
        self._unclean: str | None = None

    def run_native(self, *, rehearse: bool) -> None:
        reason, restored = self._dry_run(self._look)
        if reason is not None:
            self.bailed = str(reason)
        self._check(restored)
        if rehearse and reason is None and self._unclean is None:
            self._rehearse()
        if self._too_large and self._unclean is None:
            raise equal.TooLarge

    def _dry_run(self, look: Callable[..., None]) -> tuple[str | None, bool]:
        answer: tuple[str | None, bool] = self._module._dry_run(self.name, self._args, look)
        return answer

    def _rehearse(self) -> None:
        """Bails at several of the points where the call could have: ordinary inputs never undo half a call."""
        module = self._module
        started = time.perf_counter()
        try:
            module._force_bail(-1)
            self._dry_run(_ignore)
            points = module._points()
            for point in sorted({1, 2, 3, 5, 8, points // 2, points - 1, points}):
                if time.perf_counter() - started > REHEARSAL:
                    break
                if 0 < point <= points and self._unclean is None:
                    module._force_bail(point)
                    _, restored = self._dry_run(_ignore)
                    self._check(restored)
        finally:
            module._force_bail(0)

    def _check(self, restored: bool) -> None:
        """Whether a rollback has put everything back."""
        found = equal.restored(self._before, self._roots)
        if found:
            self._unclean = str(found)
        elif not restored:
            self._unclean = "the runtime's own check of the rollback failed"

    def _look(self, result: object, dicts: Mapping[int, object]) -> None:
        """Called with the transaction still open."""
        self._take({self._result: result}, dicts)

    def _take(self, shown: Mapping[str, object], dicts: Mapping[int, object]) -> None:
        try:
            self._native = equal.take({**self._after(), **shown}, self._known, dicts, limited=True)
        except equal.TooLarge:
            # Not through the transaction: it has to be rolled back.
            self._too_large = True

    def _after(self) -> dict[str, object]:
        """What the call can reach, but for the objects that Python makes anew for each call: nobody else has them."""
        return {**self._roots, **{name: _again(self._roots[name]) for name in self._gathered}}

    def judge(self, result: object, error: BaseException | None) -> str | None:
        """The text of a difference, or None."""
        if self._unclean is not None:
            return reproduce.unclean(self.name, self._original, self._before, self._unclean)
        if self.bailed is not None:
            return None
        if self._native is None:
            return f"{self.name}: the native version neither bailed nor returned"
        if isinstance(error, MemoryError):
            # How much there is neither side promises, and native code often needs less.
            return None
        if error is not None:
            shown = equal.show(self._native, self._native.roots[self._result])
            outcome = f"{type(error).__qualname__}{equal.show_exception(error)}"
            found = equal.Difference("outcome", f"returned {shown}", f"raised {outcome}")
            return reproduce.text(self.name, self._original, self._before, self._native, error, found)
        python = equal.take({**self._after(), self._result: result}, self._known)
        found_here = equal.difference(self._native, python)
        if found_here is None:
            return None
        return reproduce.text(self.name, self._original, self._before, self._native, python, found_here)


def _ignore(*_shown: object) -> None:
    pass


def bound(function: FunctionType, args: Sequence[object]) -> object:
    """Calls a function with one value per parameter, in the order of its local variables."""
    code = function.__code__
    positional, keyword_only = code.co_argcount, code.co_kwonlyargcount
    at = positional + keyword_only
    extra: tuple[object, ...] = ()
    keywords: dict[str, object] = dict(zip(code.co_varnames[positional:at], args[positional:at], strict=True))
    if code.co_flags & 0x04:
        extra = args[at]  # type: ignore[assignment]
        at += 1
    if code.co_flags & 0x08:
        keywords.update(args[at])  # type: ignore[call-overload]
    return function(*args[:positional], *extra, **keywords)


def _again(gathered: object) -> object:
    """What a call was given by `*args` or `**kwargs`, as another object."""
    return dict(gathered) if isinstance(gathered, dict) else tuple([*gathered])  # type: ignore[misc] # noqa: C409


def _gathered(function: FunctionType) -> tuple[str, ...]:
    """`*args` and `**kwargs`, if the function has them."""
    code = function.__code__
    at = code.co_argcount + code.co_kwonlyargcount
    return code.co_varnames[at : at + bool(code.co_flags & 0x04) + bool(code.co_flags & 0x08)]


def _roots(function: FunctionType, args: Sequence[object]) -> dict[str, object]:
    """What the call can reach: arguments, cells, and the mutable globals that its code names."""
    return {**dict(zip(function.__code__.co_varnames, args, strict=False)), **shared(function)}


def shared(function: FunctionType) -> dict[str, object]:
    """What all calls can reach: cells, and the mutable globals that the code names."""
    code = function.__code__
    roots: dict[str, object] = {}
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=False):
        roots[f"cell {name}"] = cell
    scope = function.__globals__
    for name in code.co_names:
        if type(scope.get(name)) in _MUTABLE:
            roots[f"global {name}"] = scope[name]
    return roots
