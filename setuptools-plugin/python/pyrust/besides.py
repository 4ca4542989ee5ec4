"""Which functions stand in the manifest though they are not hot themselves: those that say what attributes hold, that go through hot
generators, or that often call hot functions.

In: a merged run and what was recorded. Out: names of functions. Whether the compiler takes them is asked elsewhere.
"""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterable
from typing import Any, TypeVar

from pyrust.asked import Answer
from pyrust.runinfo import Project

Run = dict[str, Any]
_Key = TypeVar("_Key")

LITTLE_SECONDS = 0.01
"""With so few samples in all, a function that was seen in less CPU time than this may have been seen by chance, as one that only waits
is when it wakes up: it gets no entry. Three samples are more."""

SHORT = 100e-6
"""Calls that take less than so many seconds are short: what it costs to begin and to end one natively from Python counts."""

_UNKNOWN_ATTRIBUTE = re.compile(r"the type of the attribute `(\w+)` of `([\w.]+)` is not known")

# A class of the project in a signature: `package.module.Class`.
_CLASS = re.compile(r"[^\s,()|\[\]]*\.[^\s,()|\[\]]+")


def consumers(run: Run, tellers: Tellers, hot: set[str], threshold: float) -> set[str]:
    """Recorded functions that go through generators among these often enough: where they are native, the generators are part of them."""
    spent: dict[str, float] = {}
    for stack, seconds in run.get("stacks", {}).items():
        found, through = set(), False
        for name in reversed(stack.split(";")):
            if tellers.is_generator(name):
                through |= name in hot
            elif through:
                found.add(name)
                through = False
        for name in found & tellers.recorded:
            spent[name] = spent.get(name, 0.0) + seconds
    least = sum(run["seconds"].values()) * threshold / 100.0
    return {name for name, seconds in spent.items() if seconds >= least}


def callers(run: Run, tellers: Tellers, native: set[str], threshold: float, known: set[str]) -> set[str]:
    """Recorded functions that spend enough time in short functions that they call: in these, in others of the same kind, or in many of
    which none is hot.

    Where they are native, such a call takes no objects apart and makes none, and what only the two know of needs to be no object at all.
    """
    stacks = {tuple(stack.split(";")): seconds for stack, seconds in run.get("stacks", {}).items()}
    calls = {name: entry["calls"] for name, entry in run["functions"].items()}
    through = _sums((name, seconds) for stack, seconds in stacks.items() for name in set(stack))
    between = _sums((pair, seconds) for stack, seconds in stacks.items() for pair in set(itertools.pairwise(stack)))
    short = {name for name, seconds in through.items() if seconds < SHORT * calls.get(name, 0)}
    whole = sum(run["seconds"].values())

    def enough(name: str, seconds: float) -> bool:
        least = max(whole * threshold / 100.0, LITTLE_SECONDS) / (2.0 if name in known else 1.0)
        return seconds >= least and name in tellers.recorded and not tellers.is_generator(name)

    found: set[str] = set()
    while True:
        taken = native | found
        calling = _sums(
            (caller, seconds)
            for (caller, callee), seconds in between.items()
            if callee in short & taken and caller not in taken
        )
        # What no function has taken goes to those that have enough of it and call none that has.
        open_ = {stack: seconds for stack, seconds in stacks.items() if taken.isdisjoint(stack)}
        spread = _sums((name, seconds) for stack, seconds in open_.items() for name in set(stack))
        several = {name for name, seconds in spread.items() if enough(name, seconds)}
        inside = ([name for name in stack if name in several] for stack in open_)
        outer = {name for names in inside for name in names if name != names[-1]}
        new = {name for name, seconds in calling.items() if enough(name, seconds)} | ((several - outer) or several)
        if not new:
            return found
        found |= new


def _sums(parts: Iterable[tuple[_Key, float]]) -> dict[_Key, float]:
    sums: dict[_Key, float] = {}
    for key, seconds in parts:
        sums[key] = sums.get(key, 0.0) + seconds
    return sums


