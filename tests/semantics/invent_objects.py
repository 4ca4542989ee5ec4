"""Invents programs with classes, arrays, sets, generators and functions that call each other; see `invent.py`.

    python invent_objects.py SEED COUNT > file.md

A file has classes of its own: a base, two classes below it, with methods that were invented too; functions that other
functions call; and globals that they change.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from dataclasses import dataclass, field

from invent import BOOL, CELL, COUNTS, FLOAT, INT, INTS, PAIR, SAID, STR, TABLE, TEXTS, VALUES, Writer

NODE, NODES, SET, GROUPS = "Node", "list[Node]", "set[int]", "dict[str, list[int]]"
WORDS, REALS, BYTES, BUFFER, QUEUE = "array.array[q]", "array.array[d]", "bytes", "bytearray", "deque[int]"
MAYBE = "int | None"
NEW = (NODE, NODES, SET, GROUPS, WORDS, REALS, BYTES, BUFFER, QUEUE, MAYBE)
POOL = (INT, STR, BOOL, INTS, FLOAT, TEXTS, COUNTS, TABLE, PAIR, CELL, NODE, NODE, NODES, *NEW)

_NAMES = {
    NODE: "node",
    NODES: "nodes",
    SET: "set",
    GROUPS: "groups",
    WORDS: "words",
    REALS: "reals",
    BYTES: "bytes",
    BUFFER: "buffer",
    QUEUE: "queue",
    MAYBE: "maybe",
}

_VALUES = {
    NODE: [
        "Node(1, [2], 'a')",
        "Leaf(0, [], '', 2.5)",
        "Leaf(-3, [4, 5], 'xy', 0.5)",
        "Other(7, [1], 'b')",
        "link(Node(1, [1], 'a'), Leaf(2, [], 'b', 1.0), Node(3, [3], 'c'))",
        "strange(Node(1, [2], 'a'))",
        "Odd(4, [4], 'odd')",
        "Node(True, [2], 'é')",
    ],
    NODES: [
        "[]",
        "[Node(1, [2], 'a')]",
        "[Node(1, [2], 'a'), Leaf(0, [3], 'b', 0.5), Other(2, [], 'c')]",
        "[Node(2, [1], 'z')] * 2",
        "[Leaf(1, [1], 'a', 1.5), Odd(2, [], 'q')]",
    ],
    SET: ["set()", "{1, 2, 3}", "{-1, 2**40}", "{0, True + 7}"],
    GROUPS: ["{}", "{'a': [1, 2]}", "{'b': [], 'a': [3]}", "dict.fromkeys('ab', [1])"],
    WORDS: ["array('q')", "array('q', [1, 2, 3])", "array('q', [-1, 2**62])"],
    REALS: ["array('d')", "array('d', [0.5, -0.0])", "array('d', [1e300, 2.0, 3.5])"],
    BYTES: ["b''", "b'a'", "b'hello'", "bytes(range(250, 256))"],
    BUFFER: ["bytearray()", "bytearray(b'abc')", "bytearray(range(5))"],
    QUEUE: ["deque()", "deque([1, 2, 3])", "deque([4, 5], maxlen=3)"],
    MAYBE: ["None", "1", "0", "-5", "True"],
}

_SEEN = {
    NODE: ["Node(5, [1, 2], 'n')", "Leaf(2, [3], 'l', 0.5)"],
    NODES: ["[Node(1, [], 'm')]", "[Leaf(1, [2], 'k', 1.5), Node(0, [1], 'j')]"],
    SET: ["{1, 2}", "{3}"],
    GROUPS: ["{'a': [1]}", "{'k': [2, 3], 'a': []}"],
    WORDS: ["array('q', [3, 4])"],
    REALS: ["array('d', [0.5, 1.5])"],
    BYTES: ["b'xyz'", "b'q'"],
    BUFFER: ["bytearray(b'pq')"],
    QUEUE: ["deque([6, 7])"],
    MAYBE: ["None", "4"],
}

FORMAT = "{:>4}|{!r}"
_SPECS = {
    INT: ["d", "5d", "<4", "+", "x", "#b", "08,", "e", ".3f", "^7", "c", "_", "n"],
    FLOAT: [".2f", "e", "g", "+.3e", "10.1f", "%", ".0f", "", "<8", "015.4f", ",.2f", ".17g"],
    STR: ["", ">6", "*^9", ".2", "<3.1", "s", "05"],
}


@dataclass
class Objects(Writer):
    """Writes one function of a file with classes."""

    helpers: dict[str, tuple[str, list[str]]] = field(default_factory=dict)
    """Functions that can be called: what they return, and their parameters."""
    yields: bool = False
    method: bool = False
    """A method. Those of instances are not called, or it would not end; both copies of a module have one class, so
    globals that change are out of its reach."""

    def expr(self, type_: str, depth: int = 2) -> str:
        if type_ not in _NAMES:
            return super().expr(type_, depth)
        names = self.of(type_)
        if names and (depth <= 0 or self.chance(0.5)):
            return self.pick(names)
        if depth <= 0:
            return self.pick(_SEEN[type_])
        return self.choose(type_, getattr(self, "_" + _NAMES[type_])(depth - 1), depth - 1)

    def more(self, type_: str, d: int) -> list[Callable[[], str]]:
        e, n = self.expr, lambda: self.expr(NODE, 0)
        calls = [name for name, (result, _) in self.helpers.items() if result == type_]
        found: list[Callable[[], str]] = [lambda: self.call(self.pick(calls), d)] * (3 * bool(calls))
        if self.chance(0.4):
            return found
        if type_ == INT:
            found += [
                lambda: f"{n()}.n",
                lambda: f"{n()}.n",
                lambda: f"{n()}.{self.pick(['kind', 'twice', 'n'])}",
                lambda: f"{n()}.met({e(INT, d)})" if not self.method else f"{n()}.kind",
                lambda: f"len({e(self.pick([NODES, SET, WORDS, REALS, BYTES, BUFFER, QUEUE, GROUPS]), d)})",
                lambda: f"{e(self.pick([WORDS, BYTES, BUFFER, QUEUE]), d)}[{self.index(d)}]",
                lambda: f"sum({e(self.pick([WORDS, BYTES, QUEUE, SET]), d)})",
                lambda: f"sum(x.n for x in {e(NODES, d)})",
                lambda: f"{self.pick(['min', 'max'])}({e(self.pick([SET, WORDS, BYTES, QUEUE]), d)}, default=3)",
                lambda: f"({e(MAYBE, d)} or {e(INT, d)})",
                lambda: f"len({e(GROUPS, 0)}.get({e(STR, d)}, []))",
                lambda: "LIMIT" if self.method else "TOTAL",
                lambda: f"int.from_bytes({e(BYTES, d)}[:6], {self.pick([repr('big'), repr('little')])})",
                lambda: f"{e(self.pick([BYTES, BUFFER]), d)}.{self.pick(['find', 'count'])}({e(BYTES, d)})",
                lambda: f"{e(INT, d)}.bit_length()" if self.of(INT) else "LIMIT",
                lambda: f"getattr({n()}, 'n')",
                lambda: f"(lambda a, b=2: a {self.pick(['+', '-', '&'])} b)({e(INT, d)})",
            ]
        elif type_ == FLOAT:
            found += [
                lambda: f"{e(REALS, d)}[{self.index(d)}]",
                lambda: f"sum({e(REALS, d)})",
                lambda: f"float(f'{{{self.name(FLOAT)}:.3f}}')",
                lambda: f"({n()}.n / {self.divisor(d)})",
                lambda: f"getattr({n()}, 'real', {e(FLOAT, d)})",
            ]
        elif type_ == BOOL:
            found += [
                lambda: f"({n()} {self.pick(['is', 'is not', '==', '!='])} {n()})",
                lambda: f"isinstance({n()}, {self.pick(['Leaf', 'Node', 'Other', '(Leaf, Other)'])})",
                lambda: f"({n()}.next is None)",
                lambda: f"({e(INT, d)} in {e(self.pick([SET, WORDS, BYTES, QUEUE]), d)})",
                lambda: f"({e(NODE, d)} in {e(NODES, d)})",
                lambda: f"({e(STR, d)} in {e(GROUPS, d)})",
                lambda: f"({e(SET, d)} {self.pick(['<=', '==', '<'])} {e(SET, d)})",
                lambda: f"({e(BYTES, d)} {self.pick(['<', '==', '>='])} {e(BYTES, d)})",
                lambda: f"({e(MAYBE, d)} {self.pick(['is None', '== 1', 'is not None'])})",
                lambda: f"hasattr({n()}, {self.pick([repr('real'), repr('n'), repr('none')])})",
                lambda: f"(type({n()}) is {self.pick(['Leaf', 'Node'])})",
                lambda: f"({e(BUFFER, d)} == {e(BYTES, d)})",
            ]
        elif type_ == STR:
            found += [
                lambda: f"{n()}.name",
                lambda: f"type({n()}).__name__",
                lambda: f"repr({e(self.pick([INT, FLOAT, STR, INTS, BYTES, MAYBE, GROUPS, PAIR, WORDS, QUEUE]), d)})",
                lambda: self.formatted(INT, d),
                lambda: self.formatted(FLOAT, d),
                lambda: self.formatted(STR, d),
                lambda: f"({'%d:%s:%5.1f'!r} % ({e(INT, d)}, {e(STR, d)}, {e(FLOAT, d)}))",
                lambda: f"{FORMAT!r}.format({e(INT, d)}, {e(STR, d)})",
                lambda: f"{e(BYTES, d)}.{self.pick(['hex()', 'decode(' + repr('latin-1') + ')'])}",
                lambda: f"','.join(map(str, {e(self.pick([INTS, WORDS, QUEUE]), d)}))",
            ]
        elif type_ == INTS:
            found += [
                lambda: f"{n()}.items",
                lambda: f"{n()}.items",
                lambda: f"list({e(self.pick([WORDS, BYTES, QUEUE, BUFFER]), d)})",
                lambda: f"sorted({e(SET, d)})",
                lambda: f"{e(WORDS, d)}.tolist()",
                lambda: f"[x.n for x in {e(NODES, d)}]",
                lambda: f"{e(GROUPS, 0)}.get({e(STR, d)}, {e(INTS, d)})",
                lambda: f"[y for x in {e(NODES, d)} for y in x.items][:9]",
            ]
        elif type_ == TEXTS:
            found += [lambda: f"[x.name for x in {e(NODES, d)}]", lambda: f"list({e(GROUPS, 0)})"]
        return found

    def formatted(self, type_: str, d: int) -> str:
        spec = self.pick(_SPECS[type_])
        return f"format({self.expr(type_, d)}, {spec!r})" if self.chance(0.5) else f"f'{{{self.name(type_)}:{spec}}}'"

    def call(self, name: str, d: int) -> str:
        parameters = self.helpers[name][1]
        given = [self.expr(each, d) for each in parameters]
        if self.chance(0.3):
            given[-1] = f"p{len(given) - 1}={given[-1]}"
        return f"{name}({', '.join(given)})"

    def _node(self, d: int) -> list[Callable[[], str]]:
        e = self.expr
        return [
            lambda: f"Node({e(INT, d)}, {e(INTS, d)}, {e(STR, d)})",
            lambda: f"Leaf({e(INT, d)}, {e(INTS, d)}, {e(STR, d)}, {e(FLOAT, d)})",
            lambda: f"({e(NODE, d)}.next or {e(NODE, d)})",
            lambda: f"{e(NODES, d)}[{self.index(d)}]",
            lambda: f"({e(NODE, d)} if {e(BOOL, d)} else {e(NODE, d)})",
            lambda: f"max({e(NODES, d)} or [{e(NODE, d)}], key=lambda x: x.n)",
            lambda: f"Other(n={e(INT, d)}, items={e(INTS, d)}, name={e(STR, d)})",
            lambda: f"next((x for x in {e(NODES, d)} if x.n > {e(INT, d)}), {e(NODE, d)})",
        ]

    def _nodes(self, d: int) -> list[Callable[[], str]]:
        e = self.expr
        return [
            lambda: f"[{e(NODE, d)}, {e(NODE, d)}]",
            lambda: f"[x for x in {e(NODES, d)} if {self.bind_as('x', NODE, lambda: e(BOOL, d))}]",
            lambda: f"sorted({e(NODES, d)}, key=lambda x: {self.pick(['x.n', '(x.name, x.n)', 'len(x.items)'])})",
            lambda: f"{e(NODES, d)}[{e(INT, d)}:]",
            lambda: f"[Node(i, [i], 'i') for i in range({e(INT, d)} & 3)]",
        ]

    def _set(self, d: int) -> list[Callable[[], str]]:
        e = self.expr
        return [
            lambda: f"{{{e(INT, d)}, {e(INT, d)}}}",
            lambda: f"set({e(self.pick([INTS, WORDS, BYTES]), d)})",
            lambda: f"({e(SET, d)} {self.pick(['|', '&', '-', '^'])} {e(SET, d)})",
            lambda: f"{{x & 15 for x in {e(INTS, d)}}}",
        ]

    def _groups(self, d: int) -> list[Callable[[], str]]:
        e = self.expr
        return [
            lambda: f"{{{e(STR, d)}: {e(INTS, d)}}}",
            lambda: f"{{x: {e(INTS, d)} for x in {e(TEXTS, d)}}}",
            lambda: f"{{x.name: x.items for x in {e(NODES, d)}}}",
            lambda: f"{{**{e(GROUPS, 0)}, {e(STR, d)}: {e(INTS, d)}}}",
        ]

    def _words(self, d: int) -> list[Callable[[], str]]:
        e = self.expr
        return [
            lambda: f"array('q', {e(self.pick([INTS, BYTES]), d)})",
            lambda: f"{e(WORDS, d)}[{e(INT, d)}:{e(INT, d)}]",
            lambda: f"({e(WORDS, d)} + {e(WORDS, d)})[:9]",
            lambda: f"array('q', (x & 255 for x in {e(INTS, d)}))",
        ]

    def _reals(self, d: int) -> list[Callable[[], str]]:
        e = self.expr
        return [
            lambda: f"array('d', [{e(FLOAT, d)}, {e(INT, d)}])",
            lambda: f"{e(REALS, d)}[::{self.pick(['-1', '2'])}]",
            lambda: f"array('d', {e(self.pick(['list[float]', INTS]), d)})",
        ]

    def _bytes(self, d: int) -> list[Callable[[], str]]:
        e = self.expr
        return [
            lambda: f"bytes({e(BUFFER, d)})",
            lambda: f"bytes([{e(INT, d)} & 255, 7])",
            lambda: f"{e(BYTES, d)}[{e(INT, d)}:{e(INT, d)}]",
            lambda: f"({e(BYTES, d)} + {e(BYTES, d)})[:9]",
            lambda: f"{e(STR, d)}.encode()",
            lambda: f"({e(INT, d)} & 65535).to_bytes({self.pick(['2', '3', '1'])}, 'big')",
            lambda: f"{e(BYTES, d)}.replace({e(BYTES, d)}, b'-')[:9]",
        ]

    def _buffer(self, d: int) -> list[Callable[[], str]]:
        e = self.expr
        return [
            lambda: f"bytearray({e(BYTES, d)})",
            lambda: f"bytearray({e(INT, d)} & 7)",
            lambda: f"({e(BUFFER, d)} + {e(BYTES, d)})[:9]",
            lambda: f"{e(BUFFER, d)}[{e(INT, d)}:]",
        ]

    def _queue(self, d: int) -> list[Callable[[], str]]:
        e = self.expr
        return [
            lambda: f"deque({e(INTS, d)})",
            lambda: f"deque({e(INTS, d)}, {self.pick(['3', '8', 'maxlen=2'])})",
        ]

    def _maybe(self, d: int) -> list[Callable[[], str]]:
        e = self.expr
        return [
            lambda: f"({e(INT, d)} if {e(BOOL, d)} else None)",
            lambda: f"{e(TABLE, 0)}.get({e(INT, d)})",
            lambda: f"next(iter({e(self.pick([INTS, WORDS, SET, QUEUE]), d)}), None)",
        ]

    def bind_as(self, name: str, type_: str, body: Callable[[], str]) -> str:
        kept = self.scope.get(name)
        self.scope[name] = type_
        text = body()
        del self.scope[name]
        if kept is not None:
            self.scope[name] = kept
        return text

    # Statements -----------------------------------------------------------------------------------------------------

    def statement(self, depth: int) -> None:
        if self.chance(0.45):
            options = ["write"] * 5 + ["change"] * 5 + ["total"] * (not self.method)
            if depth < 4:
                options += ["each"] * 3 + ["caught", "caught", "match", "walk"]
            if self.yields:
                options += ["yield"] * 5
            if self.chance(0.05):
                options = ["raise"]
            getattr(self, "do_" + self.pick(options))(depth)
        else:
            super().statement(depth)

    def do_write(self, depth: int) -> None:
        e, node = self.expr, self.expr(NODE, 0)
        if not node.isidentifier():
            name = self.fresh()
            self.line(depth, f"{name} = {node}")
            self.scope[name], node = NODE, name
        choices = [
            f"{node}.n = {self.cut(INT, e(INT))}",
            f"{node}.n {self.pick(['+=', '-=', '^=', '//='])} {e(INT)}",
            f"{node}.name = ({e(STR)})[:9]",
            f"{node}.name += ({e(STR)})[:3]",
            f"{node}.items = {self.cut(INTS, e(INTS))}",
            f"{node}.items[0] = {e(INT)}",
            f"{node}.next = {e(NODE)}",
            f"{node}.next = None",
            f"{node}.n, {node}.name = {e(INT)}, ({e(STR)})[:9]",
            f"setattr({node}, 'n', {e(INT)})",
            f"{node}.twice = {e(INT)} & 255",
        ]
        if not self.method:
            choices += [f"{node}.grow({e(INT)})"] * 3
        self.line(depth, self.pick(choices))

    def do_change(self, depth: int) -> None:
        type_ = self.pick([SET, GROUPS, WORDS, REALS, BUFFER, QUEUE, NODES, MAYBE, BYTES])
        names, e = self.of(type_), self.expr
        if not names:
            name = self.fresh()
            self.line(depth, f"{name} = {e(type_)}")
            self.scope[name] = type_
            return
        name = self.pick(names)
        number = e(INT)
        choices = {
            SET: [f"add({number} & 63)", f"discard({number})", f"update({e(INTS)})", f"remove({number})", "pop()"],
            WORDS: [f"append({number})", "pop()", f"extend({e(INTS)})", "reverse()", f"insert({e(INT)}, {number})"],
            REALS: [f"append({e(FLOAT)})", "pop()", f"insert(0, {number})", "byteswap()"],
            BUFFER: [f"append({number} & 255)", "pop()", f"extend({e(BYTES)})", "reverse()", "clear()"],
            QUEUE: [f"append({number})", f"appendleft({number})", "pop()", "popleft()", "rotate(1)", "clear()"],
            NODES: [f"append({e(NODE)})", "pop()", "reverse()", "sort(key=lambda x: x.n)", f"insert(0, {e(NODE)})"],
            GROUPS: [
                f"setdefault({e(STR)}, []).append({number})",
                f"pop({e(STR)}, None)",
                f"update({e(GROUPS)})",
                "popitem()",
            ],
        }
        if type_ in (MAYBE, BYTES):
            self.line(depth, f"{name} = {e(type_)}")
        elif type_ in (WORDS, REALS, BUFFER, QUEUE) and self.chance(0.4):
            item = {REALS: e(FLOAT), BUFFER: f"{number} & 255"}.get(type_, number)
            texts = [f"{name}[{self.index(0)}] = {item}", f"{name}[0] += {e(INT)}", f"del {name}[{self.index(0)}]"]
            if type_ != QUEUE:
                texts += [f"{name}[{e(INT)}:{e(INT)}] = {e(BYTES if type_ == BUFFER else type_)}"]
            self.line(depth, f"if len({name}) > 1:")
            self.line(depth + 1, self.pick(texts))
        elif type_ == GROUPS and self.chance(0.5):
            self.line(depth, f"{name}[{e(STR)}] = {e(INTS)}")
        else:
            self.line(depth, f"if len({name}) < 12:")
            self.line(depth + 1, f"{name}.{self.pick(choices[type_])}")

    def do_total(self, depth: int) -> None:
        """Small numbers, which are one object each: what a call stored, the next one finds."""
        self.line(depth, self.pick([f"TOTAL = ({self.expr(INT)}) % 251", f"SEEN[({self.expr(STR)})[:4]] = TOTAL"]))

    def do_each(self, depth: int) -> None:
        items = {SET: INT, WORDS: INT, REALS: FLOAT, BYTES: INT, QUEUE: INT, BUFFER: INT, GROUPS: STR, NODES: NODE}
        type_ = self.pick([*items, NODES])
        item = items[type_]
        name = self.fresh()
        bound = {name: item}
        if type_ == GROUPS and self.chance(0.7):
            bound[f"{name}i"] = INTS
            self.line(depth, f"for {name}, {name}i in {self.expr(GROUPS, 0)}.items():")
        elif type_ == SET:
            self.line(depth, f"for {name} in sorted({self.expr(type_)}):")
        else:
            self.line(depth, f"for {name} in {self.expr(type_)}:")
        self.loop(depth, bound)

    def loop(self, depth: int, bound: dict[str, str]) -> None:
        self.scope.update(bound)
        self.loops += 1
        self.line(depth + 1, "steps += 1")
        self.line(depth + 1, "if steps > 60:")
        self.line(depth + 2, "break")
        self.block(depth + 1, self.random.randint(1, 3))
        self.loops -= 1
        for each in bound:
            self.scope.pop(each, None)

    def do_walk(self, depth: int) -> None:
        name = self.fresh()
        self.line(depth, f"{name} = {self.expr(NODE)}")
        self.line(depth, f"while {name} is not None and {self.expr(BOOL, 1)}:")
        # Whatever happens to the variable in the loop, its last statement goes on.
        self.loop(depth, {name: NODE})
        self.line(depth + 1, f"{name} = {name}.next")

    def do_caught(self, depth: int) -> None:
        self.line(depth, "try:")
        self.block(depth + 1, self.random.randint(1, 2))
        if self.chance(0.5):
            self.do_raise(depth + 1)
        name = self.fresh()
        kind = self.pick(["ValueError", "Trouble", "(Trouble, KeyError)", "Exception", "ArithmeticError", "IndexError"])
        self.line(depth, f"except {kind} as error:")
        shown = ["str(error)", "repr(error)", "type(error).__name__", "str(len(error.args))"]
        self.line(depth + 1, f"{name} = ({self.pick(shown)})[:40]")
        kept = dict(self.scope)
        self.scope[name] = STR
        self.block(depth + 1, 1)
        if self.chance(0.15):
            self.line(depth + 1, "raise")
        self.scope = kept
        if self.chance(0.3):
            self.line(depth, "finally:")
            self.block(depth + 1, 1)

    def do_raise(self, depth: int) -> None:
        self.line(depth, f"if {self.expr(BOOL)}:")
        args = self.pick([self.expr(INT), self.expr(STR), f"{self.expr(INT, 1)}, {self.expr(STR, 1)}", ""])
        cause = " from None" if self.chance(0.2) else ""
        self.line(
            depth + 1, f"raise {self.pick(['ValueError', 'Trouble', 'KeyError', 'ZeroDivisionError'])}({args}){cause}"
        )

    def do_match(self, depth: int) -> None:
        type_ = self.pick([INT, STR, INTS, NODE, PAIR, MAYBE, COUNTS, QUEUE])
        one = self.fresh()
        patterns = {
            INT: [("0 | 1", {}), ("-1", {}), (f"{one} if {one} > 3", {one: INT}), (f"int({one})", {one: INT})],
            STR: [("''", {}), ("'a' | 'b'", {}), (f"str({one})", {one: STR})],
            INTS: [("[]", {}), (f"[{one}]", {one: INT}), (f"[{one}, *_]", {one: INT}), (f"[_, *{one}]", {one: INTS})],
            QUEUE: [("[]", {}), (f"[{one}, _]", {one: INT}), (f"[*{one}, _]", {one: INTS})],
            NODE: [
                (f"Leaf(n={one})", {one: INT}),
                (f"Node(n=0, name={one})", {one: STR}),
                (f"Node(items=[{one}, *_])", {one: INT}),
                (f"Other() as {one}", {one: NODE}),
            ],
            PAIR: [("(0, _)", {}), (f"({one}, 1 | 2)", {one: INT}), (f"(_, {one})", {one: INT})],
            MAYBE: [("None", {}), (f"int({one})", {one: INT}), (f"0 as {one}", {one: INT})],
            COUNTS: [(f"{{'a': {one}}}", {one: INT}), (f"{{'b': 2, **{one}}}", {one: COUNTS})],
        }[type_]
        self.line(depth, f"match {self.expr(type_)}:")
        for pattern, bound in self.random.sample(patterns, 2):
            self.line(depth + 1, f"case {pattern}:")
            kept = dict(self.scope)
            self.scope.update(bound)
            self.block(depth + 2, self.random.randint(1, 2))
            self.scope = kept
        if self.chance(0.5):
            self.line(depth + 1, "case _:")
            self.block(depth + 2, 1)

    def do_yield(self, depth: int) -> None:
        self.line(depth, f"yield {self.expr(self.pick(self.pool))}")

    def do_return(self, depth: int) -> None:
        # A method returns what it is known to return.
        self.line(depth, "pass") if self.method else super().do_return(depth)

    def do_say(self, depth: int) -> None:
        """Not of instances: their text is their place."""
        type_ = self.pick([INT, STR, INTS, BYTES, MAYBE, SET])
        self.line(depth, f"say({self.expr(type_) if type_ != SET else 'sorted(' + self.expr(SET) + ')'})")


def written(
    random_: random.Random, head: str, parameters: dict[str, str], result: str, **settings: object
) -> list[str]:
    """The lines of a function that returns a value of a type."""
    writer = Objects(random_, **settings)  # type: ignore[arg-type]
    writer.scope.update(parameters)
    writer.pool = list(dict.fromkeys([*random_.sample(POOL, 6), INT, STR, INTS, *parameters.values()]))
    if not writer.method:
        writer.line(1, "global TOTAL")
    writer.line(1, "steps = 0")
    for _ in range(random_.randint(1, 4)):
        writer.statement(1)
    writer.line(1, f"return {writer.cut(result, writer.expr(result))}")
    return [head, *writer.lines]


def classes(random_: random.Random) -> list[str]:
    """A base, two classes below it, and one that the functions have not been told of."""

    def method(head: str, result: str, **more: str) -> list[str]:
        lines = written(random_, head, {"self": NODE, "a": INT, **more}, result, method=True)
        return ["    " + line for line in lines]

    slots = "    __slots__ = ('n', 'items', 'name', 'next')" if random_.random() < 0.4 else "    kind = 3"
    lines = ["class Node:", slots]
    lines += ["    def __init__(self, n: int, items: list[int], name: str = 'd'):"]
    lines += ["        self.n = n", "        self.items = items", "        self.name = name"]
    lines += ["        self.next: Node | None = None", ""]
    if "slots" in slots:
        lines += ["    @property", "    def kind(self):", "        return 4", ""]
    lines += ["    @property", "    def twice(self):", "        return 2 * self.n", ""]
    lines += ["    @twice.setter", "    def twice(self, value):", "        self.n = value // 2", ""]
    lines += method("def met(self, a):", INT)
    lines += ["", "    def grow(self, by):"]
    lines += [
        "        if len(self.items) < 12:",
        f"            self.items.append({random_.choice(['by', 'self.n', '7'])})",
    ]
    lines += ["        return self", ""]
    if random_.random() < 0.4:
        lines += ["    def __eq__(self, other):", "        return isinstance(other, Node) and self.n == other.n", ""]
        lines += ["    def __hash__(self):", "        return hash(self.n)", ""]
    lines += ["", "class Leaf(Node):"]
    if "slots" in slots and random_.random() < 0.6:
        lines += ["    __slots__ = ('real',)"]
    lines += ["    def __init__(self, n: int, items: list[int], name: str, real: float):"]
    lines += ["        super().__init__(n, items, name)", "        self.real = real", ""]
    if random_.random() < 0.6:
        lines += [
            "    def met(self, a):",
            f"        return super().met(a {random_.choice(['+ 1', '& 7', '- 2'])}) + self.n",
            "",
        ]
    if random_.random() < 0.4:
        lines += ["    @property", "    def twice(self):", "        return 3 * self.n", ""]
    lines += ["", "class Other(Node):"]
    lines += method("def grow(self, a):", INT) if random_.random() < 0.6 else ["    kind = 9"]
    lines += ["", "", "class Odd(Node):", "    def met(self, a):", "        return a", "", ""]
    lines += ["class Trouble(Exception):", "    pass", "", ""]
    return lines


_HEAD = """
from array import array
from collections import deque

