"""The projects: where their code comes from, how their tests run, and which calls are timed.

Nobody here wrote the code, and nobody may fit it to us: it is compiled as it is.
"""

from __future__ import annotations

import dataclasses
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from sources import Pin, fetch

POLYLINE = Pin("polyline", "2.0.4", "f05ade694522bf1720febebe1672f820f43a13c6a1664751e7769d47e8ca9b1b")
STDNUM = Pin("python-stdnum", "2.2", "e95fcfa858a703d4a40130cb3eaac133c60d8808a7f3c98efeedac968c2479b9")
PYPERFORMANCE = Pin("pyperformance", "1.14.0", "91f74393997b604375ad5b79bf569a24076d70181c076a53abad5383a238a8aa")

PROGRAMS = Path(__file__).resolve().parent / "programs"


@dataclasses.dataclass(frozen=True)
class Project:
    pin: Pin
    #: Puts the project into an empty folder.
    prepare: Callable[[Path], None]
    #: What pytest gets.
    tests: tuple[str, ...]
    #: The folder that is importable, relative to the project.
    path: str
    #: The package with the compiled module.
    package: str
    #: Imports for the timed calls, and the calls.
    setup: str
    calls: Mapping[str, str]


def _copy(pin: Pin, folder: Path) -> None:
    shutil.copytree(fetch(pin), folder, dirs_exist_ok=True)


def _without_coverage(settings: Path, pattern: str) -> None:
    """Under coverage nothing runs natively, and its plugin is not installed."""
    text, count = re.subn(pattern, "", settings.read_text(encoding="utf-8"))
    assert count, f"{settings.name} has no coverage options"
    settings.write_text(text, encoding="utf-8")


def _polyline(folder: Path) -> None:
    _copy(POLYLINE, folder)
    _without_coverage(folder / "pyproject.toml", r" --cov=\w+ --cov-report [\w-]+")


def _stdnum(folder: Path) -> None:
    _copy(STDNUM, folder)
    _without_coverage(folder / "setup.cfg", r"(?m)^addopts = .*\n")


def _program(name: str) -> Callable[[Path], None]:
    """A small project around one benchmark program: the program as it is, a test that calls what its own bench calls."""

    def prepare(folder: Path) -> None:
        package, tests = folder / name, folder / "tests"
        package.mkdir()
        tests.mkdir()
        settings = (PROGRAMS / "pyproject.toml").read_text(encoding="utf-8")
        (folder / "pyproject.toml").write_text(settings.replace("program", name), encoding="utf-8")
        shutil.copy(PROGRAMS / "pyperf.py", tests)
        shutil.copy(PROGRAMS / f"{name}.py", tests / f"test_{name}.py")
        (package / "__init__.py").touch()
        benchmarks = fetch(PYPERFORMANCE) / "pyperformance" / "data-files" / "benchmarks"
        shutil.copy(benchmarks / f"bm_{name}" / "run_benchmark.py", package)

    return prepare


_CHECKSUMS = ("luhn", "verhoeff", "damm", "mod_11_10", "mod_11_2", "mod_37_2", "mod_37_36")

PROJECTS = {
    "polyline": Project(
        pin=POLYLINE,
        prepare=_polyline,
        tests=("tests",),
        path="src",
        package="polyline",
        setup="""
import random
import polyline
chooser = random.Random(1)
line = [(round(chooser.uniform(-90, 90), 5), round(chooser.uniform(-180, 180), 5)) for _ in range(200)]
text = polyline.encode(line)
""",
        calls={"decode": "polyline.decode(text)", "encode": "polyline.encode(line)"},
    ),
    "stdnum": Project(
        pin=STDNUM,
        prepare=_stdnum,
        tests=("--doctest-modules", "stdnum/luhn.py", "stdnum/verhoeff.py", "stdnum/damm.py", "stdnum/iso7064"),
        path=".",
        package="stdnum",
        setup="""
from stdnum import damm, luhn, verhoeff
from stdnum.iso7064 import mod_11_2, mod_11_10, mod_37_2, mod_37_36, mod_97_10
digits = "4992739871630415"
""",
        calls={
            **{f"{name}.checksum": f"{name}.checksum(digits)" for name in _CHECKSUMS},
            **{f"{name}.validate": f"{name}.validate(digits + {name}.calc_check_digit(digits))" for name in _CHECKSUMS},
            "mod_97_10.checksum": "mod_97_10.checksum(digits)",
        },
    ),
    "nbody": Project(
        pin=PYPERFORMANCE,
        prepare=_program("nbody"),
        tests=("tests",),
        path=".:tests",
        package="nbody",
        setup="from nbody import run_benchmark as program",
        calls={
            "advance": "program.advance(0.01, 200)",
            "report_energy": "program.report_energy()",
            "offset_momentum": "program.offset_momentum(program.BODIES['sun'])",
            "combinations": "program.combinations(program.SYSTEM)",
        },
    ),
    "fannkuch": Project(
        pin=PYPERFORMANCE,
        prepare=_program("fannkuch"),
        tests=("tests",),
        path=".:tests",
        package="fannkuch",
        setup="from fannkuch import run_benchmark as program",
        calls={"fannkuch": "program.fannkuch(7)"},
    ),
    "spectral_norm": Project(
        pin=PYPERFORMANCE,
        prepare=_program("spectral_norm"),
        tests=("tests",),
        path=".:tests",
        package="spectral_norm",
        setup="""
from spectral_norm import run_benchmark as program
vector = [1.0 / (1 + i) for i in range(130)]
""",
        calls={
            "eval_A": "program.eval_A(7, 11)",
            "part_A_times_u": "program.part_A_times_u((3, vector))",
            "part_At_times_u": "program.part_At_times_u((3, vector))",
            "eval_AtA_times_u": "program.eval_AtA_times_u(vector)",
        },
    ),
}
