"""Patterns of `re`, random ones and such as people write, on random texts: what CPython finds, groups and all."""

from __future__ import annotations

import os
import random
import re
import warnings
from typing import Any

import pytest

from test_values import native

PATTERNS = int(os.environ.get("PYRUST_REGEX_PATTERNS", "500"))
#: What texts are made of, and patterns speak of.
ALPHABET = "aabbcA B_1.\n-é\xdfſ\u0130K\U0001f600\u0661"
WRITTEN = [
    r"(?P<num>\d+(?:\.\d*)?)|(?P<name>[A-Za-z_]\w*)|(?P<op>[-+*/])|(?P<ws>\s+)",
    r"^(\w+)\s*=\s*(.*?)\s*$",
    r'"(?:[^"\\]|\\.)*"',
    r"(\w+)@(\w+)\.(\w{2,3})",
    r"(?i)straße|k|\u0130|[a-f]+",
    r"(?:(a)|b)*c",
    r"(?=(a+))a*b\1",
    r"(?<=a)b|(?<!b)a",
    r"(a|ab)(c|bcd)(d*)",
    r"(?s:.+?)b",
    r"(?m)^\w+$",
    r"\b\w+\b|\B",
    r"(?:ab|a)*?b",
    r"((a)|(b))?\3",
    r"(?:a|b|c1)+",
    r"(?:\w\s){2,3}",
    r"[^\W\d_]+",
    r"(?a:\w+)|\W",
    r"$|^",
    r"a{0}b{2}|(?:){3}",
    r"(?>a+)b|a*+",
    r"(a)?(?(1)b|c)",
    r"",
]


def atom(rng: random.Random, depth: int, groups: list[int]) -> str:
    kind = rng.randrange(16 if depth else 9)
    if kind < 4:
        return re.escape(rng.choice(ALPHABET))
    if kind == 4:
        return rng.choice([r"\w", r"\d", r"\s", r"\W", r"\D", r"\S", "."])
    if kind in (5, 6):
        inside = "".join(
            rng.choice(["a", "b", "a-c", r"\d", r"\s", r"\w", "é", "A-Z", r"\u0660-\u0669", "\U0001f600"])
            for _ in range(rng.randint(1, 3))
        )
        return f"[{rng.choice(['', '^'])}{inside}]"
    if kind == 7:
        return rng.choice(["^", "$", r"\b", r"\B", r"\A", r"\Z"])
    if kind == 8:
        return f"\\{rng.choice(groups)}" if groups else "b"
    if kind < 12:
        body = pattern(rng, depth - 1, groups)
        groups.append(len(groups) + 1)
        return f"({body})"
    if kind < 14:
        return f"(?:{pattern(rng, depth - 1, groups)})"
    # A group in it is not closed when it is named.
    body = pattern(rng, depth - 1, groups)
    return rng.choice([f"(?={body})", f"(?!{body})", f"(?:{body})", "(?<=a)", f"(?<!{rng.choice('ab')})"])


def pattern(rng: random.Random, depth: int, groups: list[int]) -> str:
    ways = []
    for _ in range(rng.choice([1, 1, 1, 2, 2, 3])):
        parts = []
        for _ in range(rng.choice([0, 1, 1, 2, 2, 3])):
            repeat = rng.choice(["", "", "", "*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}", "{0,3}?", "{,2}"])
            part = atom(rng, depth, groups)
            parts.append(part if part in ("^", "$") or part.startswith(("(?=", "(?!", "(?<")) else part + repeat)
        ways.append("".join(parts))
    return "|".join(ways)


def text(rng: random.Random) -> str:
    alphabet = rng.choice([ALPHABET, "ab", "abc1_ \n", "aé ", "ab\u0661K"])
    return "".join(rng.choice(alphabet) for _ in range(rng.choice([0, 1, 2, 3, 5, 7])))


def spans(found: re.Match[str] | None, groups: int) -> list[int]:
    if found is None:
        return []
    return [found.lastindex or 0, *(at for group in range(groups + 1) for at in found.span(group))]


def described(found: re.Match[str] | None) -> Any:
    return found and (found.regs, found.pos, found.endpos, found.lastindex, found.lastgroup, found.string, found.re)


def compare(compiled: re.Pattern[str], subject: str, rng: random.Random) -> None:
    call = native().call
    pos = rng.choice([0, 0, 0, 1, 2, -1, len(subject), len(subject) + 1])
    end = rng.choice([2**63 - 1] * 3 + [len(subject), len(subject) - 1, 2, 0, -1])
    for how, name in enumerate(("match", "search", "fullmatch")):
        expected = getattr(compiled, name)(subject, pos, end)
        note = (compiled.pattern, compiled.flags, name, subject, pos, end)
        got = call("regex.one", compiled, subject, how, pos, end, compiled.groups)
        assert got == ("ok", spans(expected, compiled.groups)), (note, got)
        state, found = call("regex.object", compiled, subject, how, pos, end)
        assert (state, described(found)) == ("ok", described(expected)), note
    note = (compiled.pattern, compiled.flags, subject)
    every = list(compiled.finditer(subject))
    assert call("regex.every", compiled, subject) == ("ok", [at for found in every for at in found.span()]), note
    state, found = call("regex.objects", compiled, subject)
    assert (state, list(map(described, found))) == ("ok", list(map(described, every))), note
    if compiled.groups <= 1:
        assert call("regex.find_all", compiled, subject) == ("ok", compiled.findall(subject)), note
    most = rng.choice([0, 0, 1, 2, -1])
    if compiled.groups == 0:
        assert call("regex.split", compiled, subject, most) == ("ok", compiled.split(subject, most)), note
    replacement = rng.choice(["", "x", "é", "<\\g<0>>"] + (["\\1-"] if compiled.groups else []))
    assert call("regex.subn", compiled, replacement, subject, most) == (
        "ok",
        compiled.subn(replacement, subject, most),
    ), note


@pytest.mark.parametrize("written", WRITTEN)
def test_patterns_that_people_write(written: str) -> None:
    rng = random.Random(written)
    compiled = re.compile(written)
    for _ in range(150):
        compare(compiled, text(rng), rng)


def test_random_patterns() -> None:
    rng = random.Random(int(os.environ.get("PYRUST_REGEX_SEED", "1")))
    natively = 0
    for _ in range(PATTERNS):
        flags = re.NOFLAG
        for flag in (re.IGNORECASE, re.MULTILINE, re.DOTALL, re.ASCII):
            if rng.random() < 0.15:
                flags |= flag
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                compiled = re.compile(pattern(rng, rng.choice([0, 1, 2]), []), flags)
        except (re.error, OverflowError):
            continue
        for _ in range(4):
            compare(compiled, text(rng), rng)
        natively += native().call("regex.is_native", compiled) == ("ok", True)
    # There are places for so many at once; those that came later are CPython's.
    assert natively >= min(PATTERNS, 512) // 2
