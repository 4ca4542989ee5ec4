"""The templates for continuous integration: read by linters, and every command of theirs done in a project.

What the services bring themselves (containers, other people's actions, a toolchain from the network, comments) is replaced by programs
that note how they were called.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from desk import ROOT, Desk, found
from pages import blocks

TEMPLATES = ROOT / "docs" / "ci"
GITHUB = TEMPLATES / "github-actions.yml"
GITLAB = TEMPLATES / "gitlab-ci.yml"
VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"


def lint(*command: str | Path) -> None:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_actionlint() -> None:
    lint(found("actionlint"), GITHUB)


def test_zizmor(tmp_path: Path) -> None:
    """Tags of actions are what a template can name: hashes are the project's own decision."""
    rules = {"rules": {"unpinned-uses": {"config": {"policies": {"*": "ref-pin"}}}}}
    (tmp_path / "zizmor.yml").write_text(json.dumps(rules))
    lint(found("zizmor"), "--offline", "--no-progress", "--config", tmp_path / "zizmor.yml", GITHUB)


@pytest.mark.parametrize(
    ("file", "options"),
    [(GITHUB, ["vendor.github-workflows"]), (GITLAB, ["vendor.gitlab-ci", "--data-transform", "gitlab-ci"])],
    ids=lambda value: value.name if isinstance(value, Path) else "",
)
def test_schema(file: Path, options: list[str]) -> None:
    lint(found("check-jsonschema"), "--builtin-schema", *options, file)


# Step by step.

#: What a service does itself: the program says so to a file, and does nothing.
STUBS = ("apt-get", "curl", "gh")


def stubs(desk: Desk) -> Path:
    folder = desk.project.parent / "stubs"
    folder.mkdir()
    log = folder / "called"
    log.touch()
    for name in STUBS:
        (folder / name).write_text(f'#!/bin/sh\necho "{name} $*" >> "{log}"\n')
        (folder / name).chmod(0o755)
    desk.environment["PATH"] = f"{folder}:{desk.environment['PATH']}"
    return log


def read(file: Path) -> dict[str, Any]:
    yaml = pytest.importorskip("yaml")
    read: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return read


@pytest.fixture
def merge(desk: Callable[[str], Desk]) -> Desk:
    """A clone with a branch, as a service has it that looks at a request to merge."""
    origin = desk("setuptools-textkit")
    clone = origin.project.parent / "clone"
    origin.git("clone", "--quiet", str(origin.project), str(clone))
    made = Desk(clone, dict(origin.environment))
    made.git("checkout", "--quiet", "-b", "change")
    (clone / "NEWS").write_text("changed\n")
    made.git("add", "--all")
    made.git("commit", "--quiet", "-m", "a change")
    return made


