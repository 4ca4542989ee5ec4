"""Digests of functions, computed by the interpreter that will run them.

Self-contained, standard library only: the build runs it with the target interpreter.
Reads JSON from standard input, ``[{"module": …, "path": …, "qualnames": [… ]}, …]``; compiles each file (no code of
it is run) and writes JSON, ``{"module:qualname": hex}``, with a list where several functions have that name.
A function that is not there has no entry; a file that cannot be compiled has ``{"module": {"error": text}}``.

`pyrust-runtime/src/activate/digest.rs` computes the same at import: change both or neither.
"""

import ast
import base64
import json
import marshal
import opcode
import struct
import sys
import warnings
from types import CodeType, EllipsisType

LOADS_CONST = frozenset(opcode.hasconst)
EXTENDED_ARG = opcode.EXTENDED_ARG
FLAGS = 0x2FF  # those that change what a call does; not the future flags
MAX_DEPTH = 200
MASK = (1 << 128) - 1
PRIME = 0x0000000001000000000000000000013B
START = 0x6C62272E07BB014262B821756295C58D


class Unknown(Exception):
    """A constant of a type that the runtime does not digest."""


def number(value):
    return struct.pack("<q", value)


def tagged(tag, data):
    return tag + number(len(data)) + data


def value_bytes(value, depth):
    if depth > MAX_DEPTH:
        raise Unknown
    kind = type(value)
    if value is None:
        return b"N"
    if kind is bool:
        return b"T" if value else b"F"
    if kind is EllipsisType:
        return b"E"
    if kind is int:
        return b"i" + number(value) if -(1 << 63) <= value < 1 << 63 else tagged(b"I", hex(value).encode())
    if kind is float:
        return b"f" + struct.pack("<d", value)
    if kind is complex:
        return b"c" + struct.pack("<dd", value.real, value.imag)
    if kind is str:
        return tagged(b"s", value.encode("utf-8", "surrogatepass"))
    if kind is bytes:
        return tagged(b"b", value)
    if kind is tuple:
        return b"(" + number(len(value)) + b"".join([value_bytes(item, depth + 1) for item in value])
    if kind is frozenset:  # its order depends on the hash seed
        return b"{" + number(len(value)) + b"".join(sorted(value_bytes(item, depth + 1) for item in value))
    if kind is CodeType:
        return code_bytes(value, depth + 1)
    raise Unknown


def code_bytes(code, depth):
    out = [b"C", number(code.co_flags & FLAGS)]
    out += [number(n) for n in (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount)]
    for value in (
        code.co_name,
        code.co_names,
        code.co_varnames,
        code.co_cellvars,
        code.co_freevars,
        code.co_exceptiontable,
    ):
        out.append(value_bytes(value, depth + 1))
    instructions, consts = code.co_code, code.co_consts
    out.append(number(len(instructions)))
    extended = 0
    for at in range(0, len(instructions), 2):
        op, arg = instructions[at], extended << 8 | instructions[at + 1]
        out.append(bytes((op,)))
        if op == EXTENDED_ARG:
            extended = arg
            continue
        extended = 0
        out.append(value_bytes(consts[arg], depth + 1) if op in LOADS_CONST else number(arg))
    return b"".join(out)


def digest(code):
    """The digest of a code object, or None when the runtime would not compute one."""
    try:
        data = code_bytes(code, 0)
    except Unknown:
        return None
    state = START ^ len(data)
    data += bytes(-len(data) % 8)
    for (word,) in struct.iter_unpack("<Q", data):
        state = (state ^ word) * PRIME & MASK
        state = (state << 29 | state >> 99) & MASK
    return f"{state:032x}"


def functions(code):
    """Every code object nested in a module's, with its qualified name."""
    stack = [code]
    while stack:
        for const in stack.pop().co_consts:
            if type(const) is CodeType:
                yield const.co_qualname, const
                stack.append(const)


