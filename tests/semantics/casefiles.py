"""Case files: programs with inputs, written as Markdown. Standard library only.

    # Division of ints                 the file's title
    Prose, which says why.
    ## Floors, does not truncate       a case
    ```py
    def div(a, b):
        return a // b
    ```
    ```calls
    div: (int, int) -> int             a signature to compile for; several per function are several specialisations
    div(-7, 2)                         must commit natively, and do as CPython does
    div(2**70, 2)  # bails             must run as Python: the bail is counted
    div(1, True)  # bails type         … for a reason that starts with this word
    f(a, a) where a = [0]              names that several arguments share
    >>> div = other                    a statement, run in the module's namespace, for what follows
    small: (int) -> object  # required     compiled with `mode = "require"`
    odd: (int) -> int  # python        the compiler must refuse it (its calls then need no mark)
    rare: (int) -> int  # any          it may refuse it, or not
    some: (int) -> int  # loops        only loops of it are native
    some(3)  # loops 2                 so many runs of them commit
    ```

All cases of a file share one module, so their functions have different names. A line that starts with white space
continues the one before. Marks: `bails [REASON]`, `python`, `any` (either is right: it depends on the version),
`rewrites` (unwritten elements may be new objects), `moves` (they may, where nothing is optimised), `no-force` (too slow to be repeated in forced-bail mode),
`same` (what is returned is the very argument), `driven NAME` (the generator that is returned is given to that function), `finalisers` (the runner must not keep the arguments' contents alive: identities are not compared),
`resumes [N]` (after a bailout Python, or behind that native code, goes on in the middle of a loop, so many times at least),
`threads` (several threads do the turns of a loop, where the machine has as many processors), `threads 0` (one does, though they take long).
"""

from __future__ import annotations

import ast
import dataclasses
import re
from pathlib import Path

CASES = Path(__file__).resolve().parent.parent / "cases"

#: Whether the run asked for the slice of the tests (`-m slice`).
SLICE = False
#: Depend most on how an interpreter works inside: in the slice of every version.
IN_EVERY_SLICE = ("traps/", "replay/")

_SIGNATURE = re.compile(r"([^\W\d][\w.]*): (\(.*\) -> .+)")
_WORDS = {
    "bails",
    "python",
    "any",
    "rewrites",
    "moves",
    "no-force",
    "finalisers",
    "same",
    "driven",
    "required",
    "loops",
    "resumes",
    "threads",
}


class Malformed(ValueError):
    """A case file that does not follow the rules above."""


