"""What is native, without importing the project.

In: a project. Out: one line for the header of a test run.
Functions whose extension is loaded already are asked; for others, the last build and the hashes in the manifest must do.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import subprocess
import sys
from collections import Counter
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from types import ModuleType
from typing import Any

from pyrust.runinfo import Project, counted, load


def extension_names(project: Project) -> dict[str, str]:
    """The name of the extension of each package or top-level module that the project has."""
    names = {}
    for module, path in project.modules.items():
        if Path(path).stem == "__init__":
            names[module] = f"{module}._pyrust"
        elif "." not in module:
            names[module] = f"_pyrust_{module}"
    return names


def loaded(project: Project) -> dict[str, ModuleType]:
    """The extensions of the project that this process has imported."""
    found = {}
    for name in extension_names(project).values():
        module = sys.modules.get(name)
        if isinstance(module, ModuleType) and hasattr(module, "status"):
            found[name] = module
    return found


def status(project: Project) -> list[dict[str, Any]]:
    """`status()` of all extensions that are loaded, in one list."""
    entries = [entry for module in loaded(project).values() for entry in module.status()]
    return sorted(entries, key=lambda entry: str(entry["function"]))


def _folder(project: Project, module: str) -> Path:
    """Where an import would find a package or top-level module: of what is installed, or else in the project. Imports nothing."""
    top, *inner = module.split(".")
    with contextlib.suppress(ImportError, ValueError, AttributeError, OSError):
        if spec := importlib.util.find_spec(top):
            places = [Path(place, *inner) for place in spec.submodule_search_locations or ()]
            places += [Path(spec.origin).parent] if spec.origin and not places else []
            for place in places:
                if place.is_dir():
                    return place
    return Path(project.modules[module]).parent


def _built(project: Project) -> dict[str, Path]:
    """Packages and modules whose built extension this interpreter could load, with the folders of their sources.

    The extension lies beside those, or belongs to an editable install.
    """
    built = {}
    editable = {name for finder in sys.meta_path for name in getattr(finder, "pyrust", ())}
    for module, name in extension_names(project).items():
        folder = _folder(project, module)
        if _beside(folder, name) or name in editable:
            built[module] = folder
    return built


def _beside(folder: Path, name: str) -> Path | None:
    """The extension of this name in a folder."""
    stem = name.rpartition(".")[2]
    candidates = (folder / f"{stem}{suffix}" for suffix in EXTENSION_SUFFIXES)
    return next((path for path in candidates if path.is_file()), None)


_ALONE = """
import importlib.util, json, sys
for name, path in zip(sys.argv[1::2], sys.argv[2::2]):
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    print(json.dumps(module.status()))
"""


def installed(root: Path) -> dict[str, dict[str, Any]]:
    """The entries of `status()` of extensions beside the sources, or beside what is installed, without the project's code.

    Another process loads them without their packages, so that nothing of the project is run. What has changed since the
    profile, and since the extension was made, is `stale`.
    """
    from pyrust import _engine

    project = load(root)
    built = _built(project)
    known = _asked(project, built)
    for hotspot in _engine.load_project(str(root))["hotspots"]:
        entry = known.get(str(hotspot["function"]))
        if entry is not None and entry["state"] in ("native", "pending"):
            entry["state"] = _state(project, hotspot, {}, built, {})
            if entry["state"] == "stale":
                entry["reason"] = "changed since it was built: runs as Python until the next build"
    return known


def _asked(project: Project, built: dict[str, Path]) -> dict[str, dict[str, Any]]:
    """What extensions say that lie beside sources, in another process."""
    names = extension_names(project)
    paths = {names[module]: path for module, folder in built.items() if (path := _beside(folder, names[module]))}
    if not paths:
        return {}
    words = [part for name, path in paths.items() for part in (name, str(path))]
    try:
        command = [sys.executable, "-I", "-c", _ALONE, *words]
        said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
        return {str(entry["function"]): entry for line in said.splitlines() for entry in json.loads(line)}
    except (OSError, ValueError, KeyError, subprocess.SubprocessError):
        return {}


def one_line(project: Project) -> str:
    """For example: `3 hotspots, 2 native, 1 stale (textkit.text:f)`."""
    from pyrust import _engine

    if os.environ.get("PYRUST") == "python":
        return "everything runs as Python (PYRUST=python)"
    hotspots = list(_engine.load_project(str(project.root)).get("hotspots", []))
    if not hotspots:
        return f"no hotspots yet; `pytest --pyrust-profile` writes {project.manifest.name}"
    known = {str(entry["function"]): entry for entry in status(project)}
    built = _built(project)
    last = _last_build(project)
    if built and not all(hotspot["function"] in known or hotspot["function"] in last for hotspot in hotspots):
        # It was built somewhere else, as tox does: what the build refused only the extension knows.
        refused = _asked(project, built).items()
        known |= {name: entry for name, entry in refused if entry["state"] == "python" and name not in last | known}
    states: dict[str, list[str]] = {}
    for hotspot in hotspots:
        states.setdefault(_state(project, hotspot, known, built, last), []).append(hotspot["function"])
    counts = Counter({state: len(names) for state, names in states.items()})
    parts = [counted(counts.total(), "hotspot")]
    for state in ("native", "stale", "python", "not built"):
        if names := states.get(state):
            shown = ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
            parts.append(f"{len(names)} {state}" + (f" ({shown})" if state == "stale" else ""))
    return ", ".join(parts)


def _newer(folder: Path, package: str, source: str) -> bool:
    """Whether the extension was made after the last change of a source: a build script leaves no report that would tell."""
    name = "_pyrust" if (folder / "__init__.py").is_file() else f"_pyrust_{package}"
    try:
        extension = _beside(folder, name)
        return extension is not None and extension.stat().st_mtime > Path(source).stat().st_mtime
    except OSError:
        return False


def _last_build(project: Project) -> dict[str, dict[str, Any]]:
    """What the last `pyrust build` or install said of each function."""
    try:
        data = json.loads((project.cache / "build.json").read_text(encoding="utf-8"))
        return {str(entry["function"]): entry for entry in data["hotspots"] if entry["state"]}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _state(
    project: Project,
    hotspot: dict[str, Any],
    known: dict[str, Any],
    built: dict[str, Path],
    last: dict[str, dict[str, Any]],
) -> str:
    from pyrust import _engine

    function = str(hotspot["function"])
    if entry := known.get(function):
        state = str(entry["state"])
        if state in ("native", "stale"):
            return state
        if state != "pending":
            return "python"
    module, _, qualname = function.partition(":")
    if hotspot.get("mode") == "python" or hotspot.get("gate"):
        return "python"
    path = project.modules.get(module)
    package = next((name for name in built if module == name or module.startswith(f"{name}.")), None)
    if path is not None and package is not None:
        # The tests may run an installed copy.
        own = Path(path).relative_to(Path(project.modules[package]).parent)
        path = str(built[package] / own)
    # What was compiled counts, not what the manifest says: an edit that was built is not stale.
    compiled = last.get(function, {})
    try:
        if path is None or (
            _engine.source_hash(path, qualname) != compiled.get("source", hotspot.get("source"))
            and not (function not in last and package is not None and _newer(built[package], package, path))
        ):
            return "stale"
    except ValueError:
        return "stale"
    if package is None:
        return "not built"
    return "native" if compiled.get("state", "native") in ("native", "pending") else "python"
