"""Every command with the options that all have, every flag that no other test uses, and what is said where there is nothing to do."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pyrust import progress

#: The project of these tests and of those of the editors.
KIT = Path(__file__).resolve().parents[2] / "tests" / "projects" / "kit"
MANIFEST = (KIT / "pyrust.toml").read_text()

Done = subprocess.CompletedProcess[str]
Run = Callable[..., Done]

#: Each command with arguments that change nothing, and how it ends.
COMMANDS: dict[str, tuple[list[str], int]] = {
    "init": (["--dry-run"], 0),
    "add": (["kit:total", "--sig", "(list[bool]) -> int", "--dry-run"], 0),
    "remove": (["kit:total", "--dry-run"], 0),
    "profile": (["--reset", "kit:total", "--dry-run"], 0),
    "build": (["--dry-run"], 0),
    "check": ([], 0),
    "verify": ([], 1),
    "bench": ([], 2),
    "report": ([], 0),
    "explain": (["kit:total"], 0),
    "brief": (["kit:total"], 0),
    "scan": ([], 0),
    "doctor": ([], 0),
    "bisect": (["--", sys.executable, "-c", "pass"], 0),
    "clean": (["--dry-run"], 0),
    "lsp": ([], 1),  # its input ends without a word
    "completion": (["bash"], 0),
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return shutil.copytree(KIT, tmp_path / "kit")


@pytest.fixture
def pyrust(project: Path) -> Run:
    def run(*words: str, folder: Path = project, **variables: str) -> Done:
        dropped = ("PYRUST", "NO_COLOR", "FORCE_COLOR", "CLICOLOR")
        environment = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
        environment |= {"PYRUST_CACHE_DIR": str(project.parent / "cache"), **variables}
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
        command = [sys.executable, "-m", "pyrust", *words]
        return subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
        )

    return run


def files(project: Path) -> dict[str, bytes]:
    # The last check is remembered in a folder that ignores itself.
    found = (path for path in project.rglob("*") if path.is_file() and ".pyrust" not in path.parts)
    return {str(path): path.read_bytes() for path in found if "__pycache__" not in path.parts}


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text)


def test_every_command_is_here(pyrust: Run) -> None:
    listed = re.findall(r"^  ([a-z]+) ", pyrust("--help").stdout.partition("Commands:")[2], re.MULTILINE)
    assert sorted(COMMANDS) == sorted(listed)


@pytest.mark.parametrize("command", COMMANDS)
def test_options_that_all_have(pyrust: Run, project: Path, command: str) -> None:
    arguments, code = COMMANDS[command]
    before = files(project)
    here = pyrust(command, "--color", "never", *arguments)
    assert here.returncode == code, here.stdout + here.stderr
    assert files(project) == before
    assert here.stdout == plain(here.stdout)
    assert here.stderr == plain(here.stderr)
    if command == "doctor":
        return  # looks at the folder that it is called in, and at a disk that others fill
    # From elsewhere, the same; in colours, the same text; quietly, the same result.
    elsewhere = project.parent / "elsewhere"
    elsewhere.mkdir()
    there = pyrust(command, "--color", "never", "--project", str(project), *arguments, folder=elsewhere)
    assert (there.returncode, there.stdout) == (code, here.stdout)
    coloured = pyrust(command, "--color", "always", *arguments)
    assert (coloured.returncode, plain(coloured.stdout)) == (code, here.stdout)
    quiet = pyrust(command, "--quiet", "--color", "never", *arguments)
    assert (quiet.returncode, quiet.stdout) == (code, here.stdout)
    assert not list(elsewhere.iterdir())


@pytest.mark.parametrize("command", ["add", "remove", "profile", "build"])
def test_colours_are_there_and_can_be_switched_off(pyrust: Run, command: str) -> None:
    arguments, _ = COMMANDS[command]
    assert "\x1b[" in pyrust(command, "--color", "always", *arguments).stdout
    assert "\x1b[" in pyrust(command, *arguments, FORCE_COLOR="1").stdout
    assert "\x1b[" not in pyrust(command, *arguments, FORCE_COLOR="1", NO_COLOR="1").stdout
    assert "\x1b[" not in pyrust(command, *arguments).stdout, "nobody looks at a pipe"


def test_quiet_says_less(pyrust: Run) -> None:
    assert "2 notes" in pyrust("check").stderr
    assert pyrust("check", "--quiet").stderr == ""
    assert "nothing was compiled or written" in pyrust("build", "--dry-run").stderr
    assert pyrust("build", "--dry-run", "-q").stderr == ""


def test_build_dry_run(pyrust: Run) -> None:
    said = pyrust("build", "--dry-run").stdout.splitlines()
    assert said[0].startswith("python   kit:show  (PYR0334 ")
    assert said[1:] == ["native   kit:total"]


def test_profile_reset_dry_run(pyrust: Run, project: Path) -> None:
    shown = pyrust("profile", "--reset", "kit:total", "--dry-run").stdout
    assert '-signatures = ["(list[int]) -> int", "(list[float]) -> float"]' in shown
    assert pyrust("profile", "--reset", "kit:totl", "--dry-run").stderr.endswith("did you mean `kit:total`?\n")
    assert pyrust("profile", "--dry-run", "--", sys.executable, "-c", "pass").returncode == 2
    assert (project / "pyrust.toml").read_text() == MANIFEST
    assert pyrust("profile", "--reset", "kit:total").returncode == 0
    assert "(list[float])" not in (project / "pyrust.toml").read_text()


def test_profile_threshold_is_a_percentage(pyrust: Run) -> None:
    for wrong in ("200", "-1", "nan", "much"):
        done = pyrust("profile", f"--threshold={wrong}", "--", sys.executable, "-c", "pass")
        assert (done.returncode, "a percentage from 0 to 100 is expected" in done.stderr) == (2, True), wrong


def test_seconds_are_a_number_above_zero(pyrust: Run) -> None:
    for wrong in ("0", "-1", "nan", "much"):
        done = pyrust("bench", "--seconds", wrong)
        assert (done.returncode, "a number of seconds above 0 is expected" in done.stderr) == (2, True), wrong


@pytest.mark.skipif(sys.platform == "win32", reason="sends a signal")
def test_profile_of_what_is_killed(pyrust: Run, project: Path) -> None:
    """Its exit code is that of a shell."""
    done = pyrust("profile", "--", sys.executable, "-c", "import os; os.kill(os.getpid(), 9)")
    assert done.returncode == 137
    assert "was ended by signal 9" in done.stderr
    assert (project / "pyrust.toml").read_text() == MANIFEST


@pytest.mark.skipif(sys.platform == "win32", reason="sends a signal")
def test_profile_until_ctrl_c(project: Path) -> None:
    """The usual way to end a server; what it has done until then is recorded."""
    program = "import kit, time\nprint(1, flush=True)\nwhile True: kit.total([0.5] * 1000)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    process = subprocess.Popen(
        [sys.executable, "-m", "pyrust", "profile", "--threshold=0", "--", sys.executable, "-c", program],
        cwd=project,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "1\n"
    time.sleep(0.5)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "1 hotspot covers" in said, said


def test_profile_threshold_and_manifest(pyrust: Run, project: Path) -> None:
    program = "import kit\nfor _ in range(2000): kit.total(list(range(100)))"
    command = ["profile", "--threshold", "0", "--manifest", "other.toml", "--", sys.executable, "-c", program]
    done = pyrust(*command)
    assert done.returncode == 0, done.stderr
    assert 'function = "kit:total"' in (project / "other.toml").read_text()
    assert (project / "pyrust.toml").read_text() == MANIFEST


@pytest.mark.skipif(sys.platform == "win32", reason="sends a signal")
def test_build_watch(project: Path) -> None:
    """Builds once, again after a change, and ends with Ctrl-C; here without cargo, so that it is soon done."""
    environment = {**os.environ, "CARGO": "/nowhere/cargo", "PYRUST_CACHE_DIR": str(project.parent / "cache")}
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    command = [sys.executable, "-m", "pyrust", "build", "--watch"]
    process = subprocess.Popen(
        command,
        cwd=project,
        env=environment,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        # What runs in the background ignores it, and its children as well.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stderr is not None
    for function in ("total", "added"):
        said = []
        while not said or "watching for changes" not in said[-1]:
            said.append(process.stderr.readline())
            assert said[-1], "it ended"
        assert any("`/nowhere/cargo` was not found" in line for line in said), said
        text = (project / "kit.py").read_text()
        (project / "kit.py").write_text(text + f"\n\ndef after_{function}():\n    return 1\n")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130


def test_build_for_another_python(pyrust: Run) -> None:
    assert "`/nowhere/python` is not a Python that runs" in pyrust("build", "--python", "/nowhere/python").stderr


@pytest.mark.parametrize("form", ["concise", "github", "sarif", "json", "full"])
def test_explain_in_every_format(pyrust: Run, form: str) -> None:
    done = pyrust("explain", "kit:show", "--output-format", form)
    assert done.returncode == 0, done.stderr
    start = {"concise": "kit.py:11:5: PYR0334 ", "github": "::notice ", "full": "note[PYR0334]"}.get(form)
    if start is not None:
        assert done.stdout.startswith(start)
    elif form == "sarif":
        [run] = json.loads(done.stdout)["runs"]
        assert [result["ruleId"] for result in run["results"]] == ["PYR0334"]
    else:
        assert json.loads(done.stdout)["diagnostics"][0]["code"] == "PYR0334"


def test_explain_a_code_in_every_format(pyrust: Run) -> None:
    assert pyrust("explain", "PYR0334", "--output-format", "concise").stdout.startswith("PYR0334 ")
    assert json.loads(pyrust("explain", "PYR0334", "--json").stdout)["code"] == "PYR0334"
    refused = pyrust("explain", "PYR0334", "--output-format", "sarif")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "has no place in a file" in refused.stderr


# Where there is nothing to do.

EMPTY = {name: words for name, (words, _) in COMMANDS.items() if name not in ("completion", "lsp", "doctor", "profile")}


@pytest.mark.parametrize("command", EMPTY)
def test_in_an_empty_folder(pyrust: Run, tmp_path: Path, command: str) -> None:
    """It is said what a project is, or what to do to have one; nothing is written."""
    folder = tmp_path / "empty"
    folder.mkdir()
    done = pyrust(command, *EMPTY[command], folder=folder)
    assert done.returncode == 2
    assert "`pyproject.toml`" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(folder.iterdir())


@pytest.mark.parametrize("command", ["verify", "bench", "bisect"])
def test_before_the_first_profile(pyrust: Run, project: Path, command: str) -> None:
    (project / "pyrust.toml").unlink()
    assert "`pytest --pyrust-profile`" in pyrust(command, *COMMANDS[command][0]).stderr
    (project / "pyproject.toml").write_text((KIT / "pyproject.toml").read_text().replace("[tool.pyrust]\n", ""))
    assert "`pyrust init`" in pyrust(command, *COMMANDS[command][0]).stderr


# What is drawn while something takes long.


def on_a_terminal(command: list[str], folder: Path, seconds: float, **variables: str) -> str:
    """What a program that is ended after some seconds draws on a terminal."""
    pty = pytest.importorskip("pty", reason="needs a terminal")
    ours, theirs = pty.openpty()
    environment = {name: value for name, value in os.environ.items() if name not in ("CI", "TERM", "NO_COLOR")}
    environment |= {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "TERM": "xterm", **variables}
    process = subprocess.Popen(command, cwd=folder, env=environment, stderr=theirs, stdout=subprocess.DEVNULL)
    os.close(theirs)
    drawn, end = b"", time.monotonic() + seconds
    with contextlib.suppress(OSError):  # Linux says so when the other side is closed
        while time.monotonic() < end and (part := os.read(ours, 4096)):
            drawn += part
    process.kill()
    process.wait()
    os.close(ours)
    return drawn.decode(errors="replace")


SLOW = """
import time
from pyrust import progress
with progress.Progress("measuring", {total}) as shown:
    for number in range(9):
        shown.reached(number, f"kit:f{{number}}")
        time.sleep(0.3)
