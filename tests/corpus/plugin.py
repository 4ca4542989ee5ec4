"""A pytest plugin for the runs of the corpus: module names that mean our copies, and what became of each test.

Settings come as JSON in the environment variable CORPUS_RUN: `report` (the file to write), `package` (whose `_pyrust`
tells its status), `aliases` (the name under which tests import a module → our copy of it), `blocked` (C accelerators).
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

_SETTINGS: dict[str, Any] = json.loads(os.environ.get("CORPUS_RUN", "{}"))
_OUTCOMES: dict[str, str] = {}
_SEVERITY = ("passed", "skipped", "failed")


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    aliases = _SETTINGS.get("aliases", {})
    for name in _SETTINGS.get("blocked", ()):
        sys.modules[name] = None  # type: ignore[assignment]
    copies = {name: importlib.import_module(copy) for name, copy in aliases.items()}
    for name in _SETTINGS.get("blocked", ()):
        del sys.modules[name]
    for name, module in copies.items():
        sys.modules[name] = module
        parent, _, child = name.rpartition(".")
        if parent:
            setattr(importlib.import_module(parent), child, module)
    if aliases:
        _keep_copies(copies)


def _keep_copies(copies: dict[str, Any]) -> None:
    """CPython's tests import a module afresh, with and without its accelerator: both are our copy here."""
    try:
        import_helper: Any = importlib.import_module("test.support.import_helper")
    except ImportError:
        return
    original = import_helper.import_fresh_module

    def fresh(name: str, *arguments: Any, **options: Any) -> Any:
        return copies[name] if name in copies else original(name, *arguments, **options)

    import_helper.import_fresh_module = fresh


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    before = _OUTCOMES.get(report.nodeid, "passed").partition(" ")[0]
    if _SEVERITY.index(report.outcome) >= _SEVERITY.index(before):
        values = "".join(f" {value}" for name, value in report.user_properties if name == "value")
        _OUTCOMES[report.nodeid] = report.outcome + values


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if "report" not in _SETTINGS:
        return
    status: list[dict[str, Any]] = []
    for name in _SETTINGS["extensions"]:
        if extension := sys.modules.get(name):
            status += extension.status()
    Path(_SETTINGS["report"]).write_text(json.dumps({"outcomes": _OUTCOMES, "status": status}), encoding="utf-8")
