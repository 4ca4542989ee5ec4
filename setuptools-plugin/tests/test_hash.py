"""The hash of a function's source says whether it has changed: formatting does not count, and neither does the Python that asks."""

from __future__ import annotations

import ast
import encodings.aliases
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from pyrust import _engine

pytestmark = pytest.mark.slice

#: Everything that formatters move: quotes, parentheses, commas, blank lines, line ends, numbers, strings side by side, decorators.
UNTIDY = '''
import functools
def other( ):pass
class Kit :
    @functools.lru_cache( maxsize = None )
    @staticmethod
    def method ( a, b = 'x' , * , c : "int|str" = 0XfF , ** more ) -> 'list' :


        """   A docstring
             of several lines.   """
        x = a if (b) else ( c ) ; y = [ 1,2,
              3 ,]
        z = { 'a' :1, "it's" : 'say "so"',
              b'\\xFF' [ 0 ] : 1E5 , 0B11: 1_000J }
        # a comment
        if not (a in y) or not ( a is None ) :  del (x), y
        text = 'one ' "two " f'{ a !r:>{ c }} and {z["a"]}' "three"
        while (n := len(text)) > 10 : text = text [ 1 : n-1 ]; continue
        else : pass
        try :
            print ( * y , sep = '' , ** more, )
        except ( ValueError , TypeError ) as error : raise RuntimeError ( 'a very long message that does not fit into the line any more' , error , a , b , c ) from error
        finally :
            assert ( a , b ) , ( "message" )
        with open ( a ) as f, open ( b ) as g : return ( lambda q , * r : ( q , r ) ) ( a ) , ( yield ) , - a ** - b , not a , ( a < b ) == c
        return [ i for i in ( range ( 3 ) ) if ( i ) for j in ( i , ) ] , { ** z } , a [ : : 2 , ... ] , ( 1 , ) , ( ) , 10 .bit_length ( ) , a @ b , """tri
ple""", 'back\\\\slash', r'\\d' , u'old'
'''

#: What the same function has on every machine and Python; it changes with the definition of the hash only.
KNOWN = "sha256:8f4b75495417160f4b5a69df3347c14999434d8a1846e8307c26c6b68cc2cf73"


def written(folder: Path, text: str) -> Path:
    path = folder / "kit.py"
    path.write_text(text)
    return path


def test_the_same_on_every_python(tmp_path: Path) -> None:
    assert _engine.source_hash(str(written(tmp_path, UNTIDY)), "Kit.method") == KNOWN


@pytest.mark.parametrize(
    "command",
    [
        ["ruff", "format", "--isolated"],
        ["ruff", "format", "--isolated", "--line-length=60"],
        ["ruff", "format", "--isolated", "--config", "format.quote-style='single'"],
        ["ruff", "format", "--isolated", "--preview"],
        ["black", "-q"],
        ["black", "-q", "--line-length=60"],
        ["black", "-q", "--skip-string-normalization", "--skip-magic-trailing-comma"],
    ],
    ids=" ".join,
)
def test_formatters_change_nothing(tmp_path: Path, command: list[str]) -> None:
    if importlib.util.find_spec(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    path = written(tmp_path, UNTIDY)
    for number in range(2):
        subprocess.run([sys.executable, "-m", *command, str(path)], check=True)
        text = path.read_text()
        assert text != UNTIDY
        assert _engine.source_hash(str(path), "Kit.method") == KNOWN, text
        # What a formatter has tidied is the same to another one.
        path.write_text(text if number else text.replace("\n\n", "\n\n\n").replace("    ", "\t"))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("0XfF", "0xFE"),
        ("1E5", "100000"),
        ('( a , b ) , ( "message" )', '( b , a ) , ( "message" )'),
        ("'one '", "'one'"),
        ("maxsize = None", "maxsize = 5"),
        ("b = 'x'", "b = 'y'"),
        ("a @ b", "a * b"),
        ("( a < b ) == c", "a < b == c"),
        ("- a ** - b", "( - a ) ** - b"),
        ("!r:>", "!s:>"),
        ("( 1 , )", "( 1 )"),
        ("r'\\d'", "'d'"),
        ("as error : raise", "as error : x = 1 ; raise"),
    ],
)
def test_every_change_counts(tmp_path: Path, old: str, new: str) -> None:
    assert old in UNTIDY
    assert _engine.source_hash(str(written(tmp_path, UNTIDY.replace(old, new, 1))), "Kit.method") != KNOWN


def test_what_does_not_count(tmp_path: Path) -> None:
    for old, new in (
        ("A docstring", "Another docstring"),
        ("# a comment", ""),
        (': "int|str"', ""),
        ("-> 'list' ", ""),
        ("def other( ):pass", "def other( ):return 5"),
    ):
        text = UNTIDY.replace(old, new, 1)
        assert text != UNTIDY
        found = _engine.source_hash(str(written(tmp_path, text)), "Kit.method")
        assert (found == KNOWN) is (old not in (': "int|str"', "-> 'list' ")), old


#: Texts that mean something else in some encoding, though their bytes are ASCII or UTF-8.
DISGUISED = ("plain", "é €", "+AOk-", "~{!#~}", "\\u00e9", "\x1b$B0!\x1b(B")
CODING_LINES = (
    "# coding: {}",
    "#!/usr/bin/python\n# vim: set fileencoding={} :",
    "\x0c # a coding style, -*- coding:\t{} -*-",
    "x = 1\n# coding: {}",
    "'''doc'''  # coding={}",
    "\r\n# coding: {}\r",
)


@pytest.mark.parametrize("line", CODING_LINES)
def test_encodings_are_read_as_python_reads_them(tmp_path: Path, line: str) -> None:
    """Where Python sees another text than ours, other constants would be compiled. What is refused stays Python."""
    every = {*encodings.aliases.aliases, *encodings.aliases.aliases.values(), "UTF-8", "Latin_1-unix"}
    names = every if line == CODING_LINES[0] else {"latin_1", "utf_8", "cp1252", "ascii", "utf_7", "iso-latin-1-dos"}
    read = set()
    for name in sorted(names):
        for text in DISGUISED:
            source = f"{line.format(name)}\ndef f():\n    return '{text}'\n".encode()
            try:
                *_, function = ast.parse(source).body
            except (SyntaxError, ValueError):
                continue
            if not isinstance(function, ast.FunctionDef):
                continue
            value = ast.literal_eval(ast.unparse(function.body[0]).removeprefix("return "))
            path = tmp_path / "coded.py"
            path.write_bytes(source)
            try:
                found = _engine.source_hash(str(path), "f")
            except ValueError as error:
                if "PYR0206" not in str(error):
                    raise
                continue
            read.add(name)
            same = written(tmp_path, f"def f():\n    return {value!a}\n")
            assert found == _engine.source_hash(str(same), "f"), (name, text)
    assert {"latin_1", "utf_8", "cp1252", "ascii"} <= read
