"""What README and docs say, done: every command is run, every snippet is read by what it is written for, every link has an end."""

from __future__ import annotations

import ast
import functools
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import urllib.parse
from collections.abc import Callable
from pathlib import Path

import pytest

from pages import ROOT, Block, anchors, blocks, links, pages

PAGES = pages()
START = ROOT / "docs" / "start.md"
#: What a session of commands is written in.
SESSION = "console"
BINARIES = "Scripts" if sys.platform == "win32" else "bin"


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


# Links.


def texts_of_the_repository() -> list[Path]:
    """Every page, and what stands beside the parts: READMEs and the list of changes."""
    folders = ("", "benches/*", "editors/*", "examples/*", "pytest-pyrust", "setuptools-plugin")
    beside = [path for folder in folders for path in ROOT.glob(f"{folder}/*.md" if folder else "*.md")]
    return sorted({*PAGES, *beside})


@pytest.mark.parametrize("page", texts_of_the_repository(), ids=name)
def test_links(page: Path) -> None:
    for line, target in links(page):
        if re.match(r"[a-z]+:", target):
            assert target.startswith("https://"), f"{name(page)}:{line}: {target}"
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path) if path else page
        assert file.exists(), f"{name(page)}:{line}: nothing at {target}"
        if anchor:
            assert anchor in anchors(file), f"{name(page)}:{line}: {name(file)} has no #{anchor}"


ADDRESS = re.compile(r"https?://[^\s<>\"'`\\{}]+")


@pytest.mark.parametrize("page", texts_of_the_repository(), ids=name)
def test_addresses_have_a_form(page: Path) -> None:
    """Also those in snippets and in running text: a host, no mark of the sentence around, nothing that is not encrypted."""
    for line, text in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        for found in ADDRESS.findall(text):
            address = found.rstrip(".,;:!?*")
            while address.endswith(")") and address.count("(") < address.count(")"):
                address = address[:-1]
            parts = urllib.parse.urlsplit(address)
            where = f"{name(page)}:{line}: {address}"
            assert parts.scheme == "https", where
            assert re.fullmatch(r"([a-z0-9-]+\.)+[a-z]{2,}", parts.netloc), where
            assert not re.search(r"[()|\[\]]|//", parts.path), where


def test_pages_that_messages_name_exist() -> None:
    sources = [
        path
        for folder in ("setuptools-plugin/python", "setuptools-plugin/src", "pytest-pyrust/src", "pyrust-build/src")
        for kind in ("*.py", "*.rs")
        for path in (ROOT / folder).rglob(kind)
    ]
    named = {
        (path, target)
        for path in sources
        for target in re.findall(r"docs/[\w./-]+\.md(?:#[\w-]+)?", path.read_text(encoding="utf-8"))
    }
    assert named
    for path, target in sorted(named):
        page, _, anchor = target.partition("#")
        assert (ROOT / page).is_file(), f"{name(path)} names {target}"
        assert not anchor or anchor in anchors(ROOT / page), f"{name(path)} names {target}"


def test_messages_of_the_page_on_trouble_are_ours() -> None:
    """What the tables show as messages is what the program says, up to the names in it."""
    said = "\n".join(
        re.sub(r"\"\s*\n\s*f?\"", "", path.read_text(encoding="utf-8"))
        for folder in ("setuptools-plugin/python", "pytest-pyrust/src", "pyrust-build/src", "setuptools-plugin/src")
        for kind in ("*.py", "*.rs")
        for path in (ROOT / folder).rglob(kind)
    )
    page = (ROOT / "docs/troubleshooting.md").read_text(encoding="utf-8")
    shown = re.findall(r"^\| `([^`|]+)`", page, re.MULTILINE)
    assert len(shown) > 6
    for message in shown:
        parts = [part.strip() for part in re.split(r"…|pyrust\.toml|\d+ %", message) if len(part.strip()) > 2]
        assert all(part in said for part in parts), message


def test_the_site_has_every_page() -> None:
    """And no link of a page of the site leads out of it: `make docs` could not follow."""
    listed = re.findall(r": (\S+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted(
        page.relative_to(ROOT / "docs").as_posix() for page in PAGES if page.is_relative_to(ROOT / "docs")
    )
    for page in PAGES:
        if page.is_relative_to(ROOT / "docs"):
            for line, target in links(page):
                inside = ":" in target or (page.parent / target.partition("#")[0]).resolve().is_relative_to(
                    ROOT / "docs"
                )
                assert inside, f"{name(page)}:{line}: {target} is not part of the site"


