"""`make demo`: the whole chain on one example, from nothing, as a user would type it. Standard library only."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

from distributions import DEVELOPMENT, build_wheels, fingerprint
from machine import ROOT, VENVS, Failed, Python, Steps, clean_environment, environment_for, say

EXAMPLE = ROOT / "examples" / "setuptools-textkit"
FOLDER = VENVS / "demo-project"
SHOWN = "textkit.distance:levenshtein"

_MEASURE = """
import json, runpy, sys, time
workloads = runpy.run_path("workloads.py")["WORKLOADS"]
result = {}
for name, call in workloads.items():
    value = call()
    best = 1e9
    end = time.perf_counter() + 0.15
    while time.perf_counter() < end:
        start = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - start)
    result[name] = [best, repr(value)]
try:
    from textkit._pyrust import status
    native = {entry["function"]: entry["native_calls"] for entry in status()}
except ImportError:
    native = {}
json.dump([result, native], sys.stdout)
"""


def run(steps: Steps, python: Python) -> None:
    program = tools(steps, python)
    project()
    demonstrate(program)
    say(f"\nThe project is in {FOLDER.relative_to(ROOT)}.")


def tools(steps: Steps, python: Python) -> Path:
    """An environment with both distributions, built from this tree when it has changed."""
    tool = environment_for(steps, python, VENVS / "demo", [DEVELOPMENT])
    stamp = VENVS / "demo" / "pyrust-tools"
    now = fingerprint()
    if not (stamp.is_file() and stamp.read_text() == now):
        build_wheels(steps, tool, [python], VENVS / "demo-wheels", "dev")
        install = [tool, "-m", "pip", "install", "--quiet", "--force-reinstall", "--no-deps", "--no-index"]
        steps.run(
            "both distributions into .venvs/demo",
            [*install, "--find-links", VENVS / "demo-wheels", "pyrust-optimizer", "pytest-pyrust"],
        )
        stamp.write_text(now)
    return tool


def project() -> None:
    """A copy of the example without its manifest: it is what the demonstration makes."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    ignored = shutil.ignore_patterns("pyrust.toml", ".pyrust", "*.so", "*.egg-info", "build", "__pycache__")
    shutil.copytree(EXAMPLE, FOLDER, ignore=ignored)


def demonstrate(python: Path) -> None:
    scripts = python.parent
    pytest = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    shell(
        ["pip", "install", "-q", "-e", "."],
        [python, "-m", "pip", "install", "-q", *_PIP, "-e", "."],
        "a plain install: no manifest yet",
    )
    shell(["pytest", "--pyrust-profile"], [*pytest, "--pyrust-profile"], "find the hot functions, record their types")
    say("\n$ cat pyrust.toml")
    manifest = (FOLDER / "pyrust.toml").read_text(encoding="utf-8")
    say(manifest.rstrip())
    shell(
        ["pip", "install", "-v", "-e", "."],
        [python, "-m", "pip", "install", "-v", *_PIP, "-e", "."],
        "compile them",
        only="pyrust",
    )
    shell(["pytest", "--pyrust-verify"], [*pytest, "--pyrust-verify"], "native against Python, on the tests' own calls")
    say("\n# before and after, the same calls")
    table(python)
    shell(["pyrust", "report"], [scripts / "pyrust", "report"], "what runs natively, and why not")
    generated(manifest)


#: The build requirements are in the environment already; fetching them anew shows nothing.
_PIP = ("--no-build-isolation", "--no-deps", "--disable-pip-version-check")


def environment() -> dict[str, str]:
    return clean_environment({"PYRUST_CACHE_DIR": str(VENVS / "demo-cache")})


def shell(shown: list[str], command: list[object], why: str, only: str | None = None) -> None:
    """Runs a command in the project and shows it as a user would type it."""
    say(f"\n# {why}\n$ {' '.join(shown)}")
    done = subprocess.run(
        [str(part) for part in command],
        cwd=FOLDER,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    lines = done.stdout.rstrip().splitlines()
    if only and done.returncode == 0:
        lines = [line.strip() for line in lines if line.strip().startswith(f"{only}:")]
    say("\n".join(lines))
    if done.returncode:
        raise Failed(f"exit code {done.returncode} of {' '.join(shown)}")


def table(python: Path) -> None:
    results = []
    for mode in ("python", "auto"):
        done = subprocess.run(
            [str(python), "-c", _MEASURE],
            cwd=FOLDER,
            env={**environment(), "PYRUST": mode},
            capture_output=True,
            text=True,
            check=True,
        )
        results.append(json.loads(done.stdout))
    (before, _), (after, native) = results
    say(f"{'function':<34}{'Python':>11}{'native':>11}{'faster':>9}  result")
    for name, (slow, expected) in before.items():
        fast, value = after[name]
        same = "equal" if value == expected else "DIFFERENT"
        shown = f"{1e6 * fast:>8.1f} us{slow / fast:>8.1f}x" if native.get(name) else f"{'-':>11}{'-':>9}"
        say(f"{name:<34}{1e6 * slow:>8.1f} us{shown}  {same}")
        if value != expected:
            raise Failed(f"{name} gives another result")


def generated(manifest: str) -> None:
    """The Rust of one function, as it was compiled."""
    result = json.loads((FOLDER / ".pyrust" / "build.json").read_text(encoding="utf-8"))
    [module] = result["modules"].values()
    text = Path(module["generated"]).read_text(encoding="utf-8")
    wanted = SHOWN if f'"{SHOWN}"' in text else next(iter(re.findall(r'function = "(\S+)"', manifest)))
    start = text.rindex("#[hotspot", 0, text.index(f'function = "{wanted}"') + 1)
    end = text.index("\n}", start) + 2
    say(f"\n# the generated Rust of {wanted}")
    say(text[start:end])
