"""The `pyrust` command as a user calls it: output, exit codes, files. Nothing here compiles Rust."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pyrust import _engine

PYPROJECT = """\
[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[project]
name = "kit"
version = "1"

[tool.pyrust]
"""

MODULE = '''\
"""Text."""


def twice(x):
    return x + x


class Sum:
    def add(self, x):
        return x
'''


class Project:
    """A project in a temporary folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, path: str, text: str | bytes) -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode() if isinstance(text, str) else text)
        return file

    def read(self, path: str = "pyrust.toml") -> str:
        return (self.root / path).read_text(encoding="utf-8")

    def pyrust(
        self, *arguments: str, code: int = 0, folder: str = ".", **variables: str
    ) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYRUST_CACHE_DIR": str(self.root.parent / "cache"), **variables}
        done = subprocess.run(
            [sys.executable, "-m", "pyrust", *arguments],
            cwd=self.root / folder,
            env=environment,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        assert "panicked" not in done.stderr, done.stderr
        assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
        return done


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path / "kit")
    made.write("pyproject.toml", PYPROJECT)
    made.write("src/kit/__init__.py", "from kit.text import twice\n")
    made.write("src/kit/text.py", MODULE)
    return made


@pytest.mark.slice
def test_help_and_version(project: Project) -> None:
    assert project.pyrust("--version").stdout == "pyrust 0.1.0\n"
    listed = project.pyrust("--help").stdout
    for command in ("init", "add", "remove", "build", "check", "report", "explain", "clean", "completion", "profile"):
        assert f"\n  {command} " in listed
    assert "unrecognized subcommand" in project.pyrust("frobnicate", code=2).stderr
    assert "_pyrust" in project.pyrust("completion", "bash").stdout


def test_init_shows_a_diff_and_is_idempotent(project: Project) -> None:
    before = project.read("pyproject.toml")
    shown = project.pyrust("init", "--dry-run").stdout
    assert '+requires = ["setuptools>=77", "pyrust-optimizer"]' in shown
    assert project.read("pyproject.toml") == before
    assert project.pyrust("init").stdout == shown
    assert project.read(".gitignore").startswith(".pyrust/\n")
    init = project.read("src/kit/__init__.py")
    assert init.endswith(
        "\ntry:\n"
        "    from . import _pyrust  # type: ignore[attr-defined, unused-ignore]  # noqa: F401\n"
        "except ImportError:  # pragma: no cover\n"
        '    if __import__("os").environ.get("PYRUST") == "require":\n'
        "        raise\n"
    )
    assert project.pyrust("init").stdout == ""
    assert project.read("src/kit/__init__.py") == init