# Snippets.


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_snippets_are_what_they_say(page: Path) -> None:
    for block in blocks(page):
        if block.language == "toml":
            tomllib.loads(block.text)
        elif block.language == "json":
            json.loads(block.text)
        elif block.language == "python":
            ast.parse(block.text)
        elif block.language == "yaml":
            yaml = pytest.importorskip("yaml")
            yaml.safe_load(block.text)
        elif block.language == "ini":
            import configparser

            configparser.ConfigParser().read_string(block.text)
        elif block.language == "dockerfile":
            words = {line.split()[0] for line in block.text.splitlines() if line.strip()}
            assert words <= {"#", "FROM", "SHELL", "RUN", "ENV", "WORKDIR", "COPY", "CMD"}, words
        elif block.language == "rust":
            assert block.text.count("{") == block.text.count("}"), str(block)
        else:
            known = (SESSION, "", "text", "lua")
            assert block.language in known, f"{block}: what is `{block.language}`?"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_settings_in_snippets_exist(page: Path) -> None:
    """A `[tool.pyrust]` in a snippet is one that the engine reads."""
    from pyrust import _engine

    for block in blocks(page):
        if block.language == "toml" and "[tool.pyrust]" in block.text and "file" not in block.remarks:
            known = {"manifest", "packages", "fallback", "threshold", "threads"}
            assert set(tomllib.loads(block.text)["tool"]["pyrust"]) <= known, str(block)
        if block.language == "toml" and "[[hotspot]]" in block.text:
            assert {"function", "signatures"} <= set(tomllib.loads(block.text)["hotspot"][0]), str(block)
    assert _engine.version


# Sessions.


class Shell:
    """Runs the commands of a page in a project, with an environment of its own in front of the path."""

    def __init__(self, project: Path, venv: Path, environment: dict[str, str]) -> None:
        self.project = project
        self.environment = {
            **environment,
            "VIRTUAL_ENV": str(venv),
            "PATH": os.pathsep.join([str(venv / BINARIES), environment.get("PATH", "")]),
        }

    def run(self, command: str, expected: int, where: object) -> str:
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self.project,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            timeout=600,
            check=False,
        )
        assert done.returncode == expected, f"{where}: exit code {done.returncode} of: {command}\n{done.stdout}"
        return done.stdout


def plain(line: str) -> str:
    """A line without what differs from run to run."""
    line = re.sub(r"sha256:[0-9a-f]+", "sha256:0", line)
    line = re.sub(r"=+", "=", line)
    return re.sub(r"\d[\d.,]*", "0", re.sub(r"\s+", " ", line)).strip()


def compare(shown: list[str], printed: str, where: object) -> None:
    """Every line that is shown is printed, in this order."""
    rest = [plain(line) for line in printed.splitlines()]
    for line in shown:
        wanted = plain(line)
        if not wanted or wanted == "…":
            continue
        pattern = ".*".join(re.escape(part.strip()) for part in wanted.split("…"))
        for place, candidate in enumerate(rest):
            if re.fullmatch(pattern, candidate):
                rest = rest[place + 1 :]
                break
        else:
            pytest.fail(f"{where}: `{line}` is not (or not there) in what is printed:\n{printed}")


def play(page: Path, project: Path, kit: Callable[[], Path] | None, shell: Callable[[Path], Shell]) -> int:
    """Does what a page says, from its top; how many commands were run."""
    count = 0
    for block in blocks(page):
        if block.remarks.get("project") == "kit" and kit is not None:
            project = kit()
        if path := block.remarks.get("file"):
            file = project / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block.text, encoding="utf-8")
        if block.language != SESSION or "not run" in block.remarks:
            continue
        commands = list(block.commands())
        for place, (command, shown) in enumerate(commands):
            last = place == len(commands) - 1
            expected = int(block.remarks.get("exit", "0")) if last else 0
            printed = shell(project).run(command, expected, block)
            count += 1
            if "output" in block.remarks:
                compare(shown, printed, block)
    return count