@dataclasses.dataclass(frozen=True)
class Step:
    """A call, or a statement between calls."""

    line: int
    text: str
    statement: bool = False
    function: str = ""
    setup: str = ""
    marks: dict[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Case:
    heading: str
    line: int
    signatures: dict[str, list[str]]
    refused: frozenset[str]
    """Functions that the compiler must not compile."""
    optional: frozenset[str]
    """Functions that it may or may not compile."""
    required: frozenset[str]
    """Functions that are compiled whether that pays or not."""
    loops: frozenset[str]
    """Functions of which only loops are native."""
    steps: list[Step]


@dataclasses.dataclass(frozen=True)
class CaseFile:
    path: Path
    name: str
    module: str
    source: str
    """Python source whose line numbers are those of the case file."""
    cases: list[Case]


def load(folder: Path = CASES) -> list[CaseFile]:
    """Every case file below the folder, sorted by path."""
    return [parse(path, folder) for path in sorted(folder.rglob("*.md"))]


def chosen(files: list[CaseFile], wanted: str, minor: int) -> list[CaseFile]:
    """The files whose name contains `wanted`, or one of several with commas between them.

    Of a slice a third, another one for each minor version of Python.
    """
    return [
        file
        for place, file in enumerate(files)
        if any(part in file.name for part in wanted.split(","))
        and (not SLICE or place % 3 == minor % 3 or file.name.startswith(IN_EVERY_SLICE))
    ]


def parse(path: Path, folder: Path = CASES) -> CaseFile:
    lines = path.read_text(encoding="utf-8").splitlines()
    source: list[str] = []
    cases: list[Case] = []
    heading, heading_line, fence = "", 0, ""
    block: list[tuple[int, str]] = []
    for number, line in enumerate(lines, 1):
        kept = ""
        if line.startswith("```"):
            if fence == "calls":
                cases.append(_case(path, heading, heading_line, block))
            elif not fence and line[3:] not in ("py", "calls"):
                raise Malformed(f"{path.name}:{number}: a block is `py` or `calls`")
            fence, block = ("", []) if fence else (line[3:], [])
        elif fence == "py":
            kept = line
        elif fence == "calls":
            block.append((number, line))
        elif line.startswith("#"):
            heading, heading_line = line.lstrip("# "), number
        source.append(kept)
    if fence:
        raise Malformed(f"{path.name}: a block is not closed")
    text = "\n".join(source).rstrip() + "\n"
    _check(path, text, cases)
    name = path.relative_to(folder).with_suffix("")
    return CaseFile(path, name.as_posix(), "_".join(name.parts).replace("-", "_"), text, cases)


def _case(path: Path, heading: str, heading_line: int, block: list[tuple[int, str]]) -> Case:
    signatures: dict[str, list[str]] = {}
    refused: set[str] = set()
    optional: set[str] = set()
    required: set[str] = set()
    loops: set[str] = set()
    steps: list[Step] = []
    joined: list[tuple[int, str]] = []
    for number, line in block:
        if line[:1].isspace() and joined:
            joined[-1] = (joined[-1][0], f"{joined[-1][1]} {line.strip()}")
        elif line.strip():
            joined.append((number, line.strip()))
    for number, line in joined:
        place = f"{path.name}:{number}"
        if line.startswith(">>> "):
            steps.append(Step(number, line[4:], statement=True))
            continue
        code, marks = _marks(place, line)
        if found := _SIGNATURE.fullmatch(code):
            signatures.setdefault(found[1], []).append(found[2])
            if "python" in marks:
                refused.add(found[1])
            if "any" in marks:
                optional.add(found[1])
            if "required" in marks:
                required.add(found[1])
            if "loops" in marks:
                loops.add(found[1])
            continue
        call, _, setup = code.partition(" where ")
        try:
            tree = ast.parse(call, mode="eval").body
            ast.parse(setup)
        except SyntaxError as error:
            raise Malformed(f"{place}: {error}") from None
        if not isinstance(tree, ast.Call):
            raise Malformed(f"{place}: not a call")
        steps.append(Step(number, call, False, ast.unparse(tree.func), setup, marks))
    if not any(not step.statement for step in steps) and not refused:
        raise Malformed(f"{path.name}:{heading_line}: a case without calls")
    words = (refused, optional, required, loops)
    return Case(heading, heading_line, signatures, *map(frozenset, words), steps)


def _marks(place: str, line: str) -> tuple[str, dict[str, str]]:
    code, hash_sign, comment = line.rpartition("  # ")
    if not hash_sign:
        return line, {}
    marks: dict[str, str] = {}
    for mark in comment.split(", "):
        word, _, rest = mark.partition(" ")
        if word not in _WORDS:
            raise Malformed(f"{place}: unknown mark `{mark}`")
        marks[word] = rest
    return code.rstrip(), marks


def _check(path: Path, source: str, cases: list[Case]) -> None:
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        raise Malformed(f"{path.name}: {error}") from None
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    names = [node.name for node in functions if not any("overload" in ast.dump(d) for d in node.decorator_list)]
    if twice := {name for name in names if names.count(name) > 1}:
        raise Malformed(f"{path.name}: defined twice: {', '.join(sorted(twice))}")
    headings = [case.heading for case in cases]
    if twice := {heading for heading in headings if headings.count(heading) > 1}:
        raise Malformed(f"{path.name}: two cases are called {', '.join(sorted(twice))}")
    signed = {name for case in cases for name in case.signatures}
    if unknown := {name for name in signed if "." not in name} - set(names):
        raise Malformed(f"{path.name}: no function {', '.join(sorted(unknown))}")
    for case in cases:
        for step in case.steps:
            if step.function and step.function not in signed:
                raise Malformed(f"{path.name}:{step.line}: {step.function} has no signature")
