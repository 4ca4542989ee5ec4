"""Pages of Markdown as things that can be run: fenced blocks, and the remarks before them that say what is done with each.

A remark is an HTML comment on the line before a fence:

- `<!-- file: PATH -->`       the block is this file of the page's project
- `<!-- not run: REASON -->`  the block is only looked at
- `<!-- project: kit -->`     from here on, commands run in a copy of the project that `docs/start.md` makes
- `<!-- exit: N -->`          the last command ends with this code
- `<!-- output -->`           what the block shows below a command is what it prints, in this order; numbers may differ, `…` is anything
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REMARK = re.compile(r"\s*<!-- ([a-z ]+?)(?:: (.*?))? -->\s*$")
FENCE = re.compile(r"(\s*)```(\w*)\s*$")


@dataclass
class Block:
    """One fenced block."""

    page: str
    line: int
    language: str
    text: str
    remarks: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"

    def commands(self) -> Iterator[tuple[str, list[str]]]:
        """Each command of a session, with what is shown below it."""
        shown: list[str] = []
        command = None
        for line in self.text.splitlines():
            if line.startswith("$ "):
                if command is not None:
                    yield command, shown
                command, shown = re.sub(r"\s{2,}#.*", "", line[2:]), []
            else:
                shown.append(line)
        if command is not None:
            yield command, shown


def pages() -> list[Path]:
    """Every page that users read."""
    own = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "ARCHITECTURE.md")]
    return [*own, *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(path: Path) -> list[Block]:
    """The blocks of a page, in order."""
    found: list[Block] = []
    remarks: dict[str, str] = {}
    fence: str | None = None
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if fence is not None:
            if line == f"{fence}```":
                fence = None
            else:
                found[-1].text += line.removeprefix(fence) + "\n"
        elif match := FENCE.match(line):
            fence = match[1]
            page = path.relative_to(ROOT).as_posix()
            found.append(Block(page, number, match[2], "", remarks))
            remarks = {}
        elif match := REMARK.match(line):
            remarks[match[1]] = match[2] or ""
        elif line.strip():
            remarks = {}
    assert fence is None, f"{path}: a block has no end"
    return found


def links(path: Path) -> Iterator[tuple[int, str]]:
    """What a page refers to, outside of blocks and code."""
    inside = False
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if FENCE.match(line):
            inside = not inside
        if not inside:
            plain = re.sub(r"`[^`]*`", "", line)
            for match in re.finditer(r"\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"", plain):
                yield number, match[1] or match[2]


def anchors(path: Path) -> set[str]:
    """The places in a page that a link can name."""
    found = set()
    for line in path.read_text(encoding="utf-8").splitlines():
        found |= set(re.findall(r'id="([^"]+)"', line))
        if match := re.match(r"#+ (.*)", line):
            title = re.sub(r"<[^>]+>|[`*]", "", match[1]).strip().lower()
            found.add(re.sub(r"[^\w\- ]", "", title).strip().replace(" ", "-"))
    return found