def statements(tree):
    """Every statement of a module outside of functions and classes."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.stmt):
            yield child
        if isinstance(child, (ast.stmt, ast.excepthandler, ast.match_case)) and not isinstance(
            child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
        ):
            yield from statements(child)


def imports(tree):
    """The imports of a module: CPython compiles calls of what they bind in a way of its own."""
    return [stmt for stmt in statements(tree) if isinstance(stmt, (ast.Import, ast.ImportFrom))]


def functions_of(statement, around):
    """The functions in a statement of a module with these imports."""
    whole = ast.fix_missing_locations(ast.Module([*around, statement], []))
    return functions(compile(whole, "<lambda>", "exec", dont_inherit=True))


def named_lambdas(tree, wanted, around):
    """The code of each ``name = lambda …`` outside of functions and classes, under the name."""
    for statement in statements(tree):
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Lambda()) if name in wanted:
                found = functions_of(statement, around)
                yield from ((name, code) for own, code in found if own == "<lambda>")


def table_lambdas(tree, wanted, around):
    """The code of each lambda in a table of the module or of a class, under the name that says where: ``OPS[1]``."""

    def codes(name, value, within):
        match value:
            case ast.Lambda() if name in wanted and "[" in name:  # others have a name of their own
                statement = ast.Expr(value)
                if within:  # private names are the class's
                    statement = ast.ClassDef(within, [], [], [statement], [])
                own = f"{within}.<lambda>" if within else "<lambda>"
                yield from ((name, code) for found, code in functions_of(statement, around) if found == own)
            case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Dict(values=items):
                for at, item in enumerate(items):
                    yield from codes(f"{name}[{at}]", item, within)

    def block(body, within):
        for child in body:
            match child:
                case ast.Assign(targets=[ast.Name(id=name)], value=value) | ast.AnnAssign(
                    ast.Name(id=name), value=value
                ):
                    if not (within and name.startswith("__")):
                        yield from codes(f"{within}.{name}" if within else name, value, within)
                case ast.ClassDef(name=name) if not within:
                    yield from block(child.body, name)
                case ast.If() | ast.Try():
                    yield from block(child.body, within)
                    yield from block(child.orelse, within)

    yield from block(tree.body, "")


def digests(module, path, qualnames, lines=None):
    """``lines`` tells of several functions of one name which one is meant: qualname → line of its `def` or decorator."""
    with open(path, "rb") as file:
        source = file.read()
    wanted, found, lines = set(qualnames), {}, lines or {}
    every = list(functions(compile(source, path, "exec", dont_inherit=True)))
    lambdas = wanted.difference(name for name, code in every)
    setters = {}  # have the name of the property, as its getter has
    for name in wanted:
        if name.endswith("@setter"):
            setters.setdefault(name.removesuffix("@setter"), name)
    if lambdas:
        tree = ast.parse(source)
        around = imports(tree)
        every += [*named_lambdas(tree, lambdas, around), *table_lambdas(tree, lambdas, around)]
    every += [(setters[name], code) for name, code in every if name in setters]
    for qualname, code in every:
        meant = qualname not in lines or lines[qualname] == code.co_firstlineno
        if qualname in wanted and meant and (hexes := digest(code)) is not None:
            found.setdefault(f"{module}:{qualname}", []).append(hexes)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def asked(text, place):
    """`~text`, which the runtime turns into a question to native code, at the place of a statement."""
    node = ast.UnaryOp(ast.Invert(), ast.Constant(text))
    for part in ast.walk(node):
        part.lineno = part.end_lineno = place.lineno
        part.col_offset = part.end_col_offset = place.col_offset
    return node


class Returns(ast.NodeTransformer):
    """Makes each `return` of a loop say that Python leaves the loop by it, and whether something of the loop runs after it."""

    def __init__(self, number):
        self.number = number
        self.later = False

    def visit_Return(self, node):
        value = node.value or ast.copy_location(ast.Constant(None), node)
        left = ast.copy_location(ast.Constant(MARK % (KINDS * self.number + 3 + self.later)), value)
        node.value = ast.copy_location(ast.BinOp(left, ast.BitXor(), value), value)
        return node

    def guarded(self, node):
        before, self.later = self.later, self.later or bool(getattr(node, "finalbody", True))
        self.generic_visit(node)
        self.later = before
        return node

    visit_Try = visit_TryStar = visit_With = guarded
    visit_FunctionDef = visit_AsyncFunctionDef = visit_ClassDef = visit_Lambda = lambda self, node: node


class Regions(ast.NodeTransformer):
    """Puts a question in front of the loops that native code may run, and a word behind them, for one function."""

    def __init__(self, loops):
        self.loops = {(line, column): (number, *flags) for number, line, column, *flags in loops}

    def loop(self, node):
        found = self.loops.pop((node.lineno, node.col_offset), None)
        self.generic_visit(node)
        if found is None:
            return node
        number, returns, resumes, whole = found
        run, ended, value, left = (asked(MARK % (KINDS * number + which), node) for which in range(4))
        if resumes and isinstance(node, ast.For):
            # What native code leaves to be gone through, where it has begun the loop.
            rest = asked(MARK % (KINDS * number + 5), node.iter)
            node.iter = ast.copy_location(ast.BoolOp(ast.Or(), [rest, node.iter]), node.iter)
        inner = [ast.copy_location(ast.If(ended, [ast.copy_location(ast.Return(value), run)], []), run)]
        native = inner if returns else [ast.copy_location(ast.Pass(), run)]
        python = [node] if whole else [Returns(number).visit(node), ast.copy_location(ast.Expr(left), run)]
        return ast.copy_location(ast.If(run, native, python), run)

    visit_For = visit_While = loop


#: So many questions are asked of one loop.
KINDS = 6

#: What no program has in it by chance; one that has it on purpose keeps its loops.
MARK = b"pyrust region %d"


def regions(module, path, loops, lines=None):
    """The code of functions whose loops ask native code first, marshalled, in base64; by `module:qualname`."""
    if not loops:
        return {}
    with open(path, "rb") as file:
        source = file.read()
    if MARK.partition(b" %")[0] in source:
        return {}
    tree = ast.parse(source)
    transformer = Regions([loop for each in loops.values() for loop in each])
    tree = transformer.visit(tree)
    if transformer.loops:
        return {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        code = compile(tree, path, "exec", dont_inherit=True)
    lines = lines or {}
    meant = (
        (name, each) for name, each in functions(code) if lines.get(name, each.co_firstlineno) == each.co_firstlineno
    )
    found = {f"{module}:{qualname}": each for qualname, each in meant}
    return {name: base64.b64encode(marshal.dumps(found[name])).decode() for name in loops if name in found}


def main():
    result = {}
    for entry in json.load(sys.stdin):
        try:
            result.update(digests(entry["module"], entry["path"], entry["qualnames"]))
        except (OSError, SyntaxError, UnicodeDecodeError, ValueError, RecursionError) as error:
            result[entry["module"]] = {"error": f"{type(error).__name__}: {error}"}
    json.dump(result, sys.stdout, indent=1, sort_keys=True)
    print()


if __name__ == "__main__":
    main()