def shell(desk: Desk, script: str, variables: Mapping[str, str]) -> str:
    return desk.run("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script, **variables)


def filled(text: str, known: Mapping[str, str]) -> str:
    """A value of the workflow, with its `${{ }}`."""
    return re.sub(r"\$\{\{ *(.*?) *\}\}", lambda match: known[match[1]], text)


@pytest.mark.parametrize("job", ["check", "verify", "compare"])
def test_github(merge: Desk, job: str) -> None:
    workflow = read(GITHUB)
    log = stubs(merge)
    merge.venv("venv")
    summary = merge.project.parent / "summary.md"
    known = {
        "github.workspace": str(merge.project),
        "github.base_ref": "main",
        "github.token": "none",
        "github.event.number": "7",
    }
    variables = {key: filled(value, known) for key, value in workflow["env"].items()}
    # The project's own cache would be empty, and everything in it compiled again for each job.
    del variables["PYRUST_CACHE_DIR"]
    variables["GITHUB_STEP_SUMMARY"] = str(summary)
    steps = [step for step in workflow["jobs"][job]["steps"] if "run" in step]
    said = [
        shell(merge, step["run"], variables | {k: filled(v, known) for k, v in step.get("env", {}).items()})
        for step in steps
    ]
    assert len(said) >= 2
    if job == "verify":
        assert re.search(r"\d+ native calls", said[-1])
        assert (merge.project / "verify.html").is_file()
    if job == "compare":
        assert "hotspots native" in summary.read_text()
        assert "Compared with `origin/main`" in summary.read_text()
        assert "gh pr comment 7 --edit-last --create-if-none --body-file comment.md" in log.read_text()


@pytest.mark.parametrize("job", ["check", "verify", "compare"])
def test_gitlab(merge: Desk, job: str) -> None:
    file = read(GITLAB)
    log = stubs(merge)
    merge.venv("venv")
    one = file[job]
    given = {
        "CI_PROJECT_DIR": str(merge.project),
        "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
        "CI_API_V4_URL": "https://gitlab.example.org/api/v4",
        "CI_PROJECT_ID": "1",
        "CI_MERGE_REQUEST_IID": "7",
        "PYRUST_COMMENT_TOKEN": "none",
    }
    before = file[one["extends"]]["before_script"] if "extends" in one else []
    # One shell for all of a job, as GitLab has it.
    said = shell(merge, "\n".join([*before, *one["script"]]), given)
    for path in one["artifacts"]["paths"]:
        assert (merge.project / path).is_file(), path
    if before:
        assert "apt-get install" in log.read_text()
        assert "https://sh.rustup.rs" in log.read_text()
    if job == "verify":
        assert re.search(r"\d+ native calls", said)
    if job == "compare":
        assert "Compared with `FETCH_HEAD`" in (merge.project / "comment.md").read_text()
        assert "--form body=<comment.md" in log.read_text()


# cibuildwheel.


def settings() -> dict[str, dict[str, Any]]:
    """What each template and the page say to it: in the words of its table."""
    [page] = [
        tomllib.loads(block.text)["tool"]["cibuildwheel"]
        for block in blocks(ROOT / "docs" / "ci.md")
        if "[tool.cibuildwheel]" in block.text
    ]
    github = next(
        step["env"] for step in read(GITHUB)["jobs"]["wheels"]["steps"] if "cibuildwheel" in step.get("uses", "")
    )
    gitlab = {key: value.replace("$$", "$") for key, value in read(GITLAB)["wheels"]["variables"].items()}
    return {"page": page, "github": github, "gitlab": gitlab}


def asked(given: Mapping[str, Any]) -> dict[str, str]:
    return {key: value for key, value in given.items() if key.startswith("CIBW_")}


@pytest.mark.parametrize("platform", ["linux", "macos", "windows"])
def test_cibuildwheel_selects(desk: Callable[[str], Desk], platform: str) -> None:
    program = found("cibuildwheel")
    project = desk("setuptools-textkit")
    several = settings()
    [text] = [block.text for block in blocks(ROOT / "docs" / "ci.md") if "[tool.cibuildwheel]" in block.text]
    command = [program, "--print-build-identifiers", "--platform", platform, "--archs", "auto64"]
    chosen = [project.run(*command, **asked(several["github"])).split()]
    if platform == "linux":
        chosen.append(project.run(*command, **asked(several["gitlab"])).split())
    with (project.project / "pyproject.toml").open("a") as file:
        file.write("\n" + text)
    chosen.append(project.run(*command).split())
    for names in chosen:
        assert [name.partition("-")[0] for name in names] == ["cp311", "cp312", "cp313"], names
        assert not any("musllinux" in name or name.endswith("win32") for name in names)


def test_a_wheel_as_cibuildwheel_makes_it(desk: Callable[[str], Desk]) -> None:
    """Its steps, without its container: build, repair, install elsewhere, test against what was installed."""
    auditwheel = found("auditwheel")
    several = settings()
    project = desk("setuptools-textkit")
    project.run(sys.executable, "-m", "pip", "wheel", "--no-deps", "-w", "built", ".")
    [wheel] = (project.project / "built").glob("*.whl")
    path = {"PATH": f"{Path(auditwheel).parent}:{project.environment['PATH']}"}
    project.run(auditwheel, "repair", "-w", "repaired", wheel, **path)
    [repaired] = (project.project / "repaired").glob("*manylinux*.whl")
    project.venv("test")
    elsewhere = Desk(project.project.parent / "elsewhere", project.environment)
    elsewhere.project.mkdir()
    elsewhere.run("pip", "install", repaired)
    tests = {
        "page": (several["page"]["test-command"], several["page"]["test-requires"], several["page"]["test-environment"])
    }
    for name in ("github", "gitlab"):
        given = several[name]
        key, _, value = given["CIBW_TEST_ENVIRONMENT"].partition("=")
        tests[name] = (given["CIBW_TEST_COMMAND"], given["CIBW_TEST_REQUIRES"].split(), {key: value})
    assert tests["page"] == tests["github"] == tests["gitlab"]
    command, required, environment = tests["page"]
    elsewhere.run("pip", "install", *required)
    said = shell(elsewhere, command.replace("{project}", str(project.project)), environment)
    assert re.search(r"\d+ native calls", said), said
    # What was tested is the wheel: a pure one fails.
    elsewhere.run("pip", "uninstall", "--yes", "textkit")
    (project.project / "pyrust.toml").rename(project.project / "other.toml")
    elsewhere.run("pip", "install", project.project)
    (project.project / "other.toml").rename(project.project / "pyrust.toml")
    shown = elsewhere.run("bash", "-c", command.replace("{project}", str(project.project)), fails=True, **environment)
    assert "no native module was loaded" in shown, shown
