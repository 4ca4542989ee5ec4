"""`pyrust lsp`, spoken to as an editor does: a process, its standard input and output, and the protocol."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

PYPROJECT = '[project]\nname = "kit"\nversion = "1"\n\n[tool.pyrust]\n'

MODULE = """\
def total(values):
    result = 0.0
    for value in values:
        result += value
    return result


def show(värde):
    "😀", print(värde)
"""

MANIFEST = """\
version = 1

[[hotspot]]
function = "kit:gone"
signatures = ["(int) -> int"]

[[hotspot]]
function = "kit:show"
signatures = ["(int) -> None"]

[[hotspot]]
function = "kit:total"
signatures = ["(list[float]) -> float"]
"""


class Editor:
    def __init__(self, root: Path, *options: str) -> None:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pyrust", "lsp", *options],
            cwd=root,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.said: list[dict[str, Any]] = []
        self._number = 0

    def raw(self, body: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.process.stdin.flush()

    def tell(self, method: str, **params: Any) -> None:
        self.raw(json.dumps({"jsonrpc": "2.0", "method": method, "params": params}).encode())

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        self._number += 1
        self.raw(json.dumps({"jsonrpc": "2.0", "id": self._number, "method": method, "params": params}).encode())
        while True:
            message = self.read()
            if message.get("id") == self._number:
                return message
            self.said.append(message)

    def read(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        header = self.process.stdout.readline()
        assert header.lower().startswith(b"content-length: "), header
        assert self.process.stdout.readline() == b"\r\n"
        found: dict[str, Any] = json.loads(self.process.stdout.read(int(header.split(b":")[1])))
        return found

    def diagnostics(self, uri: str) -> list[dict[str, Any]]:
        """The last that was said of a file."""
        assert self.ask("no/such/question")["error"]["code"] == -32601, "so all that came before is here"
        told = [one["params"] for one in self.said if one.get("method") == "textDocument/publishDiagnostics"]
        found: list[dict[str, Any]] = [one["diagnostics"] for one in told if one["uri"] == uri][-1]
        return found


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "a kit"
    root.mkdir()
    (root / "pyproject.toml").write_text(PYPROJECT)
    (root / "kit.py").write_text(MODULE, encoding="utf-8")
    (root / "pyrust.toml").write_text(MANIFEST)
    return root


@pytest.fixture
def editor(root: Path) -> Iterator[Editor]:
    editor = Editor(root)
    yield editor
    editor.process.kill()
    editor.process.wait()


def start(editor: Editor, root: Path, **capabilities: Any) -> dict[str, Any]:
    answer = editor.ask("initialize", rootUri=root.as_uri(), capabilities=capabilities)
    editor.tell("initialized")
    result: dict[str, Any] = answer["result"]
    return result


def test_a_session(editor: Editor, root: Path) -> None:
    uri, manifest = (root / "kit.py").as_uri(), (root / "pyrust.toml").as_uri()
    result = start(editor, root)
    assert result["capabilities"]["hoverProvider"] is True
    editor.tell("textDocument/didOpen", textDocument={"uri": uri, "languageId": "python", "version": 1, "text": MODULE})
    (found,) = editor.diagnostics(uri)
    assert found["code"] == "PYR0334"
    assert found["source"] == "pyrust"
    assert found["severity"] == 3
    assert "help: " in found["message"]
    # Columns count as the protocol has them: the emoji is two.
    assert found["range"] == {"start": {"line": 8, "character": 10}, "end": {"line": 8, "character": 22}}
    assert {one["code"] for one in editor.diagnostics(manifest)} >= {"PYR0111"}

    hover = editor.ask("textDocument/hover", textDocument={"uri": uri}, position={"line": 1, "character": 4})["result"]
    assert "**native** `kit:total`" in hover["contents"]["value"]
    assert "result: float" in hover["contents"]["value"]
    first = editor.ask("textDocument/hover", textDocument={"uri": uri}, position={"line": 0, "character": 4})["result"]
    assert "returns `float`" in first["contents"]["value"]
    python = editor.ask("textDocument/hover", textDocument={"uri": uri}, position={"line": 8, "character": 9})["result"]
    assert "**python** `kit:show`" in python["contents"]["value"]
    assert "PYR0334" in python["contents"]["value"]
    nothing = editor.ask("textDocument/hover", textDocument={"uri": uri}, position={"line": 5, "character": 0})
    assert nothing["result"] is None

    states = {
        one["function"]: one for one in editor.ask("pyrust/states", textDocument={"uri": uri})["result"]["functions"]
    }
    assert states["kit:total"] == {
        "function": "kit:total",
        "state": "native",
        "reason": None,
        "line": 1,
        "end_line": 5,
        "left": [],
    }

    assert editor.ask("shutdown")["result"] is None
    editor.tell("exit")
    assert editor.process.wait(20) == 0


def test_what_is_mended_is_taken_back(editor: Editor, root: Path) -> None:
    uri, manifest = (root / "kit.py").as_uri(), (root / "pyrust.toml").as_uri()
    start(editor, root, general={"positionEncodings": ["utf-32", "utf-16"]})
    editor.tell("textDocument/didOpen", textDocument={"uri": uri, "text": ""})
    (found,) = editor.diagnostics(uri)
    assert found["range"]["start"] == {"line": 8, "character": 9}, "characters, where the editor can count them"
    (root / "kit.py").write_text(MODULE.replace('    "😀", print(värde)', "    return värde"), encoding="utf-8")
    (root / "pyrust.toml").write_text(MANIFEST.partition("[[hotspot]]")[0])
    editor.tell("textDocument/didSave", textDocument={"uri": uri})
    assert editor.diagnostics(uri) == []
    assert editor.diagnostics(manifest) == []


def test_it_survives_what_is_broken(editor: Editor, root: Path) -> None:
    uri = (root / "kit.py").as_uri()
    start(editor, root)
    editor.raw(b"{not json")
    assert editor.read()["error"]["code"] == -32700
    editor.raw(b"[]")
    (root / "pyproject.toml").write_text(PYPROJECT + "thershold = 1\n")
    editor.tell("textDocument/didOpen", textDocument={"uri": uri, "text": ""})
    assert "thershold" in str(editor.diagnostics(uri) or editor.said)
    assert "error" in editor.ask("textDocument/hover", textDocument={"uri": uri})
    untitled = editor.ask(
        "textDocument/hover", textDocument={"uri": "untitled:1"}, position={"line": 0, "character": 0}
    )
    assert untitled["result"] is None
    (root / "pyproject.toml").write_text(PYPROJECT)
    assert editor.ask("textDocument/hover", textDocument={"uri": uri}, position={"line": 0, "character": 0})["result"]


def test_it_ends_with_its_editor(editor: Editor, root: Path) -> None:
    assert editor.process.stdin is not None
    start(editor, root)
    editor.process.stdin.close()
    assert editor.process.wait(20) == 1
