"""Strength of inputs: how many small changes of the Python function they notice.

The function is compiled again from its syntax tree, once as it is and once with each change (`mutate`), and runs on copies of the
inputs. A change is noticed when some input gives another result, other arguments afterwards, another exception, or no end.

A changed function may take ways that the function itself never takes, so it must not be able to do anything: every call and every
attribute goes through a gate that lets only builtin types, pure functions of the standard library and functions of the project (behind
the same gate) pass, and stops everything else. Values of modules are copies. So are contexts: those of the project's own generators under
`@contextmanager` run behind the gate, any other is entered only where that does nothing. A generator is asked for its elements. What a
function does that cannot be gated (it assigns globals or attributes) makes it unmeasured, and that is said.

In: a function, its inputs. Out: a count of changes, how many were noticed, and those that were not. It must not leave anything behind.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import copy
import inspect
import random
import sys
import textwrap
import time
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from types import BuiltinFunctionType, CodeType, FunctionType, GeneratorType, MethodDescriptorType, ModuleType
from typing import Any

from pyrust import equal, mutate
from pyrust.compare import bound
from pyrust.limits import Limits, TooLong

MOST = 120
"""Changes of one function that are tried; of more, evenly chosen ones."""
FACTOR = 20
"""A changed function may take so many times as long as the function itself."""
LEAST = 0.02
"""Seconds that it may take in any case."""
SHARE = 0.02
"""Of the time that there is, what one run on all inputs may take."""
LARGEST = 100_000
"""Values of a module that are larger cannot be copied for each call."""
ELEMENTS = 1_000
"""So many elements of a generator are asked for: there may be no end of them."""

_TYPES = (
    *(type(None), bool, int, float, complex, str, bytes, bytearray, list, tuple, dict, set, frozenset, range, slice),
    *(deque, Counter, defaultdict, OrderedDict, memoryview, object),
    *(enumerate, filter, map, reversed, zip),
)
_FUNCTIONS = "abs all any ascii bin callable chr divmod format hash hex isinstance issubclass iter len max min next oct ord pow repr round sorted sum"
_MODULES = frozenset(
    [
        "math",
        "cmath",
        "_bisect",
        "_heapq",
        "heapq",
        "itertools",
        "_operator",
        "operator",
        "_functools",
        "functools",
        "re",
        "string",
        "binascii",
        "zlib",
        "unicodedata",
        "_struct",
        "struct",
        "bisect",
        "collections",
        "_collections",
        "textwrap",
        "statistics",
        "fractions",
    ]
)
_CONTEXTS = (contextlib.suppress, contextlib.nullcontext)
"""Classes whose instances can be entered: it has no effect outside."""
_ALLOWED = {id(getattr(builtins, name)) for name in _FUNCTIONS.split()} | {id(kind) for kind in (*_TYPES, *_CONTEXTS)}


_SILENT = ("stopped", "too long", "too large")


class Unmeasured(Exception):
    """The function cannot be run behind the gate; why."""


class _Stopped(BaseException):
    """Something that must not happen would have happened."""


@dataclass
class _Scope:
    """The globals of a module, and those that functions get instead."""

    real: dict[str, Any]
    copied: dict[str, Any]
    changeable: set[str]


class Gate:
    """Runs functions of a project where they can do nothing but compute."""

    def __init__(self, is_own: Callable[[str], bool]) -> None:
        """`is_own`: is that a module of the project?"""
        self._is_own = is_own
        self._known: dict[FunctionType, FunctionType] = {}
        self._scopes: dict[int, _Scope] = {}

    def tree(self, function: FunctionType) -> ast.FunctionDef:
        """The syntax tree of a function, if it may be run here."""
        try:
            source = textwrap.dedent(inspect.getsource(function))
            (tree,) = ast.parse(source).body
        except (OSError, TypeError, ValueError, SyntaxError) as error:
            raise Unmeasured(f"its source cannot be read ({type(error).__name__})") from None
        if not isinstance(tree, ast.FunctionDef):
            raise Unmeasured("it is no plain function")
        for node in ast.walk(tree):
            if isinstance(node, _REFUSED):
                raise Unmeasured(f"it has `{_REFUSED_AS[type(node)]}`")
            if isinstance(node, ast.ExceptHandler) and _catches_all(node):
                raise Unmeasured("it catches whatever is raised")
            if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load):
                raise Unmeasured("it assigns attributes")
            name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
            if name == "super" or (name.startswith("__") and name != "__name__"):
                raise Unmeasured(f"it uses `{name}`")
        ast.increment_lineno(tree, function.__code__.co_firstlineno - 1)
        return tree

    def function(self, original: FunctionType, tree: ast.FunctionDef) -> FunctionType:
        """The function that the tree is, in the place of another one."""
        tree = _Gated().visit(copy.deepcopy(tree))
        tree.decorator_list, tree.returns = [], None
        for parameter in ast.walk(tree.args):
            if isinstance(parameter, ast.arg):
                parameter.annotation = None
        tree.args.defaults = [ast.Constant(None) for _ in tree.args.defaults]
        tree.args.kw_defaults = [None if one is None else ast.Constant(None) for one in tree.args.kw_defaults]
        free = original.__code__.co_freevars
        outer = ast.parse(f"def outer({', '.join(free)}):\n    pass")
        (around,) = outer.body
        assert isinstance(around, ast.FunctionDef)
        around.body = [tree]
        code = compile(ast.fix_missing_locations(outer), original.__code__.co_filename, "exec", dont_inherit=True)
        found = _inside(code, tree.name)
        if found is None or set(found.co_freevars) - set(free):
            raise Unmeasured("it names what stands around it")
        cells = dict(zip(free, original.__closure__ or (), strict=True))
        closure = tuple(cells[name] for name in found.co_freevars)
        made = FunctionType(found, self._scope(original), original.__name__, original.__defaults__, closure or None)
        made.__kwdefaults__ = original.__kwdefaults__
        return made

    def _scope(self, original: FunctionType) -> dict[str, Any]:
        """The globals of a module, of which everything that could change is a copy; one for all of its functions."""
        scope = original.__globals__
        known = self._scopes.get(id(scope))
        if known is None:
            # What else there is, is not there: a name that is not found stops the call.
            copied = {
                **{name: value for name, value in scope.items() if _is_plain(value)},
                "__pyrust_call__": self._call,
                "__pyrust_get__": _get,
                "__pyrust_enter__": _entered,
                mutate.TRUNCATED: _truncated,
                mutate.REMAINDER: _remainder,
            }
            known = self._scopes[id(scope)] = _Scope(scope, copied, set())
        return known.copied

    def refresh(self) -> None:
        """Before each call: values of modules are as they were."""
        for scope in self._scopes.values():
            for name in scope.changeable:
                scope.copied[name] = copy.deepcopy(scope.real[name])

    def needs(self, original: FunctionType) -> None:
        """`Unmeasured` where a value that the function names cannot be kept as it is."""
        self._scope(original)
        scope = self._scopes[id(original.__globals__)]
        for name in original.__code__.co_names:
            value: Any = scope.real.get(name)
            if type(value) in _CHANGEABLE and name in scope.copied:
                scope.copied[name] = copy.deepcopy(value)
                scope.changeable.add(name)
        kept = [*(original.__defaults__ or ()), *(original.__kwdefaults__ or {}).values()]
        for cell in original.__closure__ or ():
            with contextlib.suppress(ValueError):
                kept.append(cell.cell_contents)
        if any(type(value) in _CHANGEABLE or not _is_plain(value) for value in kept):
            raise Unmeasured("a default, or a variable around it, could change")

    def _call(self, function: Any) -> Any:
        """The function, or what may be called instead."""
        if isinstance(function, FunctionType) and function.__code__ is _MAKES_CONTEXTS:
            return contextlib.contextmanager(self._own(function.__wrapped__))  # type: ignore[attr-defined]
        if isinstance(function, FunctionType):
            own = self._own(function)
            return own if own is not function or own.__module__ not in _MODULES else self._guarded(own)
        if not _is_harmless(function):
            raise _Stopped
        if isinstance(function, BuiltinFunctionType | MethodDescriptorType | type):
            return self._guarded(function)
        return function

    def _guarded(self, function: Any) -> Any:
        return lambda *args, **keywords: function(
            *map(self._argument, args), **{name: self._argument(value) for name, value in keywords.items()}
        )

    def _argument(self, value: Any) -> Any:
        """Functions that a builtin is to call stand behind the gate as well."""
        if isinstance(value, FunctionType):
            return self._own(value)
        if callable(value) and type(value) not in _TYPES and not _is_harmless(value):
            raise _Stopped
        return value

    def _own(self, function: FunctionType) -> FunctionType:
        if any(function.__globals__ is scope.copied for scope in self._scopes.values()):
            return function
        if function.__module__ in _MODULES:
            return function
        known = self._known.get(function)
        if known is None:
            if not self._is_own(str(function.__module__)):
                raise _Stopped
            try:
                self.needs(function)
                known = self.function(function, self.tree(function))
            except Unmeasured:
                raise _Stopped from None
            self._known[function] = known
        return known


_REFUSED: tuple[type[ast.AST], ...] = (
    *(
        ast.Global,
        ast.Nonlocal,
        ast.Import,
        ast.ImportFrom,
        ast.AsyncWith,
        ast.Await,
    ),
    *(ast.ClassDef, ast.AsyncFunctionDef, ast.AsyncFor),
)
_REFUSED_AS = {kind: kind.__name__.lower() for kind in _REFUSED}
_CHANGEABLE = (list, dict, set, bytearray, deque, Counter, defaultdict, OrderedDict)


_NAMED = (FunctionType, BuiltinFunctionType, MethodDescriptorType, ModuleType, type)


def _inside(code: CodeType, name: str) -> CodeType | None:
    waiting = [code]
    while waiting:
        one = waiting.pop(0)
        if one.co_name == name:
            return one
        waiting += [const for const in one.co_consts if isinstance(const, CodeType)]
    return None


def _catches_all(handler: ast.ExceptHandler) -> bool:
    """It would catch what ends a call that takes too long."""
    if handler.type is None:
        return True
    return any(isinstance(node, ast.Name) and node.id == "BaseException" for node in ast.walk(handler.type))


def _is_harmless(function: Any) -> bool:
    if id(function) in _ALLOWED:
        return True
    if isinstance(function, type):
        if function.__module__ == "builtins" and issubclass(function, BaseException):
            return True
        return function.__module__ in _MODULES and not function.__flags__ & (1 << 9)
    if isinstance(function, BuiltinFunctionType):
        owner = function.__self__
        if isinstance(owner, ModuleType):
            return owner.__name__ in _MODULES
        return type(owner) in _TYPES or (owner in _TYPES if isinstance(owner, type) else _of_library(type(owner)))
    if isinstance(function, MethodDescriptorType):
        return function.__objclass__ in _TYPES
    return _of_library(type(function)) and type(function).__module__ != "functools"


def _of_library(kind: type) -> bool:
    """Patterns, matches, iterators of itertools, `attrgetter` and their kin: classes written in C."""
    return kind.__module__ in _MODULES and not kind.__flags__ & (1 << 9)


def _get(value: Any, name: str) -> Any:
    """An attribute, where looking at it runs no code."""
    kind = type(value)
    if kind is ModuleType:
        found = vars(value).get(name)
        if found is None or type(found) in _CHANGEABLE or not (id(found) in _ALLOWED or _is_plain(found)):
            raise _Stopped
        return found
    if kind in _TYPES or _of_library(kind) or isinstance(value, BaseException):
        return getattr(value, name)
    if isinstance(value, type) and (value in _TYPES or value.__module__ in _MODULES):
        return getattr(value, name)
    if isinstance(value, tuple) and hasattr(kind, "_fields"):
        return getattr(value, name)
    raise _Stopped


_MAKES_CONTEXTS = contextlib.contextmanager(lambda: iter(())).__code__
"""Of what `@contextmanager` makes of a generator function."""
_OF_GENERATOR = contextlib._GeneratorContextManager


def _entered(value: Any) -> Any:
    """A context, where entering it does nothing but what the gate sees."""
    if type(value) is _OF_GENERATOR:
        generator: Any = value.gen
        if "__pyrust_call__" in generator.gi_frame.f_globals:
            return value
    # One that holds back whatever is raised would hold back what ends a call.
    if type(value) not in _CONTEXTS or BaseException in getattr(value, "_exceptions", ()):
        raise _Stopped
    return value


def _is_plain(value: Any) -> bool:
    """Made of exact builtins all through, or a function, class or module: whatever is done with it runs no code of the project."""
    waiting, seen = [value], 0
    while waiting:
        one = waiting.pop()
        seen += 1
        if seen > LARGEST:
            return False
        kind = type(one)
        if kind in (list, tuple, set, frozenset, deque):
            waiting += one
        elif kind in (dict, Counter, defaultdict, OrderedDict):
            waiting += one.keys()
            waiting += one.values()
        elif kind not in _TYPES and kind not in _NAMED and not _of_library(kind):
            return False
    return True


def _truncated(a: Any, b: Any) -> Any:
    quotient = a // b
    return quotient + (quotient * b != a) if quotient < 0 else quotient


def _remainder(a: Any, b: Any) -> Any:
    if isinstance(a, (str, bytes)):
        return a % b
    return a - b * _truncated(a, b)


class _Gated(ast.NodeTransformer):
    """Puts the gate before every call and every attribute."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if isinstance(node.func, ast.Name) and node.func.id in (mutate.TRUNCATED, mutate.REMAINDER):
            return self.generic_visit(node)
        self.generic_visit(node)
        node.func = ast.copy_location(ast.Call(ast.Name("__pyrust_call__", ast.Load()), [node.func], []), node.func)
        return node

    def visit_With(self, node: ast.With) -> ast.AST:
        self.generic_visit(node)
        for item in node.items:
            gate = ast.Call(ast.Name("__pyrust_enter__", ast.Load()), [item.context_expr], [])
            item.context_expr = ast.copy_location(gate, item.context_expr)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.generic_visit(node)
        gate = ast.Call(ast.Name("__pyrust_get__", ast.Load()), [node.value, ast.Constant(node.attr)], [])
        return ast.copy_location(gate, node)


