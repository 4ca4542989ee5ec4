"""The sources of the corpus as small projects: code that none of us wrote, copied as it is, with tests that drive it.

A project holds the packages, the tests and a `pyproject.toml` of ours in place of the authors' (whose settings ask for
coverage, plugins and build back ends that have nothing to do with the measurement).
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import shutil
import subprocess
import tarfile
import tomllib
import zipfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
WORK = Path(os.environ.get("PYRUST_CORPUS_FOLDER") or HERE / "work")

_PROJECT = """\
[build-system]
requires = ["setuptools>=77", "pyrust-optimizer"]
build-backend = "setuptools.build_meta"

[project]
name = "corpus-{name}"
version = "1"

[tool.setuptools]
{listed}

[tool.pytest.ini_options]
addopts = ["-q", "-p", "no:cacheprovider", "-p", "no:randomly", "--continue-on-collection-errors"]
doctest_optionflags = ["NORMALIZE_WHITESPACE", "IGNORE_EXCEPTION_DETAIL", "ELLIPSIS"]

[tool.pyrust]
packages = {packages}
"""

_CALLS = '''\
"""Calls of public functions, written by the corpus: what they return is recorded, and compared between the runs."""

import json
from pathlib import Path
from typing import Any

import pytest

CALLS = json.loads(Path(__file__).with_name("calls.json").read_text(encoding="utf-8"))
NAMES: dict = {}
exec(CALLS["setup"], NAMES)


@pytest.mark.parametrize("text", CALLS["calls"])
def test_call(text, record_property):
    try:
        value = repr(eval(text, NAMES))
    except Exception as error:
        value = f"{type(error).__name__}: {error}"
    record_property("value", value)
'''


@dataclasses.dataclass(frozen=True)
class Source:
    """One row of `sources.toml`."""

    name: str
    #: What is copied into the project and compiled: paths in the archive, or modules of the standard library.
    packages: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    #: What is copied beside them, and what pytest gets.
    tests: tuple[str, ...] = ()
    pytest: tuple[str, ...] = ()
    distribution: str = ""
    version: str = ""
    #: Packages that the code or its tests import.
    requires: tuple[str, ...] = ()
    #: The standard library's C modules in whose place the Python code runs.
    blocked: tuple[str, ...] = ()
    #: Calls that drive the functions, in place of or beside tests.
    setup: str = ""
    calls: tuple[str, ...] = ()
    #: What the tests need in the environment.
    environment: tuple[tuple[str, str], ...] = ()
    #: Programs of the `pyperformance` distribution.
    programs: tuple[str, ...] = ()

    def key(self) -> str:
        """What decides the contents of the project."""
        facts = {name: value for name, value in dataclasses.asdict(self).items() if value}
        return hashlib.sha256((repr(facts) + _PROJECT + _CALLS).encode()).hexdigest()


def load() -> list[Source]:
    rows = tomllib.loads((HERE / "sources.toml").read_text(encoding="utf-8"))["source"]
    return [Source(**{key: _frozen(value) for key, value in row.items()}) for row in rows]


def _frozen(value: Any) -> Any:
    if isinstance(value, dict):
        return tuple(sorted(value.items()))
    return tuple(value) if isinstance(value, list) else value


@dataclasses.dataclass(frozen=True)
class Project:
    source: Source
    folder: Path
    #: Top-level packages and modules that are compiled.
    packages: tuple[str, ...]
    #: Modules of the standard library → our copies.
    aliases: dict[str, str]


def prepare(source: Source, python: str, version: str) -> Project:
    """The project of a source, made anew if its row changed."""
    folder = WORK / version / source.name
    stamp = folder / "corpus.json"
    if stamp.is_file() and (known := json.loads(stamp.read_text()))["key"] == source.key():
        return Project(source, folder, tuple(known["packages"]), known["aliases"])
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if source.requires:
        _install(source, python, WORK / version / "requires")
    packages, aliases = _copy(source, python, folder)
    if source.calls:
        (folder / "tests").mkdir(exist_ok=True)
        (folder / "tests" / "test_calls.py").write_text(_CALLS, encoding="utf-8")
        (folder / "tests" / "calls.json").write_text(json.dumps({"setup": source.setup, "calls": list(source.calls)}))
    modules = [name for name in packages if (folder / f"{name}.py").exists()]
    found = [name for name in packages if name not in modules]
    listed = f"py-modules = {json.dumps(modules)}\n" if modules else "py-modules = []\n"
    listed += f"packages.find.include = {json.dumps([pattern for name in found for pattern in (name, name + '.*')])}"
    text = _PROJECT.format(name=source.name, listed=listed, packages=json.dumps(packages))
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")
    stamp.write_text(json.dumps({"key": source.key(), "packages": packages, "aliases": aliases}))
    return Project(source, folder, tuple(packages), aliases)


def _copy(source: Source, python: str, folder: Path) -> tuple[list[str], dict[str, str]]:
    if source.modules:
        return ["library"], _library(source, python, folder)
    unpacked = fetch(source.distribution, source.version, python)
    if source.programs:
        return ["programs"], _programs(source, unpacked, folder)
    for path in (*source.packages, *source.tests):
        _put(unpacked / path, folder / Path(path).name)
    return [Path(path).stem for path in source.packages], {}


def _library(source: Source, python: str, folder: Path) -> dict[str, str]:
    """Modules of the standard library in a package, and the tests that CPython has for them."""
    show = "import sysconfig; print(sysconfig.get_path('stdlib'))"
    library = Path(subprocess.run([python, "-c", show], check=True, capture_output=True, text=True).stdout.strip())
    (folder / "library").mkdir()
    (folder / "library" / "__init__.py").touch()
    aliases = {}
    for module in source.modules:
        name = module.replace(".", "_")
        path = library / (module.replace(".", "/") + ".py")
        if path.exists():
            shutil.copy(path, folder / "library" / f"{name}.py")
            aliases[module] = f"library.{name}"
    for test in source.tests:
        if (library / "test" / test).exists():
            _put(library / "test" / test, folder / "tests" / Path(test).name)
    return aliases


def _programs(source: Source, unpacked: Path, folder: Path) -> dict[str, str]:
    package = folder / "programs"
    package.mkdir()
    (package / "__init__.py").touch()
    shutil.copy(HERE.parent / "real" / "programs" / "pyperf.py", folder)
    for name in source.programs:
        shutil.copy(
            unpacked / "pyperformance" / "data-files" / "benchmarks" / f"bm_{name}" / "run_benchmark.py",
            package / f"{name}.py",
        )
    return {}


def _put(origin: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if origin.is_dir():
        shutil.copytree(
            origin, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__", "*.so", "*.pyd")
        )
    else:
        shutil.copy(origin, target)


def fetch(distribution: str, version: str, python: str) -> Path:
    """The unpacked archive of one release: the source distribution if there is one, since that has the tests."""
    target = WORK / "archives" / f"{distribution}-{version}"
    if not target.exists():
        downloads = WORK / "downloads" / f"{distribution}-{version}"
        downloads.mkdir(parents=True, exist_ok=True)
        command = [python, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(downloads)]
        wanted = f"{distribution}=={version}"
        if subprocess.run([*command, "--no-binary", distribution, wanted], check=False, capture_output=True).returncode:
            subprocess.run([*command, wanted], check=True)
        (archive,) = downloads.iterdir()
        _unpack(archive, target)
    return target


def _unpack(archive: Path, target: Path) -> None:
    partial = target.with_name(f"{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    if archive.suffix in (".whl", ".zip"):
        with zipfile.ZipFile(archive) as zipped:
            zipped.extractall(partial)
    else:
        with tarfile.open(archive) as tarred:
            tarred.extractall(partial, filter="data")
    inside = list(partial.iterdir())
    top = inside[0] if len(inside) == 1 and inside[0].is_dir() else partial
    top.rename(target)
    shutil.rmtree(partial, ignore_errors=True)


def _install(source: Source, python: str, folder: Path) -> None:
    command = [python, "-m", "pip", "install", "--quiet", "--upgrade", "--target", str(folder)]
    subprocess.run([*command, *source.requires], check=True)