@pytest.mark.parametrize("before", ["", "def f():\n    return 1\n", '"""Doc."""\n\nimport os\n\nprint(os.sep)\n'])
def test_the_lines_that_init_writes_pass_ruff(project: Project, before: str) -> None:
    pytest.importorskip("ruff")
    project.write("src/kit/__init__.py", before)
    project.write("src/top.py", before)
    project.write("pyproject.toml", PYPROJECT + 'packages = ["kit", "top"]\n')
    project.pyrust("init")
    # Other releases have other defaults; a `noqa` without use is one of the newer.
    for rules in ((), ("--select", "E,F,I,RUF100,W", "--ignore", "E501")):
        command = [sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache", *rules, "src"]
        done = subprocess.run(command, cwd=project.root, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    assert "import _pyrust_top" in project.read("src/top.py")


def test_the_lines_that_init_writes_do_nothing_without_a_module(project: Project) -> None:
    project.pyrust("init")
    command = [sys.executable, "-c", "import kit; print(kit.twice(2))"]
    environment = {**os.environ, "PYTHONPATH": str(project.root / "src")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "4\n"
    environment["PYRUST"] = "require"
    assert subprocess.run(command, env=environment, capture_output=True, check=False).returncode == 1


@pytest.mark.slice
def test_add_and_remove(project: Project) -> None:
    shown = project.pyrust("add", "kit.text:twice", "--sig", "(int)->int", "--sig", "(str) -> str").stdout
    assert '+    "(int) -> int",' in shown
    text = project.read()
    assert text.startswith(
        "# Written by `pytest --pyrust-profile`; edit freely, comments are kept.\nversion = 1\n\n[[hotspot]]\n"
    )
    assert (
        'function = "kit.text:twice"\nsignatures = [\n    "(int) -> int",\n    "(str) -> str",\n]\nsource = "sha256:'
        in text
    )
    project.write("pyrust.toml", text.replace("[[hotspot]]", "# mine\n[[hotspot]]"))
    project.pyrust("add", "kit.text:Sum.add", "--sig", "(kit.text.Sum, int) -> int", "--mode", "require")
    assert "# mine" in project.read()
    assert 'mode = "require"' in project.read()
    project.pyrust("remove", "kit.text:Sum.add")
    assert "Sum" not in project.read()
    assert "is not in the manifest" in project.pyrust("remove", "kit.text:Sum.add", code=2).stderr


@pytest.mark.parametrize(
    ("function", "signature", "words"),
    [
        ("kit.text:twce", "(int) -> int", "did you mean `kit.text:twice`?"),
        ("kit.text:twice", "(int, int) -> int", "has 1 parameter, but"),
        ("kit.text:twice", "(integer", "unknown type `integer`"),
        ("kit.text", "(int) -> int", "not of the form `module:qualname`"),
        ("kit.text.twice", "(int) -> int", "not of the form `module:qualname`; did you mean `kit.text:twice`?"),
        ("twice", "(int) -> int", "did you mean `kit.text:twice`?"),
        ("elsewhere:twcie", "(int) -> int", "did you mean `kit.text:twice`?"),
        ("kit.text:nothing_like_it", "() -> int", "help: `pyrust scan --all` lists the functions"),
        ("../x:y", "(int) -> int", "is not a Python identifier"),
        ('kit.text:"]', "(int) -> int", "is not a Python identifier"),
    ],
)
def test_add_refuses(project: Project, function: str, signature: str, words: str) -> None:
    assert words in project.pyrust("add", function, "--sig", signature, code=2).stderr
    assert not (project.root / "pyrust.toml").exists()


@pytest.mark.parametrize("command", ["remove", "explain", "brief", "verify", "bench"])
def test_names_that_are_nearly_right(project: Project, command: str) -> None:
    project.pyrust("add", "kit.text:twice", "--sig", "(int) -> int")
    assert "did you mean `kit.text:twice`?" in project.pyrust(command, "kit.txt:twcie", code=2).stderr


def test_explain_takes_no_name_without_a_module(project: Project) -> None:
    project.pyrust("add", "kit.text:twice", "--sig", "(int) -> int")
    for name in ("twice", "kit.text.twice"):
        assert "did you mean `kit.text:twice`?" in project.pyrust("explain", name, code=2).stderr


def test_scan_names_files_that_do_not_parse(project: Project) -> None:
    project.write("src/kit/broken.py", "def f(:\n")
    assert "src/kit/broken.py:1:7: PYR0304 syntax error" in project.pyrust("scan").stderr
    assert "src/kit/broken.py:1:7: PYR0304" in project.pyrust("scan", "--output-format", "concise").stdout


def test_scan_names_loops_where_only_those_are_native(project: Project) -> None:
    loop = "    total = 0\n    for i in range(n):\n        total += i\n    print(total)\n"
    text = f"def show(n: int) -> None:\n    print(n)\n{loop}def twice(n: int) -> None:\n    print(n)\n{loop}{loop}"
    (project.root / "src" / "kit" / "more.py").write_text(text)
    said = project.pyrust("scan").stdout
    assert "kit.more:show: only the loop at line 4\n" in said
    assert "kit.more:twice: only the loops at lines 10 and 14\n" in said
    found = json.loads(project.pyrust("scan", "--json").stdout)["functions"]
    assert next(one["regions"] for one in found if one["function"] == "kit.more:show") == [4]


def test_scan_says_what_does_not_depend_on_tried_types(project: Project) -> None:
    project.write("src/kit/more.py", "def show(values):\n    for value in values:\n        print(value)\n")
    assert "kit.more:show: PYR0334 calling `print`" in project.pyrust("scan", "--all").stdout


def test_check_finds_what_changed(project: Project) -> None:
    assert "no pyrust.toml yet" in project.pyrust("check").stderr
    project.pyrust("add", "kit.text:twice", "--sig", "(int) -> int")
    assert "in step" in project.pyrust("check", folder="src/kit").stderr
    project.write("src/kit/text.py", MODULE.replace('"""Text."""', "# comments do not count"))
    project.pyrust("check")
    project.write("src/kit/text.py", MODULE.replace("x + x", "2 * x"))
    done = project.pyrust("check", "--output-format", "concise", code=1)
    assert done.stdout == "src/kit/text.py:4:1: PYR0113 `kit.text:twice` has changed since its types were recorded\n"
    [finding] = json.loads(project.pyrust("check", "--json", code=1).stdout)
    assert (finding["code"], finding["slug"], finding["line"]) == ("PYR0113", "source-stale", 4)
    assert project.pyrust("check", "--output-format", "github", code=1).stdout.startswith(
        "::warning file=src/kit/text.py,line=4"
    )
    sarif = json.loads(project.pyrust("check", "--output-format=sarif", code=1).stdout)
    assert sarif["runs"][0]["results"][0]["ruleId"] == "PYR0113"
    assert "-source" in project.pyrust("check", "--fix", "--dry-run").stdout
    project.pyrust("check", code=1)
    assert "refreshed the source of kit.text:twice" in project.pyrust("check", "--fix").stderr
    project.pyrust("check")


def test_check_follows_a_rename(project: Project) -> None:
    project.pyrust("add", "kit.text:twice", "--sig", "(int) -> int")
    project.write("src/kit/text.py", MODULE.replace("def twice", "def double"))
    assert "it is called `kit.text:double` now" in project.pyrust("check", code=1).stdout
    project.pyrust("check", "--fix")
    assert 'function = "kit.text:double"' in project.read()


@pytest.mark.slice
@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("version = 1\n[[hotspot]\n", "PYR0102", "pyrust.toml:2:"),
        ("version = 2\n", "PYR0104", "pyrust.toml:1:11"),
        ("version = 1\n[[hotspot]]\nfunctoin = 'a:b'\n", "PYR0105", "pyrust.toml:3:1"),
        ("version = 1\n[[hotspot]]\nfunction = '../../etc:x'\n", "PYR0107", "pyrust.toml:3:12"),
        ("version = 1\n[[hotspot]]\nfunction = 'a:b\"; evil'\n", "PYR0107", "pyrust.toml:3:12"),
        ("version = 1\n<<<<<<< ours\n=======\n>>>>>>> theirs\n", "PYR0103", "pyrust.toml:2:1"),
        (b"version = 1 # \xff\n", "PYR0101", "pyrust.toml"),
        (b"\x00\x01\x02", "PYR0102", "pyrust.toml:1:"),
    ],
)
def test_broken_manifests(project: Project, text: str | bytes, code: str, place: str) -> None:
    path = project.write("pyrust.toml", text)
    before = path.read_bytes()
    for command in (["check"], ["report"], ["add", "kit.text:twice", "--sig", "(int) -> int"], ["build"]):
        done = project.pyrust(*command, code=2)
        assert code in done.stdout + done.stderr, command
        assert place in done.stdout + done.stderr, command
    assert path.read_bytes() == before


def test_a_conflict_is_united(project: Project) -> None:
    project.pyrust("add", "kit.text:twice", "--sig", "(int) -> int")
    text = project.read()
    ours = "<<<<<<< ours\n"
    theirs = '=======\nsignatures = ["(str) -> str"]\n>>>>>>> theirs\n'
    line = 'signatures = ["(int) -> int"]\n'
    project.write("pyrust.toml", text.replace(line, ours + line + theirs))
    assert "PYR0103" in project.pyrust("check", code=2).stdout
    project.pyrust("check", "--fix")
    assert '"(int) -> int",\n    "(str) -> str",\n' in project.read()
    project.pyrust("check")


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("treshold = 1", "did you mean `threshold`?"),
        ("fallback = 'never'", "must be one of"),
        ("manifest = '../x.toml'", "inside the project"),
        ("packages = ['nowhere']", "`nowhere` was not found"),
    ],
)
def test_broken_settings(project: Project, setting: str, words: str) -> None:
    project.write("pyproject.toml", PYPROJECT + setting + "\n")
    for command in ("check", "build", "report", "init"):
        assert words in project.pyrust(command, code=2).stderr


