"""Invents programs whose operands say that they are evaluated: each is a call that logs its number; see `operands/`.

    python invent_operands.py SEED COUNT > file.md          a case file, see `casefiles.py`

In: a seed, and the Markdown files of `operands/`. Out: the text of a case file; the same seed gives the same text. What
may not differ from CPython is the log as well: how often each operand is evaluated, and in which order. The blocks of
`operands/*.md`:

    ```kinds          `name: type = value`: what an operand gives, of the int `x` that it has logged
    ```families       `name: kinds`: one of them is chosen for each operand
    ```py             what the programs call, in a module that all of them share
    ```values         templates of one line each; `$name` is an operand of that kind, or of one of that family
    ```statements     templates with an empty line between them, which leave their result in `r`

`$mark` is a line of the log. Templates below a heading that begins with `Known` are those that do not always come out
as in CPython yet.
"""

from __future__ import annotations

import contextlib
import io
import random
import re
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "operands"
KNOWN = "known"
"""The last word of the heading of a program that may differ."""

_HOLE = re.compile(r"\$(\w+)")
#: Who is asked for an operand: a function of the module, a method, or a function inside of the program.
_FORMS = ("call", "call", "call", "method", "local")
#: Where a template stands: alone, in a loop, in a `try`, or where nothing uses its result.
_PLACES = ("alone", "alone", "alone", "loop", "tried", "unused")
#: Small ones, and one that makes ints of more than 64 bits of those that come next.
_GIVEN = ("0", "1", "2", "3", "-2", "2**63 - 3")
#: `$any` is of any kind but this file's: an array has no truth.
_APART = "numpy.md"
_CAUGHT = "(ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)"


@dataclass(frozen=True)
class Template:
    place: str
    """Where it stands: the file's name and the line."""
    lines: tuple[str, ...]
    value: bool
    known: bool


@dataclass
class Parts:
    """What the files of `operands/` say."""

    kinds: dict[str, str] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    families: dict[str, list[str]] = field(default_factory=dict)
    source: list[str] = field(default_factory=list)
    templates: list[Template] = field(default_factory=list)


def read(folder: Path = FOLDER) -> Parts:
    parts = Parts()
    everything: list[str] = []
    for path in sorted(folder.glob("*.md")):
        for kind, known, first, lines in _blocks(path):
            if kind == "kinds":
                for line in lines:
                    name, rest = line.split(": ", 1)
                    parts.types[name], parts.kinds[name] = rest.split(" = ", 1)
                    everything += [] if path.name == _APART else [name]
            elif kind == "families":
                for line in lines:
                    name, kinds = line.split(": ", 1)
                    parts.families.setdefault(name, []).extend(kinds.split())
            elif kind == "py":
                parts.source += [*lines, "", ""]
            elif kind in ("values", "statements"):
                parts.templates += _templates(path.name, kind == "values", known, first, lines)
            else:
                raise ValueError(f"{path.name}:{first - 1}: a block of what?")
    parts.families["any"] = everything
    return parts


def _blocks(path: Path) -> Iterator[tuple[str, bool, int, list[str]]]:
    """The kind of each block, whether its heading says that it is known to differ, its first line, and its lines."""
    known, kind, first, lines = False, "", 0, list[str]()
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("```"):
            if kind:
                yield kind, known, first, lines
            kind, first, lines = "" if kind else line[3:], number + 1, []
        elif kind:
            lines.append(line)
        elif line.startswith("#"):
            known = line.lstrip("# ").startswith("Known")


def _templates(name: str, value: bool, known: bool, first: int, lines: list[str]) -> Iterator[Template]:
    start = 0
    for end in range(len(lines) + 1):
        if value and end < len(lines):
            yield Template(f"{name}:{first + end}", (lines[end],), value, known)
        elif not value and (end == len(lines) or not lines[end]):
            yield Template(f"{name}:{first + start}", tuple(lines[start:end]), value, known)
            start = end + 1


