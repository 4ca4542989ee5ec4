"""Each kernel as a module of its own: the function, and what it uses of its module. One refusal then costs one kernel.

In: the source of a module of `everyday`. Out: its tree with the statements that the kernel needs, in their order.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

from inputs import Kernel
from install.place import COMPARE


def sliced(kernel: Kernel) -> ast.Module:
    """The part of the kernel's module that it needs."""
    tree = ast.parse((COMPARE / "everyday" / f"{kernel.module}.py").read_text())
    statements = [node for node in tree.body if not isinstance(node, ast.Expr)]
    # Arguments that are instances are of classes which the function itself need not name.
    classes = {node.name for node in statements if isinstance(node, ast.ClassDef) and kernel.instances}
    wanted, kept = {kernel.path.partition(".")[0], *classes}, set[int]()
    while True:
        more = {n for n, node in enumerate(statements) if n not in kept and _bound(node) & wanted}
        if not more:
            break
        kept |= more
        wanted |= {name for n in more for name in _used(statements[n])}
    return ast.Module([statements[n] for n in sorted(kept)], [])


def functions(tree: ast.Module) -> Iterable[ast.FunctionDef]:
    return (node for node in tree.body if isinstance(node, ast.FunctionDef))


def _bound(node: ast.stmt) -> set[str]:
    """Names that a statement binds, or whose value it fills."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
    stored = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    filled = {n.value.id for n in ast.walk(node) if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name)}
    return stored | filled


def _used(node: ast.stmt) -> set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
