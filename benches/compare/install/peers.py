"""The other compilers for Python, from the package registries, each with the source that its users would write."""

from __future__ import annotations

import concurrent.futures
import json
import os
import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from inputs import KERNELS
from install.adapt import adapted, whole
from install.place import COMPARE, Absent, Place, digest, run, sources
from talk import Runner

JOBS = max(1, os.cpu_count() or 1)
FLAGS = {"CFLAGS": "-O3 -g0 -w"}


def environment(python: str, name: str = "") -> Path:
    """The interpreter of an environment that has the peers, or one that has to be apart."""
    wanted = COMPARE / f"requirements{name}.txt"
    place = Place(f"venv{name}", digest([wanted], python))
    program = place.folder / "bin" / "python"
    if not place.fresh():
        made = run([python, "-m", "venv", place.empty()], COMPARE)
        if made.returncode or run([program, "-m", "pip", "install", "--quiet", "-r", wanted], COMPARE).returncode:
            raise Absent("the package registry could not be reached, or has no build for this interpreter")
        place.built()
    return program


def version(program: Path, distribution: str) -> str:
    text = f"from importlib.metadata import version; print(version({distribution!r}))"
    return run([program, "-c", text], program.parent).stdout.strip()


def _stamped(name: str) -> tuple[Place, bool]:
    """The folder of one peer, and whether it must be built."""
    by_hand = [path for path in (COMPARE / "adapted").rglob("*.py") if path.parent.name == name]
    recipe = [COMPARE / "install" / part for part in ("adapt.py", "observe.py", "peers.py", "slices.py")]
    place = Place(name, digest([*sources(), *by_hand, *recipe], sys.version))
    return place, not place.fresh()


def _prepared(name: str) -> tuple[Place, bool]:
    """The same, with a module for each kernel."""
    place, wanted = _stamped(name)
    if wanted:
        place.empty()
        for kernel in KERNELS.values():
            # These two compile functions: a method would stay Python.
            if "." not in kernel.path or name not in ("numba", "pythran"):
                (place.folder / f"k_{kernel.name}.py").write_text(adapted(name, kernel))
    return place, wanted


def _finished(place: Place, reasons: Mapping[str, str]) -> None:
    """What was not compiled must not run as plain Python in its place."""
    refused = {}
    for name in KERNELS:
        if not list(place.folder.glob(f"k_{name}.*so")):
            (place.folder / f"k_{name}.py").unlink(missing_ok=True)
            refused[name] = reasons.get(name, "was not compiled")
    (place.folder / "refused.json").write_text(json.dumps(refused, indent=1))
    place.built()


def mypyc(python: str) -> Runner:
    program = environment(python)
    place, wanted = _prepared("mypyc")
    if wanted:
        reasons: dict[str, str] = {}
        # One module that it refuses stops all: it is taken out, and the others are tried again.
        for _ in range(len(KERNELS)):
            left = [f"k_{name}.py" for name in KERNELS if name not in reasons]
            done = run([program.parent / "mypyc", *left], place.folder, FLAGS)
            said = re.findall(r"^k_(\w+)\.py:\d+: error: (.*)$", done.stdout + done.stderr, re.MULTILINE)
            if done.returncode == 0:
                break
            if not said:
                raise Absent(f"mypyc failed: {(done.stdout + done.stderr)[-500:]}")
            for name, reason in reversed(said):
                reasons[name] = reason
        shutil.rmtree(place.folder / "build", ignore_errors=True)
        _finished(place, reasons)
    title = f"mypyc {version(program, 'mypy')}"
    return Runner("mypyc", title, (str(program),), "modules", place.folder, unmodified=False)


def cython(python: str, typed: bool) -> Runner:
    program = environment(python)
    name = "cython_typed" if typed else "cython"
    place, wanted = _stamped(name)
    if wanted:
        package = place.empty() / "everyday"
        package.mkdir()
        (package / "__init__.py").touch()
        for module in sorted({kernel.module for kernel in KERNELS.values()}):
            (package / f"{module}.py").write_text(whole(name, module))
        files = sorted(path.name for path in package.glob("[a-z]*.py"))
        run([program.parent / "cythonize", "--inplace", "--keep-going", "-3", f"-j{JOBS}", *files], package, FLAGS)
        shutil.rmtree(package / "build", ignore_errors=True)
        # What was not compiled must not run as plain Python in its place.
        for file in files:
            if not list(package.glob(f"{file[:-3]}.*so")):
                (package / file).unlink()
        place.built()
    title = f"Cython {version(program, 'Cython')}, {'typed' if typed else 'as it is'}"
    return Runner(name, title, (str(program),), "package", place.folder, unmodified=not typed)


def pythran(python: str) -> Runner:
    program = environment(python, "-pythran")
    place, wanted = _prepared("pythran")
    if wanted:

        def one(name: str) -> tuple[str, str]:
            source = f"k_{name}.py"
            command = [program.parent / "pythran", "-O3", source, "-o", f"k_{name}.so"]
            done = run(command, place.folder, {"OMP_NUM_THREADS": "1"}, 600)
            lines = [
                line for line in (done.stdout + done.stderr).splitlines() if re.search("error|Error|CRITICAL", line)
            ]
            return name, lines[0] if lines else "was not compiled"

        with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
            reasons = dict(pool.map(one, KERNELS))
        _finished(place, reasons)
    title = f"Pythran {version(program, 'pythran')}"
    return Runner(
        "pythran", title, (str(program),), "modules", place.folder, {"OMP_NUM_THREADS": "1"}, unmodified=False
    )


def numba(python: str) -> Runner:
    program = environment(python)
    place, wanted = _prepared("numba")
    if wanted:
        place.built()
    title = f"Numba {version(program, 'numba')}"
    return Runner("numba", title, (str(program),), "modules", place.folder, unmodified=False)


def pypy() -> Runner:
    """The one on the path, or Debian's package, unpacked in the cache."""
    program, libraries = shutil.which("pypy3"), {}
    if not program:
        place = Place("pypy", "debian")
        if not place.fresh():
            place.empty()
            done = run(["apt-get", "download", "pypy3", "pypy3-lib"], place.folder)
            packages = sorted(place.folder.glob("*.deb"))
            if done.returncode or not packages:
                raise Absent("no `pypy3` on the path, and none from the package registry")
            if any(run(["dpkg-deb", "-x", package, place.folder], place.folder).returncode for package in packages):
                raise Absent("its package could not be unpacked")
            place.built()
        program = str(place.folder / "usr" / "bin" / "pypy3")
        libraries = {"LD_LIBRARY_PATH": str(next(place.folder.rglob("libpypy3*.so")).parent)}
    asked = "import sys; print('%d.%d.%d (Python %d.%d)' % (sys.pypy_version_info[:3] + sys.version_info[:2]))"
    done = run([program, "-c", asked], COMPARE, libraries)
    if done.returncode:
        raise Absent(f"it does not run: {done.stderr.strip()[-200:]}")
    return Runner("pypy", f"PyPy {done.stdout.strip()}", (program,), "package", COMPARE, libraries, warm=1.0)
