"""The setuptools door: editable installs, wheels, sdists, and shapes of projects."""

from __future__ import annotations

import shutil
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from installs import Venv, in_place_modules, licenses_in, native, only_wheel, replace, run

CALL = "import textkit; print(textkit.levenshtein('kitten', 'sitting'))"


@pytest.mark.slice
@pytest.mark.parametrize("mode", ["lenient", "strict"])
def test_editable(venv: Venv, textkit: Path, mode: str) -> None:
    output = venv.install("--config-settings", f"editable_mode={mode}", "-e", textkit)
    assert "hotspots native" in output
    status = venv.status("textkit", "textkit")
    assert "textkit.distance:levenshtein" in native(status)
    assert venv.python(CALL).strip() == "3"


@pytest.mark.slice
def test_wheel_needs_no_pyrust(venv: Venv, textkit: Path, tmp_path: Path) -> None:
    venv.wheel(textkit, tmp_path / "out")
    wheel = only_wheel(tmp_path / "out")
    assert "-none-any" not in wheel.name
    names = zipfile.ZipFile(wheel).namelist()
    assert sum("_pyrust" in name for name in names) == 1
    assert not [name for name in names if name.endswith((".rs", "pyrust.toml"))]
    assert licenses_in(wheel) == "textkit-1.0.0.dist-info/licenses/pyrust/licenses.txt"
    # The tree is not in the way of the installed copy, and PyRust is not installed.
    venv.install("--no-deps", wheel)
    assert "textkit.distance:levenshtein" in native(venv.status("textkit", "textkit"))
    code = "import importlib.util; print(importlib.util.find_spec('pyrust'))"
    assert venv.python(code).strip() == "None"
    assert in_place_modules(textkit) == []


def test_sdist_builds_elsewhere(venv: Venv, textkit: Path, tmp_path: Path) -> None:
    venv.install("build", "setuptools>=77", "wheel", "pyrust-optimizer")
    venv.install("-e", textkit)
    run([venv.executable, "-m", "build", "--sdist", "--no-isolation", "-o", tmp_path / "sdist", textkit])
    [sdist] = (tmp_path / "sdist").glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = archive.getnames()
    assert "textkit-1.0.0/pyrust.toml" in names
    assert not [name for name in names if name.endswith((".so", ".pyd")) or ".pyrust" in name]
    venv.wheel(sdist, tmp_path / "out")
    assert "-none-any" not in only_wheel(tmp_path / "out").name


def test_edited_function_runs_as_python_until_rebuilt(venv: Venv, textkit: Path) -> None:
    venv.install("-e", textkit)
    replace(textkit / "src/textkit/distance.py", "(x != y)", "3 * (x != y)")
    status = venv.status("textkit", "textkit")
    assert status["textkit.distance:levenshtein"]["state"] == "stale"
    # A replacement now costs as much as a deletion and an insertion: the new source runs, not the old native code.
    assert venv.python("import textkit; print(textkit.levenshtein('a', 'b'))").strip() == "2"
    venv.install("-e", textkit)
    assert venv.status("textkit", "textkit")["textkit.distance:levenshtein"]["state"] == "native"
    assert venv.python("import textkit; print(textkit.levenshtein('a', 'b'))").strip() == "2"


def test_comment_is_no_edit(venv: Venv, textkit: Path) -> None:
    venv.install("-e", textkit)
    replace(textkit / "src/textkit/distance.py", "    if a == b:", "    # Nothing to do.\n\n    if a == b:")
    assert venv.status("textkit", "textkit")["textkit.distance:levenshtein"]["state"] == "native"


