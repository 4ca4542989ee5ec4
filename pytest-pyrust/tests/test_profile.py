"""`pytest --pyrust-profile` as a user sees it."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

Runner = Callable[..., pytest.RunResult]


def manifest(project: pytest.Pytester, path: str = "pyrust.toml") -> str:
    return (project.path / path).read_text()


def test_hot_functions_and_their_types(project: pytest.Pytester, run: Runner) -> None:
    # So long that one per cent is several samples: `words` and `Summary` run for an instant, in which one may fall.
    tests = project.path / "tests" / "test_distance.py"
    tests.write_text(tests.read_text().replace("range(20)", "range(150)"))
    result = run("--pyrust-profile")
    result.assert_outcomes(passed=11)
    assert result.ret == 0
    result.stdout.fnmatch_lines(["pyrust: profiling textkit (threshold 1 %), everything runs as Python"])
    result.stdout.fnmatch_lines(["pyrust: 1 hotspot covers * % of the measured time → pyrust.toml"])
    text = manifest(project)
    assert "textkit.distance:levenshtein" in text
    assert "(str, str) -> int" in text
    assert "Summary" not in text
    data = json.loads((project.path / ".pyrust" / "profile.json").read_text())
    assert data["samples"] > 0
    assert data["machine"]["python"]


def test_threshold_zero_takes_every_function_that_is_called(project: pytest.Pytester, run: Runner) -> None:
    assert run("--pyrust-profile", "--pyrust-threshold=0", "-k", "words or add").ret == 0
    text = manifest(project)
    assert "textkit.distance:words" in text
    assert "textkit.distance:Summary.__init__" in text
    assert "(textkit.distance.Summary, float) -> None" in text
    assert "(textkit.distance.Summary, int) -> None" in text
    assert "levenshtein" not in text
    assert "test_" not in text


def test_what_instances_hold_is_recorded_with_their_hot_methods(project: pytest.Pytester, run: Runner) -> None:
    (project.path / "src/textkit/sets.py").write_text(
        "class Sets:\n"
        "    def __init__(self, count):\n"
        "        self.parents = list(range(count))\n\n"
        "    def find(self, x):\n"
        "        while self.parents[x] != x:\n"
        "            self.parents[x] = self.parents[self.parents[x]]\n"
        "            x = self.parents[x]\n"
        "        return x\n\n\n"
        "class Index:\n"
        "    def __init__(self, name):\n"
        "        self.name = name\n"
        "        self.places = {}\n\n"
        "    def add(self, word, place):\n"
        "        self.places.setdefault(word, []).append(place)\n\n"
        "    def size(self):\n"
        "        return len(self.places)\n\n"
        "    def total(self, words):\n"
        "        found = 0\n"
        "        for word in words:\n"
        "            if word in self.places:\n"
        "                for place in self.places[word]:\n"
        "                    found += place % 7\n"
        "        return found\n\n\n"
        "class Unused:\n"
        "    def __init__(self, name):\n"
        "        self.name = name\n"
    )
    (project.path / "tests/test_sets.py").write_text(
        "from textkit.sets import Index, Sets, Unused\n\n\n"
        "def test_find():\n"
        "    Unused('sets')\n"
        "    sets = Sets(5)\n"
        "    for _ in range(500):\n"
        "        sets.parents = [max(x - 1, 0) for x in range(5000)]\n"
        "        assert sets.find(4999) == 0\n\n\n"
        "def test_find_words():\n"
        "    index = Index('words')\n"
        "    for place in range(60):\n"
        "        index.add(str(place % 20), place)\n"
        "    assert index.size() == 20\n"
        "    words = [str(n % 30) for n in range(60_000)]\n"
        "    for _ in range(60):\n"
        "        assert index.total(words) > 0\n"
    )
    result = run("--pyrust-profile", "-k", "find")
    assert result.ret == 0
    told = "textkit.sets:Index.__init__, textkit.sets:Index.add, textkit.sets:Sets.__init__"
    result.stdout.fnmatch_lines([f"pyrust: besides, for what instances hold: {told}"])
    first = manifest(project)
    assert "textkit.sets:Index.total" in first
    assert "Index.size" not in first
    assert "textkit.sets:Sets.find" in first
    assert "(textkit.sets.Sets, int) -> None" in first
    assert "Unused" not in first
    assert json.loads((project.path / ".pyrust/profile.json").read_text())["refused"] == {}
    run("--pyrust-profile", "-k", "find")
    assert manifest(project) == first


def test_what_goes_through_a_generator_that_stays_python_is_recorded(project: pytest.Pytester, run: Runner) -> None:
    (project.path / "src/textkit/walks.py").write_text(
        "def steps(n):\n"
        "    k = n\n"
        "    while k > 0:\n"
        "        if k % 1000 == 0:\n"
        "            yield k % 7\n"
        "        k -= 1\n\n\n"
        "def doubled(n):\n"
        "    for step in steps(n):\n"
        "        yield step * 2\n\n\n"
        "def longest(n):\n"
        "    return max(doubled(n))\n\n\n"
        "def printed(n):\n"
        "    print(longest(n))\n"
    )
    (project.path / "tests/test_walks.py").write_text(
        "from textkit.walks import printed\n\n\ndef test_walk():\n    for _ in range(2):\n        printed(2_000_000)\n"
    )
    # Far from what chance makes of few samples.
    options = ("--pyrust-profile", "--pyrust-threshold=30", "-k", "walk")
    result = run(*options)
    assert result.ret == 0
    said = "pyrust: besides, as they go through hot generators that stay Python: textkit.walks:longest"
    result.stdout.fnmatch_lines([said])
    first = manifest(project)
    assert "textkit.walks:longest" in first
    assert "textkit.walks:printed" not in first
    run(*options)
    assert manifest(project) == first


def test_who_often_calls_hot_functions_is_recorded(project: pytest.Pytester, run: Runner) -> None:
    (project.path / "src/textkit/routes.py").write_text(
        "def hop(x):\n"
        "    for k in range(60):\n"
        "        x = (x * 31 + k) % 65537\n"
        "    return x\n\n\n"
        "def route(n):\n"
        "    x = 1\n"
        "    for _ in range(n):\n"
        "        x = hop(x)\n"
        "    return x\n\n\n"
        "def printed(n):\n"
        "    print(route(n))\n"
    )
    (project.path / "tests/test_routes.py").write_text(
        "from textkit.routes import printed\n\n\ndef test_route():\n    for _ in range(4):\n        printed(60_000)\n"
    )
    options = ("--pyrust-profile", "--pyrust-threshold=30", "-k", "route")
    result = run(*options)
    assert result.ret == 0
    said = "pyrust: besides, as their time is in short functions that they call: textkit.routes:route"
    result.stdout.fnmatch_lines([said])
    first = manifest(project)
    assert "textkit.routes:route" in first
    assert "textkit.routes:printed" not in first
    run(*options)
    assert manifest(project) == first


def test_what_instances_hold_is_recorded_where_the_text_does_not_say_it(project: pytest.Pytester, run: Runner) -> None:
    (project.path / "src/textkit/boards.py").write_text(
        "from dataclasses import dataclass, field\n\n\n"
        "@dataclass\n"
        "class Piece:\n"
        "    square: int\n"
        "    marks: list = field(default_factory=list)\n"
        "    unread: list = field(default_factory=list)\n\n\n"
        "class Board:\n"
        "    def __init__(self):\n"
        "        self.taken = 0\n"
        "        self.moves = 0\n\n"
        "    def free(self, squares):\n"
        "        count = 0\n"
        "        for square in squares:\n"
        "            if not self.taken >> square & 1:\n"
        "                count += 1\n"
        "        self.moves += 1\n"
        "        return count\n\n\n"
        "def marked(pieces, word):\n"
        "    count = 0\n"
        "    for _ in range(60):\n"
        "        for piece in pieces:\n"
        "            if word in piece.marks:\n"
        "                count += piece.square\n"
        "    return count\n"
    )
    (project.path / "tests/test_boards.py").write_text(
        "from textkit.boards import Board, Piece, marked\n\n\n"
        "def test_find():\n"
        "    board = Board()\n"
        "    squares = list(range(64)) * 40\n"
        "    for square in range(64):\n"
        "        board.taken |= 1 << square\n"
        "        for _ in range(4):\n"
        "            assert board.free(squares) == 40 * (63 - square)\n\n\n"
        "def test_find_marks():\n"
        "    pieces = [Piece(n, ['a', 'b'] if n % 2 else []) for n in range(400)]\n"
        "    for _ in range(4):\n"
        "        assert marked(pieces, 'b') >= 0\n"
    )
    result = run("--pyrust-profile", "--pyrust-threshold=0", "-k", "boards")
    assert result.ret == 0
    told = "textkit.boards.Board.taken, textkit.boards.Piece.marks"
    result.stdout.fnmatch_lines([f"pyrust: what instances hold was recorded: {told}"])
    first = manifest(project)
    assert '"textkit.boards.Piece.marks" = "list[str]"' in first
    assert '"textkit.boards.Board.taken" = "bigint | int"' in first
    assert "unread" not in first
    assert json.loads((project.path / ".pyrust/profile.json").read_text())["refused"] == {}
    run("--pyrust-profile", "--pyrust-threshold=0", "-k", "boards")
    assert manifest(project) == first
    # What no hotspot asks for goes.
    run("--pyrust-profile", "--pyrust-threshold=0", "-k", "words")
    assert '"textkit.boards.Piece.marks"' in manifest(project)
    path = project.path / "src/textkit/boards.py"
    path.write_text(path.read_text().replace("word in piece.marks", "word != 'b'"))
    run("--pyrust-profile", "--pyrust-threshold=0", "-k", "boards")
    assert '"textkit.boards.Piece.marks"' not in manifest(project)


def test_profiling_again_gives_the_same_bytes(project: pytest.Pytester, run: Runner) -> None:
    run("--pyrust-profile", "--pyrust-threshold=0")
    first = (project.path / "pyrust.toml").read_bytes()
    run("--pyrust-profile", "--pyrust-threshold=0")
    assert (project.path / "pyrust.toml").read_bytes() == first


def test_another_manifest(project: pytest.Pytester, run: Runner) -> None:
    assert run("--pyrust-profile", "--pyrust-threshold=0", "--pyrust-manifest=other.toml", "-k", "words").ret == 0
    assert "textkit.distance:words" in (project.path / "other.toml").read_text(encoding="utf-8")
    assert not (project.path / "pyrust.toml").exists()


def test_workers_are_merged(project: pytest.Pytester, run: Runner) -> None:
    pytest.importorskip("xdist")
    result = run("--pyrust-profile", "--pyrust-threshold=0", "-n", "2")
    result.assert_outcomes(passed=11)
    assert result.ret == 0
    text = manifest(project)
    for function in ("levenshtein", "words", "Summary.add"):
        assert f"textkit.distance:{function}" in text
    data = json.loads((project.path / ".pyrust" / "profile.json").read_text())
    calls = {entry["function"]: entry["calls"] for entry in data["functions"]}
    assert calls["textkit.distance:levenshtein"] == 160


def test_doctests(project: pytest.Pytester, run: Runner) -> None:
    result = run("--pyrust-profile", "--pyrust-threshold=0", "--doctest-modules", "src")
    result.assert_outcomes(passed=1)
    assert "textkit.distance:levenshtein" in manifest(project)
    assert "words" not in manifest(project)


def test_doctests_of_a_file_that_is_named(project: pytest.Pytester, run: Runner) -> None:
    # pytest rewrites the assertions of such a file, as if it were a test.
    run("--pyrust-profile", "--pyrust-threshold=0", "--doctest-modules", "src/textkit/distance.py").assert_outcomes(
        passed=1
    )
    assert "textkit.distance:levenshtein" in manifest(project)


def test_tests_inside_the_package_are_no_hotspots(project: pytest.Pytester, run: Runner) -> None:
    folder = project.path / "src" / "textkit" / "tests"
    folder.mkdir()
    (folder / "__init__.py").write_text("def helper():\n    return 1\n")
    (folder / "test_inside.py").write_text(
        "from textkit.distance import words\nfrom textkit.tests import helper\ndef test_inside():\n    assert words('a') == helper()\n"
    )
    run("--pyrust-profile", "--pyrust-threshold=0", "src/textkit/tests").assert_outcomes(passed=1)
    text = manifest(project)
    assert "textkit.distance:words" in text
    assert "test_inside" not in text
    assert "helper" not in text


def test_ini_keys(project: pytest.Pytester, run: Runner) -> None:
    with (project.path / "pyproject.toml").open("a") as file:
        file.write('pyrust_profile = true\npyrust_threshold = "0"\npyrust_manifest = "other.toml"\n')
    assert run("-k", "words").ret == 0
    assert "textkit.distance:words" in manifest(project, "other.toml")
    assert not (project.path / "pyrust.toml").exists()


def test_reports(project: pytest.Pytester, run: Runner) -> None:
    result = run("--pyrust-profile", "--pyrust-report=term")
    # How many calls are seen depends on the machine: on 3.11 recording pauses where it would cost too much.
    result.stdout.re_match_lines([r"\s*[\d.]+ %\s+\d+  textkit\.distance:levenshtein", r"\s+\(str, str\) -> int"])
    run("--pyrust-profile", "--pyrust-report=json:out/report.json")
    assert json.loads((project.path / "out" / "report.json").read_text())["functions"]
    run("--pyrust-profile", "--pyrust-threshold=0", "--pyrust-report=html:out/report.html")
    page = (project.path / "out" / "report.html").read_text()
    assert page.startswith("<!doctype html>")
    for part in ("textkit.distance:levenshtein</code>", "(str, str) -&gt; int", "threshold 0 %"):
        assert part in page
    modes = {path.stat().st_mode for path in (project.path / "out").iterdir()}
    assert modes == {(project.path / "pyproject.toml").stat().st_mode}, "whoever reads the sources may read the reports"


def test_what_cannot_be_compiled_is_named_with_the_reason(project: pytest.Pytester, run: Runner) -> None:
    (project.path / "src" / "textkit" / "files.py").write_text("def lines(path):\n    return list(open(path))\n")
    (project.path / "tests" / "test_files.py").write_text(
        "from textkit.files import lines\ndef test_lines():\n    assert lines(__file__)\n"
    )
    result = run("--pyrust-profile", "--pyrust-threshold=0", "--pyrust-report=term")
    result.stdout.re_match_lines([r"pyrust: textkit\.files:lines \(\d+ %\) stays Python: PYR\d+ .*`open`"])
    result.stdout.re_match_lines([r"\s+stays Python: PYR\d+ .*`open`"])
    data = json.loads((project.path / ".pyrust" / "profile.json").read_text())
    assert "`open`" in data["refused"]["textkit.files:lines"]
    assert not {"textkit.distance:words", "textkit.distance:levenshtein"} & set(data["refused"])
    assert "nothing to gain" not in result.stdout.str()
    alone = run("--pyrust-profile", "--pyrust-threshold=0", "--pyrust-manifest=alone.toml", "tests/test_files.py")
    alone.stdout.fnmatch_lines(["pyrust: nothing to gain as it is: every hot function stays Python; *"])


def test_failing_tests_still_give_a_profile(project: pytest.Pytester, run: Runner) -> None:
    (project.path / "tests" / "test_bad.py").write_text("def test_bad():\n    assert False\n")
    assert run("--pyrust-profile", "--pyrust-threshold=0").ret == 1
    assert "textkit.distance:words" in manifest(project)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--pyrust-profile", "--pyrust-threshold=lots"], "*percentage*lots*"),
        (["--pyrust-profile", "--pyrust-report=pdf:x"], "*report*pdf:x*"),
        (["--pyrust-profile", "--pyrust-verify"], "*exclude each other*"),
        (["--pyrust-report=term"], "*--pyrust-report goes with --pyrust-profile or*`pyrust report` shows*"),
        (["--pyrust-verify-seconds=5"], "*--pyrust-verify-seconds goes with --pyrust-profile or*"),
    ],
)
def test_wrong_use(run: Runner, arguments: list[str], message: str) -> None:
    result = run(*arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([message])
    assert "Traceback" not in result.stderr.str()


@pytest.mark.parametrize(
    ("setting", "said"),
    [("pyrust_profile = perhaps", "*pyrust_profile in the settings*perhaps*"), ("pyrust_threshold = lots", "*lots*")],
)
def test_wrong_settings_are_named(project: pytest.Pytester, run: Runner, setting: str, said: str) -> None:
    (project.path / "pytest.ini").write_text(f"[pytest]\n{setting}\n")
    result = run("--pyrust-profile" if "threshold" in setting else "-q")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([said])


@pytest.mark.parametrize("setting", ["pyrust_report = ", "addopts = --pyrust-report="])
def test_settings_wait_for_a_run_that_uses_them(project: pytest.Pytester, run: Runner, setting: str) -> None:
    (project.path / "pytest.ini").write_text(f"[pytest]\npythonpath = . src\n{setting}json:out/report.json\n")
    assert run("-q", "-k", "not everything").ret == 0
    assert not (project.path / "out").exists()
    assert run("--pyrust-profile").ret == 0
    assert (project.path / "out/report.json").is_file()


def test_no_function_called(project: pytest.Pytester, run: Runner) -> None:
    result = run("--pyrust-profile", "-k", "everything_runs")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["pyrust: no function of textkit was called*"])


def test_off(project: pytest.Pytester, run: Runner) -> None:
    result = run("--no-pyrust", "--pyrust-profile")
    result.assert_outcomes(passed=11)
    assert not (project.path / "pyrust.toml").exists()
    result.stdout.fnmatch_lines(["pyrust: off*"])


def test_without_options_it_does_nothing(project: pytest.Pytester, run: Runner) -> None:
    result = run("-k", "words")
    result.assert_outcomes(passed=1)
    assert "pyrust:" not in result.stdout.str()
    assert not (project.path / ".pyrust").exists()


def test_a_failing_fixture_is_shown_without_frames_of_the_plugin(project: pytest.Pytester, run: Runner) -> None:
    project.makeconftest("""
        import pytest

        @pytest.fixture
        def broken():
            raise ValueError("before")

        @pytest.fixture
        def left():
            yield
            raise ValueError("after")
    """)
    project.makepyfile(test_fixtures="def test_before(broken): pass\ndef test_after(left): pass")
    result = run("test_fixtures.py")
    result.assert_outcomes(passed=1, errors=2)
    result.stdout.fnmatch_lines(["E * ValueError: before", "E * ValueError: after"])
    result.stdout.no_fnmatch_line("*pytest_pyrust*")


def test_importing_the_plugin_is_cheap(project: pytest.Pytester, run: Runner) -> None:
    (project.path / "tests" / "test_light.py").write_text(
        "import sys\ndef test_light():\n    assert not [name for name in sys.modules if name.split('.')[0] == 'pyrust']\n"
    )
    run("tests/test_light.py").assert_outcomes(passed=1)