TOTAL = 0
LIMIT = 5
SEEN = {}


def link(*nodes):
    for one, two in zip(nodes, nodes[1:]):
        one.next = two
    return nodes[0]


def strange(node):
    node.n = 1.5
    return node
"""


def function(name: str, module: str, random_: random.Random, helpers: dict[str, tuple[str, list[str]]]) -> list[str]:
    """Source, signature and calls of one function, as lines of a case file."""
    yields = random_.random() < 0.25
    writer = Objects(random_, says=random_.random() < 0.2, helpers=helpers, yields=yields)
    parameters = {f"p{i}": random_.choice(POOL) for i in range(random_.randint(2, 5))}
    writer.scope.update(parameters)
    writer.pool = list(dict.fromkeys([*random_.sample(POOL, 6), INT, STR, INTS, *parameters.values()]))
    writer.line(1, "global TOTAL")
    writer.line(1, "steps = 0")
    if writer.says:
        writer.line(1, "say(steps)")
        parameters["say"] = "object"
    for _ in range(random_.randint(3, 7)):
        writer.statement(1)
    if yields:
        writer.do_yield(1)
    shown = [each for each in writer.scope if each.startswith("v")][:4]
    writer.line(1, f"return {', '.join([*shown, 'steps'])}")
    named = {NODE: f"semantics.{module}.Node", NODES: f"list[semantics.{module}.Node]"}
    types = ", ".join(named.get(each, each) for each in parameters.values())
    values = {**VALUES, **_VALUES}
    calls = []
    for _ in range(6):
        given = ", ".join(random_.choice(values[type_]) for type_ in parameters.values())
        calls.append(f"{name}({given})  # any, rewrites")
    for type_ in set(parameters.values()) & {NODE, NODES, INTS, SET, GROUPS, WORDS, BUFFER, QUEUE}:
        twins = [each for each, its in parameters.items() if its == type_]
        if len(twins) > 1:
            given = ", ".join("a" if each in twins else random_.choice(values[its]) for each, its in parameters.items())
            calls.append(f"{name}({given}) where a = {random_.choice(values[type_])}  # any, rewrites")
    node = next((each for each, its in parameters.items() if its == NODE), None)
    nodes = next((each for each, its in parameters.items() if its == NODES), None)
    if node:
        # One instance, and its list, in several places; the last one is the next one of the first.
        given = ", ".join(
            "a"
            if each == node
            else "[a, a.next]"
            if each == nodes
            else "a.items"
            if its == INTS
            else random_.choice(values[its])
            for each, its in parameters.items()
        )
        calls.append(f"{name}({given}) where a = link(Node(1, [1, 2], 'a'), Leaf(2, [], 'b', 1.0))  # any, rewrites")
    source = [f"def {name}({', '.join(parameters)}):", *writer.lines]
    head = ["```", "", "```calls", f"{name}: ({types}) -> object  # any"]
    return ["```py", *source, *head, *dict.fromkeys(calls), "```", ""]


def case_file(seed: int, count: int) -> str:
    module = f"seed_{seed}"
    random_ = random.Random(seed)
    out = [f"# Invented programs with classes, seed {seed}", "", "```py", _HEAD.strip(), "", "", *classes(random_)]
    helpers: dict[str, tuple[str, list[str]]] = {}
    for number in range(3):
        parameters = {f"p{i}": random_.choice(POOL) for i in range(random_.randint(1, 3))}
        result = random_.choice([INT, INT, STR, INTS, NODE, FLOAT, BOOL])
        name = f"h{number}"
        out += written(random_, f"def {name}({', '.join(parameters)}):", parameters, result, helpers=dict(helpers))
        out += ["", ""]
        helpers[name] = result, list(parameters.values())
    out += [SAID.strip(), "```", ""]
    for number in range(count):
        out += [f"## Program {number}", "", *function(f"f{number}", module, random_, helpers)]
    return "\n".join(out)


if __name__ == "__main__":
    print(case_file(int(sys.argv[1]), int(sys.argv[2])), end="")
