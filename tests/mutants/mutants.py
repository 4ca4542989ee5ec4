"""Breaks one rule of the compiler or the runtime at a time, and sees that the cases notice: `python3 tests/mutants/mutants.py`.

In: `mutants.toml`. A copy of the tree is changed, built and run, never the tree itself; what the copy compiled before is
used again. Out: a line for each rule; exit code 1 if a broken rule was not noticed. Needs an environment in which pytest
and the requirements of the distribution `pyrust-optimizer` are installed (`make mutants` makes one).
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]

#: What a build and a run of the cases need.
PARTS = (
    "Cargo.toml",
    "Cargo.lock",
    # The crates' own are links to these.
    "LICENSE-APACHE",
    "LICENSE-MIT",
    # The marks of the tests.
    "pyproject.toml",
    "pyrust-build",
    "pyrust-core",
    "pyrust-macros",
    "pyrust-runtime",
    "setuptools-plugin",
    "tests/activation",
    "tests/cases",
    "tests/runtime-fuzz",
    "tests/runtime-values",
    "tests/semantics",
)


@dataclasses.dataclass(frozen=True)
class Mutant:
    """A rule, where it stands, and which cases must notice that it is gone."""

    name: str
    file: str
    find: str
    put: str
    cases: str
    inside: str = ""

    def apply(self, text: str) -> str:
        """The text without the rule; `ValueError` if the rule does not stand there exactly once."""
        start = text.find(self.inside)
        if start < 0:
            raise ValueError(f"{self.file} does not contain `{self.inside}`")
        rest = text[start:]
        # Behind a landmark the first place counts.
        if not rest.count(self.find) or (not self.inside and rest.count(self.find) != 1):
            raise ValueError(f"{self.file} contains `{self.find.strip()}` {rest.count(self.find)} times")
        return text[:start] + rest.replace(self.find, self.put, 1)

    @property
    def is_compiler(self) -> bool:
        """The engine has to be built again."""
        return self.file.startswith("pyrust-build/")


def load() -> list[Mutant]:
    data = tomllib.loads((HERE / "mutants.toml").read_text(encoding="utf-8"))
    return [Mutant(**entry) for entry in data["mutant"]]


class Workshop:
    """The copy that is broken and mended again."""

    def __init__(self, folder: Path, python: str) -> None:
        self.tree = folder / "tree"
        self.python = python
        self.environment = {
            **os.environ,
            "CARGO_TARGET_DIR": str(folder / "build"),
            "PYO3_PYTHON": python,
            "PYO3_BUILD_EXTENSION_MODULE": "1",
            "PYTHONPATH": str(self.tree / "setuptools-plugin/python"),
            "PYRUST_CACHE_DIR": str(folder / "cache"),
            "PYRUST_CASES_FOLDER": str(folder / "cases"),
            "PYRUST_CASES_PYTHON": python,
            "CARGO_PROFILE_RELEASE_INCREMENTAL": "true",
            # Most of the time is rustc's, for each mutant again.
            "PYRUST_CASES_LEVEL": "0",
            # A broken rule may make many calls endless, and each is waited for.
            "PYRUST_CASES_SECONDS": "20",
        }

    def copy(self) -> None:
        """The tree as it is now. Files that did not change keep their times, so that cargo compiles little."""
        for part in PARTS:
            source, target = ROOT / part, self.tree / part
            if source.is_file():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, target)
                continue
            shutil.rmtree(target, ignore_errors=True)
            ignored = shutil.ignore_patterns("target", "__pycache__", "*.so", ".pyrust", "build", "dist", "*.egg-info")
            # As new files: a time from before the last broken engine would have it taken for the whole one.
            shutil.copytree(source, target, ignore=ignored, symlinks=True, copy_function=shutil.copyfile)

    def use_engine(self, engine: Path) -> None:
        """One that was built of this very tree."""
        target = self.tree / "setuptools-plugin/python/pyrust/_engine.so"
        target.unlink(missing_ok=True)
        shutil.copy2(engine, target)

    def build_engine(self) -> None:
        command = ["cargo", "build", "--quiet", "-p", "pyrust-engine"]
        subprocess.run(command, cwd=self.tree, env=self.environment, check=True)
        # A new file each time: the old one may be mapped still.
        self.use_engine(Path(self.environment["CARGO_TARGET_DIR"]) / "debug/lib_engine.so")

    def keep(self) -> None:
        """Of the engine with all its rules."""
        shutil.copy2(self.tree / "setuptools-plugin/python/pyrust/_engine.so", self.tree.parent / "whole.so")

    def mend(self) -> None:
        """The engine with all its rules, which need not be built again."""
        self.use_engine(self.tree.parent / "whole.so")

    def failures(self, cases: str) -> tuple[bool, str]:
        """Does a case fail, the first of which is enough? And what pytest said."""
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "--tb=line", "test_cases.py"]
        done = subprocess.run(
            command,
            cwd=self.tree / "tests/semantics",
            env={**self.environment, "PYRUST_CASES": cases},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode not in (0, 1):
            raise RuntimeError(f"the cases could not be run:\n{done.stdout}{done.stderr}")
        return done.returncode == 1, done.stdout

    def survives(self, mutant: Mutant) -> bool:
        path = self.tree / mutant.file
        whole = path.read_text(encoding="utf-8")
        path.write_text(mutant.apply(whole), encoding="utf-8")
        try:
            if mutant.is_compiler:
                self.build_engine()
            failed, text = self.failures(mutant.cases)
            if failed and "the case files were not compiled" in text:
                raise RuntimeError(f"the broken tree does not compile:\n{text}")
            return not failed
        finally:
            path.write_text(whole, encoding="utf-8")


def main(arguments: Sequence[str] | None = None, environment: Mapping[str, str] = os.environ) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", help="a part of the names of the rules; may be given again")
    parser.add_argument("--python", default=sys.executable, help="the interpreter that runs the cases")
    parser.add_argument(
        "--engine", type=Path, help="an engine that was built of this very tree, which saves building it"
    )
    parser.add_argument("--part", default="1/1", help="N/M: every M-th rule, beginning with the N-th")
    parser.add_argument("--folder", default=str(ROOT / "target/mutants"))
    options = parser.parse_args(arguments)
    number, parts = map(int, options.part.split("/"))
    wanted = options.only or [""]
    mutants = [mutant for mutant in load() if any(part in mutant.name for part in wanted)][number - 1 :: parts]
    # Those of the compiler last, for each of them costs a build of it; the others by the cases that notice them.
    mutants.sort(key=lambda mutant: (mutant.is_compiler, mutant.cases))
    shop = Workshop(Path(options.folder), options.python)
    shop.copy()
    if options.engine:
        shop.use_engine(options.engine)
    else:
        shop.build_engine()
    shop.keep()
    known: set[str] = set()
    survivors = []
    for mutant in mutants:
        if mutant.cases not in known:
            known.add(mutant.cases)
            failed, text = shop.failures(mutant.cases)
            if failed:
                print(f"{mutant.cases}: fails with all rules in place\n{text}")
                return 1
        survived = shop.survives(mutant)
        if mutant.is_compiler:
            shop.mend()
        print(f"{'NOT NOTICED' if survived else 'noticed    '}  {mutant.name}  ({mutant.cases})", flush=True)
        if survived:
            survivors.append(mutant.name)
    print(f"{len(mutants)} rules, {len(mutants) - len(survivors)} noticed")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
