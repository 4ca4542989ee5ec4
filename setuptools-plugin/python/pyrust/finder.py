"""Notices when an extension of the project is imported, and says so once it has been executed.

In: the names of extensions, and whom to tell. It must not change what is imported, or from where.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
from collections.abc import Callable, Sequence
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
