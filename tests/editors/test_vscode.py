"""The extension for Visual Studio Code: what it reads is what the command really says; it packages, and its types fit.

The first needs Node, the others also `npm install` in a copy of the extension: `make test-all` allows that (`PYRUST_TEST_NPM=1`).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXTENSION = ROOT / "editors" / "vscode"
KIT = ROOT / "tests" / "projects" / "kit"

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="needs Node")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = shutil.copytree(KIT, tmp_path / "kit")
    # The server says of each hotspot what the last build said.
    entries = [{"function": f"kit:{name}", "state": state} for name, state in (("show", "python"), ("total", "native"))]
    (root / ".pyrust").mkdir()
    (root / ".pyrust" / "build.json").write_text(json.dumps({"hotspots": entries}))
    return root


def pyrust(project: Path, *words: str, given: bytes = b"") -> bytes:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    environment["PYRUST_CACHE_DIR"] = str(project.parent / "cache")
    command = [sys.executable, "-m", "pyrust", *words]
    return subprocess.run(command, cwd=project, env=environment, input=given, capture_output=True, check=False).stdout


def asked(project: Path) -> Any:
    """What the server answers to the extension's own request."""
    document = {"textDocument": {"uri": (project / "kit.py").as_uri()}}
    messages: list[dict[str, Any]] = [
        {"id": 1, "method": "initialize", "params": {"rootUri": project.as_uri(), "capabilities": {}}},
        {"id": 2, "method": "pyrust/states", "params": document},
        {"id": 3, "method": "shutdown"},
        {"method": "exit"},
    ]
    bodies = [json.dumps({"jsonrpc": "2.0", **message}).encode() for message in messages]
    said = pyrust(
        project, "lsp", given=b"".join(b"Content-Length: %d\r\n\r\n%s" % (len(body), body) for body in bodies)
    )
    answers = [json.loads(part) for part in split(said)]
    return next(answer["result"] for answer in answers if answer.get("id") == 2)


def split(said: bytes) -> list[bytes]:
    parts = []
    while said:
        head, _, rest = said.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split()[0])
        parts.append(rest[:length])
        said = rest[length:]
    return parts


def node(*words: str, **variables: str) -> None:
    done = subprocess.run(
        ["node", *words], cwd=EXTENSION, env={**os.environ, **variables}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_matcher_and_marks_on_real_output(project: Path, tmp_path: Path) -> None:
    concise = pyrust(project, "scan", "--output-format", "concise").decode()
    assert "kit.py:11:5: PYR0334" in concise
    wanted = {"native": [0, 1, 2, 3, 4, 6], "left": [5], "python": [9, 10], "stale": []}
    real = {"concise": concise, "path": "kit.py", "states": asked(project), "wanted": wanted}
    (tmp_path / "real.json").write_text(json.dumps(real))
    node("--test", "real.test.js", PYRUST_REAL=str(tmp_path / "real.json"))


def test_its_own_tests() -> None:
    node("--test", "marks.test.js")
    for file in EXTENSION.glob("*.js"):
        node("--check", str(file))


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not os.environ.get("PYRUST_TEST_NPM"):
        pytest.skip("needs PYRUST_TEST_NPM=1, which fetches packages")
    folder = tmp_path_factory.mktemp("extension") / "vscode"
    shutil.copytree(EXTENSION, folder, ignore=shutil.ignore_patterns("node_modules", "*.vsix"))
    npm(folder, "npm", "install", "--no-audit", "--no-fund")
    return folder


def npm(folder: Path, *words: str) -> None:
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_packages(copy: Path) -> None:
    npm(copy, "npx", "vsce", "package")
    [package] = copy.glob("*.vsix")
    with zipfile.ZipFile(package) as archive:
        names = archive.namelist()
    for file in ("extension.js", "marks.js", "package.json", "images/native.svg"):
        assert f"extension/{file}" in names
    assert any(name.startswith("extension/node_modules/vscode-languageclient/") for name in names)
    assert not [name for name in names if name.endswith(".test.js") and "node_modules" not in name]


def test_its_types_fit(copy: Path) -> None:
    """The editor's own types, of the oldest version that the extension names."""
    wanted = json.loads((copy / "package.json").read_text())["engines"]["vscode"].lstrip("^").rpartition(".")[0]
    tools = ["typescript@5", f"@types/vscode@{wanted}", "@types/node@20"]
    npm(copy, "npm", "install", "--no-save", "--no-audit", "--no-fund", *tools)
    options = ["--noEmit", "--allowJs", "--checkJs", "--strict", "false", "--skipLibCheck", "--target", "es2022"]
    npm(copy, "npx", "tsc", *options, "--module", "node16", "--moduleResolution", "node16", "extension.js", "marks.js")
