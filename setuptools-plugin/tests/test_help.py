"""`pyrust doctor`, `bisect`, `scan`, `brief`, `verify` without anything native: what they say, and how they end."""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pyrust import bisection, doctor, interpreter, runinfo, samples

PYPROJECT = '[project]\nname = "kit"\nversion = "1"\n\n[tool.pyrust]\n'

MODULE = '''\
import os
from typing import Optional


def annotated(xs: list[int], scale: Optional[float] = None) -> int:
    """Adds."""
    total = 0
    for x in xs:
        total += x
    return total


def guessed(text, *parts, flag=True):
    return len(text) + len(parts) if flag else 0


def never(path):
    return os.listdir(path)


class Sum:
    @staticmethod
    def twice(x: "int", y: int) -> int:
        return x + y
'''

MANIFEST = """\
version = 1

[[hotspot]]
function = "kit:annotated"
signatures = ["(list[int], None | float) -> int"]

[[hotspot]]
function = "kit:guessed"
signatures = ["(str, tuple[int, ...], bool) -> int"]

[[hotspot]]
function = "kit:never"
signatures = ["(str) -> list[str]"]
mode = "python"
"""

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "kit"
    (root / "tests").mkdir(parents=True)
    (root / "pyproject.toml").write_text(PYPROJECT)
    (root / "kit.py").write_text(MODULE)
    (root / "pyrust.toml").write_text(MANIFEST)
    (root / "tests" / "test_kit.py").write_text("def test_nothing():\n    pass\n")
    return root


