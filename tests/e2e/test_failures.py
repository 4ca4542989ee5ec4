"""What the table of the interface says about installs that cannot compile, and about broken input."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import time
from pathlib import Path

import pytest

from installs import Venv, clean_environment, in_place_modules, native, only_wheel, replace, run

NO_CARGO = "/nowhere/cargo"


def configure(project: Path, text: str) -> None:
    replace(project / "pyproject.toml", "[tool.pyrust]\n", f"[tool.pyrust]\n{text}\n")


def refuse_one(project: Path) -> None:
    """Adds a hotspot that the compiler must refuse: it prints."""
    with (project / "src/textkit/words.py").open("a") as file:
        file.write("\n\ndef shout(text):\n    print(text)\n    return len(text)\n")
    entry = '\n[[hotspot]]\nfunction = "textkit.words:shout"\nsignatures = ["(str) -> int"]\n'
    with (project / "pyrust.toml").open("a") as file:
        file.write(entry)


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory, find_links: list[Path]) -> Venv:
    """An environment that has what isolated builds install each time, for those tests that only read what a build says."""
    venv = Venv(tmp_path_factory.mktemp("ready") / "venv", find_links)
    venv.install("setuptools>=77", "wheel", "pyrust-optimizer")
    venv.isolated = False
    return venv


@pytest.mark.parametrize("fallback", ["warn", "silent"])
def test_no_cargo_is_a_pure_install(venv: Venv, textkit: Path, tmp_path: Path, fallback: str) -> None:
    configure(textkit, f'fallback = "{fallback}"')
    output = venv.wheel(textkit, tmp_path / "out", CARGO=NO_CARGO)
    wheel = only_wheel(tmp_path / "out")
    assert wheel.name == "textkit-1.0.0-py3-none-any.whl"
    assert ("was not found" in output) is (fallback == "warn")
    venv.install("--no-deps", wheel)
    assert not venv.has_module("textkit")
    assert venv.python("import textkit; print(textkit.levenshtein('a', 'b'))").strip() == "1"


def test_cargo_that_fails_is_a_pure_install(ready: Venv, textkit: Path, tmp_path: Path) -> None:
    output = ready.wheel(textkit, tmp_path / "out", CARGO="/bin/false")
    assert "continuing as pure Python" in output
    assert only_wheel(tmp_path / "out").name == "textkit-1.0.0-py3-none-any.whl"


def test_no_cargo_with_fallback_error(ready: Venv, textkit: Path, tmp_path: Path) -> None:
    configure(textkit, 'fallback = "error"')
    output = ready.wheel(textkit, tmp_path / "out", fails=True, CARGO=NO_CARGO)
    assert "was not found" in output
    assert "Traceback" not in output


def test_fallback_removes_an_older_module(venv: Venv, textkit: Path) -> None:
    venv.install("-e", textkit)
    assert venv.has_module("textkit")
    venv.install("pyrust-optimizer")
    run([venv.program("pyrust"), "build"], folder=textkit)
    assert in_place_modules(textkit)
    venv.install("-e", textkit, CARGO=NO_CARGO)
    assert not in_place_modules(textkit)
    assert not venv.has_module("textkit")


def test_refused_hotspot_costs_the_others_nothing(venv: Venv, textkit: Path) -> None:
    refuse_one(textkit)
    output = venv.install("-e", textkit)
    assert "textkit.words:shout stays Python: PYR" in output
    status = venv.status("textkit", "textkit")
    assert "textkit.distance:levenshtein" in native(status)
    assert status["textkit.words:shout"]["state"] == "python"
    assert "PYR" in status["textkit.words:shout"]["reason"]


def test_refused_hotspots_are_no_import_error(venv: Venv, textkit: Path) -> None:
    """`PYRUST=require` asks for what was built: packages without a native function have a module that says why."""
    venv.install("pyrust-optimizer")
    lines = (textkit / "src/textkit/__init__.py").read_text().partition("\ntry:\n")
    other = textkit / "src/other/__init__.py"
    other.parent.mkdir()
    other.write_text("".join(lines[1:]))
    (textkit / "pyrust.toml").write_text("version = 1\n")
    refuse_one(textkit)
    # Its only signature is refused, and with it the function.
    with (textkit / "src/textkit/words.py").open("a") as file:
        file.write("\n\ndef square(number):\n    return number * number\n")
    with (textkit / "pyrust.toml").open("a") as file:
        file.write('[[hotspot]]\nfunction = "textkit.words:square"\nsignatures = ["(None) -> int"]\n')
    output = run([venv.program("pyrust"), "build"], folder=textkit).stdout
    assert "0 of 2 hotspots native" in output
    again = run([venv.program("pyrust"), "build"], folder=textkit).stdout
    assert again == "other is up to date: no hotspots\ntextkit is up to date: 0 of 2 hotspots native\n"
    environment = {"PYTHONPATH": str(textkit / "src"), "PYRUST": "require"}
    status = venv.status("textkit", **environment)
    assert {name: entry["state"] for name, entry in status.items()} == dict.fromkeys(status, "python")
    assert status["textkit.words:shout"]["reason"].startswith("PYR0334")
    assert status["textkit.words:square"]["reason"].startswith("PYR0401")
    assert venv.status("other", **environment) == {}


def test_refused_signature_is_told(venv: Venv, textkit: Path) -> None:
    venv.install("pyrust-optimizer")
    with (textkit / "src/textkit/words.py").open("a") as file:
        file.write("\n\ndef after(number):\n    return number + 1\n")
    with (textkit / "pyrust.toml").open("a") as file:
        file.write('\n[[hotspot]]\nfunction = "textkit.words:after"\nsignatures = ["(int) -> int", "(None) -> int"]\n')
    output = run([venv.program("pyrust"), "build"], folder=textkit).stdout
    assert "native   textkit.words:after  (1 of 2 signatures; (None) -> int stays Python: PYR" in output
    listed = run([venv.program("pyrust"), "report"], folder=textkit).stdout
    assert "(int) -> int; (None) -> int stays Python: PYR" in listed


@pytest.mark.parametrize("how", ["fallback", "require"])
def test_refused_hotspot_that_must_be_native(ready: Venv, textkit: Path, tmp_path: Path, how: str) -> None:
    refuse_one(textkit)
    if how == "fallback":
        configure(textkit, 'fallback = "error"')
    else:
        with (textkit / "pyrust.toml").open("a") as file:
            file.write('mode = "require"\n')
    output = ready.wheel(textkit, tmp_path / "out", fails=True)
    assert "textkit.words:shout" in output
    assert "Traceback" not in output


def test_no_manifest_yet(ready: Venv, textkit: Path, tmp_path: Path) -> None:
    (textkit / "pyrust.toml").unlink()
    output = ready.wheel(textkit, tmp_path / "out")
    assert output.count("pyrust: no pyrust.toml yet") == 1
    assert only_wheel(tmp_path / "out").name == "textkit-1.0.0-py3-none-any.whl"


BROKEN = {
    "not-toml": ("pyrust.toml", "version = \n"),
    "unknown-key": ("pyrust.toml", "version = 1\nhotspots = []\n"),
    "newer-version": ("pyrust.toml", "version = 2\n"),
    "conflict": ("pyrust.toml", "version = 1\n<<<<<<< HEAD\n=======\n>>>>>>> other\n"),
    "hostile-name": ("pyrust.toml", 'version = 1\n[[hotspot]]\nfunction = "a\\"b:../../c"\nsignatures = []\n'),
}


@pytest.mark.parametrize("fallback", ["warn", "silent", "error"])
@pytest.mark.parametrize("kind", sorted(BROKEN))
def test_broken_manifest_fails_the_install(
    ready: Venv, textkit: Path, tmp_path: Path, kind: str, fallback: str
) -> None:
    if fallback != "warn" and kind != "not-toml":
        pytest.skip("one kind is enough to show that the setting does not matter")
    configure(textkit, f'fallback = "{fallback}"')
    name, text = BROKEN[kind]
    (textkit / name).write_text(text)
    output = ready.wheel(textkit, tmp_path / "out", fails=True)
    assert "pyrust.toml" in output
    assert "Traceback" not in output.split("pyrust:")[-1]
    assert not list((tmp_path / "out").glob("*.whl"))


def test_broken_setting_fails_the_install(ready: Venv, textkit: Path, tmp_path: Path) -> None:
    configure(textkit, 'fall-back = "warn"')
    output = ready.wheel(textkit, tmp_path / "out", fails=True)
    assert "fall-back" in output
    assert "fallback" in output


def test_cache_that_cannot_be_written(venv: Venv, textkit: Path, tmp_path: Path) -> None:
    """The project's build folder takes over."""
    file = tmp_path / "file"
    file.write_text("")
    venv.install("-e", textkit, PYRUST_CACHE_DIR=str(file / "cache"))
    assert "textkit.distance:levenshtein" in native(venv.status("textkit", "textkit"))


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="the superuser may write anywhere")
def test_read_only_project(venv: Venv, textkit: Path) -> None:
    venv.install("pyrust-optimizer")
    folder = textkit / "src/textkit"
    folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        done = run([venv.program("pyrust"), "build"], folder=textkit, fails=True)
    finally:
        folder.chmod(stat.S_IRWXU)
    assert "PYR0502" in done.stdout
    assert "Traceback" not in done.stdout


@pytest.mark.skipif(os.name != "posix", reason="kills a process group")
def test_killed_build(venv: Venv, textkit: Path, tmp_path: Path) -> None:
    """Nothing half-written is left, and the next build works."""
    venv.install("pyrust-optimizer")
    environment = {"PYRUST_CACHE_DIR": str(tmp_path / "cache")}
    building = subprocess.Popen(
        [str(venv.program("pyrust")), "build"],
        cwd=textkit,
        env=clean_environment(environment),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    limit = time.monotonic() + 60
    while not list(tmp_path.glob("cache/build/*/release/*")) and time.monotonic() < limit:
        time.sleep(0.05)
    assert building.poll() is None, "the build ended before it could be killed"
    os.killpg(building.pid, signal.SIGKILL)
    building.wait()
    assert in_place_modules(textkit) == []
    run([venv.program("pyrust"), "build"], folder=textkit, environment=dict(environment))
    venv.install("-e", textkit)
    assert "textkit.distance:levenshtein" in native(venv.status("textkit", "textkit"))
