import random

import pytest

import textkit

TEXT = (
    "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of foolishness, "
    "it was the epoch of belief, it was the epoch of incredulity. "
) * 300


def words(seed, count):
    chooser = random.Random(seed)
    return ["".join(chooser.choices("abcde", k=chooser.randrange(1, 30))) for _ in range(count)]


@pytest.mark.parametrize(
    ("a", "b", "distance"),
    [("", "", 0), ("a", "", 1), ("kitten", "sitting", 3), ("flaw", "lawn", 2), ("naïve", "naive", 1), ("ab", "ba", 2)],
)
def test_levenshtein(a, b, distance):
    assert textkit.levenshtein(a, b) == distance
    assert textkit.levenshtein(b, a) == distance


def test_levenshtein_is_a_metric():
    some = words(1, 60)
    for a in some:
        for b in some:
            d = textkit.levenshtein(a, b)
            assert abs(len(a) - len(b)) <= d <= max(len(a), len(b))
            assert d <= textkit.levenshtein(a, "abc") + textkit.levenshtein("abc", b)


def test_hamming():
    assert textkit.hamming("karolin", "kathrin") == 3
    for word in words(2, 40000):
        assert textkit.hamming(word, word[::-1]) == textkit.hamming(word[::-1], word)
    with pytest.raises(ValueError, match="lengths differ: 1 and 2"):
        textkit.hamming("a", "ab")


def test_common_prefix():
    assert textkit.common_prefix("flower", "flow") == "flow"
    assert textkit.common_prefix("", "x") == ""
    for word in words(3, 18000):
        assert textkit.common_prefix(word, word + "z") == word


def test_closest():
    assert textkit.closest("helo", ["world", "hello", "help"]) == "hello"
    assert textkit.closest("x", []) is None
    some = words(4, 60)
    assert all(textkit.closest(word, some) == word for word in some)


def test_count_words():
    assert textkit.count_words("The cat. The 'dog', the end!") == {"the": 3, "cat": 1, "dog": 1, "end": 1}
    for _ in range(20):
        counts = textkit.count_words(TEXT)
    assert counts["it"] == 1800
    assert list(counts)[:4] == ["it", "was", "the", "best"]


def test_top_words():
    assert textkit.top_words(TEXT, 3) == [("it", 1800), ("of", 1800), ("the", 1800)]
    assert textkit.top_words("b a b", 1) == [("b", 2)]


def test_ngrams():
    assert textkit.ngrams("banana", 2) == {"ba": 1, "an": 2, "na": 2}
    for n in range(1, 9):
        assert sum(textkit.ngrams(TEXT, n).values()) == len(TEXT) - n + 1
    assert textkit.ngrams("ab", 3) == {}


def test_is_palindrome():
    assert textkit.is_palindrome("A man, a plan, a canal: Panama!")
    assert textkit.is_palindrome("été")
    assert not textkit.is_palindrome("Panama")
    for word in words(5, 20000):
        assert textkit.is_palindrome(word + word[::-1])


def test_wrap():
    assert textkit.wrap("aa bb cc dddddd", 5) == ["aa bb", "cc", "dddddd"]
    for width in range(20, 120):
        lines = textkit.wrap(TEXT, width)
        assert max(map(len, lines)) <= width
        assert " ".join(lines) == TEXT.strip()


def test_tokenize():
    assert textkit.tokenize("2*(x_1 // 10)") == [
        ("number", "2"),
        ("operator", "*"),
        ("operator", "("),
        ("name", "x_1"),
        ("operator", "//"),
        ("number", "10"),
        ("operator", ")"),
    ]
    with pytest.raises(ValueError, match=r"unexpected '!' at 1"):
        textkit.tokenize("1!")


def test_evaluate():
    names = {"x": 7, "y": -3}
    for source in ("1+2*3", "(1+2)*3", "x//y", "x%y*2-1", "100000*100000*x", "2*(x-(y+1))*(3+4)//5"):
        assert textkit.evaluate(source, names) == eval(source, {}, names)
    # Beyond 64 bits the call runs as Python, with the same result.
    assert textkit.evaluate("*".join(["1000000"] * 5), names) == 10**30
    with pytest.raises(KeyError):
        textkit.evaluate("z+1", names)
    with pytest.raises(ZeroDivisionError):
        textkit.evaluate("1//0", names)


def test_evaluate_long_expressions():
    chooser = random.Random(6)
    for _ in range(1000):
        source = "+".join(f"{chooser.randrange(100)}*(x-{chooser.randrange(9)})" for _ in range(30))
        assert textkit.evaluate(source, {"x": 5}) == eval(source, {}, {"x": 5})
