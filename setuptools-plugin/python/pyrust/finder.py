"""Notices when an extension of the project is imported, and says so once it has been executed; and when one is missing that is required.

In: the names of extensions, and whom to tell. It must not change what is imported, or from where.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any


class Finder(importlib.abc.MetaPathFinder):
    """In front of all others: lets them find the extension, and wraps its loader."""

    def __init__(self, adopt: Callable[[ModuleType], None], names: set[str]) -> None:
        self._adopt = adopt
        self._names = names

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname not in self._names:
            return None
        for finder in sys.meta_path:
            if finder is self:
                continue
            spec = finder.find_spec(fullname, path, target)
            if spec is not None and spec.loader is not None:
                spec.loader = _Loader(spec.loader, self._adopt)
                return spec
        return None


class _Loader(importlib.abc.Loader):
    """The extension's own loader, with a word to us at the end."""

    def __init__(self, loader: Any, adopt: Callable[[ModuleType], None]) -> None:
        self._loader = loader
        self._adopt = adopt

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        module: ModuleType | None = self._loader.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        self._adopt(module)


class Missing(importlib.abc.MetaPathFinder):
    """Behind all others, under `PYRUST=require`: a native module that nobody has found. Python's own words would be of circular imports."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        package, _, name = fullname.rpartition(".")
        if name != "_pyrust" and not (name.startswith("_pyrust_") and not package):
            return None
        others = sorted(file.name for place in path or sys.path for file in Path(place or ".").glob(f"{name}.*[od]"))
        version = f"CPython {sys.version_info[0]}.{sys.version_info[1]}"
        there = f" (for another Python there is {', '.join(others)})" if others else ""
        raise ImportError(
            f"PYRUST=require: {fullname}, the native module of this package, is missing{there}. `pyrust build` compiles it in "
            f"place for {version}; an install compiles it where cargo works, and `pip install -v` says why it did not",
            name=fullname,
        )


def report_missing() -> None:
    """From now on."""
    if not any(isinstance(finder, Missing) for finder in sys.meta_path):
        sys.meta_path.append(Missing())