"""


@pytest.mark.parametrize(
    ("total", "variables", "wanted"),
    [
        (9, {}, r"measuring \[#*\.*\] \d of 9 kit:f\d"),
        (0, {}, r"pyrust: [|/\\-] measuring kit:f\d … 1 s"),
        (9, {"CI": "true"}, ""),
        (9, {"TERM": "dumb"}, ""),
    ],
)
def test_progress(tmp_path: Path, total: int, variables: dict[str, str], wanted: str) -> None:
    drawn = on_a_terminal([sys.executable, "-c", SLOW.format(total=total)], tmp_path, 30, **variables)
    if wanted:
        assert re.search(wanted, drawn), drawn
        assert drawn.endswith("\r\x1b[K"), "nothing is left of it"
    else:
        assert drawn == ""


def test_progress_is_quiet_where_nobody_looks(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", SLOW.format(total=9)], cwd=tmp_path, capture_output=True, check=True)
    assert done.stderr == b""


def test_progress_of_what_takes_long_is_in_the_log(tmp_path: Path) -> None:
    for quiet in (False, True):
        code = f"from pyrust import progress\nprogress.SELDOM, progress.quiet = 0.2, {quiet}\n" + SLOW.format(total=9)
        done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
        lines = done.stderr.splitlines()
        assert bool(lines) is not quiet
        assert all(re.fullmatch(r"pyrust: measuring \d of 9 kit:f\d … \d s", line) for line in lines), lines


def test_progress_fits_its_line() -> None:
    shown = progress.Progress("measuring", 1000)
    shown.reached(999, "package.module:" + "f" * 200)
    assert len(shown.line(12.3, 80)) < 80
    assert shown.line(12.3, 80).endswith(" … 12 s")


def test_progress_of_the_command(project: Path) -> None:
    """The compiler's own work, in Rust."""
    lines = "".join(f"def f{n}(a, b):\n" + "    a = [b, a]\n" * 20 + "    return a\n" for n in range(150))
    (project / "kit.py").write_text(lines)
    cache = str(project.parent / "cache")
    command = [sys.executable, "-m", "pyrust", "scan"]
    drawn = on_a_terminal(command, project, 60, PYRUST_CACHE_DIR=cache)
    if "of 150 functions" not in plain(drawn):
        pytest.fail(drawn[-300:])
    if len(drawn) > 200:
        assert re.search(r"pyrust: [|/\\-] compiling every function … \d+ s", drawn)
    assert "compiling every" not in on_a_terminal([*command, "--quiet"], project, 60, PYRUST_CACHE_DIR=cache)
