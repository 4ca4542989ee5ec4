"""Makes each peer's source of a kernel from the plain one. Texts in `adapted/PEER/KERNEL.py` are taken instead."""

from __future__ import annotations

import ast
import re

from inputs import KERNELS, Kernel
from install.observe import Known, known, split
from install.place import COMPARE
from install.slices import functions, sliced


def whole(peer: str, module: str) -> str:
    """The same for a whole module, for a peer that hardly refuses anything and takes long to compile each."""
    tree = ast.parse((COMPARE / "everyday" / f"{module}.py").read_text())
    types = {name: found for k in KERNELS.values() if k.module == module for name, found in known(k).items()}
    return _CYTHON[peer](tree, types)


def adapted(peer: str, kernel: Kernel) -> str:
    """The source that a user of this peer would write."""
    by_hand = COMPARE / "adapted" / peer / f"{kernel.name}.py"
    if by_hand.is_file():
        return by_hand.read_text()
    return _MAKERS[peer](sliced(kernel), known(kernel), kernel)


def _plain(tree: ast.Module, types: dict[str, Known]) -> str:
    return ast.unparse(tree) + "\n"


def _mypyc(tree: ast.Module, types: dict[str, Known], kernel: Kernel) -> str:
    """Annotated parameters and results, and the first assignments that mypy asks to annotate."""
    for function in functions(tree):
        found = types.get(function.name)
        if not found:
            continue
        for parameter, text in zip(function.args.args, found.parameters, strict=True):
            parameter.annotation = _annotation(text)
        function.returns = _annotation(found.result)
        _Declare(found.variables).visit(function)
    ast.fix_missing_locations(tree)
    return "from typing import Any\n" + ast.unparse(tree) + "\n"


class _Declare(ast.NodeTransformer):
    """`result = []` becomes `result: list[float] = []`, once for each name."""

    def __init__(self, types: dict[str, str]) -> None:
        self._types = dict(types)

    def visit_Assign(self, node: ast.Assign) -> ast.stmt:
        target = node.targets[0]
        empty = isinstance(node.value, ast.List | ast.Dict | ast.Call) and len(node.targets) == 1
        if empty and isinstance(target, ast.Name) and target.id in self._types:
            text = self._types.pop(target.id)
            if "[" in text and "range" not in text and "deque" not in text:
                return ast.AnnAssign(target, _annotation(text), node.value, simple=1)
        return node


def _annotation(text: str) -> ast.expr:
    """The notation of signatures is that of Python, but for `bigint`, for NumPy's types and what is not known."""
    text = re.sub(r"ndarray\[[^]]*\]|numpy\.\w+", "Any", text)
    text = re.sub(r"\bbigint\b", "int", re.sub(r"\beveryday\.\w+\.", "", text))
    return ast.parse(re.sub(r"\bobject\b|\?|function\[[^]]*\]", "Any", text), mode="eval").body


_CLOSURES = (ast.Yield, ast.YieldFrom, ast.GeneratorExp, ast.Lambda)
_C = {"int": "cython.longlong", "float": "cython.double", "bool": "cython.bint"}


def _cython_typed(tree: ast.Module, types: dict[str, Known]) -> str:
    """C types for scalars, builtin types for the rest, and the checks off that users switch off for speed."""
    for function in functions(tree):
        found = types.get(function.name)
        if not found:
            continue
        # Its own compiler refuses or crashes on closures and generators in `cpdef` functions.
        plain = not any(isinstance(node, _CLOSURES) for node in ast.walk(function))
        for parameter, text in zip(function.args.args, found.parameters, strict=True):
            parameter.annotation = _c_type(text)
        captured = {
            n.id
            for part in ast.walk(function)
            if isinstance(part, ast.GeneratorExp)
            for n in ast.walk(part)
            if isinstance(n, ast.Name)
        }
        declared = {n: _C[text] for n, text in found.variables.items() if text in _C and n not in captured}
        keywords = [ast.keyword(n, ast.parse(text, mode="eval").body) for n, text in declared.items()]
        decorators = [ast.parse("cython.ccall", mode="eval").body] if plain else []
        if keywords:
            decorators.append(ast.Call(ast.parse("cython.locals", mode="eval").body, [], keywords))
        if found.result in _C and plain:
            decorators.append(ast.parse(f"cython.returns({_C[found.result]})", mode="eval").body)
        function.decorator_list = decorators
    ast.fix_missing_locations(tree)
    head = "# cython: language_level=3, boundscheck=False, cdivision=True\nimport cython\n"
    return head + ast.unparse(tree) + "\n"


