"""The functions that the benchmark measures: everyday code, written as people write it."""

from kernels.numbers import add, matmul, sieve
from kernels.text import count_words, levenshtein

__all__ = ["add", "count_words", "levenshtein", "matmul", "sieve"]

try:
    from . import _pyrust  # type: ignore[attr-defined, unused-ignore]  # noqa: F401
except ImportError:  # pragma: no cover
    if __import__("os").environ.get("PYRUST") == "require":
        raise
