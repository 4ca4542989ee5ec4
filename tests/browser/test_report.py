"""The page of `pyrust report --html` in a browser: clicked through, by mouse and keyboard, and looked at by axe.

Needs Node, `chromium`, and a folder with `puppeteer-core` and `axe-core`: `make test-all` fetches those into `.venvs/node`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from pyrust import page

ROOT = Path(__file__).resolve().parents[2]
MODULES = Path(os.environ.get("PYRUST_NODE_MODULES") or ROOT / ".venvs" / "node" / "node_modules")
LINES = ["def f(values):", "    total = 0", "    for value in values:", "        print(total)", "    return total"]


def missing() -> str | None:
    chromium = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    if shutil.which("node") is None or not Path(chromium).exists():
        return "needs Node and Chromium"
    if not (MODULES / "axe-core").is_dir() or not (MODULES / "puppeteer-core").is_dir():
        return "needs `npm install --prefix .venvs/node axe-core puppeteer-core`, as `make test-all` does"
    return None


def data() -> tuple[dict[str, Any], list[dict[str, Any]], list[dict[str, Any]]]:
    """A report with everything that one can have."""
    hotspots, explained, speeds = [], [], []
    for number in range(12):
        name = f"kit.part{number % 3}:function{number}"
        state = ("native", "native", "python", "stale")[number % 4]
        reason = "PYR0334 calling `print` is not supported" if state == "python" else None
        common = {"function": name, "state": state, "reason": reason, "signatures": ["(list[int]) -> int"]}
        verify = {"verdict": "equal", "equal": 40, "invented": 300} if number % 3 else None
        bails = {"overflow": 3, "exception": 1} if number == 1 else {}
        more = {"share": 30.0 / (number + 1), "calls": 10 * number, "bailouts": bails, "verify": verify}
        hotspots.append(common | more | {"native_signatures": common["signatures"]})
        note = {
            "path": "kit.py",
            "line": 4,
            "code": "PYR0334",
            "message": "calling `print` is not supported",
            "help": "do not",
        }
        known = [{"line": line, "text": "", "variables": ["total: int"] if line == 2 else []} for line in range(1, 6)]
        one = {"signature": "(list[int]) -> int", "returns": "int", "changes": ["values"], "relies_on": ["`print`"]}
        one |= {"lines": known, "bails": [{"what": "an int leaves 64 bits", "lines": [3]}], "raises": []}
        place = {"path": "kit.py", "line": 1, "end_line": 5, "diagnostics": [note], "left": [note]}
        explained.append(common | place | {"specialisations": [one], "rust": "fn f() {\n    // <&>\n}\n" * 9})
        if state == "native":
            times = {"native_seconds": 1e-6, "python_seconds": 9e-6, "speedup": 9.0, "spread": [8.0, 10.0], "rounds": 9}
            speeds.append({"function": name, **times})
    stacks = {f"kit.part0:main;{entry['function']}": entry["share"] for entry in hotspots}
    profile = {"stacks": stacks, "samples": 900, "cpu_seconds": 4.0}
    return {"hotspots": hotspots, "profile": profile, "build": {}, "verify": None}, explained, speeds


def test_report(tmp_path: Path) -> None:
    if reason := missing():
        pytest.skip(reason)
    report, explained, speeds = data()
    file = tmp_path / "report.html"
    file.write_text(page.whole(report, explained, speeds, {"kit.py": LINES}), encoding="utf-8")
    done = subprocess.run(
        ["node", str(Path(__file__).with_name("report.mjs")), str(file), str(tmp_path)],
        env={**os.environ, "PYRUST_NODE_MODULES": str(MODULES)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(list(tmp_path.glob("report-*.png"))) == 4