def test_syntax_errors_in_the_source(project: Project) -> None:
    project.pyrust("add", "kit.text:twice", "--sig", "(int) -> int")
    project.write("src/kit/text.py", "def twice(x:\n")
    assert "PYR0304" in project.pyrust("check", code=2).stdout


def test_no_project(tmp_path: Path) -> None:
    empty = Project(tmp_path / "empty")
    empty.root.mkdir()
    assert "PYR0201" in empty.pyrust("check", code=2).stderr


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="needs a user for whom a folder can be read-only")
def test_a_read_only_folder(project: Project) -> None:
    project.root.chmod(0o555)
    try:
        done = project.pyrust("add", "kit.text:twice", "--sig", "(int) -> int", code=2)
    finally:
        project.root.chmod(0o755)
    assert "PYR0502" in done.stderr


def test_a_manifest_that_cannot_be_written(project: Project) -> None:
    project.write("taken", "a file")
    project.write("pyproject.toml", PYPROJECT + 'manifest = "taken/pyrust.toml"\n')
    done = project.pyrust("add", "kit.text:twice", "--sig", "(int) -> int", code=2)
    assert "PYR0502" in done.stderr


def test_explain(project: Project) -> None:
    assert "check --fix" in project.pyrust("explain", "PYR0103").stdout
    assert "What to do: import at module level." in project.pyrust("explain", "PYR0319").stdout
    assert json.loads(project.pyrust("explain", "--json", "manifest-conflict").stdout)["code"] == "PYR0103"
    assert "neither a function nor a code" in project.pyrust("explain", "PYR9999", code=2).stderr
    wrong = project.pyrust("explain", "PYR0103", "--output-format", "sarif", code=2).stderr
    assert "`PYR0103` is a code, and has no place in a file: `github` and `sarif` list what was found" in wrong
    assert "`pyrust add` or a profile puts it there" in project.pyrust("explain", "kit.text:twice", code=2).stderr
    project.pyrust("add", "kit.text:twice", "--sig", "(int) -> int")
    told = project.pyrust("explain", "kit.text:twice").stdout
    assert told.startswith("kit.text:twice: native\n  (int) -> int\n")
    assert '#[hotspot(function = "kit.text:twice", signature = "(int) -> int", plain)]' in told
    assert ": int (64 bits, checked)" in told
    assert "changes nothing of its caller's" in told
    assert "an int leaves 64 bits" in told
    assert "\x1b[" not in told
    assert "\x1b[" in project.pyrust("--color", "always", "explain", "kit.text:twice").stdout
    value = json.loads(project.pyrust("explain", "--json", "kit.text:twice").stdout)
    assert (value["state"], value["reason"], value["diagnostics"]) == ("native", None, [])
    [specialisation] = value["specialisations"]
    assert (specialisation["signature"], specialisation["changes"]) == ("(int) -> int", [])


