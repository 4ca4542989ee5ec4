"""Invents programs: functions that nobody would write, made of constructs that the compiler supports.

    python invent.py SEED COUNT > file.md          a case file, see `casefiles.py`

In: a seed. Out: the text of a case file; the same seed gives the same text. Every call may run natively or bail, every
function may be refused; only what comes out must be what Python does. Programs end: loops are over small ranges and
bounded lists, and numbers, texts and lists are cut when they are stored.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from dataclasses import dataclass, field

INT, FLOAT, BOOL, STR = "int", "float", "bool", "str"
INTS, FLOATS, TEXTS, ROWS = "list[int]", "list[float]", "list[str]", "list[list[int]]"
COUNTS, TABLE, PAIR = "dict[str, int]", "dict[int, int]", "tuple[int, int]"
CELL, CELLS = "tuple[int, list[int]]", "list[tuple[int, list[int]]]"
TYPES = (INT, INT, INT, FLOAT, BOOL, STR, STR, INTS, INTS, FLOATS, TEXTS, ROWS, COUNTS, TABLE, PAIR, CELL, CELLS)

VALUES = {
    INT: ["0", "1", "-1", "2", "3", "-7", "10", "255", "2**31", "-2**62", "2**63 - 1"],
    FLOAT: ["0.0", "-0.0", "1.0", "0.5", "-2.25", "1e16", "3.7", "inf"],
    BOOL: ["True", "False"],
    STR: ["''", "'a'", "'hello world'", "'aXbXc'", "'añ😀'", "'12'", "' x y '", "'ß'"],
    INTS: ["[]", "[1]", "[3, 1, 2]", "[0, -5, 7, 7]", "[9, 8]", "[4, 4, 5]", "[2**62, 5]", "[1, 2.5]"],
    FLOATS: ["[]", "[0.5]", "[2.5, 1.0]", "[1.5, -0.0, 2.0]", "[1e300, 1e300]", "[1.0, 2]"],
    TEXTS: ["[]", "['a']", "['q', 'a']", "['b', 'a', 'b']", "['x y', 'é', '']"],
    ROWS: ["[]", "[[1]]", "[[1, 2], [3]]", "[[0] * 2] * 2", "[[], [5, 6, 7]]"],
    COUNTS: ["{}", "{'a': 1}", "{'b': 2, 'a': 1}", "{'x y': 5, '': 0}"],
    TABLE: ["{}", "{1: 2}", "{5: -1, 0: 3, -1: 4}"],
    PAIR: ["(1, 2)", "(0, -3)"],
    CELL: ["(1, [2])", "(0, [])", "(-4, [7, 1])"],
    CELLS: ["[]", "[(1, [2]), (3, [4])]", "[(5, [5])] * 2", "[(2, [1, 1])]"],
    "object": ["Said()"],
}

_LITERALS = {
    INT: ["0", "1", "2", "3", "-1", "5", "7", "10"],
    FLOAT: ["0.5", "2.0", "-1.5", "0.0"],
    BOOL: ["True", "False"],
    STR: ["''", "'a'", "'b'", "'xyz'", "'é'", "' '"],
}

_EMPTY = {
    INTS: ["[4, 2]", "[1, 2, 3]"],
    FLOATS: ["[0.5, 1.5]", "[2.0]"],
    TEXTS: ["['k', 'a']", "['z']"],
    ROWS: ["[[1, 2], [3]]", "[[5]]"],
    COUNTS: ["{'a': 1, 'b': 2}", "{'a': 3}"],
    TABLE: ["{1: 2, 0: 5}"],
    PAIR: ["(0, 1)", "(3, 4)"],
    CELL: ["(3, [4])", "(6, [])"],
    CELLS: ["[(1, [2]), (0, [5])]", "[(8, [8])]"],
}


@dataclass
class Writer:
    """Writes one function."""

    random: random.Random
    lines: list[str] = field(default_factory=list)
    scope: dict[str, str] = field(default_factory=dict)
    """Variables that may be bound, with their types."""
    says: bool = False
    """Something in it is called that nobody knows."""
    names: int = 0
    loops: int = 0
    pool: list[str] = field(default_factory=lambda: list(TYPES))
    """The types of what it makes."""

    def pick(self, options: list[str]) -> str:
        return self.random.choice(options)

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def fresh(self) -> str:
        self.names += 1
        return f"v{self.names}"

    def of(self, type_: str) -> list[str]:
        return [name for name, its in self.scope.items() if its == type_]

    # Expressions ----------------------------------------------------------------------------------------------------

    def expr(self, type_: str, depth: int = 2) -> str:
        names = self.of(type_)
        if names and (depth <= 0 or self.chance(0.35)):
            return self.pick(names)
        if depth <= 0:
            return self.pick(_LITERALS[type_]) if type_ in _LITERALS else self.empty(type_)
        return getattr(self, "_" + type_.replace("[", "_").replace("]", "").replace(", ", "_"))(depth - 1)

    def empty(self, type_: str) -> str:
        """A container when there is no variable of its type: mostly one whose type can be seen."""
        return self.pick(_EMPTY[type_])

    def choose(self, type_: str, options: list[Callable[[], str]], depth: int) -> str:
        return self.random.choice(options + self.more(type_, depth))()

    def more(self, type_: str, depth: int) -> list[Callable[[], str]]:
        """Further expressions of a type."""
        return []

    def index(self, depth: int) -> str:
        """An index that mostly is one: a call that ends in an exception runs as Python, and shows less."""
        return self.pick(["0", "0", "-1", "0", "-1", "1"]) if self.chance(0.85) else self.expr(INT, depth)

    def divisor(self, depth: int) -> str:
        return self.pick(["3", "7", "-2", "10"]) if self.chance(0.8) else self.expr(INT, depth)

    def _int(self, d: int) -> str:
        e = self.expr
        options = [
            lambda: f"({e(INT, d)} {self.pick(['+', '-', '+', '-', '*', '&', '|', '^'])} {e(INT, d)})",
            lambda: f"({e(INT, d)} {self.pick(['//', '%'])} {self.divisor(d)})",
            lambda: f"-{e(INT, 0)}" if self.chance(0.5) else f"~({e(INT, d)})",
            lambda: f"abs({e(INT, d)})",
            lambda: f"len({e(self.pick([STR, INTS, TEXTS, ROWS, COUNTS]), d)})",
            lambda: (
                f"({e(INT, d)} << ({e(INT, d)} & 7))" if self.chance(0.5) else f"({e(INT, d)} >> ({e(INT, d)} & 63))"
            ),
            lambda: f"{e(INTS, d)}[{self.index(d)}]",
            lambda: f"{e(PAIR, 0)}[{self.pick(['0', '1', '-1'])}]",
            lambda: f"{e(CELL, 0)}[0]",
            lambda: f"{e(COUNTS, 0)}.get({e(STR, d)}, {e(INT, d)})",
            lambda: f"{e(TABLE, 0)}.get({e(INT, d)}, {e(INT, d)})",
            lambda: f"{e(TABLE, 0)}[{self.index(d)}]",
            lambda: f"{self.pick(['min', 'max'])}({e(INT, d)}, {e(INT, d)})",
            lambda: f"{self.pick(['min', 'max', 'sum'])}({e(INTS, d)} or [6, 3])",
            lambda: f"sum({self.bind(INT, lambda x: f'{e(INT, d)} for {x}')} in {e(INTS, d)})",
            lambda: f"int({e(FLOAT, d)})" if self.chance(0.4) else f"round({e(FLOAT, d)})",
            lambda: f"int({e(STR, d) if self.chance(0.2) else 'str(' + e(INT, d) + ')'})",
            lambda: f"({e(INT, d)} if {e(BOOL, d)} else {e(INT, d)})",
            lambda: f"({e(BOOL, d)} + {e(INT, d)})",
            lambda: f"{e(STR, d)}.{self.pick(['find', 'count', 'rfind', 'find', 'count', 'index'])}({e(STR, d)})",
            lambda: f"{e(INTS, d)}.{self.pick(['count', 'count', 'count', 'index'])}({e(INT, d)})",
            lambda: f"ord(({e(STR, d)} + 'q')[{self.pick(['0', '-1', '0'])}])",
            lambda: f"divmod({e(INT, d)}, {self.divisor(d)})[{self.pick(['0', '1'])}]",
            lambda: f"({e(INT, d)} {self.pick(['and', 'or'])} {e(INT, d)})",
            lambda: f"pow({e(INT, d)} & 15, {e(INT, d)} & 3)",
        ]
        return self.choose(INT, options, d)

    def _float(self, d: int) -> str:
        e = self.expr
        options = [
            lambda: f"({e(FLOAT, d)} {self.pick(['+', '-', '*'])} {e(FLOAT, d)})",
            lambda: f"({e(FLOAT, d)} {self.pick(['/', '//', '%'])} {self.pick(['2.0', '-0.5', '3.0', e(FLOAT, d)])})",
            lambda: f"({e(FLOAT, d)} {self.pick(['+', '-', '*'])} {e(INT, d)})",
            lambda: f"({e(INT, d)} / {self.divisor(d)})",
            lambda: f"float({e(INT, d)})",
            lambda: f"abs({e(FLOAT, d)})",
            lambda: f"-{e(FLOAT, 0)}",
            lambda: f"round({e(FLOAT, d)}, {self.pick(['0', '1', '2', '-1'])})",
            lambda: f"{e(FLOATS, d)}[{self.index(d)}]",
            lambda: f"sum({e(FLOATS, d)}, 0.0)",
            lambda: f"{self.pick(['min', 'max'])}({e(FLOAT, d)}, {e(FLOAT, d)})",
            lambda: f"({e(FLOAT, d)} if {e(BOOL, d)} else {e(FLOAT, d)})",
            lambda: f"(abs({e(FLOAT, d)}) ** 0.5)",
        ]
        return self.choose(FLOAT, options, d)

    def _bool(self, d: int) -> str:
        e = self.expr
        compare = ["<", "<=", "==", "!=", ">", ">="]
        options = [
            lambda: f"({e(INT, d)} {self.pick(compare)} {e(INT, d)})",
            lambda: f"({e(FLOAT, d)} {self.pick(compare)} {e(self.pick([FLOAT, INT]), d)})",
            lambda: f"({e(STR, d)} {self.pick(compare)} {e(STR, d)})",
            lambda: f"({e(INTS, d)} {self.pick(['==', '!=', '<'])} {e(INTS, d)})",
            lambda: f"({e(INT, d)} < {e(INT, d)} <= {e(INT, d)})",
            lambda: f"(not {e(self.pick([BOOL, INT, STR, INTS, COUNTS]), d)})",
            lambda: f"({e(BOOL, d)} {self.pick(['and', 'or', '==', '^', '&'])} {e(BOOL, d)})",
            lambda: f"({e(INT, d)} {self.pick(['in', 'not in'])} {e(self.pick([INTS, TABLE]), d)})",
            lambda: f"({e(STR, d)} {self.pick(['in', 'not in'])} {e(self.pick([STR, TEXTS, COUNTS]), d)})",
            lambda: f"{e(STR, d)}.{self.pick(['isdigit', 'isalpha', 'isspace', 'isupper', 'islower', 'isalnum'])}()",
            lambda: f"{e(STR, d)}.{self.pick(['startswith', 'endswith'])}({e(STR, d)})",
            lambda: f"{self.pick(['any', 'all'])}({self.bind(INT, lambda x: f'{e(BOOL, d)} for {x}')} in {e(INTS, d)})",
            lambda: f"bool({e(self.pick([INT, FLOAT, STR, INTS]), d)})",
        ]
        return self.choose(BOOL, options, d)

    def _str(self, d: int) -> str:
        e = self.expr
        options = [
            lambda: f"({e(STR, d)} + {e(STR, d)})",
            lambda: f"({e(STR, d)} * ({e(INT, d)} & 3))",
            lambda: f"({e(STR, d)} + 'w')[{self.index(d)}]",
            lambda: f"{e(STR, d)}[{e(INT, d)}:{e(INT, d)}]",
            lambda: f"{e(STR, d)}[::{self.pick(['-1', '2', '-2'])}]",
            lambda: f"str({e(self.pick([INT, FLOAT, BOOL]), d)})",
            lambda: (
                f"{e(STR, d)}.{self.pick(['upper', 'lower', 'strip', 'title', 'capitalize', 'rstrip', 'swapcase'])}()"
            ),
            lambda: f"{e(STR, d)}.replace({e(STR, d)}, {e(STR, d)})[:30]",
            lambda: f"{e(STR, d)}.join({e(TEXTS, d)})",
            lambda: f"f'{{{e(INT, 0)}}}-{{{self.name(STR)}:>4}}-{{{self.name(FLOAT)}:.2f}}'",
            lambda: f"f'{{{self.name(INT)}:05d}}{{{self.name(STR)}!r}}{{{self.name(BOOL)}}}'",
            lambda: f"{e(TEXTS, d)}[{self.index(d)}]",
            lambda: f"chr(97 + {e(INT, d)} % 26)",
            lambda: f"({e(STR, d)} if {e(BOOL, d)} else {e(STR, d)})",
            lambda: f"({e(STR, d)} or {e(STR, d)})",
            lambda: f"{e(STR, d)}.{self.pick(['ljust', 'rjust', 'center', 'zfill'])}({e(INT, d)} & 7)",
        ]
        return self.choose(STR, options, d)

    def name(self, type_: str) -> str:
        """A variable, or a literal without quotes that could end an f-string."""
        names = self.of(type_)
        return self.pick(names) if names else {INT: "7", FLOAT: "2.5", BOOL: "True", STR: "str(0)"}[type_]

    def _list_int(self, d: int) -> str:
        e = self.expr
        options = [
            lambda: f"[{e(INT, d)}, {e(INT, d)}]",
            lambda: f"[{self.bind(INT, lambda x: f'{e(INT, d)} for {x}')} in range({e(INT, d)} & 7)]",
            lambda: f"[{self.bind(INT, lambda x: f'{e(INT, d)} for {x}', e(INTS, 0), lambda x: e(BOOL, d))}]",
            lambda: f"{e(INTS, d)}[{e(INT, d)}:{e(INT, d)}]",
            lambda: f"{e(INTS, d)}[::{self.pick(['-1', '2'])}]",
            lambda: f"({e(INTS, d)} + {e(INTS, d)})[:12]",
            lambda: f"[{e(INT, d)}] * ({e(INT, d)} & 3)",
            lambda: f"sorted({e(INTS, d)}{self.pick(['', ', reverse=True', ', key=lambda k: -k', ', key=abs'])})",
            lambda: f"list({e(INTS, d)})" if self.chance(0.5) else f"list(range({e(INT, d)} & 7))",
            lambda: f"{e(ROWS, d)}[{self.index(d)}]",
            lambda: f"{e(CELL, 0)}[1]",
            lambda: f"list(reversed({e(INTS, d)}))",
            lambda: f"list({e(COUNTS, 0)}.values())" if self.chance(0.5) else f"list({e(TABLE, 0)})",
            lambda: f"[ord(c) for c in {e(STR, d)}]",
        ]
        return self.choose(INTS, options, d)

    def _list_float(self, d: int) -> str:
        e = self.expr
        options = [
            lambda: f"[{e(FLOAT, d)}, {e(FLOAT, d)}]",
            lambda: f"[{self.bind(INT, lambda x: f'{e(FLOAT, d)} for {x}')} in {e(INTS, d)}]",
            lambda: f"{e(FLOATS, d)}[{e(INT, d)}:]",
            lambda: f"sorted({e(FLOATS, d)})",
            lambda: f"[{e(FLOAT, d)}] * ({e(INT, d)} & 3)",
        ]
        return self.choose(FLOATS, options, d)

    def _list_str(self, d: int) -> str:
        e = self.expr
        options = [
            lambda: f"[{e(STR, d)}, {e(STR, d)}]",
            lambda: f"{e(STR, d)}.split({self.pick(['', chr(39) + 'X' + chr(39), chr(39) + ' ' + chr(39)])})",
            lambda: f"list({e(STR, d)})[:12]",
            lambda: f"sorted({e(TEXTS, d)}{self.pick(['', ', key=len', ', reverse=True'])})",
            lambda: f"[{self.bind(STR, lambda x: f'{e(STR, d)} for {x}')} in {e(TEXTS, d)}]",
            lambda: f"list({e(COUNTS, 0)})",
            lambda: f"{e(TEXTS, d)}[{e(INT, d)}:]",
        ]
        return self.choose(TEXTS, options, d)

    def _list_list_int(self, d: int) -> str:
        e = self.expr
        options = [
            lambda: f"[{e(INTS, d)}, {e(INTS, d)}]",
            lambda: f"[[{e(INT, d)}] * 2 for _ in range({e(INT, d)} & 3)]",
            lambda: f"[{self.bind(INTS, lambda x: f'{e(INTS, d)} for {x}')} in {e(ROWS, d)}]",
            lambda: f"{e(ROWS, d)}[{e(INT, d)}:]",
            lambda: f"[{e(INTS, d)}] * 2",
        ]
        return self.choose(ROWS, options, d)

    def _dict_str_int(self, d: int) -> str:
        e = self.expr
        options = [
            lambda: f"{{{e(STR, d)}: {e(INT, d)}, {e(STR, d)}: {e(INT, d)}}}",
            lambda: f"{{{self.bind(STR, lambda x: f'{x}: {e(INT, d)} for {x}')} in {e(TEXTS, d)}}}",
            lambda: f"dict({e(COUNTS, d)})" if self.of(COUNTS) else "{'d': 4}",
        ]
        return self.choose(COUNTS, options, d)

    def _dict_int_int(self, d: int) -> str:
        e = self.expr
        options = [
            lambda: f"{{{e(INT, d)}: {e(INT, d)}}}",
            lambda: f"{{{self.bind(INT, lambda x: f'{e(INT, d)}: {x} for {x}')} in {e(INTS, d)}}}",
        ]
        return self.choose(TABLE, options, d)

    def _tuple_int_int(self, d: int) -> str:
        e = self.expr
        return self.pick([f"({e(INT, d)}, {e(INT, d)})", f"divmod({e(INT, d)}, {e(INT, d)})"])

    def _tuple_int_list_int(self, d: int) -> str:
        """A tuple that can be told from another one: the same in two places."""
        e = self.expr
        options = [
            lambda: f"({e(INT, d)}, {e(INTS, d)})",
            lambda: f"{e(CELLS, d)}[{self.index(d)}]",
            lambda: f"{e(CELLS, d)}[{self.index(d)}]",
            lambda: f"({e(CELL, d)} if {e(BOOL, d)} else {e(CELL, d)})",
            lambda: f"({e(CELL, d)} or {e(CELL, d)})",
            lambda: f"{self.pick(['min', 'max'])}({e(CELLS, d)} or [{e(CELL, d)}])",
        ]
        return self.choose(CELL, options, d)

    def _list_tuple_int_list_int(self, d: int) -> str:
        e = self.expr
        options = [
            lambda: f"[{e(CELL, d)}, {e(CELL, d)}]",
            lambda: f"[{self.bind(CELL, lambda x: f'{e(CELL, d)} for {x}')} in {e(CELLS, d)}]",
            lambda: f"[{self.bind(INT, lambda x: f'({x}, {e(INTS, d)}) for {x}')} in {e(INTS, d)}][:4]",
            lambda: f"{e(CELLS, d)}[{e(INT, d)}:]",
            lambda: f"({e(CELLS, d)} + {e(CELLS, d)})[:6]",
            lambda: f"sorted({e(CELLS, d)}{self.pick(['', ', key=lambda c: -c[0]', ', reverse=True'])})",
            lambda: f"list({e(CELLS, d)})",
            lambda: f"[{e(CELL, d)}] * 2",
        ]
        return self.choose(CELLS, options, d)

    def bind(self, type_: str, body, source: str = "", condition=None) -> str:  # type: ignore[no-untyped-def]
        """The part of a comprehension in which its variable is known."""
        name = self.fresh()
        self.scope[name] = type_
        text = body(name)
        if source:
            text += f" in {source}"
        if condition is not None:
            text += f" if {condition(name)}"
        del self.scope[name]
        return str(text)

    # Statements -----------------------------------------------------------------------------------------------------

    def line(self, depth: int, text: str) -> None:
        self.lines.append("    " * depth + text)

    def cut(self, type_: str, text: str) -> str:
        """What is stored stays small, or loops would make it explode; now and then a number may grow."""
        if type_ == INT and (self.loops or self.chance(0.7)) and any(op in text for op in ("*", "<<", "pow", "sum")):
            return f"({text}) % 100003"
        if type_ == STR:
            return f"({text})[:40]"
        if type_ in (INTS, TEXTS, FLOATS, ROWS, CELLS):
            return f"({text})[:12]" if self.loops and "+" in text else text
        return text

    def block(self, depth: int, count: int) -> None:
        kept = dict(self.scope)
        for _ in range(count):
            self.statement(depth)
        if self.chance(0.95):
            # Names bound here may be unbound afterwards: mostly not used, sometimes they are.
            self.scope = kept

    def statement(self, depth: int) -> None:
        options = ["assign"] * 5 + ["augment"] * 3 + ["method"] * 4 + ["element"] * 2 + ["unpack"]
        if depth < 4:
            options += ["if"] * 3 + ["for"] * 3 + ["try"] * 2 + ["while"]
        if self.loops:
            options += ["leave"]
        if self.says and not self.loops:
            options += ["say"] * 3
        elif self.says:
            options += ["say"]
        if self.chance(0.04):
            options = ["return"]
        getattr(self, "do_" + self.pick(options))(depth)

    def do_assign(self, depth: int) -> None:
        if self.scope and self.chance(0.5):
            name = self.pick(list(self.scope))
            type_ = self.scope[name]
        else:
            name, type_ = self.fresh(), self.pick(self.pool)
        self.line(depth, f"{name} = {self.cut(type_, self.expr(type_))}")
        self.scope[name] = type_

    def do_augment(self, depth: int) -> None:
        type_ = self.pick([INT, INT, FLOAT, STR, INTS])
        names = self.of(type_)
        if not names:
            return self.do_assign(depth)
        name = self.pick(names)
        if type_ == INT:
            self.line(depth, f"{name} {self.pick(['+=', '-=', '//=', '%=', '&=', '|=', '^='])} {self.expr(INT)}")
        elif type_ == FLOAT:
            self.line(depth, f"{name} {self.pick(['+=', '-=', '*=', '/='])} {self.expr(FLOAT)}")
        elif type_ == STR:
            self.line(depth, f"{name} += ({self.expr(STR)})[:5]")
        else:
            self.line(depth, f"if len({name}) < 12:")
            self.line(depth + 1, f"{name} += ({self.expr(INTS)})[:4]")
        return None

    def do_method(self, depth: int) -> None:
        type_ = self.pick([INTS, INTS, TEXTS, FLOATS, ROWS, CELLS, CELLS, COUNTS, COUNTS, TABLE])
        names = self.of(type_)
        if not names:
            return self.do_assign(depth)
        name, e = self.pick(names), self.expr
        if type_ in (COUNTS, TABLE):
            key = STR if type_ == COUNTS else INT
            self.line(
                depth,
                self.pick(
                    [
                        f"{name}[{e(key)}] = {self.cut(INT, e(INT))}",
                        f"{name}[{e(key)}] = {name}.get({e(key)}, 0) + 1",
                        f"{name}.pop({e(key)}, 0)" if self.chance(0.8) else f"del {name}[{e(key)}]",
                        f"{name}.setdefault({e(key)}, {e(INT)})",
                        f"{name}[{e(key)}] = {e(INT)}" if self.chance(0.8) else f"{name}[{e(key)}] += {e(INT)}",
                        f"{name}.update({e(type_)})",
                        f"{name}.clear()",
                    ]
                ),
            )
            return None
        item = {INTS: INT, TEXTS: STR, FLOATS: FLOAT, ROWS: INTS, CELLS: CELL}[type_]
        grow = self.pick([f"append({e(item)})", f"insert({e(INT)}, {e(item)})", f"extend(({e(type_)})[:4])"])
        if self.chance(0.6):
            self.line(depth, f"if len({name}) < 12:")
            self.line(depth + 1, f"{name}.{grow}")
        else:
            removals = ["pop()", f"pop({self.index(0)})", "reverse()", "reverse()", "clear()", "sort()"]
            if item != INTS:
                removals += ["sort(reverse=True)", "sort()"] + [f"remove({e(item)})"] * self.chance(0.3)
            removal = self.pick(removals)
            if "pop" in removal and self.chance(0.9):
                self.line(depth, f"if len({name}) > 1:")
                depth += 1
            self.line(depth, f"{name}.{removal}")
        return None

    def do_element(self, depth: int) -> None:
        type_ = self.pick([INTS, INTS, TEXTS, FLOATS, ROWS, CELLS])
        names = self.of(type_)
        if not names:
            return self.do_assign(depth)
        name, e = self.pick(names), self.expr
        item = {INTS: INT, TEXTS: STR, FLOATS: FLOAT, ROWS: INTS, CELLS: CELL}[type_]
        options = [
            f"{name}[{self.index(1)}] = {self.cut(item, e(item))}",
            f"{name}[{e(INT)}], {name}[{self.index(1)}] = {name}[{e(INT)}], {name}[{e(INT)}]",
            f"del {name}[{self.index(0)}]",
            f"{name}[{e(INT)}:{e(INT)}] = ({e(type_)})[:3]",
        ]
        if type_ == ROWS:
            options += [
                f"{name}[{self.index(0)}][{self.index(0)}] = {self.cut(INT, e(INT))}",
                f"{name}[{self.index(0)}][0] += {e(INT)}",
            ]
        if type_ == INTS:
            options += [f"{name}[{self.index(1)}] += {e(INT)}"]
        if self.chance(0.8):
            self.line(depth, f"if len({name}) > 1:")
            depth += 1
        self.line(depth, self.pick(options))
        return None

    def do_unpack(self, depth: int) -> None:
        one, two = self.fresh(), self.fresh()
        choice = self.random.randrange(5)
        if choice == 0:
            self.line(depth, f"{one}, {two} = {self.expr(PAIR)}")
        elif choice == 1:
            self.line(depth, f"{one}, {two} = {self.expr(INT)}, {self.expr(INT)}")
        elif choice == 2:
            self.line(depth, f"{one}, *{two} = {self.expr(INTS)} or [8]")
        elif choice == 3:
            self.line(depth, f"{one}, {two} = {self.expr(CELL)}")
        else:
            self.line(depth, f"{one}, {two} = ({self.expr(INTS)} + [9, 8])[:2]")
        self.scope[one] = INT
        self.scope[two] = INTS if choice in (2, 3) else INT

    def do_if(self, depth: int) -> None:
        self.line(depth, f"if {self.expr(BOOL)}:")
        self.block(depth + 1, self.random.randint(1, 3))
        if self.chance(0.5):
            self.line(depth, "else:")
            self.block(depth + 1, self.random.randint(1, 2))

    def do_for(self, depth: int) -> None:
        name, e = self.fresh(), self.expr
        head, bound = self.random.choice(
            [
                (f"for {name} in range({e(INT)} & 3)", {name: INT}),
                (f"for {name} in range({e(INT)} & 7, -1, -2)", {name: INT}),
                (f"for {name} in {e(INTS)}", {name: INT}),
                (f"for {name} in {e(STR)}", {name: STR}),
                (f"for {name} in {e(TEXTS)}", {name: STR}),
                (f"for {name}, {name}i in enumerate({e(INTS)})", {name: INT, f"{name}i": INT}),
                (f"for {name}, {name}i in zip({e(INTS)}, {e(STR)})", {name: INT, f"{name}i": STR}),
                (f"for {name}, {name}i in {e(COUNTS, 0)}.items()", {name: STR, f"{name}i": INT}),
                (f"for {name} in {e(COUNTS, 0)}", {name: STR}),
                (f"for {name} in {e(ROWS)}", {name: INTS}),
                (f"for {name} in reversed({e(INTS)})", {name: INT}),
                (f"for {name} in {e(CELLS)}", {name: CELL}),
                (f"for {name}, {name}i in {e(CELLS)}", {name: INT, f"{name}i": INTS}),
                (f"for {name}, {name}i in enumerate({e(CELLS)})", {name: INT, f"{name}i": CELL}),
            ]
        )
        self.line(depth, head + ":")
        self.scope.update(bound)
        self.loops += 1
        self.line(depth + 1, "steps += 1")
        self.line(depth + 1, "if steps > 60:")
        self.line(depth + 2, "break")
        self.block(depth + 1, self.random.randint(1, 3))
        self.loops -= 1
        if self.chance(0.2):
            self.line(depth, "else:")
            if self.loops and self.chance(0.3):
                self.do_leave(depth + 1)
            self.block(depth + 1, 1)
        if self.chance(0.9):
            for each in bound:
                self.scope.pop(each, None)

    def do_while(self, depth: int) -> None:
        self.line(depth, f"while {self.expr(BOOL)}:")
        self.loops += 1
        self.line(depth + 1, "steps += 1")
        self.line(depth + 1, "if steps > 60:")
        self.line(depth + 2, "break")
        self.block(depth + 1, self.random.randint(1, 3))
        self.loops -= 1

    def do_try(self, depth: int) -> None:
        self.line(depth, "try:")
        self.block(depth + 1, self.random.randint(1, 3))
        classes = [
            "IndexError",
            "KeyError",
            "ValueError",
            "ZeroDivisionError",
            "(IndexError, ValueError)",
            "LookupError",
        ]
        with_finally = self.chance(0.25)
        if not (with_finally and self.chance(0.4)):
            for each in self.random.sample(classes, self.random.randint(1, 2)):
                self.line(depth, f"except {each}:")
                self.block(depth + 1, self.random.randint(1, 2))
            if self.chance(0.2):
                self.line(depth, "else:")
                self.block(depth + 1, 1)
        if with_finally:
            self.line(depth, "finally:")
            self.block(depth + 1, 1)

    def do_leave(self, depth: int) -> None:
        self.line(depth, f"if {self.expr(BOOL)}:")
        self.line(depth + 1, self.pick(["break", "continue"]))

    def do_say(self, depth: int) -> None:
        """A call that the compiler knows nothing of: at most loops of this function are native."""
        self.line(depth, f"say({self.expr(self.pick(self.pool))})")

    def do_return(self, depth: int) -> None:
        self.line(depth, f"if {self.expr(BOOL)}:")
        self.line(depth + 1, f"return {self.result()}")

    def result(self) -> str:
        return f"({self.pick(list(self.scope) or ['None'])},)" if self.chance(0.3) else self.expr(self.pick(self.pool))


def function(name: str, random_: random.Random) -> tuple[str, str, list[str]]:
    """Source, signature and calls of one function."""
    writer = Writer(random_, says=random_.random() < 0.3)
    parameters = {f"p{i}": random_.choice(TYPES) for i in range(random_.randint(3, 6))}
    writer.scope.update(parameters)
    writer.line(1, "steps = 0")
    if writer.says:
        writer.line(1, "say(steps)")
        parameters["say"] = "object"
    for _ in range(random_.randint(3, 8)):
        writer.statement(1)
    shown = [each for each in writer.scope if each.startswith("v")][:4]
    writer.line(1, f"return {', '.join([*shown, 'steps'])}" if shown else f"return {writer.expr(INT)}")
    source = f"def {name}({', '.join(parameters)}):\n" + "\n".join(writer.lines) + "\n"
    signature = f"{name}: ({', '.join(parameters.values())}) -> object  # any"
    calls = []
    for _ in range(5):
        arguments = ", ".join(random_.choice(VALUES[type_]) for type_ in parameters.values())
        calls.append(f"{name}({arguments})  # any, rewrites")
    # The same list or dict for two parameters.
    for type_ in (INTS, ROWS, COUNTS, TABLE, TEXTS, CELL, CELLS):
        twins = [each for each, its in parameters.items() if its == type_]
        if len(twins) > 1:
            shared = random_.choice(VALUES[type_][1:])
            arguments = ", ".join(
                "a" if each in twins else random_.choice(VALUES[its]) for each, its in parameters.items()
            )
            calls.append(f"{name}({arguments}) where a = {shared}  # any, rewrites")
    rows = [each for each, its in parameters.items() if its == ROWS]
    row = [each for each, its in parameters.items() if its == INTS]
    if rows and row:
        arguments = ", ".join(
            "[r, r]" if each == rows[0] else "r" if each == row[0] else random_.choice(VALUES[its])
            for each, its in parameters.items()
        )
        calls.append(f"{name}({arguments}) where r = [3, 4]  # any, rewrites")
    return source, signature, list(dict.fromkeys(calls))


#: What functions call that the compiler knows nothing of: it takes down what was said, and when.
SAID = """
class Said(list):
    def __call__(self, value):
        self.append(repr(value))
"""


def case_file(seed: int, count: int) -> str:
    out = [f"# Invented programs, seed {seed}", "", "```py", SAID.strip(), "```", ""]
    random_ = random.Random(seed)
    for number in range(count):
        source, signature, calls = function(f"f{number}", random_)
        out += [
            f"## Program {number}",
            "",
            "```py",
            source.rstrip(),
            "```",
            "",
            "```calls",
            signature,
            *calls,
            "```",
            "",
        ]
    return "\n".join(out)


if __name__ == "__main__":
    print(case_file(int(sys.argv[1]), int(sys.argv[2])), end="")