@pytest.fixture
def pyrust(project: Path) -> Run:
    def run(*words: str, code: int = 0, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYRUST_CACHE_DIR": str(project.parent / "cache"), **variables}
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
        done = subprocess.run(
            [sys.executable, "-m", "pyrust", *words],
            cwd=project,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done

    return run


# Scan.


def test_scan(pyrust: Run) -> None:
    found = {entry["function"]: entry for entry in json.loads(pyrust("scan", "--json").stdout)["functions"]}
    assert set(found) == {"kit:annotated", "kit:guessed", "kit:never", "kit:Sum.twice"}
    assert found["kit:annotated"]["types"] == "annotated"
    assert found["kit:annotated"]["signatures"] == ["(list[int], None | float) -> int"]
    assert found["kit:guessed"]["compilable"]
    assert found["kit:guessed"]["types"] == "guessed"
    assert not found["kit:never"]["compilable"]
    assert found["kit:never"]["reason"].startswith("PYR0")


def test_scan_for_people(pyrust: Run) -> None:
    done = pyrust("scan")
    assert "kit:annotated (list[int], None | float) -> int\n" in done.stdout
    assert "(types guessed)" in done.stdout
    assert "kit:never" not in done.stdout
    assert " of 4 functions could be compiled, 2 of them by their annotations" in done.stderr
    assert "kit:never: PYR0" in pyrust("scan", "--all").stdout


# Brief.


def test_brief(pyrust: Run, project: Path) -> None:
    seen = {**samples.nothing(), "samples": [["([1, 2, 3], None)", 7.0]]}
    samples.write(runinfo.load(project), {"kit:annotated": seen})
    text = pyrust("brief", "kit:annotated").stdout
    for part in (
        "# kit:annotated",
        "## Source (kit.py:5)",
        "    for x in xs:",
        "- `(list[int], None | float) -> int`",
        "1 samples, 17 to 17 characters",
        "- 7 calls: `([1, 2, 3], None)`",
        "changes nothing of its caller's",
        "#[hotspot(",
        "## Contract",
    ):
        assert part in text, part
    text = pyrust("brief", "kit:guessed").stdout
    assert "None are kept: `pytest --pyrust-profile` records some." in text


@pytest.mark.parametrize(
    ("name", "said"), [("kit", "`kit`"), ("kit:nothing", "`kit:nothing` is not in the manifest; `pyrust add`")]
)
def test_brief_of_nothing(pyrust: Run, name: str, said: str) -> None:
    assert said in pyrust("brief", name, code=2).stderr


# Verify, with nothing to verify.


def test_verify_without_anything_native(pyrust: Run) -> None:
    done = pyrust("verify", code=1)
    assert "kit:annotated: not verified: it is not native here" in done.stdout
    assert "verification failed: no native call was compared" in done.stdout
    assert "kit:never" not in done.stdout, "nobody wants it native"
    assert "`kit:nothing` is not in pyrust.toml" in pyrust("verify", "kit:nothing", code=2).stderr


# Doctor.


def test_doctor(pyrust: Run) -> None:
    found = json.loads(pyrust("doctor", "--json").stdout)["findings"]
    said = {finding["subject"]: finding for finding in found}
    this = next(finding for subject, finding in said.items() if subject.endswith("(runs this)"))
    assert this["state"] == "ok"
    assert this["said"].startswith("CPython 3.1")
    for subject in ("pyrust-optimizer", "build cache", "Rust", "compiling", "project", "manifest"):
        assert said[subject]["state"] == "ok", said[subject]
    assert "rustc 1." in said["Rust"]["said"]
    assert "3 hotspots" in said["manifest"]["said"]


def test_doctor_knows_bodies_by_hand(tmp_path: Path) -> None:
    root = tmp_path / "project"
    shutil.copytree(Path(__file__).parents[2] / "examples" / "bodies-faster", root)

    def found() -> list[tuple[str, str, str]]:
        return [(one.state, one.subject, one.said) for one in doctor._bodies(runinfo.load(root))]

    assert found() == [("ok", "bodies by hand", "1 in pyrust_bodies: editkit.distance:levenshtein")]
    body = root / "pyrust_bodies" / "levenshtein.rs"
    text = body.read_text()
    body.write_text(text.replace('source = "sha256:6', 'source = "sha256:5'))
    ((state, place, said),) = found()
    assert state == "note"
    assert place.startswith("pyrust_bodies/levenshtein.rs")
    assert said.startswith("is left out: ")
    body.write_text(text.replace("editkit.distance:levenshtein", "editkit.distance:another"))
    assert found() == [("note", "pyrust_bodies/levenshtein.rs", "`editkit.distance:another` is not in the manifest")]
    shutil.rmtree(body.parent)
    assert found() == []


def test_doctor_says_what_is_missing_to_link_with(tmp_path: Path) -> None:
    cargo = tmp_path / "cargo"
    cargo.write_text(
        "#!/bin/sh\necho 'error: linker `cc` not found' >&2\necho 'error: could not compile' >&2\nexit 101\n"
    )
    cargo.chmod(0o755)
    found = doctor._compiled(str(cargo), tmp_path)
    assert found.state == doctor.PROBLEM
    assert "linker `cc` not found; install a C compiler (Debian: `gcc libc6-dev`" in found.said


def test_doctor_knows_names_that_switch_nothing_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYRUST_DISABLE", "kit.core:totl, kit.core:words,elsewhere:f")
    [found] = doctor._switched_off(["kit.core:total", "kit.core:words"])
    assert (found.state, found.said) == (
        doctor.PROBLEM,
        "`kit.core:totl` is no hotspot here; did you mean `kit.core:total`?",
    )


def test_doctor_finds_what_is_wrong(pyrust: Run, project: Path) -> None:
    done = pyrust("doctor", code=1, CARGO="/nowhere/cargo", PYRUST="fast")
    assert "problem  Rust: PYR0501 `/nowhere/cargo` was not found" in done.stdout
    assert "problem  PYRUST: `fast` is none of auto" in done.stdout
    assert done.stdout.endswith("\n2 problems\n")
    (project / "pyrust.toml").write_text("version = 9\n")
    assert "problem  project: " in pyrust("doctor", code=1).stdout


@pytest.mark.skipif(sys.platform == "win32", reason="needs scripts that can be started")
@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("exit 3", "exit code 3"),
        ("echo not installed >&2; exit 1", "not installed"),
        ("echo 3.12.0", "it does not answer as a Python does"),
    ],
)
def test_interpreters_are_run_and_not_believed(tmp_path: Path, script: str, said: str) -> None:
    program = tmp_path / f"python{interpreter.SUPPORTED[-1]}"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    assert doctor._described(str(program)) == said
    assert isinstance(doctor._described(sys.executable), interpreter.Interpreter)
    assert doctor._described(str(tmp_path / "nothing")) == "No such file or directory"


# Bisect.


@pytest.mark.parametrize("count", [1, 2, 3, 7, 16, 33])
def test_one_of_many_is_found(count: int) -> None:
    names = [f"m:f{number}" for number in range(count)]
    for guilty in names:
        runs = itertools.count()

        def succeeds(disabled: list[str], guilty: str = guilty, runs: Any = runs) -> bool:
            next(runs)
            return guilty in disabled

        assert bisection.minimal(names, succeeds) == [guilty]
        assert next(runs) <= 2 * count.bit_length()


@pytest.mark.parametrize("guilty", [{0, 1}, {0, 15}, {7, 8}, {3, 9, 12}])
def test_several_that_must_all_be_python(guilty: set[int]) -> None:
    names = [f"m:f{number}" for number in range(16)]
    wanted = {names[number] for number in guilty}
    assert set(bisection.minimal(names, lambda disabled: wanted <= set(disabled))) == wanted


