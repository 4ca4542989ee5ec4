"""Invents programs that compute with ints around 64 bits: hashes, generators of random numbers, masks; see `invent.py`.

    python invent_bits.py SEED COUNT > file.md

Globals that are ints for good, functions of two that are called everywhere, loops that multiply, shift and mask, and values
that grow until a mask takes them back: what decides between words, 128 bits and ints of any size.
"""

from __future__ import annotations

import random
import sys

_HEAD = """
M64 = (1 << 64) - 1
M63 = 2**63 - 1
M32 = 0xFFFFFFFF
MOD = 10**9 + 7
P61 = 2**61 - 1


def rotated(x, k):
    return ((x << k) | (x >> (64 - k))) & M64


def mixed(x, y):
    x ^= y >> 33
    x = (x * 0xFF51AFD7ED558CCD) & M64
    return x ^ (x >> 29)
"""

_CONSTANTS = [
    "0",
    "1",
    "2",
    "3",
    "7",
    "63",
    "255",
    "M64",
    "M63",
    "M32",
    "MOD",
    "P61",
    "0x9E3779B97F4A7C15",
    "2**63",
    "-1",
]
_MASKS = ["M64", "M64", "M63", "M32", "0xFFFFFFFFFFFFFFFF", "0xFF", "0x7FFFFFFFFFFFFFFF"]
_MODULI = ["2**64", "2**32", "MOD", "P61", "10", "2**64 - 59"]
_COMPARISONS = ["<", ">", "==", "!=", "<=", ">="]
_OPERATORS = ["+", "-", "*", "&", "|", "^", "&", "^", "//", "%", "<<", ">>"]
_FORMS = ["mask", "mask", "modulus", "invert", "negate", "choose", "rotate", "mix"]
_SHOWN = [
    "{0}",
    "{0} & 0xFF",
    "{0} % 1000",
    "bool({0})",
    "{0}.bit_length()",
    "float({0} & M64)",
    "({0} & M64) / 3",
    "str({0} & M64)",
    "({0}, {0} & 1)",
    "hash({0})",
]
_VALUES = [
    0,
    1,
    -1,
    2,
    63,
    255,
    2**31,
    2**32 - 1,
    2**62,
    2**63 - 1,
    2**63,
    2**64 - 1,
    2**64,
    -(2**63),
    -(2**63) - 1,
    2**100,
]
_VARIABLES = ["a", "b", "c", "d"]


class _Writer:
    def __init__(self, random_: random.Random) -> None:
        self.random = random_
        self.lines: list[str] = []

    def value(self, depth: int) -> str:
        pick = self.random.choice
        if depth <= 0 or self.random.random() < 0.25:
            return pick(_VARIABLES) if self.random.random() < 0.65 else pick(_CONSTANTS)
        form = pick(_OPERATORS + _FORMS)
        first = self.value(depth - 1)
        count = pick(["1", "5", "13", "31", "33", "63", f"({pick(_VARIABLES)} & 63)", f"({pick(_VARIABLES)} & 31)"])
        match form:
            case "mask":
                return f"(({first}) & {pick(_MASKS)})"
            case "modulus":
                return f"(({first}) % {pick(_MODULI)})"
            case "invert":
                return f"(~({first}))"
            case "negate":
                return f"(-({first}))"
            case "<<" | ">>":
                return f"(({first}) {form} {count})"
            case "rotate":
                return f"rotated({first}, {count})"
            case "mix":
                return f"mixed({first}, {self.value(depth - 2)})"
            case "choose":
                test = f"{pick(_VARIABLES)} {pick(_COMPARISONS)} {pick(_VARIABLES + _CONSTANTS)}"
                return f"(({first}) if {test} else ({self.value(depth - 1)}))"
            case _:
                return f"(({first}) {form} ({self.value(depth - 1)}))"

    def block(self, indent: str, depth: int) -> None:
        for _ in range(self.random.randint(2, 4)):
            self.statement(indent, depth)

    def statement(self, indent: str, depth: int) -> None:
        pick, one = self.random.choice, self.random.choice(_VARIABLES)
        kind = self.random.random()
        if kind < 0.35:
            self.lines.append(f"{indent}{one} = {self.value(3)}")
        elif kind < 0.5:
            self.lines.append(f"{indent}{one} {pick(['+', '-', '*', '&', '|', '^'])}= {self.value(2)}")
        elif kind < 0.6:
            self.lines.append(f"{indent}{one} &= {pick(_MASKS)}")
        elif kind < 0.7:
            self.lines.append(f"{indent}{one}, {pick(_VARIABLES)} = {self.value(2)}, {self.value(2)}")
        elif kind < 0.8 and depth:
            self.lines.append(f"{indent}if {pick(_VARIABLES)} {pick(_COMPARISONS)} {self.value(1)}:")
            self.block(indent + "    ", depth - 1)
        elif kind < 0.9 and depth:
            self.lines.append(f"{indent}for _ in range({pick(['3', 'n', '4'])}):")
            self.block(indent + "    ", depth - 1)
            # What doubles in each turn would soon take longer than anything else.
            self.lines += [
                f"{indent}    if not -(2**200) < {v} < 2**200:\n{indent}        {v} &= M64" for v in _VARIABLES
            ]
        else:
            self.lines.append(f"{indent}out.append({pick(_SHOWN).format(one)})")


def _function(name: str, random_: random.Random) -> list[str]:
    writer = _Writer(random_)
    writer.block("    ", 2)
    first = random_.choice(["a & M64", "1", "b", "a ^ b", "(a * b) & M64"])
    second = random_.choice(["b & M64", "0", "5", "M64", "a"])
    types = random_.choice(["int, int, int", "bigint, bigint, int", "bigint, int, int"])
    source = [f"def {name}(a, b, n):", f"    c = {first}", f"    d = {second}", "    out = []", *writer.lines]
    calls = []
    for _ in range(12):
        one, other = (
            random_.choice(_VALUES) if random_.random() < 0.5 else random_.randrange(-(2**20), 2**64) for _ in range(2)
        )
        calls.append(f"{name}({one}, {other}, {random_.randrange(4)})  # any")
    head = ["    return out, a, b, c, d", "```", "", "```calls", f"{name}: ({types}) -> object  # any"]
    return ["```py", *source, *head, *dict.fromkeys(calls), "```", ""]


def case_file(seed: int, count: int) -> str:
    random_ = random.Random(seed)
    out = [f"# Invented programs with ints around 64 bits, seed {seed}", "", "```py", _HEAD.strip(), "```", ""]
    for number in range(count):
        out += [f"## Program {number}", "", *_function(f"f{number}", random_)]
    return "\n".join(out)


if __name__ == "__main__":
    print(case_file(int(sys.argv[1]), int(sys.argv[2])), end="")
