"""The life of an editable install: several packages beside each other, what is installed again, and what stays in the end."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from installs import Venv, in_place_modules, native, replace, run

SOURCE = """\
def triangle(n):
    total = 0
    for i in range(n):
        total += i
    return total
"""
PROLOGUE = """

try:
    from . import _pyrust  # type: ignore[attr-defined, unused-ignore]  # noqa: F401
except ImportError:  # pragma: no cover
    if __import__("os").environ.get("PYRUST") == "require":
        raise
"""
MANIFEST = 'version = 1\n\n[[hotspot]]\nfunction = "{}:triangle"\nsignatures = ["(int) -> int"]\n'
BACKENDS = {
    "setuptools": '[build-system]\nrequires = ["setuptools>=77", "pyrust-optimizer"]\nbuild-backend = "setuptools.build_meta"\n',
    "hatch": '[build-system]\nrequires = ["hatchling", "pyrust-optimizer"]\nbuild-backend = "hatchling.build"\n',
}
HOOK = {"setuptools": "", "hatch": "\n[tool.hatch.build.hooks.pyrust]\n"}


def member(folder: Path, name: str, backend: str) -> Path:
    package = folder / "src" / name
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(SOURCE + PROLOGUE)
    (folder / "pyrust.toml").write_text(MANIFEST.format(name))
    project = f'\n[project]\nname = "{name}"\nversion = "1.0"\n\n[tool.pyrust]\n'
    (folder / "pyproject.toml").write_text(BACKENDS[backend] + project + HOOK[backend])
    return folder


def installed(venv: Venv) -> set[str]:
    """Every file of the environment but caches of bytecode."""
    found = (path for path in venv.folder.rglob("*") if not path.is_dir() and "__pycache__" not in path.parts)
    return {path.relative_to(venv.folder).as_posix() for path in found}


def project_files(project: Path) -> set[str]:
    """What is in the tree, but for the ignored folder of reports and what setuptools itself leaves."""
    left = (path.relative_to(project) for path in project.rglob("*"))
    return {
        path.as_posix()
        for path in left
        if not any(part in (".pyrust", "__pycache__") or part.endswith(".egg-info") for part in path.parts)
    }


@pytest.mark.parametrize("backend", sorted(BACKENDS))
def test_uninstalling_leaves_nothing(venv: Venv, tmp_path: Path, backend: str) -> None:
    project = member(tmp_path / "kit", "kit", backend)
    environment, tree = installed(venv), project_files(project)
    venv.install("-e", project)
    assert "kit:triangle" in native(venv.status("kit"))
    assert in_place_modules(project) == [], "native modules belong to what is installed"
    venv.pip("uninstall", "-y", "kit")
    assert installed(venv) == environment
    assert project_files(project) == tree
    # What is no editable install is put together in a folder that setuptools leaves in the project.
    venv.install(project)
    assert "kit:triangle" in native(venv.status("kit"))
    venv.pip("uninstall", "-y", "kit")
    assert installed(venv) == environment
    assert not [path for path in project.rglob("_pyrust*") if ".pyrust" not in path.relative_to(project).parts]


@pytest.mark.parametrize("backend", sorted(BACKENDS))
def test_what_was_built_in_place_makes_way(venv: Venv, tmp_path: Path, backend: str) -> None:
    """`pyrust build` is newer than what is installed; an install after it is newer still."""
    project = member(tmp_path / "kit", "kit", backend)
    venv.install("-e", project)
    venv.install("pyrust-optimizer")
    replace(project / "src/kit/__init__.py", "total += i", "total += 2 * i")
    assert venv.status("kit")["kit:triangle"]["state"] == "stale"
    run([venv.program("pyrust"), "build"], folder=project)
    assert len(in_place_modules(project)) == 1
    assert native(venv.status("kit")) == {"kit:triangle"}
    # Of another length: Python tells sources of one second apart by that.
    replace(project / "src/kit/__init__.py", "total += 2 * i", "total += i + 2 * i")
    venv.install("-e", project)
    assert in_place_modules(project) == []
    assert native(venv.status("kit")) == {"kit:triangle"}
    assert venv.python("import kit; print(kit.triangle(10))").strip() == "135"


def test_workspace_of_several_packages(venv: Venv, tmp_path: Path) -> None:
    """A project at the root and two below it, each with its own manifest and backend, in one environment."""
    root = member(tmp_path / "all", "whole", "setuptools")
    one = member(root / "packages" / "one", "one", "hatch")
    two = member(root / "packages" / "two", "two", "setuptools")
    before = project_files(root)
    venv.install("pyrust-optimizer")
    for project in (one, root, two):
        run([venv.program("pyrust"), "check", "--fix"], folder=project)
        venv.install("-e", project)
    for name in ("whole", "one", "two"):
        assert native(venv.status(name)) == {f"{name}:triangle"}
    # Each lives by itself.
    replace(one / "src/one/__init__.py", "total += i", "total += 2 * i")
    assert venv.status("one")["one:triangle"]["state"] == "stale"
    assert native(venv.status("two")) == {"two:triangle"}
    pyrust = venv.program("pyrust")
    assert "changed" in run([pyrust, "check"], folder=one, fails=True).stdout
    for project in (two, root):
        assert "is in step with the sources" in run([pyrust, "check"], folder=project).stdout
    replace(one / "src/one/__init__.py", "total += 2 * i", "total += i")
    venv.pip("uninstall", "-y", "whole", "one", "two")
    assert project_files(root) == before
    code = "import importlib.util; print(importlib.util.find_spec('whole'))"
    assert venv.python(code).strip() == "None"


def test_clean_removes_the_rest(venv: Venv, tmp_path: Path) -> None:
    project = member(tmp_path / "kit", "kit", "setuptools")
    before = project_files(project)
    venv.install("pyrust-optimizer")
    run([venv.program("pyrust"), "build"], folder=project)
    assert project_files(project) != before
    run([venv.program("pyrust"), "clean"], folder=project)
    assert project_files(project) == before
    assert not (project / ".pyrust").exists()
    shutil.rmtree(project)
