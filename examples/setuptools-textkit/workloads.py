"""What the demonstration measures: a hotspot, and calls of it that take a moment."""

import random

import textkit

_chooser = random.Random(1)
_A = "".join(_chooser.choices("abcdefgh", k=100))
_B = "".join(_chooser.choices("abcdefgh", k=100))
_TEXT = "It was the best of times, it was the worst of times, it was the age of wisdom; " * 300
_SUM = "+".join(f"{n}*(x-{n % 7})" for n in range(200))

WORKLOADS = {
    "textkit.distance:levenshtein": lambda: textkit.levenshtein(_A, _B),
    "textkit.distance:hamming": lambda: textkit.hamming(_A, _B),
    "textkit.words:count_words": lambda: textkit.count_words(_TEXT),
    "textkit.words:ngrams": lambda: textkit.ngrams(_TEXT, 3),
    "textkit.words:is_palindrome": lambda: textkit.is_palindrome(_TEXT + _TEXT[::-1]),
    "textkit.words:wrap": lambda: textkit.wrap(_TEXT, 70),
    "textkit.tokens:tokenize": lambda: textkit.tokenize(_SUM),
    "textkit.tokens:evaluate": lambda: textkit.evaluate(_SUM, {"x": 5}),
}