def test_explain_a_refusal_within_a_function_that_is_called(project: Project) -> None:
    project.write(
        "src/kit/text.py", "def inner(path):\n    return open(path)\n\n\ndef twice(x):\n    return inner(x)\n"
    )
    project.pyrust("add", "kit.text:twice", "--sig", "(str) -> object")
    told = project.pyrust("explain", "kit.text:twice").stdout
    assert "PYR0312" in told
    assert "because calling `open` is not supported" in told
    assert "src/kit/text.py:2:12" in told
    value = json.loads(project.pyrust("explain", "--json", "kit.text:twice").stdout)
    [found] = value["diagnostics"]
    assert [reason["code"] for reason in found["reasons"]] == ["PYR0334"]
    assert all(each["help"] for each in [found, *found["reasons"]])


def test_report(project: Project) -> None:
    assert json.loads(project.pyrust("report", "--json").stdout)["hotspots"] == []
    project.pyrust("add", "kit.text:twice", "--sig", "(int) -> int")
    [entry] = json.loads(project.pyrust("report", "--json").stdout)["hotspots"]
    assert {"function", "state", "reason", "native_calls", "bailouts"} <= entry.keys()
    assert (entry["function"], entry["state"], entry["native_calls"]) == ("kit.text:twice", "python", 0)