def folders() -> list[Path]:
    found = [Path(os.environ.get(each, "")) for each in ("PYRUST_TEST_WHEELS", "PYRUST_TEST_WHEELHOUSE")]
    if not all(each.name and each.is_dir() for each in found):
        pytest.skip("needs PYRUST_TEST_WHEELS and PYRUST_TEST_WHEELHOUSE, which `make test` sets")
    if sys.platform == "win32" or shutil.which("bash") is None:
        pytest.skip("the sessions are for a POSIX shell")
    return found


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of every session: nothing of the caller's, and an index that is a folder."""
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("PYRUST", "PYTHON", "PIP_", "VIRTUAL_ENV", "PYTEST", "COV"))
    }
    cache = os.environ.get("PYRUST_CACHE_DIR") or str(tmp_path_factory.mktemp("cache"))
    return {
        **kept,
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": " ".join(str(folder) for folder in folders()),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PYRUST_CACHE_DIR": cache,
        "PYTHONUTF8": "1",
    }


@pytest.fixture(scope="session")
def venv(tmp_path_factory: pytest.TempPathFactory, base: dict[str, str]) -> Path:
    folder = tmp_path_factory.mktemp("venv") / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, env=base)
    return folder


@pytest.fixture(scope="session")
def shell(venv: Path, base: dict[str, str]) -> Callable[[Path], Shell]:
    return lambda project: Shell(project, venv, base)


@pytest.fixture(scope="session")
def started(tmp_path_factory: pytest.TempPathFactory, shell: Callable[[Path], Shell]) -> Path:
    """The project of the five-minute start, after the page has been followed to its end."""
    project = tmp_path_factory.mktemp("start") / "kit"
    project.mkdir()
    assert play(START, project, None, shell) >= 10
    return project


def test_the_five_minute_start(started: Path) -> None:
    manifest = tomllib.loads((started / "pyrust.toml").read_text(encoding="utf-8"))
    assert {"kit.core:distance", "kit.core:total"} <= {entry["function"] for entry in manifest["hotspot"]}
    build = json.loads((started / ".pyrust" / "build.json").read_text(encoding="utf-8"))
    states = {entry["function"]: entry["state"] for entry in build["hotspots"]}
    assert states["kit.core:distance"] == "native"
    assert "kit.core:distance" in (started / "report.html").read_text(encoding="utf-8")


def has_commands(page: Path) -> bool:
    return any(block.language == SESSION and "not run" not in block.remarks for block in blocks(page))


@pytest.mark.parametrize("page", [page for page in PAGES if page != START and has_commands(page)], ids=name)
def test_sessions(page: Path, started: Path, shell: Callable[[Path], Shell], tmp_path: Path) -> None:
    copies = iter(range(100))

    def kit() -> Path:
        return Path(shutil.copytree(started, tmp_path / str(next(copies)) / "kit", symlinks=True))

    empty = tmp_path / "empty"
    empty.mkdir()
    assert play(page, empty, kit, shell) > 0


def test_what_is_not_run_has_a_reason() -> None:
    left = [block for page in PAGES for block in blocks(page) if "not run" in block.remarks]
    assert all(len(block.remarks["not run"]) > 5 for block in left)
    assert len(left) <= 20, "too much of the documentation is taken on trust"


# The page of commands.

FLAG = re.compile(r"^\s+(?:-\w, )?(--[\w-]+)", re.MULTILINE)


def helped(*words: str) -> str:
    environment = {**os.environ, "COLUMNS": "100", "NO_COLOR": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "pyrust", *words, "--help"], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


EXIT_CODES = """\
Exit codes: 0 fine; 1 findings; 2 wrong use, broken input, or no toolchain.
Results go to standard output, messages to standard error. `NO_COLOR` is heeded.
"""


@functools.cache
def commands_page() -> str:
    whole = helped()
    names = re.findall(r"^  ([a-z]+) ", whole.partition("Commands:")[2].partition("Options:")[0], re.MULTILINE)
    parts = [
        "# Commands\n\nMade from `pyrust --help` (`PYRUST_BLESS=1 pytest tests/docs`); do not edit.\n",
        EXIT_CODES,
        f"```text\n{whole.rstrip()}\n```\n",
    ]
    for each in names:
        parts.append(f"## pyrust {each}\n\n```text\n{helped(each).rstrip()}\n```\n")
    return "\n".join(parts)


