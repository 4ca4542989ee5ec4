"""What is native, without importing the project.

In: a project. Out: one line for the header of a test run.
Functions whose extension is loaded already are asked; for others, the last build and the hashes in the manifest must do.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

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


def _file(folder: Path, name: str) -> Path | None:
    """The extension that an import would find: beside the sources, or else that of an editable install."""
    if path := _beside(folder, name):
        return path
    for finder in sys.meta_path:
        if name in getattr(finder, "pyrust", ()) and (spec := finder.find_spec(name, None)) and spec.origin:
            return Path(spec.origin)
    return None


_ALONE = """
import importlib.util, json, sys
for name, path in zip(sys.argv[1::2], sys.argv[2::2]):
    print(json.dumps(name), flush=True)
    try:
        spec = importlib.util.spec_from_file_location(name, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        said = module.status()
    except Exception as error:
        said = str(error).removeprefix(path).strip(": ")
    print(json.dumps(said), flush=True)
"""


def installed(root: Path) -> dict[str, dict[str, Any]]:
    """The entries of `status()` of extensions beside the sources, or beside what is installed, without the project's code.

    Another process loads them without their packages, so that nothing of the project is run. What has changed since the
    profile, and since the extension was made, is `stale`.
    """
    from pyrust import _engine

    project = load(root)
    built = _built(project)
    asked = _ask(project, built)
    known = asked.entries
    for hotspot in _engine.load_project(str(root))["hotspots"]:
        function = str(hotspot["function"])
        entry = known.get(function)
        if entry is not None and entry["state"] in ("native", "pending"):
            entry["state"] = _state(project, hotspot, {}, built, {})
            if entry["state"] == "stale":
                entry["reason"] = "changed since it was built: runs as Python until the next build"
        elif why := asked.refusal(function):
            known[function] = _left(function, why)
    return known


def _left(function: str, why: str) -> dict[str, Any]:
    """What `status()` would say of a function whose extension does not load."""
    return {"function": function, "state": "python", "reason": why, "native_calls": 0, "bailouts": {}}


class Asked(NamedTuple):
    """What extensions say that lie beside sources."""

    entries: dict[str, dict[str, Any]]
    broken: dict[str, str]
    """Packages and modules whose extension does not load here, and why."""
    answered: set[str]
    """Those whose extension does: a function that is not among the entries was not there when it was built."""

    def lacks(self, function: str) -> bool:
        """Whether the function came after its package was built."""
        return function not in self.entries and _owner(function.partition(":")[0], self.answered) is not None

    def refusal(self, function: str) -> str | None:
        """Why the extension of this function's package does not load, if that is so."""
        package = _owner(function.partition(":")[0], self.broken)
        return self.broken[package] if package is not None else None


def _owner(module: str, packages: Iterable[str]) -> str | None:
    return next((name for name in packages if module == name or module.startswith(f"{name}.")), None)


def _ask(project: Project, built: dict[str, Path]) -> Asked:
    """Loads the extensions in another process, which may end of it."""
    names = extension_names(project)
    paths = {module: path for module, folder in built.items() if (path := _file(folder, names[module]))}
    asked = Asked({}, {}, set())
    if not paths:
        return asked
    words = [part for module, path in paths.items() for part in (names[module], str(path))]
    # What that process does not say, because the environment is another one: `require` is about the project's own.
    environment = {key: value for key, value in os.environ.items() if key != "PYRUST"}
    command = [sys.executable, "-I", "-c", _ALONE, *words]
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
        said = [json.loads(line) for line in done.stdout.splitlines()]
    except (OSError, ValueError, subprocess.SubprocessError):
        return asked
    if len(said) % 2:
        said.append(f"the process that loads it ends: {_ending(done.returncode)}")
    modules = {name: module for module, name in names.items()}
    for name, what in zip(said[::2], said[1::2], strict=True):
        if isinstance(what, str):
            asked.broken[modules[name]] = f"{name} cannot be loaded: {what}"
        else:
            asked.entries.update({str(entry["function"]): entry for entry in what})
            asked.answered.add(modules[name])
    return asked


def _ending(code: int) -> str:
    with contextlib.suppress(ValueError):
        return signal.Signals(-code).name
    return f"exit code {code}"


def left(root: Path) -> dict[str, dict[str, Any]]:
    """The entries of functions that are Python because their extension does not load, whatever the last build said of them."""
    from pyrust import _engine

    project = load(root)
    asked = _ask(project, _built(project))
    functions = [str(hotspot["function"]) for hotspot in _engine.load_project(str(root))["hotspots"]]
    return {name: _left(name, why) for name in functions if (why := asked.refusal(name))}


def unloadable(project: Project) -> dict[str, str]:
    """Packages and modules with an extension that this interpreter does not load, and why."""
    names = extension_names(project)
    there = loaded(project)
    return _ask(project, {name: folder for name, folder in _built(project).items() if names[name] not in there}).broken


def one_line(project: Project) -> str:
    """For example: `3 hotspots, 2 native, 1 stale (textkit.text:f)`."""
    from pyrust import _engine

    if os.environ.get("PYRUST") == "python":
        return "everything runs as Python (PYRUST=python)"
    hotspots = list(_engine.load_project(str(project.root), str(project.manifest)).get("hotspots", []))
    if not hotspots:
        return f"no hotspots yet; `pytest --pyrust-profile` writes {project.manifest.name}"
    known = {str(entry["function"]): entry for entry in status(project)}
    built = _built(project)
    last = _last_build(project)
    broken: dict[str, str] = {}
    new: set[str] = set()
    if not all(hotspot["function"] in known for hotspot in hotspots):
        asked = _ask(project, built)
        broken = asked.broken
        # It may have been built somewhere else, as tox does: what the build refused only the extension knows.
        known |= {
            name: entry
            for name, entry in asked.entries.items()
            if entry["state"] == "python" and name not in last | known
        }
        left = {str(hotspot["function"]): asked.refusal(str(hotspot["function"])) for hotspot in hotspots}
        known |= {name: _left(name, why) for name, why in left.items() if why and name not in known}
        new = {name for name in left if name not in known and asked.lacks(name)}
    states: dict[str, list[str]] = {}
    for hotspot in hotspots:
        state = "not built" if hotspot["function"] in new else _state(project, hotspot, known, built, last)
        states.setdefault(state, []).append(hotspot["function"])
    counts = Counter({state: len(names) for state, names in states.items()})
    parts = [counted(counts.total(), "hotspot")]
    for state in ("native", "stale", "python", "not built"):
        if names := states.get(state):
            shown = ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
            parts.append(f"{len(names)} {state}" + (f" ({shown})" if state == "stale" else ""))
    return "; ".join([", ".join(parts), *broken.values()])


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
    package = _owner(module, built)
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
