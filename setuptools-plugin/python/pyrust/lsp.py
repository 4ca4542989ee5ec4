"""`pyrust lsp`: findings and hover for editors, over the language server protocol on standard input and output.

In: the files of a project as they are on disk; what is only in an editor is looked at when it is saved. Out: diagnostics of
the files that are open, and of the manifest; on hover the state of a hotspot and the types that the compiler knows on a line.

It must not: run code of the project, build anything, or print to standard output. The protocol's part that is needed here is
small, so there is no library for it: everybody who installs PyRust would install that, too.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote, unquote, urlsplit
from urllib.request import url2pathname

from pyrust import runinfo

Json = dict[str, Any]

SEVERITY = {"error": 1, "warning": 2, "note": 3}
#: JSON-RPC.
INVALID, UNKNOWN, INTERNAL = -32600, -32601, -32603


def main(argument: str) -> int:
    """Serves until the editor says `exit`, or goes away."""
    return Server(sys.stdin.buffer, sys.stdout.buffer).serve()


def to_path(uri: str) -> Path | None:
    parts = urlsplit(uri)
    return Path(url2pathname(unquote(parts.path))) if parts.scheme == "file" else None


def to_uri(path: Path) -> str:
    return "file://" + quote(path.as_posix() if path.is_absolute() else f"/{path.as_posix()}")


class Server:
    """One editor. `serve` reads messages until the end."""

    def __init__(self, source: BinaryIO, sink: BinaryIO) -> None:
        self._source, self._sink = source, sink
        self._open: set[str] = set()
        self._published: dict[Path, set[str]] = {}
        self._known: dict[Path, tuple[Any, Json]] = {}
        self._start = Path.cwd()
        self._ended = False
        self._characters = False

    # Messages.

    def serve(self) -> int:
        for message in self._messages():
            if message.get("method") == "exit":
                return 0 if self._ended else 1
            self._answer(message)
        return 0 if self._ended else 1

    def _messages(self) -> Iterator[Json]:
        while True:
            length = 0
            while line := self._source.readline().strip():
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length" and value.strip().isdigit():
                    length = int(value)
            if not length:
                return  # the end, or a header that says nothing: what follows cannot be read
            body = self._source.read(length)
            if len(body) < length:
                return
            try:
                message = json.loads(body)
            except ValueError:
                self._send({"id": None, "error": {"code": -32700, "message": "not JSON"}})
                continue
            if isinstance(message, dict):
                yield message

    def _send(self, message: Json) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}, ensure_ascii=False).encode()
        self._sink.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self._sink.flush()

    def _answer(self, message: Json) -> None:
        method, number = message.get("method"), message.get("id")
        if not isinstance(method, str):
            return  # the answer to a request of ours: there are none
        known = {
            "initialize": self._initialize,
            "shutdown": self._shutdown,
            "textDocument/hover": self._hover,
            "textDocument/didOpen": self._opened,
            "textDocument/didSave": self._saved,
            "textDocument/didClose": self._closed,
            "workspace/didChangeWatchedFiles": self._changed,
            "pyrust/states": self._states,
        }
        function = known.get(method)
        if function is None or (self._ended and method != "exit"):
            if number is not None:
                code = INVALID if self._ended else UNKNOWN
                self._send({"id": number, "error": {"code": code, "message": f"`{method}` is not known here"}})
            return
        try:
            params = message.get("params")
            result = function(params if isinstance(params, dict) else {})
        except Exception as error:  # an editor must not lose its server by one file
            if number is not None:
                self._send({"id": number, "error": {"code": INTERNAL, "message": str(error) or type(error).__name__}})
            else:
                text = {"type": 1, "message": f"pyrust: {error}"}
                self._send({"method": "window/logMessage", "params": text})
            return
        if number is not None:
            self._send({"id": number, "result": result})

    # Beginning and end.

    def _initialize(self, params: Json) -> Json:
        from pyrust import _engine

        folders = params.get("workspaceFolders") or []
        uri = folders[0]["uri"] if folders else params.get("rootUri")
        if uri and (path := to_path(uri)) is not None:
            self._start = path
        encodings = params.get("capabilities", {}).get("general", {}).get("positionEncodings") or []
        self._characters = "utf-32" in encodings
        return {
            "capabilities": {
                "positionEncoding": "utf-32" if self._characters else "utf-16",
                "textDocumentSync": {"openClose": True, "change": 0, "save": {"includeText": False}},
                "hoverProvider": True,
            },
            "serverInfo": {"name": "pyrust", "version": _engine.version},
        }

    def _shutdown(self, params: Json) -> None:
        self._ended = True

    # Files.

    def _opened(self, params: Json) -> None:
        self._open.add(params["textDocument"]["uri"])
        self._publish(params["textDocument"]["uri"])

    def _saved(self, params: Json) -> None:
        self._publish(params["textDocument"]["uri"])

    def _closed(self, params: Json) -> None:
        uri = params["textDocument"]["uri"]
        self._open.discard(uri)
        self._send({"method": "textDocument/publishDiagnostics", "params": {"uri": uri, "diagnostics": []}})

    def _changed(self, params: Json) -> None:
        for uri in sorted(self._open):
            self._publish(uri)

    def _root(self, uri: str) -> Path | None:
        path = to_path(uri)
        return None if path is None else runinfo.find_root(path.parent)

    def _facts(self, root: Path) -> Json:
        """What check and compiler say of the project; asked again when a file has changed."""
        from pyrust import _engine

        found = _engine.check(str(root))
        facts: Json = {"check": found["diagnostics"], "functions": [], "modules": {}}
        if found["exit_code"] == 2:
            return facts
        project = _engine.load_project(str(root))
        facts["modules"] = project["modules"]
        files = [
            root / project["manifest"],
            root / "pyproject.toml",
            *(root / path for path in project["modules"].values()),
        ]
        stamp = [(str(file), file.stat().st_mtime_ns if file.exists() else 0) for file in files]
        if root not in self._known or self._known[root][0] != stamp:
            self._known[root] = (stamp, _engine.explain(str(root)))
        facts["functions"] = self._known[root][1]["functions"]
        return facts

    def _publish(self, uri: str) -> None:
        """All findings of the project that a file belongs to."""
        root = self._root(uri)
        if root is None:
            return
        found: dict[str, list[Json]] = {}
        try:
            facts = self._facts(root)
        except ValueError as error:
            first = str(error).splitlines()[0] if str(error) else "the project cannot be read"
            place = {"line": 0, "character": 0}
            found[uri] = [
                {"range": {"start": place, "end": place}, "severity": 1, "source": "pyrust", "message": first}
            ]
            facts = {"check": [], "functions": []}
        every = list(facts["check"])
        for function in facts["functions"]:
            every += function["left"] if function["state"] == "native" else function["diagnostics"]
        texts: dict[str, list[str]] = {}
        for each in every:
            path = each["path"] or "pyproject.toml"
            if path not in texts:
                try:
                    texts[path] = (root / path).read_text(encoding="utf-8-sig", errors="replace").split("\n")
                except OSError:
                    texts[path] = []
            entry = self._diagnostic(each, texts[path])
            listed = found.setdefault(to_uri(root / path), [])
            if entry not in listed:
                listed.append(entry)
        # What was said before and is no longer so is taken back.
        for gone in self._published.get(root, set()) - set(found):
            found[gone] = []
        found.setdefault(uri, [])
        self._published[root] = {each for each, listed in found.items() if listed}
        for each, listed in sorted(found.items()):
            self._send({"method": "textDocument/publishDiagnostics", "params": {"uri": each, "diagnostics": listed}})

    def _diagnostic(self, found: Json, text: list[str]) -> Json:
        line, column = found["line"] or 1, found["column"] or 1
        end_line, end_column = found["end_line"] or line, found["end_column"] or column
        message = found["message"] + (f"\nhelp: {found['help']}" if found["help"] else "")
        return {
            "range": {"start": self._position(text, line, column), "end": self._position(text, end_line, end_column)},
            "severity": SEVERITY.get(found["severity"], 3),
            "code": found["code"],
            "source": "pyrust",
            "message": message,
        }

    def _position(self, text: list[str], line: int, column: int) -> Json:
        """Lines and columns of the engine begin at one, and count characters."""
        before = text[line - 1][: column - 1] if line <= len(text) else ""
        count = len(before) if self._characters else len(before.encode("utf-16-le")) // 2
        return {"line": line - 1, "character": count}

    # Questions.

    def _hover(self, params: Json) -> Json | None:
        uri, line = params["textDocument"]["uri"], params["position"]["line"] + 1
        root = self._root(uri)
        path = to_path(uri)
        if root is None or path is None:
            return None
        for function in self._facts(root)["functions"]:
            here = function.get("path") and os.path.realpath(root / function["path"]) == os.path.realpath(path)
            if here and function["line"] <= line <= function["end_line"]:
                return {"contents": {"kind": "markdown", "value": hover(function, line)}}
        return None

    def _states(self, params: Json) -> Json:
        """For marks beside the lines: of each hotspot of a file its lines, its state, and the lines that run as Python."""
        uri = params["textDocument"]["uri"]
        root, path = self._root(uri), to_path(uri)
        functions = []
        if root is not None and path is not None:
            for function in self._facts(root)["functions"]:
                if function.get("path") and os.path.realpath(root / function["path"]) == os.path.realpath(path):
                    left = sorted({each["line"] for each in function["left"] if each["line"]})
                    keys = ("function", "state", "reason", "line", "end_line")
                    functions.append({**{key: function[key] for key in keys}, "left": left})
        return {"functions": functions}


def hover(function: Json, line: int) -> str:
    """What is known on a line of a hotspot, as Markdown."""
    parts = [f"**{function['state']}** `{function['function']}`"]
    if function["reason"]:
        parts.append(function["reason"])
    for one in function["specialisations"]:
        known: list[str] = next((each["variables"] for each in one["lines"] if each["line"] == line), [])
        said = [f"- `{each}`" for each in known]
        for word, key in (("runs as Python when", "bails"), ("may raise", "raises")):
            said += [f"- {word}: {event['what']}" for event in one[key] if line in event["lines"]]
        if line == function["line"]:
            said.append(f"- returns `{one['returns']}`")
            changed = ", ".join(f"`{each}`" for each in one["changes"])
            said.append(f"- changes {changed}" if changed else "- changes nothing of its caller's")
        if said:
            parts.append(f"`{one['signature']}`\n\n" + "\n".join(said))
    places = function["left"] if function["state"] == "native" else function["diagnostics"]
    for found in places:
        if found["line"] == line:
            help_ = f"\n\nhelp: {found['help']}" if found["help"] else ""
            parts.append(f"{found['code']} {found['message']}{help_}")
    return "\n\n".join(parts)
