"""Editable installs: the native modules belong to what is installed, and go with it.

Beside the sources they would stay when the project is uninstalled, and lie in the way of other environments. So they go into
the editable wheel, with a finder that looks for them last: what `pyrust build` puts beside the sources comes first.

In: the modules of a build. Out: the files of the wheel.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_FINDER = '''\
"""The native modules of an editable install of {name}. Written by PyRust; uninstalled with it."""

import os
import sys

MODULES = {modules!r}


class Finder:
    """Asked last: a module beside the sources is newer."""

    pyrust = MODULES

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name not in MODULES:
            return None
        from importlib.util import spec_from_file_location

        return spec_from_file_location(name, os.path.join(os.path.dirname(__file__), MODULES[name]))


sys.meta_path.append(Finder)
'''


def files(name: str, packages: Sequence[Mapping[str, Any]], modules: Mapping[str, Any]) -> dict[str, str | Path]:
    """Path in the wheel → its text, or the file that it is a copy of; nothing without a module.

    `packages` and `modules` are those of the result of a build.
    """
    found: dict[str, str | Path] = {}
    names = {}
    folder = f"_pyrust_editable_{re.sub(r'[^a-z0-9]+', '_', name.lower())}"
    for entry in packages:
        module = modules.get(entry["package"])
        if module is None:
            continue
        full = f"{entry['package']}._pyrust" if entry["module"] == "_pyrust" else str(entry["module"])
        prefix = f"{entry['package']}." if entry["module"] == "_pyrust" else ""
        names[full] = f"{prefix}{module['file']}"
        found[f"{folder}/{names[full]}"] = Path(module["path"])
    if not names:
        return {}
    found[f"{folder}/__init__.py"] = _FINDER.format(name=name, modules=names)
    found[f"{folder}.pth"] = f"import {folder}\n"
    return found
