"""Small changes of a Python function, one at a time: what inputs must notice to be worth something.

In: the syntax tree of a function. Out: trees, each with one change, and what it is in words. The changes are those that a wrong
translation would make: the neighbouring comparison, another operator, truncation in place of a floor, a constant that is off by one,
a condition turned around, a statement left out. It must not run anything.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass

#: What stands for `//` and `%` that round towards nought; `strength` gives them their meaning.
TRUNCATED = "__pyrust_truncated__"
REMAINDER = "__pyrust_remainder__"

_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
# Nothing becomes a power or a shift to the left: those may take all memory before anybody can stop them.
_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitOr,
    ast.LShift: ast.RShift,
    ast.Pow: ast.Mult,
}


@dataclass(frozen=True)
class Mutation:
    """One change. `line` is that of the file."""

    line: int
    was: str
    now: str
    tree: ast.FunctionDef

    def __str__(self) -> str:
        return f"line {self.line}: `{self.was}` → `{self.now}`"


_Change = Callable[[ast.AST], ast.AST | None]


def mutations(function: ast.FunctionDef) -> Iterator[Mutation]:
    """Every change of the body; decorators, defaults and annotations stay."""
    nodes = list(_walk(function))
    for number, node in enumerate(nodes):
        for change in _changes(node):
            tree = copy.deepcopy(function)
            place = list(_walk(tree))[number]
            new = change(place)
            if new is not None:
                _replace(tree, place, new)
            shown = new if new is not None else place
            yield Mutation(getattr(node, "lineno", function.lineno), _said(node), _said(shown), tree)


def _walk(function: ast.FunctionDef) -> Iterator[ast.AST]:
    """All nodes of the body in a fixed order."""
    for number, statement in enumerate(function.body):
        if not number and _is_text(statement):
            continue
        yield from _inner(statement)


def _inner(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    for name, value in ast.iter_fields(node):
        # The text between the braces of an f-string, patterns and annotations are what they are.
        if name in ("annotation", "returns", "format_spec", "decorator_list", "pattern"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not (isinstance(node, ast.JoinedStr) and isinstance(child, ast.Constant)):
                yield from _inner(child)


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _changes(node: ast.AST) -> Iterator[_Change]:
    if isinstance(node, ast.Compare):
        for at, operator in enumerate(node.ops):
            for other in _COMPARISONS[type(operator)]:
                yield _comparison(at, other)
    elif isinstance(node, (ast.BinOp, ast.AugAssign)):
        if (instead := _OPERATORS.get(type(node.op))) is not None:
            yield _operator(instead)
        if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.FloorDiv, ast.Mod)):
            yield _towards_nought
    elif isinstance(node, ast.BoolOp):
        yield _connective
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.Not, ast.Invert)):
        yield lambda place: place.operand if isinstance(place, ast.UnaryOp) else None
    elif isinstance(node, ast.Constant):
        yield from _constants(node)
    elif isinstance(node, (ast.If, ast.While, ast.IfExp)):
        if not isinstance(node.test, (ast.Compare, ast.Constant)):
            yield _negated
    elif isinstance(node, ast.Break):
        yield lambda _: ast.Continue()
    elif isinstance(node, ast.Continue):
        yield lambda _: ast.Break()
    if isinstance(node, ast.AugAssign) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)):
        yield lambda _: ast.Pass()


def _comparison(at: int, other: type[ast.cmpop]) -> _Change:
    def change(place: ast.AST) -> None:
        assert isinstance(place, ast.Compare)
        place.ops[at] = other()

    return change


def _operator(other: type[ast.operator]) -> _Change:
    def change(place: ast.AST) -> None:
        assert isinstance(place, (ast.BinOp, ast.AugAssign))
        place.op = other()

    return change


def _towards_nought(place: ast.AST) -> ast.AST:
    assert isinstance(place, ast.BinOp)
    name = TRUNCATED if isinstance(place.op, ast.FloorDiv) else REMAINDER
    return ast.Call(ast.Name(name, ast.Load()), [place.left, place.right], [])


def _connective(place: ast.AST) -> None:
    assert isinstance(place, ast.BoolOp)
    place.op = ast.Or() if isinstance(place.op, ast.And) else ast.And()


def _negated(place: ast.AST) -> None:
    assert isinstance(place, (ast.If, ast.While, ast.IfExp))
    place.test = ast.UnaryOp(ast.Not(), place.test)


def _constants(node: ast.Constant) -> Iterator[_Change]:
    value = node.value
    others: tuple[object, ...] = ()
    if isinstance(value, bool):
        others = (not value,)
    elif type(value) is int:
        others = (value + 1, value - 1)
    elif type(value) is float:
        others = (value + 1.0, -value)
    elif type(value) is str:
        others = (value[1:] or "x",)
    elif type(value) is bytes:
        others = (value[1:] or b"x",)
    for other in others:
        yield _constant(other)


def _constant(value: object) -> _Change:
    def change(place: ast.AST) -> None:
        assert isinstance(place, ast.Constant)
        place.value = value  # type: ignore[assignment]

    return change


def _replace(tree: ast.AST, old: ast.AST, new: ast.AST) -> None:
    ast.copy_location(new, old)
    for node in ast.walk(tree):
        for name, value in ast.iter_fields(node):
            if value is old:
                setattr(node, name, new)
                return
            if isinstance(value, list):
                for at, item in enumerate(value):
                    if item is old:
                        value[at] = new
                        return


def _said(node: ast.AST) -> str:
    """The change as one would write it, on one line."""
    if isinstance(node, (ast.If, ast.While)):
        node = node.test
    text = ast.unparse(ast.fix_missing_locations(copy.deepcopy(node)))
    text = text.replace(TRUNCATED, "truncated").replace(REMAINDER, "remainder").splitlines()[0]
    return text if len(text) <= 60 else text[:57] + "…"