def test_report_tells_signatures_apart(project: Project) -> None:
    project.pyrust("add", "kit.text:twice", "--sig", "(int) -> int", "--sig", "(None) -> None")
    refused = [{"signature": "(None) -> None", "reason": "PYR0401 no `+`"}]
    entry = {"function": "kit.text:twice", "state": "native", "reason": None, "signatures": ["(int) -> int"]}
    project.write(".pyrust/build.json", json.dumps({"hotspots": [{**entry, "refused": refused}]}))
    listed = project.pyrust("report").stdout
    detail = "(int) -> int; (None) -> None stays Python: PYR0401 no `+`"
    assert listed == f"kit.text:twice  native          -  {detail}\n"
    [found] = json.loads(project.pyrust("report", "--json").stdout)["hotspots"]
    assert found["native_signatures"] == ["(int) -> int"]
    assert found["refused"] == refused
    told = project.pyrust("explain", "kit.text:twice").stdout
    assert "\n  (int) -> int\n  (None) -> None   (stays Python: PYR04" in told


def test_report_calls_stale_what_is_not_what_was_compiled(project: Project) -> None:
    project.pyrust("add", "kit.text:twice", "--sig", "(int) -> int")
    [source] = [line.split('"')[1] for line in project.read().splitlines() if line.startswith("source")]
    entry = {"function": "kit.text:twice", "state": "native", "reason": None, "signatures": ["(int) -> int"]}

    def state() -> str:
        [found] = json.loads(project.pyrust("report", "--json").stdout)["hotspots"]
        return str(found["state"])

    project.write(".pyrust/build.json", json.dumps({"hotspots": [{**entry, "source": source}]}))
    assert state() == "native"
    project.write("src/kit/text.py", MODULE.replace("return x + x", "return x + x + x"))
    assert state() == "stale"
    project.pyrust("check", "--fix")  # says nothing about what is compiled
    assert state() == "stale"
    assert "stale" in project.pyrust("report").stdout


def test_report_knows_what_was_verified_where_no_build_was_seen(project: Project) -> None:
    """A build script leaves no report of its own."""
    project.pyrust("add", "kit.text:twice", "--sig", "(int) -> int")
    seen = {"function": "kit.text:twice", "state": "native", "reason": None, "native_calls": 7}
    project.write(".pyrust/verify.json", json.dumps({"hotspots": [seen]}))
    assert project.pyrust("report").stdout.startswith("kit.text:twice  native ")
    project.write("src/kit/text.py", MODULE.replace("return x + x", "return x + x + x"))
    assert project.pyrust("report").stdout.startswith("kit.text:twice  stale ")


def test_report_shows_shares_that_were_measured(project: Project) -> None:
    project.pyrust("add", "kit.text:twice", "--sig", "(int) -> int")
    project.pyrust("add", "kit.text:Sum.add", "--sig", "(int, int) -> int")
    shares = [{"function": "kit.text:twice", "share": 12.34}, {"function": "kit.text:Sum.add", "share": 0.0}]
    project.write(".pyrust/profile.json", json.dumps({"functions": shares}))
    add, twice = project.pyrust("report").stdout.splitlines()
    assert add.split()[2] == "-"
    assert "  12.3 %  " in twice


