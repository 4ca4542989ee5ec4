"""Invents programs that go through iterables in every way: defaults, starts, keys, walruses, unbound names, closures.

    python invent_iterators.py SEED COUNT > file.md          a case file, see `casefiles.py`

Built on `invent.py`: the same statements, with the consumers of iterables, functions and generators defined inside, and
names that are deleted. What a consumer is given may raise, act, or read a name that is not bound.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable

from invent import BOOL, COUNTS, FLOATS, INT, INTS, PAIR, ROWS, STR, TABLE, TEXTS, VALUES, Writer

PAIRS, SET = "list[tuple[int, int]]", "set[int]"

_HEAD = """
import operator
from contextlib import suppress
from functools import reduce
from itertools import accumulate, chain, combinations, dropwhile, groupby, islice, pairwise, takewhile, zip_longest


def note(log, value):
    log.append(value)
    return value
"""

_PARAMETERS = {"rows": ROWS, "xs": INTS, "ys": INTS, "text": STR, "table": TABLE, "n": INT}

_CAUGHT = (
    "(IndexError, ValueError, KeyError, ZeroDivisionError, TypeError, StopIteration, UnboundLocalError, OverflowError)"
)


class IteratorWriter(Writer):
    """Writes one function whose lists and numbers come out of iterators."""

    helpers: list[str]
    generators: list[str]
    log = ""
    """A list that what is evaluated may note itself in."""

    def more(self, type_: str, depth: int) -> list[Callable[[], str]]:
        found: dict[str, list[Callable[[], str]]] = {INT: self.ints(depth), INTS: self.lists(depth)}
        e = self.expr
        found[BOOL] = [
            lambda: f"any({self.through(BOOL, depth)})",
            lambda: f"all({self.through(BOOL, depth)})",
            lambda: f"({self.named(INT, depth)} > {e(INT, depth)})",
        ]
        found[ROWS] = [
            lambda: f"[list(c) for c in zip(*{e(ROWS, depth)})]",
            lambda: f"list(map(list, zip(*{e(ROWS, depth)})))",
            lambda: f"sorted({e(ROWS, depth)}, key={self.pick(['len', 'sum', 'lambda r: -len(r)'])})",
        ]
        found[TEXTS] = [
            lambda: f"[{self.through(STR, depth)}]",
            lambda: f"[''.join(c) for c in zip(*{e(TEXTS, depth)})]",
        ]
        found[TABLE] = [
            lambda: f"dict(zip({e(INTS, depth)}, {e(INTS, depth)}))",
            lambda: f"dict.fromkeys({e(INTS, depth)}, {self.noted(INT, depth)})",
        ]
        return 2 * found.get(type_, [])

    def ints(self, d: int) -> list[Callable[[], str]]:
        e = self.expr
        return [
            lambda: f"{self.pick(['max', 'min'])}({self.source(INTS, d)}, default={self.noted(INT, d)})",
            lambda: f"{self.pick(['max', 'min'])}(({self.through(INT, d)}), default={self.noted(INT, d)})",
            lambda: (
                f"{self.pick(['max', 'min'])}({e(INTS, d)}, key={self.function([INT], INT, d)}, default={e(INT, d)})"
            ),
            lambda: f"next(({self.through(INT, d)}), {self.noted(INT, d)})",
            lambda: f"next(iter({e(INTS, d)}), {self.noted(INT, d)})",
            lambda: f"sum({self.source(INTS, d)}, {self.noted(INT, d)})",
            lambda: f"sum(({self.through(INT, d)}), {self.noted(INT, d)})",
            lambda: f"sum(map({self.function([INT], INT, d)}, {e(INTS, d)}))",
            lambda: f"reduce({self.function([INT, INT], INT, d)}, {e(INTS, d)}, {self.noted(INT, d)})",
            lambda: f"reduce({self.pick(['operator.xor', 'operator.add', 'max'])}, {e(INTS, d)})",
            lambda: f"len({{{self.through(INT, d)}}})",
            lambda: f"min(filter({self.function([INT], BOOL, d)}, {e(INTS, d)}), default={e(INT, d)})",
            lambda: self.named(INT, d),
            lambda: f"{self.pick(self.helpers)}({e(INT, d)})" if self.helpers else e(INT, d),
        ]

    def lists(self, d: int) -> list[Callable[[], str]]:
        e = self.expr
        return [
            lambda: f"[{self.through(INT, d)}]",
            lambda: f"sorted({{{self.through(INT, d)}}})",
            lambda: f"list(accumulate({e(INTS, d)}{self.pick(['', ', max', ', initial=' + e(INT, d)])}))",
            lambda: f"[len(list(g)) for _, g in groupby({e(INTS, d)}, lambda v: v % 3)]",
            lambda: f"[sum(c) for c in zip(*{e(ROWS, d)})]",
            lambda: (
                f"list({self.pick(['takewhile', 'dropwhile', 'filter'])}({self.function([INT], BOOL, d)}, {e(INTS, d)}))"
            ),
            lambda: f"list(chain.from_iterable({e(ROWS, d)}))",
            lambda: f"sum({e(ROWS, d)}, [])[:12]",
            lambda: f"list({self.pick(self.generators)}({e(INTS, d)}))" if self.generators else e(INTS, d),
        ]

    def noted(self, type_: str, depth: int) -> str:
        """A value, which says when it is evaluated."""
        text = self.expr(type_, depth)
        return f"note({self.log}, {text})" if self.log and self.chance(0.3) else text

    def source(self, type_: str, depth: int) -> str:
        return self.noted(type_, depth) if type_ == INTS and not self.log else self.expr(type_, depth)

    def named(self, type_: str, depth: int) -> str:
        """A walrus, which stands in parentheses."""
        text = self.expr(type_, depth)
        name = self.pick(self.of(type_)) if self.of(type_) and self.chance(0.5) else self.fresh()
        self.scope[name] = type_
        return f"({name} := {text})"

    def function(self, takes: list[str], gives: str, depth: int) -> str:
        names = [self.fresh() for _ in takes]
        kept = dict(self.scope)
        self.scope.update(zip(names, takes, strict=True))
        body = self.expr(gives, depth)
        self.scope = kept
        return f"lambda {', '.join(names)}: {body}"

    def through(self, gives: str, depth: int) -> str:
        """What stands in a comprehension: the element, the loops and the tests."""
        one, two, e = self.fresh(), self.fresh(), self.expr
        head, bound = self.random.choice(
            [
                (f"{one} in {e(INTS, depth)}", {one: INT}),
                (f"{one} in range({e(INT, depth)} & 7)", {one: INT}),
                (f"{one}, {two} in enumerate({e(INTS, depth)}, {self.noted(INT, depth)})", {one: INT, two: INT}),
                (f"{one}, {two} in zip({e(INTS, depth)}, {e(INTS, depth)})", {one: INT, two: INT}),
                (f"{one}, {two} in pairwise({e(INTS, depth)})", {one: INT, two: INT}),
                (f"{one}, {two} in combinations({e(INTS, depth)}[:4], 2)", {one: INT, two: INT}),
                (f"{one}, {two} in zip_longest({e(INTS, 0)}, {e(INTS, 0)}, fillvalue=1)", {one: INT, two: INT}),
                (f"{one} in islice({e(INTS, depth)}, {e(INT, depth)} & 3)", {one: INT}),
                (f"{one} in reversed({e(INTS, depth)})", {one: INT}),
                (f"{one}, {two} in {e(TABLE, 0)}.items()", {one: INT, two: INT}),
                (f"{one} in {e(ROWS, depth)} for {two} in {one}", {one: INTS, two: INT}),
            ]
        )
        kept = dict(self.scope)
        self.scope.update(bound)
        test = f" if {self.expr(BOOL, depth - 1)}" if self.chance(0.4) else ""
        text = f"{self.expr(gives, depth - 1)} for {head}{test}"
        self.scope = kept
        return text

    def statement(self, depth: int) -> None:
        options = ["delete"] + ["caught"] * 3 + ["suppress", "step", "columns", "match"] if depth < 4 else ["delete"]
        if self.chance(0.4):
            getattr(self, "do_" + self.pick(options))(depth)
        else:
            super().statement(depth)

    def do_delete(self, depth: int) -> None:
        names = [name for name in self.of(INT) if name.startswith("v")]
        if names and depth > 1:
            self.line(depth, f"del {self.pick(names)}")
        else:
            self.do_assign(depth)

    def do_caught(self, depth: int) -> None:
        self.line(depth, "try:")
        self.block(depth + 1, 2)
        self.line(depth, f"except {_CAUGHT}:")
        self.line(depth + 1, "caught.append(steps)")
        if self.chance(0.3):
            self.line(depth, "finally:")
            self.block(depth + 1, 1)

    def do_suppress(self, depth: int) -> None:
        self.line(depth, f"with suppress({self.pick(['IndexError, ValueError', 'KeyError', 'UnboundLocalError'])}):")
        self.block(depth + 1, 2)

    def do_step(self, depth: int) -> None:
        """An iterator that is a value, gone through here and there."""
        name, item = self.fresh(), self.fresh()
        self.line(depth, f"{name} = iter({self.expr(INTS)})")
        self.line(depth, f"{item} = next({name}, {self.noted(INT, 1)})")
        self.scope[item] = INT
        self.line(depth, f"for {item} in {name}:")
        self.loops += 1
        self.line(depth + 1, "steps += 1")
        self.line(depth + 1, "if steps > 60:")
        self.line(depth + 2, "break")
        self.block(depth + 1, 1)
        self.loops -= 1
        self.line(depth, f"caught.append(next({name}, None))")

    def do_columns(self, depth: int) -> None:
        name = self.fresh()
        self.line(depth, f"for {name} in zip(*{self.expr(ROWS)}):")
        self.line(depth + 1, f"caught.append({self.pick(['sum', 'len', 'max', 'min', 'sorted', 'list'])}({name}))")

    def do_match(self, depth: int) -> None:
        one, two = self.fresh(), self.fresh()
        self.line(depth, f"match {self.expr(INTS)}:")
        for pattern in self.random.sample(
            [f"[{one}, {two}]", f"[{one}, *_, {two}]", f"[0 | 1 as {one}]", "[]", "_"], 2
        ):
            if pattern == "_" and self.lines[-1].strip() != "pass":
                continue
            self.line(depth + 1, f"case {pattern}{'' if pattern == '_' else ' if ' + self.expr(BOOL, 1)}:")
            self.line(depth + 2, "caught.append(len(caught))")
        if self.chance(0.3):
            self.scope[one] = INT

    def define(self) -> None:
        """A function and a generator inside, which see the names around them."""
        if self.chance(0.5):
            name, given = f"h{self.names}", self.fresh()
            count = self.chance(0.4)
            if count:
                self.line(1, "count = 0")
            self.line(1, f"def {name}({given}, z={self.expr(INT, 0)}):")
            if count:
                self.line(2, "nonlocal count")
                self.line(2, "count += 1")
            kept = dict(self.scope)
            self.scope[given] = INT
            self.line(2, f"return {self.expr(INT)} + z{' + count' if count else ''}")
            self.scope = kept
            self.helpers.append(name)
        if self.chance(0.5):
            name, given, item = f"g{self.names}", self.fresh(), self.fresh()
            kept = dict(self.scope)
            self.scope |= {given: INTS, item: INT}
            self.line(1, f"def {name}({given}):")
            self.line(2, f"for {item} in {given}:")
            self.line(3, f"if {self.expr(BOOL, 1)}:")
            self.line(4, self.pick(["return", "continue", "break", f"yield {item}"]))
            self.line(3, f"yield {self.expr(INT, 1)}")
            self.scope = kept
            self.generators.append(name)


def function(name: str, random_: random.Random) -> tuple[str, str, list[str]]:
    """Source, signature and calls of one function."""
    writer = IteratorWriter(random_, pool=[INT, INT, INTS, INTS, BOOL, STR, ROWS, TABLE, TEXTS, PAIR, COUNTS, FLOATS])
    writer.helpers, writer.generators = [], []
    writer.scope.update(_PARAMETERS)
    writer.line(1, "steps = 0")
    writer.line(1, "caught = []")
    if random_.random() < 0.5:
        writer.line(1, "log = []")
        writer.log = "log"
    writer.define()
    for _ in range(random_.randint(3, 6)):
        writer.statement(1)
    shown = [each for each in writer.scope if each.startswith("v")][:3]
    writer.line(1, "try:")
    writer.line(2, f"return {', '.join([*shown, 'steps', 'caught', 'xs', *([writer.log] if writer.log else [])])}")
    writer.line(1, "except UnboundLocalError:")
    writer.line(2, "return steps, caught, xs")
    source = f"def {name}({', '.join(_PARAMETERS)}):\n" + "\n".join(writer.lines) + "\n"
    signature = f"{name}: ({', '.join(_PARAMETERS.values())}) -> object  # any"
    calls = []
    for _ in range(8):
        arguments = ", ".join(random_.choice(VALUES[type_]) for type_ in _PARAMETERS.values())
        calls.append(f"{name}({arguments})  # any, rewrites")
    return source, signature, list(dict.fromkeys(calls))


def case_file(seed: int, count: int) -> str:
    out = [f"# Invented programs that go through iterables, seed {seed}", "", "```py", _HEAD.strip(), "```", ""]
    random_ = random.Random(seed)
    number = 0
    while number < count:
        source, signature, calls = function(f"f{number}", random_)
        try:
            compile(source, "invented", "exec")
        except SyntaxError:
            # A walrus may stand where a comprehension has its variables, and is then refused by Python itself.
            continue
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
        number += 1
    return "\n".join(out)


if __name__ == "__main__":
    print(case_file(int(sys.argv[1]), int(sys.argv[2])), end="")
