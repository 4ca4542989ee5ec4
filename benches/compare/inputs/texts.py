"""Inputs of the kernels that work on text and bytes."""

from inputs.kernel import kernel

LETTERS = "abcdefghijklmnopqrstuvwxyz"


def word(chance, letters="etaoinshrdlu"):
    return "".join(chance.choice(letters) for _ in range(chance.randrange(2, 9)))


@kernel(
    "alignment:levenshtein",
    "scanned",
    (160, 500, 1600),
    [
        "('', '')",
        "('', 'ab')",
        "('äöü', 'aöx')",
        "('a\\U0001f600b', 'ab')",
        "([1, 2], [1])",
        "('a', None)",
        "('\\ud800x', 'x')",
    ],
)
def levenshtein(n, chance):
    return ["".join(chance.choice(LETTERS) for _ in range(n // 2)) for _ in range(2)]


@kernel(
    "alignment:common_subsequence",
    "scanned",
    (60, 190, 600),
    ["('', '')", "('', 'ab')", "('äöü', 'aöx')", "('x\\U0001f600b', '\\U0001f600')", "([1], [1])", "(['a', 'b'], 'b')"],
)
def common_subsequence(n, chance):
    return ["".join(chance.choice("acgt") for _ in range(n)) for _ in range(2)]


@kernel(
    "alignment:count_matches",
    "scanned",
    (12000, 120000, 1200000),
    [
        "('', 'a')",
        "('aaa', 'a')",
        "('abc', '')",
        "('', '')",
        "('öäö', 'ö')",
        "('a\\U0001f600a\\U0001f600', '\\U0001f600')",
        "([1, 2, 1], [1])",
        "(b'aba', b'a')",
    ],
)
def count_matches(n, chance):
    return "".join(chance.choice("ab") for _ in range(n)), "abaababaab"


@kernel(
    "parsing:tokenize",
    "made",
    (6000, 60000, 600000),
    ["('',)", "('   ',)", "('x²+½',)", "('\\x1c\\x85a',)", "('ärger_1 ٣',)", "('\\U0001d7d9',)", "([],)", "(b'ab',)"],
)
def tokenize(n, chance):
    pieces = []
    for _ in range(n // 6):
        pieces.append(word(chance) if chance.random() < 0.6 else str(chance.randrange(1000)))
        pieces.append(chance.choice([" + ", " * ", "(", ") ", " = ", "\n    "]))
    return ("".join(pieces),)


@kernel(
    "parsing:evaluate",
    "scanned",
    (3000, 30000, 300000),
    [
        "('',)",
        "('1+',)",
        "('(1',)",
        "('1)',)",
        "('2*(3+4)-5',)",
        "('99999999999999999999*2',)",
        "('9223372036854775807+1',)",
        "('²',)",
        "('٣+1',)",
        "('1 ; 2',)",
    ],
)
def evaluate(n, chance):
    parts = ["0"]
    for _ in range(n // 14):
        a, b, c = (chance.randrange(1000) for _ in range(3))
        parts.append(" {} ({} {} {}) * {}".format(chance.choice("+-"), a, chance.choice("+-*"), b, c))
    return ("".join(parts),)


@kernel(
    "parsing:parse_csv",
    "made",
    (10000, 100000, 1000000),
    ["('',)", "('a,\"b,c\",',)", "('\\n\\n',)", "('\"',)", "('ä,ö\\r\\nx',)", "('\\U0001f600,é,a',)", "(b'a,b',)"],
)
def parse_csv(n, chance):
    lines = []
    for _ in range(n // 32):
        lines.append(f'{word(chance)},{chance.randrange(10**6)},"{word(chance)}, {word(chance)}",{word(chance)}')
    return ("\n".join(lines),)


@kernel(
    "parsing:balanced",
    "scanned",
    (12000, 120000, 1200000),
    ["('',)", "('((',)", "('(]',)", "(')',)", "('é{}',)", "(['(', ')'],)", "(['(x', 'y)'],)"],
)
def balanced(n, chance):
    text = "".join(chance.choice(["(a + b)", "[i]", "{ x: 1 }", "f(g(h[1]))", "if "]) for _ in range(n // 6))
    return ("(" + text + ")",)


@kernel(
    "counting:word_count",
    "dicts",
    (7000, 70000, 700000),
    ["('',)", "('...',)", "('Ä ä ΑΣ ας İ',)", "('a\\x1cb\\x85c',)", "(b'a b',)", "('A a',)"],
)
def word_count(n, chance):
    words = [word(chance) for _ in range(900)]
    return (" ".join(chance.choice(words).title() + chance.choice(["", "", "", ",", "."]) for _ in range(n // 2)),)


@kernel(
    "counting:anagrams",
    "dicts",
    (1800, 18000, 180000),
    ["([],)", "(['ab', 'ba', 'ab'],)", "(['', ''],)", "(['éa', 'aé', 'ß'],)", "([[1, 2]],)", "(('ab', 'ba'),)"],
)
def anagrams(n, chance):
    return ([word(chance) for _ in range(n)],)


@kernel(
    "checksums:crc32",
    "scalar",
    (18000, 180000, 1800000),
    ["(b'',)", "(b'123456789',)", "(bytearray(b'abc'),)", "([1, 2, 255],)", "([300, -1],)", "('abc',)"],
)
def crc32(n, chance):
    return (bytes(chance.randrange(256) for _ in range(n)),)


@kernel(
    "checksums:fnv1a",
    "scanned",
    (14000, 140000, 1400000),
    ["('',)", "('äöü',)", "('\\U0010ffff',)", "(b'ab',)", "(['a', 'b'],)", "(['ab'],)"],
)
def fnv1a(n, chance):
    return ("".join(chance.choice(LETTERS) for _ in range(n)),)


@kernel(
    "checksums:rc4",
    "scalar",
    (4500, 50000, 500000),
    [
        "(b'k', b'')",
        "(b'', b'x')",
        "(b'Key', b'Plaintext')",
        "(bytearray(b'Key'), bytearray(b'ab'))",
        "([1, 2], [3, 300])",
        "('key', b'a')",
    ],
)
def rc4(n, chance):
    return b"a secret key", bytes(chance.randrange(256) for _ in range(n))


@kernel(
    "building:caesar",
    "scanned",
    (8000, 80000, 800000),
    [
        "('', 3)",
        "('aZ-é', -30)",
        "('xyz', " + str(2**70) + ")",
        "('abc', 1.5)",
        "('x\\U0001f600', 1)",
        "(['a', 'Bc'], 2)",
        "(['a', 1], 2)",
    ],
)
def caesar(n, chance):
    return "".join(chance.choice(LETTERS + LETTERS.upper() + " .,") for _ in range(n)), 7


@kernel(
    "building:run_lengths",
    "made",
    (8000, 80000, 800000),
    ["('',)", "('aab',)", "('ééx',)", "('\\U0001f600\\U0001f600a',)", "(['a', 'a', 'b'],)", "([1, 1],)"],
)
def run_lengths(n, chance):
    return ("".join(chance.choice(LETTERS) * chance.choice([1, 1, 1, 2, 3, 12]) for _ in range(n // 3)),)


@kernel(
    "building:slugs",
    "made",
    (150, 1500, 15000),
    ["([],)", "(['', ' - ', 'A  b'],)", "(['Straße ½ ²', 'İx ΑΣ'],)", "([b'ab'],)", "(['a\\x1cb'],)", "([1],)"],
)
def slugs(n, chance):
    return ([" ".join(word(chance).title() + chance.choice(["", "", "!", "'s"]) for _ in range(8)) for _ in range(n)],)


@kernel(
    "building:table",
    "made",
    (900, 9000, 90000),
    [
        "([],)",
        "([('ab', 1, 2)],)",
        "([('é' * 20, -5, 1e300)],)",
        "([('x', 2, nan)],)",
        "([('x', " + str(2**70) + ", 0.5)],)",
        "([(1, 2, 3)],)",
        "([('x', 'y', 1.0)],)",
        "([['x', 1, 1.005]],)",
        "([('x', 1)],)",
    ],
)
def table(n, chance):
    return ([(word(chance), chance.randrange(500), chance.randrange(10**5) / 100) for _ in range(n)],)


@kernel(
    "pipelines:last_total",
    "generators",
    (300, 3000, 30000),
    [
        "([],)",
        "(['1,2', ' 3 ,'],)",
        "(['x'],)",
        "(['99999999999999999999'],)",
        "(['9223372036854775807,1'],)",
        "(['٣, 1_000'],)",
        "([1],)",
    ],
)
def last_total(n, chance):
    return ([", ".join(str(chance.randrange(10**5)) for _ in range(12)) for _ in range(n)],)