def refused_functions(project: Project, count: int) -> None:
    body = "    print(x)\n    return eval('x')\n\n\n"
    project.write("src/kit/text.py", "".join(f"def f{number}(x):\n{body}" for number in range(count)))
    entry = '[[hotspot]]\nfunction = "kit.text:f{}"\nsignatures = ["(int) -> int"]\n'
    project.write("pyrust.toml", "version = 1\n" + "".join(entry.format(number) for number in range(count)))


def test_build_shows_one_note_per_function(project: Project) -> None:
    refused_functions(project, 2)
    done = project.pyrust("build", CARGO="/nowhere/cargo")
    lines = [f"python   kit.text:f{number}  (PYR0334 calling `print` is not supported)\n" for number in (0, 1)]
    assert done.stdout == "".join(lines)
    assert done.stderr.count("note[PYR0334]") == 2
    assert "  and 1 more: `pyrust explain kit.text:f1`\n" in done.stderr
    assert "functions have notes" not in done.stderr


@pytest.mark.parametrize("option", ["--html", "--speedscope"])
def test_report_that_cannot_be_written(project: Project, option: str) -> None:
    project.pyrust("add", "kit.text:twice", "--sig", "(int) -> int")
    assert "has no stacks; `pytest --pyrust-profile`" in project.pyrust("report", "--speedscope=s.json", code=2).stderr
    project.write(".pyrust/profile.json", json.dumps({"functions": [], "stacks": {"kit.text:twice": 3}}))
    project.write("file", "")
    done = project.pyrust("report", option, "file/report", code=2)
    assert done.stderr.startswith("pyrust: cannot write `file/report`: ")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere paths are Unicode")
