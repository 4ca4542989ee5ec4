"""The runner itself: it must see every kind of difference, or the cases prove nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

import worker
from casefiles import Malformed, parse
from invent import case_file
from invent_bits import case_file as of_bits
from invent_objects import case_file as with_classes
from invent_operands import case_file as of_operands
from pyrust import equal

PLAIN = "def f(xs, d):\n    return xs[0]\n"


def problems(other: str, call: str = "f([1, 2.5, [3]], {'a': 1})", plain: str = PLAIN) -> list[str]:
    """Differences between a call in Python and the same call of a function that pretends to be its native code."""
    step = {"text": call, "setup": "", "marks": {}}
    runs = []
    for source in (other, plain):
        namespace: dict[str, object] = {}
        exec(compile(source, "m.py", "exec"), namespace)
        runs.append(worker.Run(equal, worker.Copy(namespace), step))
    found: list[str] = worker.differences(equal, runs[0], runs[1], True)
    return found


def test_the_same_is_the_same() -> None:
    assert problems(PLAIN) == []


@pytest.mark.parametrize(
    "body",
    [
        "return xs[0] + 1",
        "return True",
        "return 1.0",
        "xs.append(1)\n    return xs[0]",
        "xs[1] = 2.5 + 0.0\n    return xs[0]",
        "xs[2] = [3]\n    return xs[0]",
        "d['a'] = 2\n    return xs[0]",
        "del d['a']\n    return xs[0]",
        "raise IndexError('no')",
        "import warnings; warnings.warn('w')\n    return xs[0]",
    ],
)
def test_values_arguments_and_identities_count(body: str) -> None:
    assert problems(f"def f(xs, d):\n    {body}\n")


@pytest.mark.parametrize(
    ("plain", "other"),
    [
        ("return 0.0", "return -0.0"),
        ("return [xs, xs]", "return [xs, xs[:]]"),
        ("return {1: 2, 3: 4}", "return {3: 4, 1: 2}"),
        ("raise ValueError(1)", "raise ValueError(2)"),
        ("raise ValueError(1)", "raise KeyError(1)"),
        ("raise ValueError(1)", "\n    raise ValueError(1)"),
        ("raise ValueError(1)", "raise ValueError(1) from KeyError()"),
        ("return xs", "return list(xs)"),
        ("global g; g = 1", "global g; g = 2"),
    ],
)
def test_fine_differences_count(plain: str, other: str) -> None:
    start = "def f(xs, d):\n    "
    assert problems(f"{start}{other}\n", plain=f"{start}{plain}\n")


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ("C.Py_IncRef(O(xs))", "references"),
        ("C.Py_IncRef(O(d))", "references"),
        ("C.PyObject_GC_UnTrack(O(xs))", "collector"),
        ("k = ''.join(['x', 'yz']); C._PyDict_SetItem_KnownHash(O(d), O(k), O(1), H(hash('xyz')))", "find"),
    ],
)
def test_what_no_picture_shows_counts(body: str, word: str) -> None:
    start = "def f(xs, d):\n    from ctypes import PyDLL, py_object as O, c_ssize_t as H; C = PyDLL(None)\n    "
    plain = "d['xyz'] = 1" if word == "find" else "pass"
    found = problems(f"{start}{body}\n", plain=f"{start}{plain}\n")
    assert len(found) == 1
    assert word in found[0]


def test_a_nan_is_a_nan() -> None:
    source = "def f(xs, d):\n    return float('nan')\n"
    assert problems(source, plain=source.replace("'nan'", "'inf' if 0 else '-nan'")) == []


@pytest.mark.parametrize(
    "text",
    [
        "## a\n```calls\nf(1)\n```\n",
        "## a\n```py\ndef f(x):\n    return x\n```\n```calls\nf: (int) -> int\n```\n",
        "## a\n```py\ndef f(x):\n    return x\n```\n```calls\nf: (int) -> int\nf(1)  # bail\n```\n",
        "## a\n```py\ndef f(x):\n    return x\n",
        "## a\n```py\ndef f(x): pass\ndef f(x): pass\n```\n```calls\nf: (int) -> int\nf(1)\n```\n",
    ],
)
def test_malformed_case_files_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.md").write_text(text)
    with pytest.raises(Malformed):
        parse(tmp_path / "x.md", tmp_path)


def test_invented_programs_are_case_files_and_always_the_same(tmp_path: Path) -> None:
    for invent in (case_file, with_classes, of_bits, of_operands):
        text = invent(5, 20)
        assert text == invent(5, 20)
        (tmp_path / "x.md").write_text(text)
        # One says what the others call, in some.
        assert len(parse(tmp_path / "x.md", tmp_path).cases) in (20, 21)