def _c_type(text: str) -> ast.expr | None:
    name = _C.get(text) or text.partition("[")[0]
    plain = name in _C.values() or name in ("list", "dict", "set", "tuple", "str", "bytes")
    return ast.parse(name, mode="eval").body if plain else None


_NUMBA = {"list[int]": "np.int64", "list[float]": "np.float64", "list[bool]": "np.bool_"}


def _numba(tree: ast.Module, types: dict[str, Known], kernel: Kernel) -> str:
    """`@njit` on every function; lists of numbers go in as arrays, and come out as lists again."""
    parameters, result = types[kernel.name].parameters, types[kernel.name].result
    names = [f"a{n}" for n in range(len(parameters))]
    for function in functions(tree):
        function.decorator_list = [ast.parse("njit", mode="eval").body]
    lines, after = [], []
    for name, text in zip(names, parameters, strict=True):
        inner = text[5:-1] if text.startswith("list[list[") else text
        if inner in _NUMBA:
            # An array takes a list of any numbers: `dtype` is left to it where they are no floats.
            lines.append(f"    {name}_ = np.array({name}, dtype={_NUMBA[inner]})")
            after.append(f"    {name}[:] = {name}_.tolist()")
        elif re.match(r"list\[(str|tuple)", text):
            lines.append(f"    {name}_ = List({name})")
        else:
            lines.append(f"    {name}_ = {name}")
    changed = kernel.name in ("quicksort", "heapsort", "solve", "nbody")
    call = f"core({', '.join(f'{name}_' for name in names)})"
    listed = f"_out({call})" if "[" in result and not result.startswith("ndarray") else call
    for function in functions(tree):
        if function.name == kernel.name:
            function.name = "core"
            _rename(function, kernel.name)
    text = ast.unparse(ast.fix_missing_locations(tree))
    wrapper = [f"def {kernel.name}({', '.join(names)}):", *lines, f"    found = {listed}"]
    wrapper += [*(after if changed else []), "    return found"]
    return _NUMBA_HEAD + text + "\n\n" + "\n".join(wrapper) + "\n"


_NUMBA_HEAD = """import numpy as np
from numba import njit
from numba.typed import List


def _out(value):
    if isinstance(value, np.ndarray):
        return value.tolist()
    return [_out(item) for item in value] if isinstance(value, List) else value


"""


def _rename(function: ast.FunctionDef, name: str) -> None:
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and node.id == name:
            node.id = "core"


def _pythran(tree: ast.Module, types: dict[str, Known], kernel: Kernel) -> str:
    """The text as it is, and a line that says for which types."""
    parameters = ", ".join(pythran_type(text) for text in types[kernel.name].parameters)
    return f"# pythran export {kernel.name}({parameters})\n" + ast.unparse(tree) + "\n"


def pythran_type(text: str) -> str:
    """`list[tuple[int, float]]` is `(int, float) list`, `ndarray[float64, 2]` is `float64[:,:]`."""
    name, _, rest = text.partition("[")
    inner = split(rest[:-1])
    if name == "ndarray":
        return f"{inner[0]}[{','.join(':' * int(inner[1]))}]"
    if name in ("list", "set"):
        return f"{pythran_type(inner[0])} {name}"
    if name == "dict":
        return f"{pythran_type(inner[0])}:{pythran_type(inner[1])} dict"
    if name == "tuple":
        return f"({', '.join(pythran_type(part) for part in inner)})"
    return {"bigint": "int"}.get(name, name)


_CYTHON = {"cython": _plain, "cython_typed": _cython_typed}
_MAKERS = {
    "mypyc": _mypyc,
    "numba": _numba,
    "pythran": _pythran,
}
