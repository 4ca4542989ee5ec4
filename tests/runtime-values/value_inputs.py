"""Values that are worth trying: at the boundaries, and strategies around them. By the kinds of `value_oracle`."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

WORD = 1 << 63
BOUNDARIES = [0, 1, -1, 2, -2, 3, -3, 7, -7, 10, -10, 63, 64, 65, 255, 256]
for _power in (31, 32, 53, 54, 62):
    BOUNDARIES += [s * (1 << _power) + d for s in (1, -1) for d in (-1, 0, 1)]
BOUNDARIES += [
    WORD - 1,
    WORD - 2,
    WORD - 1024,
    -WORD,
    -WORD + 1,
    10**18,
    -(10**18),
    5 * 10**18,
    0x10FFFF,
    0x110000,
    0xD800,
]
SMALL = [
    *range(-20, 25),
    36,
    37,
    62,
    63,
    64,
    65,
    100,
    128,
    255,
    256,
    323,
    324,
    -64,
    -308,
    -309,
    1023,
    1074,
    1075,
    -1074,
]
SMALL_WIDE = [2**31, -(2**31), 2**62]
FLOATS = [0.0, -0.0, 0.5, 1.0, -1.0, 1.5, -1.5, 2.0, 2.5, -2.5, 3.0, -3.0, 0.1, 0.3, 1e-5, 1e15, 1e16, 1e17, 1e22, 1e23]
FLOATS += [
    5e-324,
    -5e-324,
    2.2250738585072014e-308,
    1e308,
    -1e308,
    1.7976931348623157e308,
    0.05,
    2.675,
    1.005,
    123456.785,
]
FLOATS += [2.0**n + d for n in (31, 52, 53, 62, 63) for d in (-1.0, 0.0, 1.0)] + [-(2.0**63), -(2.0**53), 2.0**64]
FLOATS += [
    float("inf"),
    float("-inf"),
    float("nan"),
    710.0,
    -745.2,
    1024.0,
    171.0,
    0.49999999999999994,
    4503599627370497.5,
]
TEXTS = [
    "",
    "a",
    "A",
    "abc",
    "ABC",
    " a b ",
    "\t\n x \x1c",
    "ß",
    "İ",
    "ΑΣ",
    "ǅ",
    "ﬁ",
    "é",
    "Ā",
    "€uro",
    "😀",
    "a😀b",
    "\ud800",
    "\udfffx",
]
TEXTS += [
    "\u2028",
    "a\r\nb\rc\n",
    "\x85\xa0",
    "0",
    "-5",
    "+12",
    " 7 ",
    "1_000",
    "1__0",
    "_1",
    "1_",
    "0x1f",
    "0b101",
    "0o17",
    "010",
    "00",
    "٣",
    "²",
]
TEXTS += [
    "½",
    "1e5",
    "1_0.5",
    "nan",
    "-Infinity",
    " inf ",
    "1e999",
    ".5",
    "5.",
    ".",
    "e5",
    "1e",
    "+-1",
    "9223372036854775807",
    "-9223372036854775808",
]
TEXTS += [
    "9223372036854775808",
    "\u3000",
    "a,b,,c",
    ",",
    ",,",
    "aaa",
    "aa",
    "x\x00y",
    "0_0",
    "0x_f",
    "0x",
    "١٢.٥",
    "'",
    '"',
    "'\"",
    "\\",
    "\x7f\xad",
    "１２",
]
TEXTS += [
    "Hello World",
    "hello, world",
    "ABC def",
    "123abc",
    "tab\there",
    "naïve café",
    "日本語 text",
    "𝟘𝟙",
    "_x1",
    "1x",
    "\U0010ffff",
]
BYTES = [
    b"",
    b"a",
    b"abc",
    b"\xff\x00",
    b"aaa",
    b"aa",
    "é€😀".encode(),
    b"\xed\xa0\x80",
    b"\xc3",
    b"A b'c\"",
    b"a,b,,c",
    b",",
    b"\n\t\\",
]
SPECS = [
    "",
    "d",
    "5",
    "05d",
    "<5",
    ">8",
    "^9",
    "=+9",
    "*^12",
    "x",
    "#x",
    "X",
    "#X",
    "b",
    "#b",
    "#010b",
    "o",
    "#o",
    "c",
    "n",
    ",",
    ",d",
    "_",
    "_x",
    "_b",
]
SPECS += [
    "+",
    "-",
    " ",
    "+d",
    " d",
    ".2f",
    "10.3f",
    "<10.3f",
    "+.1e",
    ".3g",
    "g",
    "e",
    "E",
    "F",
    "G",
    "%",
    ".1%",
    ",.2f",
    "_.2f",
    "010,.2f",
    "09,d",
    "s",
    "10s",
]
SPECS += [
    ".2",
    ".3s",
    ">10.2s",
    "^7s",
    "05",
    "<05",
    "=5",
    "=05",
    "#.3g",
    "#g",
    ".0f",
    "#.0f",
    ".0e",
    "z",
    "z.1f",
    "q",
    "5q",
    "..2f",
    ".",
    ".f",
    "é>5",
    "+s",
    ",s",
    "#s",
]
SPECS += [
    "0",
    "00",
    "<",
    "<<5",
    "0<5",
    "x<5",
    "1000d",
    ".300f",
    "20.15",
    ".17g",
    "=+010d",
    "010_x",
    "-10",
    " =8",
    ",x",
    ".2d",
    "{<4",
    "6.2%",
    "0=7",
    "012.3e",
    ",.3",
    "_e",
]
PERCENTS = [
    "%d",
    "%5d",
    "%-5d|",
    "%05d",
    "%x",
    "%#x",
    "%o",
    "%s",
    "%r",
    "%.2f",
    "%10.3e",
    "%g",
    "%%",
    "%i %s",
    "%d-%s",
    "%s %s",
    "",
    "%c",
    "%5.1f%%",
    "é%s",
    "%a",
    "%q",
    "%",
]


ANY_SIZE = [*BOUNDARIES[:12], WORD - 1, WORD, -WORD, -WORD - 1, 10**18, 10**19]
for _power in (64, 65, 126, 127, 128, 129, 192, 255, 1023, 1024, 2100, 4000):
    ANY_SIZE += [s * (1 << _power) + d for s in (1, -1) for d in (-1, 0, 1)]
ANY_SIZE += [
    10**40,
    -(10**40) - 1,
    3**200,
    7**700,
    10**639,
    10**640 - 1,
    10**640,
    10**4299,
    10**4300,
    (1 << 1024) - (1 << 970),
    (1 << 1024) - (1 << 970) - 1,
    (2**53 + 1) << 200,
    ((2**53 + 1) << 200) + 1,
    (1 << 500) - (1 << 250),
    2**61 - 1,
    (2**61 - 1) * 10**30,
]
DIGITS = [str(n) for n in ANY_SIZE if abs(n) < 10**4200] + [" -0x" + "f" * 40, "1_" * 30 + "7", "0b" + "10" * 80]
DIGITS += ["9" * 4300, "9" * 4301, "+" + "7" * 700 + "\n", "0" * 70 + "1", "0o" + "17" * 30, "z" * 30, "1" * 30 + "_"]
DIGITS += ["٣" * 25, "--" + "1" * 30, "1" * 30 + " 1", "0x_" + "a" * 20, "00000000000000000000000000000000012"]


def char(text: str) -> bool:
    return len(text) == 1


def digits(number: int) -> str:
    """The text of an int of any size, kept below CPython's limit of 4300 digits.

    Not by a filter: Hypothesis describes what a filter refuses, and cannot print such an int.
    """
    return str(number % 10**4200 if number > 0 else -(-number % 10**4200))


ints = st.one_of(st.sampled_from(BOUNDARIES), st.integers(-WORD, WORD - 1), st.integers(-1000, 1000))
floats = st.one_of(
    st.sampled_from(FLOATS), st.floats(), st.floats(-1000, 1000), st.integers(-(10**6), 10**6).map(lambda i: i / 100)
)
any_size = st.one_of(
    ints,
    st.sampled_from(ANY_SIZE),
    st.integers(-(1 << 140), 1 << 140),
    st.integers(-(1 << 700), 1 << 700),
    st.integers(-(1 << 6000), 1 << 6000),
    st.tuples(st.integers(-(1 << 70), 1 << 70), st.integers(0, 600)).map(lambda pair: pair[0] << pair[1]),
)
characters = st.one_of(st.characters(exclude_categories=()), st.sampled_from([t for t in TEXTS if char(t)]))
texts = st.one_of(
    st.sampled_from(TEXTS),
    st.text(characters, max_size=12),
    st.text("ab, \t\n\r", max_size=20),
    st.text("0123456789_+-.eExX \u0663", max_size=8),
    st.text("ab\xe9\u20ac\U0001f600 ", max_size=10),
)
KINDS: dict[str, st.SearchStrategy[Any]] = {
    "i": ints,
    "n": st.one_of(st.sampled_from(SMALL), st.integers(-70, 70)),
    "f": floats,
    "s": texts,
    "c": characters,
    "b": st.one_of(
        st.sampled_from(BYTES), st.binary(max_size=12), st.lists(st.sampled_from(list(b"ab,")), max_size=12).map(bytes)
    ),
    "o": st.one_of(st.none(), st.integers(-12, 12), st.sampled_from([WORD - 1, -WORD, 2**31, -(2**31)])),
    "t": st.booleans(),
    "p": st.one_of(
        st.sampled_from(SPECS),
        st.text("<>=^+- #0123456789,_.bcdeEfFgGnosxX%*", max_size=6),
        st.from_regex(r"([*x0]?[<>=^])?[-+ ]?#?0?[0-9]{0,2}[,_]?(\.[0-9])?[bdeEfFgGosxX%]?", fullmatch=True),
    ),
    "q": st.one_of(
        st.sampled_from(PERCENTS), st.from_regex(r"%[-+ #0]{0,3}[0-9]?(\.[0-9])?[dixXoeEfgGsrca]", fullmatch=True)
    ),
    "x": st.one_of(ints, floats),
    "g": any_size,
    "G": st.lists(any_size, max_size=6),
    "d": st.one_of(st.sampled_from(DIGITS), any_size.map(digits)),
    "I": st.lists(ints, max_size=6),
    "F": st.lists(floats, max_size=8),
    "M": st.lists(st.one_of(ints, floats), max_size=8),
    "S": st.lists(texts, max_size=5),
    "B": st.lists(st.binary(max_size=4), max_size=4),
    "D": st.dictionaries(texts, ints, max_size=4),
}
FIXED: dict[str, list[Any]] = {
    "i": BOUNDARIES,
    "n": SMALL + SMALL_WIDE,
    "f": FLOATS,
    "s": TEXTS,
    "c": [t for t in TEXTS if char(t)] + [chr(c) for c in range(0x250)],
    "b": BYTES,
    "o": [None, 0, 1, -1, 2, -2, 5, -5, 100, -100, WORD - 1, -WORD],
    "t": [False, True],
    "p": SPECS,
    "q": PERCENTS,
    "x": BOUNDARIES[:12] + FLOATS[:12],
    "g": ANY_SIZE,
    "G": [[], [1], [WORD - 1, 1], [2**127 - 1, 1, -(2**127)], [10**50, -(10**50)]],
    "d": DIGITS,
    "I": [[], [1], [0, 255], [256], [-1], [WORD - 1, 1], [WORD - 1, 1, -5], [-WORD, -1]],
    "F": [
        [],
        [-0.0],
        [0.1] * 10,
        [1e308, 1e308],
        [1e308, 1e308, -1e308],
        [1.0, 1e100, 1.0, -1e100],
        [float("inf"), float("-inf")],
        [float("nan")],
    ],
    "M": [
        [],
        [1],
        [True and 1, 0.1, 2, 0.2],
        [2**53, 1.0, 1],
        [1, 2, 3.0, WORD - 1],
        [0.1] * 10,
        [-0.0],
        [1e308, 1e308, 1],
        [1e16, 1.0, 1, 1.0],
    ],
    "S": [[], [""], ["a"], ["a", "é"], ["€", "b", "😀"], ["a"] * 4],
    "B": [[], [b""], [b"a", b"\xff"], [b"a"] * 4],
    "D": [{}, {"a": 1}, {"a'": -1, "é😀": 2, "": 3}],
}