def test_the_same_tree_again_compiles_nothing(venv: Venv, textkit: Path, tmp_path: Path) -> None:
    cargo = shutil.which("cargo")
    assert cargo, "needs cargo"
    said, front = tmp_path / "said", tmp_path / "cargo"
    front.write_text(f'#!/bin/sh\necho "$@" >> "{said}"\nexec "{cargo}" "$@"\n')
    front.chmod(0o755)
    compiling = []
    for _ in range(2):
        venv.install("-e", textkit, CARGO=str(front))
        assert "textkit.distance:levenshtein" in native(venv.status("textkit", "textkit"))
        compiling.append([line for line in said.read_text().splitlines() if line.startswith(("build", "rustc"))])
        said.write_text("")
    assert compiling[0]
    assert compiling[1] == []


def test_after_an_edit_rustc_compiles_what_has_changed(venv: Venv, textkit: Path, tmp_path: Path) -> None:
    environment = {"PYRUST_CACHE_DIR": str(tmp_path / "cache")}

    def objects() -> dict[str, int]:
        """The units of the last session, and when they were compiled."""
        sessions = (tmp_path / "cache/build").glob("*/release/incremental/*/s-*")
        last = max((path for path in sessions if path.is_dir()), key=lambda path: path.stat().st_mtime_ns)
        return {path.name: path.stat().st_mtime_ns for path in last.glob("*.o")}

    venv.install("-e", textkit, **environment)
    first = objects()
    # One more line and one more constant: nothing else changes.
    replace(textkit / "src/textkit/distance.py", "return 0\n", "print('same')\n        return 0\n")
    venv.install("-e", textkit, **environment)
    changed = [name for name, when in objects().items() if first.get(name) != when]
    assert 0 < len(changed) < len(first) / 2
    assert venv.python("from textkit.distance import levenshtein; print(levenshtein('a', 'a'))").split() == [
        "same",
        "0",
    ]


def test_importing_loads_only_the_module(venv: Venv, textkit: Path) -> None:
    """What is native must not make a program start slower: no parser, no reader of manifests."""
    venv.install("-e", textkit)
    code = """
import os, sys
if sys.argv[1] == "without":
    sys.modules["textkit._pyrust"] = None
before = set(sys.modules)
for name in os.environ.get("MORE", "").split():
    __import__(name)
import textkit
print(*sorted(set(sys.modules) - before))
"""
    loaded = set(venv.python(code, "with", PYRUST="require").split())
    without = set(venv.python(code, "without").split())
    more = loaded - without
    assert "textkit._pyrust" in more
    # What nearly every program has loaded anyway is all that activation itself asks for.
    ours = {"atexit", "functools", "importlib.util", "types", "weakref"}
    rest = set(venv.python(code, "without", MORE=" ".join(ours)).split())
    assert more <= rest | {"textkit._pyrust"}


def test_several_shapes_in_one_distribution(venv: Venv, tmp_path: Path) -> None:
    """A package below a namespace, a second package, a top-level module; and modules of another Python in the tree."""
    project = tmp_path / "many"
    source = "def triangle(n):\n    total = 0\n    for i in range(n):\n        total += i\n    return total\n"
    for folder in ("src/acme/tools", "src/beta"):
        (project / folder).mkdir(parents=True)
        (project / folder / "__init__.py").write_text(source)
        (project / folder / "_pyrust.cpython-399-x86_64-linux-gnu.so").write_text("foreign")
    (project / "src/topmod.py").write_text(source)
    (project / "MANIFEST.in").write_text("recursive-include src *\n")
    (project / "pyproject.toml").write_text(
        """\
[build-system]
requires = ["setuptools>=77", "pyrust-optimizer"]
build-backend = "setuptools.build_meta"
[project]
name = "many"
version = "1.0"
[tool.setuptools]
packages = ["acme.tools", "beta"]
py-modules = ["topmod"]
package-dir = {"" = "src"}
include-package-data = true
[tool.pyrust]
"""
    )
    entry = '[[hotspot]]\nfunction = "{}:triangle"\nsignatures = ["(int) -> int"]\n'
    manifest = "version = 1\n\n" + "\n".join(map(entry.format, ("acme.tools", "beta", "topmod")))
    (project / "pyrust.toml").write_text(manifest)
    venv.wheel(project, tmp_path / "out")
    wheel = only_wheel(tmp_path / "out")
    modules = sorted(name for name in zipfile.ZipFile(wheel).namelist() if "_pyrust" in name)
    assert [name.split(".")[0] for name in modules] == ["_pyrust_topmod", "acme/tools/_pyrust", "beta/_pyrust"]
    assert not any("399" in name for name in modules)
    venv.install("--no-deps", wheel)
    code = """
import importlib
for name, module in (("acme.tools", "acme.tools._pyrust"), ("beta", "beta._pyrust"), ("topmod", "_pyrust_topmod")):
    function = importlib.import_module(name).triangle
    [entry] = importlib.import_module(module).status()
    assert function(1000) == 499500
    [entry] = importlib.import_module(module).status()
    print(entry["state"], entry["native_calls"])
"""
    assert venv.python(code).splitlines() == ["native 1"] * 3


