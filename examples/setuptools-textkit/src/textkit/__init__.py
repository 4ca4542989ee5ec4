"""Small tools for text: distances, words, tokens. Plain Python; PyRust compiles the hot functions when it installs."""

from textkit.distance import closest, common_prefix, hamming, levenshtein
from textkit.tokens import evaluate, tokenize
from textkit.words import count_words, is_palindrome, ngrams, top_words, wrap

__all__ = [
    "closest",
    "common_prefix",
    "count_words",
    "evaluate",
    "hamming",
    "is_palindrome",
    "levenshtein",
    "ngrams",
    "tokenize",
    "top_words",
    "wrap",
]

try:
    from . import _pyrust  # type: ignore[attr-defined, unused-ignore]  # noqa: F401
except ImportError:  # pragma: no cover
    if __import__("os").environ.get("PYRUST") == "require":
        raise