@pytest.mark.parametrize("command", ["verify", "bench", "doctor"])
def test_a_path_that_is_no_text_in_the_locale(tmp_path: Path, command: str) -> None:
    project = Project(tmp_path / "schön")
    project.write("pyproject.toml", PYPROJECT)
    project.write("src/kit/__init__.py", "")
    ascii_only = {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = project.pyrust(command, code=1 if command == "doctor" else 2, **ascii_only)
    assert "set PYTHONUTF8=1" in done.stdout + done.stderr
    assert "internal error" not in done.stderr


def test_nothing_to_measure_or_to_compare_yet(project: Project) -> None:
    for command in ("verify", "bench"):
        said = project.pyrust(command, code=2).stderr
        assert said == "pyrust: no hotspots yet: `pytest --pyrust-profile` finds them and writes pyrust.toml\n"
    project.pyrust("add", "kit.text:twice", "--sig", "(int) -> int")
    assert "no recorded calls of these functions; `pytest --" in project.pyrust("bench", code=2).stderr
    entry = {"samples": [], "long": 0, "opaque": 3}
    project.write(".pyrust/samples.json", json.dumps({"version": 1, "functions": {"kit.text:twice": entry}}))
    assert "the recorded arguments of these functions are too large" in project.pyrust("bench", code=2).stderr


def test_build_says_where_a_native_function_is_python(project: Project) -> None:
    text = "def f(x):\n    if x > 7:\n        print(x)\n    return x\n\n\n"
    loop = (
        "def g(n):\n    print(n)\n    t = 0\n    for i in range(n):\n        t += i * i\n    print(t)\n    return t\n"
    )
    project.write("src/kit/text.py", text + loop)
    entry = '[[hotspot]]\nfunction = "kit.text:{}"\nsignatures = ["(int) -> int"]\n'
    project.write("pyrust.toml", "version = 1\n" + "".join(map(entry.format, "fg")))
    # What is said of a build does not depend on one.
    report = {"outcome": "native", "message": "2 of 2 hotspots native", "exit_code": 0, "packages": [], "modules": {}}
    functions = json.loads(_engine.generate(str(project.root)))["packages"][0]["functions"]
    assert [(function["left"], function["regions"]) for function in functions] == [([3], []), ([], [10])]
    program = (
        "import json, sys; from pyrust import driver, cli; data = json.loads(sys.argv.pop()); "
        "driver.build_project = lambda *_, **__: data; sys.argv[1:] = ['build']; sys.exit(cli.main())"
    )
    report["hotspots"] = [
        {**function, "state": "native", "package": "kit", "diagnostics": []} for function in functions
    ]
    done = subprocess.run(
        [sys.executable, "-c", program, json.dumps(report)],
        cwd=project.root,
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    assert done.stdout.splitlines() == [
        "native   kit.text:f  (Python where it gets to line 3: `pyrust explain kit.text:f`)",
        "native   kit.text:g  (only the loop at line 10)",
    ]


def test_build_counts_the_notes_of_many_functions(project: Project) -> None:
    refused_functions(project, 25)
    done = project.pyrust("build", CARGO="/nowhere/cargo")
    assert len(done.stdout.splitlines()) == 25
    assert "note[" not in done.stderr
    assert "25 functions have notes, by the code of the first:\n    25  PYR0334  input or output" in done.stderr
    full = project.pyrust("build", "--output-format", "full", CARGO="/nowhere/cargo")
    assert full.stderr.count("note[PYR0334]") == 25
    assert full.stderr.count("note[") == 50
    concise = project.pyrust("build", "--output-format", "concise", CARGO="/nowhere/cargo")
    assert "src/kit/text.py:2:5: PYR0334 calling `print` is not supported (in `kit.text:f0`)\n" in concise.stderr
    built = json.loads(project.pyrust("build", "--output-format", "json", CARGO="/nowhere/cargo").stdout)
    assert sum(len(entry["diagnostics"]) for entry in built["hotspots"]) == 50


def test_clean(project: Project) -> None:
    project.write(".pyrust/build.json", "{}")
    project.write("src/kit/_pyrust.cpython-399-x86_64-linux-gnu.so", "")
    project.write("src/kit/_pyrust_other.so", "")
    project.write("src/kit/pyrust_licenses.txt", "of a build script")
    listed = project.pyrust("clean", "--dry-run").stdout
    assert listed == ".pyrust\nsrc/kit/_pyrust.cpython-399-x86_64-linux-gnu.so\nsrc/kit/pyrust_licenses.txt\n"
    assert project.pyrust("clean").stdout == listed
    assert not (project.root / ".pyrust").exists()
    assert (project.root / "src/kit/_pyrust_other.so").exists()
    assert project.pyrust("clean").stdout == ""


def test_clean_the_whole_cache(project: Project) -> None:
    cache = project.root.parent / "cache"
    assert f"no build cache at {cache}" in project.pyrust("clean", "--cache").stderr
    for name in ("crates", "projects"):
        (cache / name / "x").mkdir(parents=True)
    (cache / "crates" / "x" / "y").write_bytes(b"0" * 2_000_000)
    (cache / "mine").mkdir()
    assert "(mine): nothing was removed" in project.pyrust("clean", "--cache", code=2).stderr
    (cache / "mine").rmdir()
    project.write(".pyrust/build.json", "{}")
    for words in (("--dry-run",), ()):
        assert cache.is_dir()
        assert project.pyrust("clean", "--cache", *words, folder="..").stdout == f"{cache} (2 MB)\n"
    assert not cache.exists()
    assert (project.root / ".pyrust").is_dir()


def test_colours(project: Project) -> None:
    project.write("pyrust.toml", "version = 2\n")
    assert "\x1b" not in project.pyrust("check", code=2).stdout
    assert "\x1b" in project.pyrust("--color=always", "check", code=2).stdout
    assert "\x1b" in project.pyrust("check", code=2, FORCE_COLOR="1").stdout
    assert "\x1b" not in project.pyrust("check", code=2, FORCE_COLOR="1", NO_COLOR="1").stdout


def test_a_reader_that_goes_away(project: Project) -> None:
    command = [sys.executable, "-m", "pyrust", "completion", "zsh"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""


def test_profile_reset(project: Project) -> None:
    project.pyrust("add", "kit.text:twice", "--sig", "(int) -> int")
    project.pyrust("profile", "--reset", "kit.text:twice")
    assert "signatures = []" in project.read()
    assert "is not in the manifest" in project.pyrust("profile", "--reset", "kit.text:twce", code=2).stderr
    assert "no command" in project.pyrust("profile", code=2).stderr
