"""`pyrust report --html` and `--speedscope`, `pyrust.comment`, and the output formats of `build` and `scan`."""

from __future__ import annotations

import html.parser
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pyrust import comment, flame, page

PYPROJECT = '[project]\nname = "kit"\nversion = "1"\n\n[tool.pyrust]\n'
MODULE = """\
def total(values):
    result = 0.0
    for value in values:
        result += value
    return result


def show(x):
    print("<&>", x)
"""
MANIFEST = """\
version = 1

[[hotspot]]
function = "kit:show"
signatures = ["(int) -> None"]

[[hotspot]]
function = "kit:total"
signatures = ["(list[float]) -> float"]
"""
STACKS = {"kit:main;kit:total": 3.0, "kit:main;kit:show": 1.0, "kit:main": 0.5, "kit:main;kit:main;kit:total": 0.5}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "kit"
    (root / ".pyrust").mkdir(parents=True)
    (root / "pyproject.toml").write_text(PYPROJECT)
    (root / "kit.py").write_text(MODULE)
    (root / "pyrust.toml").write_text(MANIFEST)
    profile = {"version": 1, "functions": [], "samples": 1250, "cpu_seconds": 5.0, "stacks": STACKS}
    (root / ".pyrust" / "profile.json").write_text(json.dumps(profile))
    speed = {"function": "kit:total", "speedup": 8.0, "native_seconds": 1e-6, "python_seconds": 8e-6}
    speed |= {"rounds": 9, "spread": [7.5, 8.5]}
    (root / ".pyrust" / "bench.json").write_text(json.dumps({"hotspots": [speed]}))
    native = {"function": "kit:total", "state": "native", "reason": None, "signatures": ["(list[float]) -> float"]}
    python = {"function": "kit:show", "state": "python", "reason": "PYR0334 calling `print` is not supported"}
    (root / ".pyrust" / "build.json").write_text(json.dumps({"hotspots": [native, python], "message": "1 of 2"}))
    verified = {"function": "kit:total", "verdict": "equal", "equal": 40, "invented": 200, "native_calls": 240}
    verified["bailouts"] = {"<overflow>": 3}
    (root / ".pyrust" / "verify.json").write_text(json.dumps({"hotspots": [verified]}))
    return root


