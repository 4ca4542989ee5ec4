"""The recipes of `docs/recipes.md`, done with the tools that they are for, in a project."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from desk import ROOT, Desk, found
from pages import Block, blocks

RECIPES = ROOT / "docs" / "recipes.md"
VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
#: What a verification that has compared something says.
COMPARED = re.compile(r"[1-9]\d* native calls equal to Python")


def snippet(language: str, *parts: str) -> Block:
    [block] = [
        each for each in blocks(RECIPES) if each.language == language and all(part in each.text for part in parts)
    ]
    return block


def session(desk: Desk, *parts: str) -> list[str]:
    """Each command of a page, and what it has printed."""
    return [desk.run("bash", "-c", command) for command, _ in snippet("console", *parts).commands()]


def edited(desk: Desk, file: str) -> None:
    """A statement more, first in the first function."""
    path = desk.project / file
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub(r'(\ndef [^\n]+:\n(?: +"""[^"]*"""\n)?)', r"\1    assert True\n", text, count=1))


def appended(desk: Desk, file: str, text: str) -> None:
    with (desk.project / file).open("a", encoding="utf-8") as out:
        out.write("\n" + text)


def test_uv(desk: Callable[[str], Desk]) -> None:
    program = found("uv")
    project = desk("setuptools-textkit")
    (project.project / "pyrust.toml").unlink()
    project.environment |= {
        "PATH": f"{Path(program).parent}:{project.environment['PATH']}",
        "UV_PYTHON": sys.executable,
        "UV_CACHE_DIR": str(project.project.parent / "uv"),
    }
    said = session(project, "uv add")
    assert COMPARED.search(said[-1])
    # What `pyrust init` has written are the keys of the page.
    text = snippet("toml", "cache-keys").text.replace("yourpackage", "textkit")
    project_file = tomllib.loads((project.project / "pyproject.toml").read_text())
    assert project_file["tool"]["uv"] == tomllib.loads(text)["tool"]["uv"]
    edited(project, "src/textkit/words.py")
    assert "stale" in project.run(program, "run", "--no-sync", "pytest", "--co").lower()
    project.run(program, "sync")
    assert "stale" not in project.run(program, "run", "pytest", "--co").lower()


def test_tox(desk: Callable[[str], Desk]) -> None:
    program = found("tox")
    project = desk("setuptools-textkit")
    (project.project / "tox.ini").write_text(snippet("ini", "tox").text)
    said = project.run(program, "run", "-e", f"py{VERSION.replace('.', '')},python")
    assert COMPARED.search(said)
    assert "PYRUST=python" in said.partition("python: commands")[2]


def test_nox(desk: Callable[[str], Desk]) -> None:
    program = found("nox")
    project = desk("setuptools-textkit")
    (project.project / "noxfile.py").write_text(snippet("python", "nox").text)
    said = project.run(program, "--sessions", f"verify-{VERSION}", "python")
    assert COMPARED.search(said)
    assert "PYRUST=python" in said.partition("Running session python")[2]


def test_hatch(desk: Callable[[str], Desk]) -> None:
    program = found("hatch")
    project = desk("hatch-statkit")
    appended(project, "pyproject.toml", snippet("toml", "envs.default.scripts").text)
    beside = str(project.project.parent / "hatch")
    project.environment |= {
        "PATH": f"{Path(program).parent}:{project.environment['PATH']}",
        "HATCH_DATA_DIR": beside,
        "HATCH_PYTHON": sys.executable,
    }
    assert COMPARED.search(session(project, "hatch run")[-1])


def test_pre_commit(desk: Callable[[str], Desk]) -> None:
    program = found("pre-commit")
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()
    if not head:
        pytest.skip("needs the repository, not only its files")
    project = desk("setuptools-textkit")
    project.environment["PRE_COMMIT_HOME"] = str(project.project.parent / "hooks")
    project.venv("venv")
    project.run("pip", "install", "--quiet", "pyrust-optimizer")
    remote = snippet("yaml", "https://example.org/pyrust").text
    remote = re.sub(r"repo: \S+", f"repo: {ROOT}", remote).replace("rev: v0.1.0", f"rev: {head}")
    local = snippet("yaml", "repo: local").text
    for config in (remote, local):
        (project.project / ".pre-commit-config.yaml").write_text(config)
        project.git("add", "--all")
        assert "Passed" in project.run(program, "run", "--all-files")
    # Something else than what the manifest was made from stops the commit.
    edited(project, "src/textkit/words.py")
    project.run(program, "install")
    project.git("add", "--all")
    said = project.run("git", "-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-m", "x", fails=True)
    assert "Failed" in said
    assert "words.py" in said


def test_docker(desk: Callable[[str], Desk]) -> None:
    """Without containers: each stage is an environment and a folder, and what Debian and the network bring is there."""
    project = desk("setuptools-textkit")
    root = project.project.parent / "root"
    fake = root / "fake"
    fake.mkdir(parents=True)
    for name in ("apt-get", "curl"):
        (fake / name).write_text("#!/bin/sh\n")
        (fake / name).chmod(0o755)
    outside = project.environment["PATH"]
    text = re.sub(r"\\\n", "", snippet("dockerfile", "FROM").text)
    stage = 0
    command: list[str] = []
    for line in text.splitlines():
        word, _, rest = line.partition(" ")
        rest = re.sub(r"(?<![\w.$])/(wheels|cache|src)", rf"{root}/\1", rest)
        if word == "FROM":
            stage += 1
            # The last one has no Rust.
            project.environment = {**project.environment, "PATH": outside if stage == 1 else "/usr/bin:/bin"}
            project.environment.pop("PYRUST_CACHE_DIR", None) if stage == 2 else None
            project.venv(f"stage{stage}")
            project.environment["PATH"] = f"{fake}:{project.environment['PATH']}"
        elif word == "ENV":
            for key, value in re.findall(r"(\w+)=(\S+)", rest):
                if not key.startswith(("CARGO", "PATH", "PYRUST_CACHE")):
                    project.environment[key] = value
        elif word == "RUN":
            project.run("bash", "-o", "pipefail", "-c", re.sub(r"--mount=\S+ ", "", rest))
        elif word == "CMD":
            command = re.findall(r'"([^"]*)"', rest)
    assert stage == 2
    assert command[:2] == ["python", "-m"]
    elsewhere = Desk(root, project.environment)
    said = elsewhere.run("python", "-c", "import textkit._pyrust as made; print(made.status())")
    assert "'native'" in said
    assert elsewhere.environment["PYRUST"] == "require"
    assert not [name for name in os.listdir(root / "wheels") if not name.endswith(".whl")]


def test_hadolint() -> None:
    done = subprocess.run(
        [found("hadolint"), "-"],
        input=snippet("dockerfile", "FROM").text,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