# Measuring.

Outcome = tuple[str, Any]


class _Runner:
    def __init__(self, gate: Gate, inputs: Sequence[tuple[Any, ...]]) -> None:
        self._gate = gate
        self._inputs = inputs

    def outcome(self, function: FunctionType, number: int, seconds: float) -> Outcome:
        """What a program could see of a call: how it ended, and a picture of result and arguments."""
        values = copy.deepcopy(self._inputs[number])
        self._gate.refresh()
        result: object = None
        with Limits(seconds):
            try:
                result = bound(function, values)
                if isinstance(result, GeneratorType):
                    generator, result = result, []
                    _go_through(generator, result)
                end = "returned"
            except _Stopped:
                return "stopped", None
            except TooLong:
                return "too long", None
            except NameError:
                return "stopped", None
            except (MemoryError, RecursionError) as error:
                return f"raised {type(error).__name__}", None
            except Exception as error:
                end = f"raised {type(error).__qualname__} {error.args!r}"[:500]
        try:
            return end, equal.take({"result": result, "arguments": values}, limited=True)
        except equal.TooLarge:
            return "too large", None


def _go_through(generator: GeneratorType[Any, Any, Any], elements: list[Any]) -> None:
    """What a generator yields, and what it returns. What it has yielded before it raises counts too."""
    try:
        for _ in range(ELEMENTS):
            elements.append(next(generator))
    except StopIteration as stop:
        elements.append({"returned": stop.value})
    else:
        generator.close()