class Writer:
    """Writes one function of a template: chooses its operands, who gives them, and where it stands."""

    def __init__(self, parts: Parts, random_: random.Random) -> None:
        self.parts, self.random = parts, random_
        self.form, self.place = random_.choice(_FORMS), random_.choice(_PLACES)
        self.used: list[str] = []

    def function(self, name: str, template: Template) -> list[str]:
        lines = [_HOLE.sub(self._operand, line) for line in template.lines]
        # A name cannot be declared once it is used.
        declared = [line for line in lines if line.startswith("global ")]
        body = [f"r = {line}" for line in lines] if template.value else [line for line in lines if line not in declared]
        found = [f"def {name}(log, n):", *_indented([*declared, *self._givers(), *self._standing(body)])]
        if template.value and self.place == "alone":
            found[-2:] = [f"    return {lines[0]}"]
        return found

    def _operand(self, hole: re.Match[str]) -> str:
        kind = hole[1]
        if kind == "mark":
            return "log.append(n + 77)"
        kind = self.random.choice(self.parts.families.get(kind, [kind]))
        self.used.append(kind)
        number = f"n + {len(self.used)}"
        return {
            "call": f"a_{kind}(log, {number})",
            "method": f"maker.{kind}({number})",
            "local": f"give_{kind}({number})",
        }[self.form]

    def _givers(self) -> list[str]:
        if self.form == "method":
            return ["maker = Maker(log)"]
        if self.form == "local":
            return [line for kind in dict.fromkeys(self.used) for line in self._giver(kind)]
        return []

    def _giver(self, kind: str) -> list[str]:
        return [f"def give_{kind}(x):", "    log.append(x)", f"    return {self.parts.kinds[kind]}"]

    def _standing(self, body: list[str]) -> list[str]:
        match self.place:
            case "loop":
                turn = _indented([*body, "out.append(r)"])
                return ["out = []", "for n in range(n, n + 3):", *turn, "return out"]
            case "tried":
                caught = [f"except {_CAUGHT} as problem:", "    r = type(problem).__name__, str(problem)"]
                return ["try:", *_indented(body), *caught, "finally:", "    log.append(99)", "return r"]
            case "unused":
                return [*body, "return len(log)"]
            case _:
                return [*body, "return r"]


def _indented(lines: list[str]) -> list[str]:
    return ["    " + line for line in lines]


def module(parts: Parts) -> list[str]:
    """What all programs call: the classes, and one function and one method for each kind of operand."""
    lines = [*parts.source]
    for kind, value in parts.kinds.items():
        lines += [f"def a_{kind}(log, x):", "    log.append(x)", f"    return {value}", "", ""]
    lines += ["class Maker:", "    def __init__(self, log):", "        self.log = log"]
    for kind, value in parts.kinds.items():
        lines += ["", f"    def {kind}(self, x):", "        log = self.log", "        log.append(x)"]
        lines += [f"        return {value}"]
    return lines


def signatures(parts: Parts, module: str) -> list[str]:
    """What the functions and methods that give operands are compiled for, as a profile would say it."""
    classes = re.findall(r"^class (\w+)", "\n".join(parts.source), re.MULTILINE)
    own = re.compile(rf"\b({'|'.join(classes)}|Named)\b")
    lines = []
    for kind, type_ in parts.types.items():
        named = own.sub(rf"semantics.{module}.\1", type_)
        lines += [f"a_{kind}: (list[int], int) -> {named}  # any"]
        lines += [f"Maker.{kind}: (semantics.{module}.Maker, int) -> {named}  # any"]
    return lines


def _execute(lines: list[str], scope: dict[str, object]) -> None:
    exec(compile("\n".join(lines), "<invented>", "exec", dont_inherit=True), scope)


def runs(source: list[str], name: str, scope: dict[str, object]) -> bool:
    """Does CPython get to the end with any of the ints? One that always raises at its first operand shows little.

    What has the address of an object in its text is another text each time: it is as if it never got there."""
    own = dict(scope)
    _execute(source, own)
    ends = False
    for given in _GIVEN:
        log: list[int] = []
        # Some print, and numpy warns.
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                result = own[name](log, eval(given))  # type: ignore[operator]
                ends = True
            except Exception as error:
                result = str(error)
        if says_where(result):
            return False
    return ends


def says_where(value: object) -> bool:
    """Whether a text in it holds an address."""
    if isinstance(value, str):
        return " at 0x" in value
    items = [*value.keys(), *value.values()] if type(value) is dict else value
    return isinstance(items, (list, tuple, set)) and any(map(says_where, list(items)))


def programs(seed: int, count: int, parts: Parts) -> Iterator[tuple[str, Template, list[str]]]:
    """Name, template and source: each template once before one of them comes again."""
    random_ = random.Random(seed)
    scope: dict[str, object] = {"__name__": "operands"}
    _execute(module(parts), scope)
    order: list[Template] = []
    number = 0
    while number < count:
        if not order:
            order = random_.sample(parts.templates, len(parts.templates))
        name, template = f"f{number}", order.pop()
        for _ in range(20):
            source = Writer(parts, random_).function(name, template)
            if runs(source, name, scope):
                yield name, template, source
                number += 1
                break


def case_file(seed: int, count: int) -> str:
    parts = read()
    out = [f"# Operands that say that they are evaluated, seed {seed}", "", "```py", *module(parts), "```", ""]
    given = [*signatures(parts, f"seed_{seed}"), "a_int([], 1)  # any"]
    out += ["## What gives the operands", "", "```calls", *given, "```", ""]
    for name, template, source in programs(seed, count, parts):
        heading = f"## Program {name} of {template.place}" + f", {KNOWN}" * template.known
        calls = [f"{name}([], {given})  # any, rewrites" for given in _GIVEN]
        signature = f"{name}: (list[int], int) -> object  # any"
        out += [heading, "", "```py", *source, "```", "", "```calls", signature, *calls, "```", ""]
    return "\n".join(out)


if __name__ == "__main__":
    print(case_file(int(sys.argv[1]), int(sys.argv[2])), end="")