def pyrust(root: Path, *words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-m", "pyrust", *words]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done


class Tags(html.parser.HTMLParser):
    """Every element is closed, ids are unique, links have an end."""

    VOID = ("meta", "input", "br", "td")

    def __init__(self) -> None:
        super().__init__()
        self.stack: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.VOID:
            self.stack.append(tag)
        values = dict(attrs)
        self.ids += [value for name, value in attrs if name == "id" and value]
        self.links += [str(values["href"])] if "href" in values else []

    def handle_endtag(self, tag: str) -> None:
        if tag in self.VOID:
            return
        assert self.stack.pop() == tag, tag


def read(text: str) -> Tags:
    tags = Tags()
    tags.feed(text)
    tags.close()
    assert tags.stack == []
    assert len(tags.ids) == len(set(tags.ids))
    assert all(link[1:] in tags.ids for link in tags.links), tags.links
    return tags


def test_html(root: Path) -> None:
    done = pyrust(root, "report", "--html", "out/report.html")
    assert "out/report.html: 2 hotspots" in done.stderr
    text = (root / "out" / "report.html").read_text(encoding="utf-8")
    read(text)
    for part in (
        "1 of 2 hotspots native",
        "8.00x",
        "8.00 times as fast as Python, rounds from 7.50 to 8.50 (9 rounds)",
        "result: float",
        "fn kit__total",
        "&lt;overflow&gt;",
        "tests, invented",
        "PYR0334 calling <code>print</code> is not supported",
        "print(&quot;&lt;&amp;&gt;&quot;, x)",
        'class="flame"',
        "kit:total: 70.0 %, 3.500 s, native",
        "kit:show: 20.0 %, 1.000 s, Python",
    ):
        assert part in text, part
    assert not re.search(r"""(?:src|href)=["'](?!#)|@import|url[(]""", text), "nothing from elsewhere"


def test_html_of_nothing(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    (tmp_path / "kit.py").write_text(MODULE)
    pyrust(tmp_path, "report", "--html", "report.html")
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    read(text)
    assert "No hotspots yet" in text
    assert "no stacks" in pyrust(tmp_path, "report", "--speedscope", "x.json", code=2).stderr


def test_two_hundred_hotspots_stay_small() -> None:
    """Less than 2 MB, however long the generated Rust is."""
    lines = ["def f(x):", *[f"    x += {number}" for number in range(40)], "    return x"]
    hotspots: list[dict[str, Any]] = []
    explained = []
    for number in range(200):
        name = f"kit.module{number}:function"
        same = {"function": name, "state": "native", "reason": None, "signatures": ["(int) -> int"]}
        rest = {"share": 0.5, "calls": 9, "bailouts": {}, "native_signatures": ["(int) -> int"], "verify": None}
        hotspots.append(same | rest)
        known = [{"line": line, "text": "", "variables": ["x: int"]} for line in range(1, 42)]
        effects = {"bails": [{"what": "an int leaves 64 bits", "lines": list(range(2, 42))}], "raises": []}
        one = {"signature": "(int) -> int", "lines": known, "returns": "int", "changes": [], "relies_on": [], **effects}
        place = {"path": f"{number}.py", "line": 1, "end_line": 42, "diagnostics": [], "left": []}
        explained.append(same | place | {"specialisations": [one], "rust": "    let x: i64 = 0;\n" * 2000})
    stacks = {f"kit:main;kit.module{number}:function": 1.0 for number in range(200)}
    report = {"hotspots": hotspots, "profile": {"stacks": stacks, "samples": 5}, "build": None, "verify": None}
    text = page.whole(report, explained, [], {f"{number}.py": lines for number in range(200)})
    assert 100_000 < len(text.encode()) < 2_000_000
    read(text)
    assert "prints all of it" in text


def test_flame() -> None:
    root = flame.tree(STACKS)
    assert root.seconds == 5.0
    assert root.inside["kit:main"].seconds == 5.0
    assert root.inside["kit:main"].inside["kit:total"].seconds == 3.5, "recursion stands there once"
    deep = flame.svg({";".join(f"m:f{number}" for number in range(60)): 1.0}, {})
    assert deep.count("<g ") == 61
    many = flame.svg({f"m:f{number}": 1.0 for number in range(5000)}, {})
    assert many.count("<g ") <= flame.MOST


def test_speedscope(root: Path) -> None:
    pyrust(root, "report", "--speedscope", "stacks.json")
    data = json.loads((root / "stacks.json").read_text())
    (profile,) = data["profiles"]
    names = [frame["name"] for frame in data["shared"]["frames"]]
    assert profile["endValue"] == sum(profile["weights"]) == 5.0
    assert [[names[index] for index in sample] for sample in profile["samples"]] == [
        s.split(";") for s in sorted(STACKS)
    ]


def test_comment(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "report.json").write_text(pyrust(root, "report", "--json").stdout)
    rows = [{"function": "kit:total", "verdict": "slower", "ratio": 1.5}, {"function": "kit:show", "verdict": "even"}]
    (tmp_path / "speed.json").write_text(json.dumps({"revision": "main", "hotspots": rows}))
    assert comment.main([str(tmp_path / "report.json"), str(tmp_path / "speed.json")]) == 0
    text = capsys.readouterr().out
    assert "### PyRust: 1 of 2 hotspots native" in text
    assert "| `kit:total` | 1.50 | slower |" in text
    assert "| `kit:show` | python | PYR0334" in text
    (tmp_path / "speed.json").write_text("")
    assert comment.main([str(tmp_path / "report.json"), str(tmp_path / "speed.json")]) == 0
    assert "Compared with" not in capsys.readouterr().out
    assert comment.main([str(tmp_path / "nothing.json")]) == 2


def test_scan_in_all_formats(root: Path) -> None:
    assert pyrust(root, "scan", "--output-format", "concise").stdout == (
        "kit.py:9:5: PYR0334 calling `print` is not supported (in `kit:show`)\n"
    )
    assert pyrust(root, "scan", "--output-format", "github").stdout.startswith("::notice file=kit.py,line=9,col=5")
    sarif = json.loads(pyrust(root, "scan", "--output-format", "sarif").stdout)
    assert sarif["runs"][0]["results"][0]["ruleId"] == "PYR0334"
    assert len(json.loads(pyrust(root, "scan", "--output-format", "json").stdout)["functions"]) == 2
    assert "     ^^^^^" in pyrust(root, "scan", "--output-format", "full").stdout