def _same(first: Outcome, second: Outcome) -> bool:
    if first[0] != second[0] or (first[1] is None) != (second[1] is None):
        return False
    return first[1] is None or equal.difference(first[1], second[1]) is None


def measure(
    function: FunctionType,
    recorded: Sequence[tuple[Any, ...]],
    invented: Sequence[tuple[Any, ...]],
    is_own: Callable[[str], bool],
    seconds: float,
) -> dict[str, Any]:
    """How many small changes of the function the inputs notice; they are values of the local variables, and have no effect natively."""
    until = time.process_time() + seconds
    gate = Gate(is_own)
    tree = gate.tree(function)
    gate.needs(function)
    original = gate.function(function, tree)
    runner = _Runner(gate, [*recorded, *invented])
    expected: dict[int, tuple[Outcome, float]] = {}
    for number in range(len(recorded) + len(invented)):
        if time.process_time() > until - seconds * 2 / 3:
            break
        started = time.process_time()
        outcome = runner.outcome(original, number, seconds / 4)
        took = time.process_time() - started
        # What leads to the gate, or is not the same twice, tells nothing.
        if outcome[0] not in _SILENT and _same(outcome, runner.outcome(original, number, seconds / 4)):
            expected[number] = (outcome, took)
    if not expected:
        raise Unmeasured("no input could be run apart from the program")
    # Small inputs first: most changes are noticed by some of them. All together must not take too long for a change that none notices.
    order = sorted(expected, key=lambda number: expected[number][1])
    within = [
        number
        for number, total in zip(order, accumulate(expected[n][1] for n in order), strict=True)
        if total < seconds * SHARE
    ]
    order = within or order[:1]
    changes = list(mutate.mutations(tree))
    # If time runs out, those that were tried stand for the others.
    random.Random(function.__qualname__).shuffle(changes)
    changes = changes[:MOST]
    tried, noticed_by_any = 0, 0
    missed: list[str] = []
    for change in changes:
        if time.process_time() > until:
            break
        try:
            changed = gate.function(function, change.tree)
        except (SyntaxError, Unmeasured, ValueError):
            continue
        tried += 1
        noticed = None
        for number in order:
            outcome, took = expected[number]
            if not _same(outcome, runner.outcome(changed, number, max(LEAST, FACTOR * took))):
                noticed = number
                break
        noticed_by_any += noticed is not None
        if noticed is None:
            missed.append(str(change))
    if not tried:
        raise Unmeasured("there is nothing in it to change" if not changes else "there was no time")
    return {
        "mutants": tried,
        "noticed": noticed_by_any,
        "missed": missed,
        "inputs": len(order),
        "left_out": len(set(range(len(recorded))) - set(order)),
    }


def project_modules(modules: Sequence[str]) -> Callable[[str], bool]:
    """The modules of a project, by their names."""
    known = frozenset(modules)
    return lambda name: name in known and name in sys.modules
