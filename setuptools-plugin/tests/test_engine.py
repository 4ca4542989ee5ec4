"""The functions of `pyrust._engine` that other parts build on."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pyrust import PyRustError, _engine, bench, runinfo

SOURCE = "def f(x):\n    return x + 1\n\n\ndef g(x):\n    return f(x)\n\n\ndef f2(): pass\ndef f2(): pass\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "__init__.py").write_text("")
    (tmp_path / "p" / "m.py").write_text(SOURCE)
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'p'\n[tool.pyrust]\nthreshold = 2\n")
    return tmp_path


def profile(*functions: dict[str, Any]) -> str:
    return json.dumps({"threshold": 1.0, "functions": functions})


def hot(name: str, share: float = 50.0, *signatures: str) -> dict[str, Any]:
    texts = signatures or ("(int) -> int",)
    return {"function": name, "share": share, "calls": 1, "signatures": [[text, 1] for text in texts]}


@pytest.mark.slice
def test_load_project(root: Path) -> None:
    facts = _engine.load_project(str(root))
    assert facts["packages"] == ["p"]
    assert facts["modules"] == {"p": "p/__init__.py", "p.m": "p/m.py"}
    assert (facts["threshold"], facts["fallback"], facts["present"], facts["hotspots"]) == (2.0, "warn", True, [])


def test_another_manifest_than_the_projects(root: Path) -> None:
    _engine.merge_profile(str(root), "other.toml", profile(hot("p.m:f")))
    for named in ("other.toml", str(root / "other.toml")):
        facts = _engine.load_project(str(root), named)
        assert [entry["function"] for entry in facts["hotspots"]] == ["p.m:f"]
    assert _engine.load_project(str(root))["hotspots"] == []
    project = runinfo.load(root, str(root / "other.toml"))
    assert list(bench.chosen(project, ())) == ["p.m:f"]


@pytest.mark.slice
def test_profiles_merge(root: Path) -> None:
    first = profile(hot("p.m:f"), hot("p.m:g", 0.7), hot("p.m:gone"), hot("p.m:f2"))
    summary = _engine.merge_profile(str(root), None, first)
    assert (summary["added"], summary["changed"], summary["hotspots"]) == (["p.m:f"], True, 1)
    assert [skipped["function"] for skipped in summary["skipped"]] == ["p.m:f2", "p.m:gone"]
    text = (root / "pyrust.toml").read_text()
    assert not _engine.merge_profile(str(root), None, first)["changed"]
    assert (root / "pyrust.toml").read_text() == text
    summary = _engine.merge_profile(str(root), None, profile(hot("p.m:f", 0.5, "(str) -> str")))
    assert summary["widened"] == ["p.m:f"]
    summary = _engine.merge_profile(str(root), None, profile(hot("p.m:f", 0.4)))
    assert summary["removed"] == ["p.m:f"]


def test_signatures_that_the_grammar_cannot_say_are_left_out(root: Path) -> None:
    summary = _engine.merge_profile(str(root), None, profile(hot("p.m:f", 50.0, "(int) -> int", "(a b) -> int")))
    assert summary["added"] == ["p.m:f"]
    assert "(a b) -> int" in summary["skipped"][0]["reason"]


def test_a_profile_of_nothing_writes_nothing(root: Path) -> None:
    assert not _engine.merge_profile(str(root), None, profile())["changed"]
    assert not (root / "pyrust.toml").exists()


def test_gates(root: Path) -> None:
    _engine.merge_profile(str(root), None, profile(hot("p.m:f")))
    assert _engine.set_gate(str(root), None, ["p.m:f", "p.m:unknown"], [])
    assert 'gate = "slower"' in (root / "pyrust.toml").read_text()
    [function] = json.loads(_engine.generate(str(root)))["packages"][0]["functions"]
    assert (function["state"], function["native"]) == ("disabled", False)
    assert not _engine.set_gate(str(root), None, ["p.m:f"], [])
    assert _engine.set_gate(str(root), None, [], ["p.m:f"])
    assert "gate" not in (root / "pyrust.toml").read_text()


def test_a_gate_ends_with_the_source_that_was_measured(root: Path) -> None:
    _engine.merge_profile(str(root), None, profile(hot("p.m:f")))
    _engine.set_gate(str(root), None, ["p.m:f"], [])
    (root / "p" / "m.py").write_text(SOURCE.replace("x + 1", "x + 2"))
    generated = json.loads(_engine.generate(str(root)))
    [function] = generated["packages"][0]["functions"]
    assert function["native"]
    for findings in (generated["diagnostics"], function["diagnostics"]):
        assert [finding["code"] for finding in findings] == ["PYR0113"]


@pytest.mark.slice
def test_generated_text_is_deterministic_and_digests_can_be_computed(root: Path) -> None:
    _engine.merge_profile(str(root), None, profile(hot("p.m:f"), hot("p.m:g")))
    text = _engine.generate(str(root))
    assert text == _engine.generate(str(root))
    [package] = json.loads(text)["packages"]
    assert (package["package"], package["init"], package["module"]) == ("p", "PyInit__pyrust", "_pyrust")
    assert package["directory"] == "p"
    assert package["digests"] == {
        "functions": ["p.m:f", "p.m:g"],
        "modules": {"p.m": "p/m.py"},
        "lines": {},
        "regions": {},
        "texts": {},
    }
    command = [sys.executable, "-I", "-c", _engine.digest_program()]
    request = json.dumps(package["digests"])
    done = subprocess.run(command, input=request, cwd=root, capture_output=True, encoding="utf-8", check=True)
    lines = [line.split() for line in done.stdout.splitlines()]
    assert [name for name, _ in lines] == ["p.m:f", "p.m:g"]
    assert all(len(digest) == 32 for _, digest in lines)


def test_dropped_functions_stay_python(root: Path) -> None:
    _engine.merge_profile(str(root), None, profile(hot("p.m:f"), hot("p.m:g")))
    [package] = json.loads(_engine.generate(str(root), None, ["p.m:g"]))["packages"]
    assert [(f["function"], f["state"]) for f in package["functions"]] == [("p.m:f", "native"), ("p.m:g", "python")]


def test_source_hashes(root: Path) -> None:
    path = root / "p" / "m.py"
    before = _engine.source_hash(str(path), "f")
    assert before.startswith("sha256:")
    path.write_text("# moved\n\n" + SOURCE.replace("x + 1", "(x  +  1)  # same"))
    assert _engine.source_hash(str(path), "f") == before
    with pytest.raises(PyRustError, match="defined more than once"):
        _engine.source_hash(str(path), "f2")
    with pytest.raises(PyRustError, match="no function `h`"):
        _engine.source_hash(str(path), "h")


def test_broken_input_is_one_kind_of_error(root: Path) -> None:
    (root / "pyrust.toml").write_text("version = 1\nnonsense = 1\n")
    for call in (_engine.generate, _engine.load_project):
        with pytest.raises(PyRustError, match="PYR0105") as caught:
            call(str(root))
        assert caught.value.exit_code == 2
    assert _engine.check(str(root))["exit_code"] == 2
    (root / "pyrust.toml").unlink()
    with pytest.raises(ValueError, match="the profile cannot be read"):
        _engine.merge_profile(str(root), None, "not json")