class Tellers:
    """Recorded functions that say what an attribute of a class holds."""

    def __init__(self, project: Project, profile: dict[str, Any]) -> None:
        from pyrust import _engine

        self._root = project.root
        self._paths: dict[str, str] = _engine.load_project(str(project.root), str(project.manifest))["modules"]
        self._trees: dict[str, ast.Module | None] = {}
        self._texts = {each["function"]: [text for text, _ in each["signatures"]] for each in profile["functions"]}
        self.recorded = {name for name, texts in self._texts.items() if texts}
        self._generators: dict[str, bool] = {}
        self._methods: dict[str, set[str]] = {}
        for name, texts in self._texts.items():
            for text in texts:
                if own := _CLASS.match(text, 1):
                    self._methods.setdefault(own.group(), set()).add(name)

    def constructors(self, names: Iterable[str]) -> set[str]:
        """The `__init__` of classes whose instances these functions take or return, and of what those take in turn."""
        needed: set[str] = set()
        waiting = list(names)
        while waiting:
            classes = {own for text in self._texts.get(waiting.pop(), ()) for own in _CLASS.findall(text)}
            methods = {name for own in classes for name in self._methods.get(own, ())}
            new = {name for name in methods if name.endswith(".__init__")} - needed
            needed |= new
            waiting += new
        return needed

    def is_generator(self, name: str) -> bool:
        """Is it a function with a `yield` of its own?"""
        if name not in self._generators:
            node = self._node(name)
            self._generators[name] = isinstance(node, ast.FunctionDef) and any(map(_yields, node.body))
        return self._generators[name]

    def unknown(self, name: str, answer: Answer) -> Iterable[tuple[str, str]]:
        """Attributes of which it is not known what they hold, and their classes; or of which that may be so."""
        if answer.reason is not None:
            yield from _UNKNOWN_ATTRIBUTE.findall(answer.reason)
        elif answer.left and (node := self._node(name)):
            owners = [own for own, methods in self._methods.items() if name in methods]
            for each in ast.walk(node):
                if isinstance(each, ast.Attribute) and each.lineno in answer.left:
                    yield from ((each.attr, own) for own in owners)

    def of(self, name: str, attribute: str, owner: str) -> set[str]:
        """For a function that reads `attribute` of instances of `owner`."""
        methods = self._methods.get(owner, set())
        telling = {method for method in methods if self._tells(method, attribute)}
        return telling | self.constructors([name, *telling])

    def _tells(self, function: str, attribute: str) -> bool:
        """Does the function store the attribute, or do something with what it holds?"""
        node = self._node(function)
        return node is not None and any(_fills(each, attribute) for each in ast.walk(node))

    def _node(self, function: str) -> ast.AST | None:
        module, _, qualname = function.partition(":")
        node: ast.AST | None = self._tree(module)
        for part in qualname.split("."):
            found = (each for each in ast.iter_child_nodes(node) if getattr(each, "name", None) == part) if node else ()
            node = next(iter(found), None)
        return node

    def _tree(self, module: str) -> ast.Module | None:
        if module not in self._trees:
            try:
                self._trees[module] = ast.parse((self._root / self._paths[module]).read_bytes())
            except (KeyError, OSError, SyntaxError, ValueError):
                self._trees[module] = None
        return self._trees[module]


def _yields(node: ast.AST) -> bool:
    """Is there a `yield` that belongs to the function around the node?"""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
        return False
    return isinstance(node, (ast.Yield, ast.YieldFrom)) or any(map(_yields, ast.iter_child_nodes(node)))


def _fills(node: ast.AST, attribute: str) -> bool:
    """`x.attribute = …`, `x.attribute[…] = …`, `x.attribute[…].append(…)`, `y = x.attribute`"""
    match node:
        case ast.Attribute(attr=name, ctx=ast.Store()) if name == attribute:
            return True
        case ast.Attribute(value=base) | ast.Subscript(value=base, ctx=ast.Store()) | ast.Assign(value=base):
            while isinstance(base, ast.Subscript):
                base = base.value
            return isinstance(base, ast.Attribute) and base.attr == attribute
    return False