def command(condition: str) -> list[str]:
    """A program that fails unless the condition on what is disabled holds."""
    program = (
        "import os, sys; off = os.environ.get('PYRUST_DISABLE', '').split(',') + "
        "(['all'] if os.environ.get('PYRUST') == 'python' else []); print('ran'); "
        f"sys.exit(0 if {condition} else 7)"
    )
    return ["--", sys.executable, "-c", program]


def test_bisect(pyrust: Run) -> None:
    done = pyrust("bisect", *command("'kit:guessed' in off or 'all' in off"), code=1)
    assert done.stdout.splitlines() == ["ran", "kit:guessed"], "the command speaks once"
    assert "as it is: fails (7)" in done.stderr
    assert "PYRUST_DISABLE=kit:guessed" in done.stderr


@pytest.mark.parametrize(
    ("condition", "code", "said"),
    [
        ("True", 0, "it does not fail"),
        ("False", 2, "it fails as Python, too"),
        ("'all' in off", 2, "it fails even with every hotspot switched off"),
    ],
)
def test_bisect_finds_nothing(pyrust: Run, condition: str, code: int, said: str) -> None:
    assert said in pyrust("bisect", *command(condition), code=code).stderr


def test_bisect_of_no_command(pyrust: Run) -> None:
    assert "CMD" in pyrust("bisect", code=2).stderr
    assert "cannot run `no-such-program`" in pyrust("bisect", "--", "no-such-program", code=2).stderr


# Completion.


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell", "elvish"])
def test_completion(pyrust: Run, shell: str) -> None:
    script = pyrust("completion", shell).stdout
    for name in ("profile", "bench", "verify", "doctor", "bisect", "scan", "brief"):
        assert name in script


#: What is typed, and what becomes of it: each shell is asked as its users ask it.
COMPLETED = {
    "pyrust build --w": "--watch",
    "pyrust completion f": "fish",
    "pyrust check --output-format s": "sarif",
    "pyrust bis": "bisect",
}
ASKED = " ".join(f"'{typed}'" for typed in COMPLETED)
ASKING = {
    "bash": f"""
. ./script
for asked in {ASKED}; do
  COMP_WORDS=($asked) COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
  _pyrust pyrust "${{COMP_WORDS[COMP_CWORD]}}" "${{COMP_WORDS[COMP_CWORD - 1]}}"
  echo "${{COMPREPLY[@]}}"
done
""",
    # In a terminal of its own: the keys are pressed, and what stands on the line then is read.
    "zsh": f"""
zmodload zsh/zpty
mkdir -p functions && cp script functions/_pyrust
zpty shell 'TERM=dumb PS1= zsh -f -i'
zpty -w shell 'unsetopt beep zle_bracketed_paste 2>/dev/null; fpath=($PWD/functions $fpath); autoload -Uz compinit; compinit -u -D; show() {{ print -r -- "<$BUFFER>"; BUFFER=; }}; zle -N show; bindkey "^X" show; print REA''DY'
while zpty -r shell line; do [[ $line == *READY* ]] && break; done
for asked in {ASKED}; do
  zpty -w -n shell $asked$'\\t\\x18'
  while zpty -r shell line; do print -rn -- $line; [[ $line == *\\<pyrust*\\>* ]] && break; done
done
zpty -d shell
""",
    "fish": f"""
source ./script
for asked in {ASKED}; complete -C $asked; end
""",
}


@pytest.mark.parametrize("shell", ASKING)
def test_shells_understand_their_script(pyrust: Run, tmp_path: Path, shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"needs {shell}")
    (tmp_path / "script").write_text(pyrust("completion", shell).stdout)
    alone = {"bash": ["--norc"], "zsh": ["-f"], "fish": ["--no-config"]}[shell]
    done = subprocess.run(
        [shell, *alone, "-c", ASKING[shell]], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert not done.stderr
    for typed, wanted in COMPLETED.items():
        if shell == "zsh":
            assert re.search(rf"<{re.escape(typed)}\w* *>", done.stdout), done.stdout
        assert wanted in done.stdout, done.stdout


def test_a_reader_that_has_gone_is_no_error(project: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    for words in (["doctor"], ["scan"], ["completion", "bash"]):
        ours, theirs = os.pipe()
        os.close(ours)
        command = [sys.executable, "-m", "pyrust", *words]
        done = subprocess.run(
            command, cwd=project, env=environment, stdout=theirs, stderr=subprocess.PIPE, text=True, check=False
        )
        os.close(theirs)
        assert done.returncode in (0, 1), done.stderr
        assert "Broken" not in done.stderr
