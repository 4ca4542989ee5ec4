"""Which project a run belongs to, and where its files are.

In: a folder. Out: a `Project` (root, manifest, module names and paths), read from the project's files and never from what is installed.
It must not import anything of the project.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from pyrust import PyRustError

#: What makes a folder a project.
PROJECT_FILES = ("pyrust.toml", "pyproject.toml", "setup.py", "setup.cfg", "Cargo.toml")


@dataclass
class Project:
    """A project as the engine sees it."""

    root: Path
    manifest: Path
    threshold: float
    packages: list[str]
    modules: dict[str, str]
    """Module name to absolute path."""
    paths: dict[str, str] = field(default_factory=dict)
    """Absolute path, as written and with links resolved, to module name."""

    def __post_init__(self) -> None:
        self.modules = {module: path for module, path in self.modules.items() if not _is_test(module, path)}
        for module, path in self.modules.items():
            self.paths[os.path.abspath(path)] = module
            self.paths[os.path.realpath(path)] = module

    @property
    def is_described(self) -> bool:
        """Whether a file says that this is a project; a folder with modules is profiled without one."""
        return any((self.root / name).is_file() for name in PROJECT_FILES)

    @property
    def cache(self) -> Path:
        """The ignored folder for results that are of this machine and moment."""
        return self.root / ".pyrust"

    def module_of(self, filename: str, name: object) -> str | None:
        """The project's module to which code belongs, by its file; for an installed copy by its name and the end of its path."""
        if not filename or filename.startswith("<"):
            return None
        module = self.paths.get(filename)
        if module is None and not Path(filename).is_absolute():
            module = self.paths.get(os.path.abspath(filename))
        if module is None and isinstance(name, str) and name in self.modules:
            tail = Path(*name.split("."))
            found = Path(filename)
            ends = (found.with_suffix(""), found.parent if found.stem == "__init__" else None)
            if any(end is not None and end.parts[-len(tail.parts) :] == tail.parts for end in ends):
                module = name
        return module

    def attribute(self, frame: FrameType) -> str | None:
        """To which function the time of a frame belongs; see `sample.Attribution`."""
        module = self.module_of(frame.f_code.co_filename, frame.f_globals.get("__name__"))
        return None if module is None else function_of(module, frame.f_code)


def _is_test(module: str, path: str) -> bool:
    """Whether a module holds tests: those are run, and never worth compiling."""
    stem = Path(path).stem
    named = stem.startswith("test_") or stem.endswith("_test") or stem == "conftest"
    return named or not {"test", "tests"}.isdisjoint(module.split(".")[1:])


def function_of(module: str, code: CodeType) -> str:
    """`module:qualname` of the module-level function or method that the code is (part of); `""` when it is part of none."""
    qualname = getattr(code, "co_qualname", code.co_name).split(".<locals>", 1)[0]
    if "<" in qualname or not code.co_flags & 0x1:  # CO_OPTIMIZED: function bodies, not modules and classes
        return ""
    return f"{module}:{qualname}"


def find_root(start: str | os.PathLike[str]) -> Path:
    """The nearest folder upwards whose `pyproject.toml` has `[tool.pyrust]`; else the nearest with any project file; else `start`."""
    start = Path(start).resolve()
    if start.is_file():
        start = start.parent
    fallback = None
    for folder in (start, *start.parents):
        pyproject = folder / "pyproject.toml"
        if pyproject.is_file() and "[tool.pyrust" in pyproject.read_text(encoding="utf-8", errors="replace"):
            return folder
        if fallback is None and any((folder / name).is_file() for name in PROJECT_FILES):
            fallback = folder
    return fallback or start


def load(start: str | os.PathLike[str], manifest: str | None = None) -> Project:
    """The project around `start`; raises `ValueError` with the engine's message when its settings are broken."""
    from pyrust import _engine

    root = find_root(start)
    try:
        str(root).encode()
    except UnicodeEncodeError:
        shown = ascii(str(root))
        raise PyRustError(f"the path {shown} is no text in this locale: set PYTHONUTF8=1 or another locale") from None
    facts: dict[str, Any] = _engine.load_project(str(root))
    root = Path(facts.get("root", root))
    return Project(
        root=root,
        manifest=Path(os.path.abspath(manifest)) if manifest else root / facts.get("manifest", "pyrust.toml"),
        threshold=float(facts.get("threshold", 1.0)),
        packages=list(facts.get("packages", [])),
        modules={name: str(root / path) for name, path in dict(facts["modules"]).items()},
    )


def next_step(project: Project) -> str:
    """Where there are no hotspots, and what to do about it; behind `no hotspots `."""
    from pyrust import _engine

    facts: dict[str, Any] = _engine.load_project(str(project.root))
    if not facts["modules"] and not project.is_described:
        return f"in `{project.root}`, which is no project: go to the folder of your `pyproject.toml`, or name it with `--project`"
    if not project.manifest.is_file() and not facts["present"]:
        return "yet: `pyrust init` sets the project up, then `pytest --pyrust-profile` finds them"
    if not project.manifest.is_file():
        return f"yet: `pytest --pyrust-profile` finds them and writes {project.manifest.name}"
    return f"in {project.manifest.name}; `pytest --pyrust-profile` finds them"


def counted(number: int, noun: str) -> str:
    """For example `1 call`, `2,000 calls`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def watched() -> bool:
    """Whether something watches every line, such as coverage: hotspots run as Python then."""
    if sys.gettrace() is not None:
        return True
    coverage = sys.modules.get("coverage")
    current = getattr(getattr(coverage, "Coverage", None), "current", None)
    return current is not None and current() is not None


def machine() -> dict[str, Any]:
    """Facts about where a run took place."""
    return {
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "platform": platform.platform(),
        "processors": os.cpu_count(),
        "executable": sys.executable,
    }


def new_folder(path: Path) -> str:
    """Said of a file that is to be written: that its folder will be new, which may be a slip."""
    return "" if path.parent.is_dir() else f" (new folder {path.parent})"


def write_json(path: Path, data: Any) -> None:
    """Writes a file whole or not at all."""
    write_text(path, json.dumps(data, indent=1, sort_keys=True) + "\n")


def write_text(path: Path, text: str) -> None:
    """The same for any text; whoever may read other files here may read this one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Not one of `tempfile`: what is made there is for one user's eyes, and stays so when it is renamed.
    temporary = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}.tmp")
    try:
        temporary.write_text(text, encoding="utf-8", newline="\n")
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