def test_projects_without_our_table_are_left_alone(venv: Venv, textkit: Path, tmp_path: Path) -> None:
    """The hook runs in every build of an environment that has PyRust."""
    venv.install("setuptools>=77", "wheel", "pyrust-optimizer")
    replace(textkit / "pyproject.toml", "[tool.pyrust]\n", "")
    output = venv.pip("wheel", "-v", "--no-deps", "--no-build-isolation", "-w", tmp_path / "out", textkit)
    assert "pyrust:" not in output
    assert only_wheel(tmp_path / "out").name == "textkit-1.0.0-py3-none-any.whl"


def test_metadata_compiles_nothing(venv: Venv, textkit: Path, tmp_path: Path) -> None:
    venv.install("--dry-run", "--no-deps", "-e", textkit, PYRUST_CACHE_DIR=str(tmp_path / "cache"))
    assert not list(tmp_path.glob("cache/projects/*/*/modules/*"))


def compiled_crates(cache: Path) -> set[str]:
    """Those of the first build that rustc was run for: it names all sources of each."""
    sources = {path.name: path.read_text() for path in cache.glob("build/*/release/deps/*.d")}
    assert any(name.startswith("pyrust_runtime-") for name in sources)
    return {name.partition("-")[0] for name, text in sources.items() if text.count(".rs:") > 1}


def test_a_first_install_compiles_the_project_only(venv: Venv, textkit: Path, tmp_path: Path) -> None:
    """What all projects need comes compiled, in the wheel, for who has the compiler that made it."""
    venv.install("-e", textkit, PYRUST_CACHE_DIR=str(tmp_path / "cache"))
    assert "textkit.distance:levenshtein" in native(venv.status("textkit", "textkit"))
    assert [name for name in compiled_crates(tmp_path / "cache") if not name.startswith("pyrust_textkit")] == []


def test_with_another_compiler_everything_is_compiled(venv: Venv, textkit: Path, tmp_path: Path) -> None:
    """As with flags of one's own: what is compiled already would be something else."""
    environment = {"PYRUST_CACHE_DIR": str(tmp_path / "cache"), "RUSTFLAGS": "--cfg=another"}
    venv.install("-e", textkit, **environment)
    assert "textkit.distance:levenshtein" in native(venv.status("textkit", "textkit"))
    assert {"pyrust_core", "pyrust_runtime", "pyrust_macros"} <= compiled_crates(tmp_path / "cache")


def test_two_projects_of_one_name(new_venv: Callable[[], Venv], textkit: Path, tmp_path: Path) -> None:
    """In a shared build folder, crates of one name would get each other's modules."""
    other = tmp_path / "elsewhere"
    run(["cp", "-r", textkit, other])
    replace(other / "src/textkit/distance.py", "(x != y)", "5 * (x != y)")
    results = []
    for project in (textkit, other):
        venv = new_venv()
        venv.install("-e", project)
        assert "textkit.distance:levenshtein" in native(venv.status("textkit", "textkit"))
        results.append(venv.python("import textkit; print(textkit.levenshtein('a', 'b'))").strip())
    assert results == ["1", "2"]
