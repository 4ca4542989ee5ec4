"""`make stats`: what the project consists of, counted."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path

from machine import ROOT, say

AREAS = {
    "compiler": "pyrust-build",
    "macros": "pyrust-macros",
    "core": "pyrust-core",
    "runtime": "pyrust-runtime",
    "pyrust-optimizer": "setuptools-plugin",
    "pytest-pyrust": "pytest-pyrust",
    "examples": "examples",
    "tests": "tests",
    "benches": "benches",
}
SUFFIXES = (".rs", ".py", ".c")
SKIPPED = {"target", "build", "dist", "work", "_crates", "__pycache__", ".pyrust"}


def sources(folder: Path) -> Iterable[Path]:
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(ROOT)
        if path.suffix in SUFFIXES and path.is_file() and not SKIPPED.intersection(relative.parts):
            yield path


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def show() -> None:
    say(f"{'lines':<20}" + "".join(f"{suffix:>9}" for suffix in SUFFIXES))
    for area, folder in AREAS.items():
        counts = dict.fromkeys(SUFFIXES, 0)
        for path in sources(ROOT / folder):
            counts[path.suffix] += text(path).count("\n")
        say(f"{area:<20}" + "".join(f"{counts[suffix]:>9}" for suffix in SUFFIXES))
    rust = "".join(text(path) for path in sources(ROOT) if path.suffix == ".rs")
    python = "".join(text(path) for path in sources(ROOT) if path.suffix == ".py")
    rows = re.findall(r"^\s*Row\(\"", text(ROOT / "pyrust-build/src/ops/table.rs"), re.MULTILINE)
    say(f"\noperations           {len(rows):>8}")
    say(f"Rust test functions  {len(re.findall(r'#.test.', rust)):>8}")
    say(f"Python test functions{len(re.findall(r'^ *def test_', python, re.MULTILINE)):>8}")
    hotspots = sum(text(path).count("[[hotspot]]") for path in (ROOT / "examples").glob("*/pyrust.toml"))
    say(f"hotspots in examples {hotspots:>8}")
    last = ROOT / "benches/kernels/.pyrust/paired.json"
    if last.is_file():
        say("\nlast paired comparison (`make bench`), times faster than Python:")
        for name, ratio in json.loads(text(last)).items():
            say(f"{name:<20}{ratio:>9.1f}")