def test_the_page_of_commands_is_current() -> None:
    path = ROOT / "docs" / "commands.md"
    page = commands_page()
    assert len(FLAG.findall(page)) > 40
    if os.environ.get("PYRUST_BLESS"):
        path.write_text(page, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == page, "docs/commands.md: run this with PYRUST_BLESS=1"


TEMPLATES = sorted((ROOT / "docs" / "ci").glob("*.yml"))


@pytest.mark.parametrize("file", TEMPLATES, ids=name)
def test_templates_call_what_there_is(file: Path) -> None:
    """Commands of the templates for continuous integration exist, with these options."""
    reference = commands_page()
    found = re.findall(r"^\s*(?:- )?(?:run: )?pyrust ([a-z]+)(.*)", file.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(found) >= 4
    for command, rest in found:
        assert f"\n## pyrust {command}\n" in reference, command
        section = reference.partition(f"\n## pyrust {command}\n")[2].partition("\n## ")[0]
        for option in re.findall(r"(?<!\S)--[a-z-]+", rest):
            assert option in section, f"{name(file)}: pyrust {command} has no {option}"


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != "commands.md"], ids=name)
def test_options_in_the_text_exist(page: Path) -> None:
    """`pyrust COMMAND --option` in the running text names a command and an option that there are."""
    reference = commands_page()
    for line in page.read_text(encoding="utf-8").splitlines():
        for match in re.finditer(r"`pyrust ([a-z]+)([^`]*)`", line):
            assert f"\n## pyrust {match[1]}\n" in reference, f"{name(page)}: no command {match[1]}"
            section = reference.partition(f"\n## pyrust {match[1]}\n")[2].partition("\n## ")[0]
            for option in re.findall(r"(?<!\S)--[a-z-]+", match[2].partition(" -- ")[0]):
                assert option in section or option == "--help", f"{name(page)}: {match[0]} has no {option}"


def test_the_blocks_are_found() -> None:
    found: list[Block] = [block for page in PAGES for block in blocks(page)]
    assert len(found) > 30
    assert sum(1 for block in found if block.language == SESSION) > 10


# Flags.


def lines_of_all_tests() -> list[str]:
    folders = [ROOT / "setuptools-plugin" / "tests", ROOT / "pytest-pyrust" / "tests", ROOT / "tests"]
    # `tests/corpus/work` and `tests/real/work` hold other people's code; the checkout itself may stand in a folder `work`.
    files = [
        path for folder in folders for path in folder.rglob("test_*.py") if "work" not in path.relative_to(folder).parts
    ]
    return [line for path in files for line in path.read_text(encoding="utf-8").splitlines()]


def test_every_flag_is_used() -> None:
    """In a session of a page or, with its command, in a line of a test."""
    reference = commands_page()
    lines = lines_of_all_tests()
    sessions = [
        command
        for page in PAGES
        for block in blocks(page)
        if block.language == SESSION and "not run" not in block.remarks
        for command, _ in block.commands()
    ]
    unused = []
    for section in re.split(r"^## pyrust ", reference, flags=re.MULTILINE)[1:]:
        command = section.split()[0]
        for flag in FLAG.findall(section):
            # Those that all commands have are tried with each of them in `test_flags.py`.
            if flag in ("--help", "--project", "--color", "--quiet"):
                continue
            here = re.compile(rf"""["' ]{command}["' ].*["' ]{flag}["'= ]""")
            shown = re.compile(rf"pyrust {command} .*{flag}\b")
            if not any(map(here.search, lines)) and not any(map(shown.search, sessions)):
                unused.append(f"{command} {flag}")
    assert not unused, "no test and no page uses these"


PYTEST_FLAG = re.compile(r"^\s+(--(?:no-)?pyrust[\w-]*)", re.MULTILINE)


def test_every_flag_of_the_plugin_is_used() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--help"], cwd=ROOT / "tests", capture_output=True, text=True, check=False
    )
    flags = set(PYTEST_FLAG.findall(done.stdout))
    assert {"--pyrust-profile", "--pyrust-verify", "--no-pyrust"} <= flags
    text = "\n".join(lines_of_all_tests())
    assert not [flag for flag in sorted(flags) if not re.search(rf"[\"' ]{flag}[\"'= ]", text)]
