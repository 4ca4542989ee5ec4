"""Small numeric tools: statistics, series, matrices, primes."""

from statkit.matrix import determinant, identity, multiply, transpose
from statkit.primes import factorize, gcd, is_prime, sieve
from statkit.series import exponential, histogram, moving_average, runs
from statkit.summary import correlation, linear_fit, mean, median, quantile, variance

__all__ = [
    "correlation",
    "determinant",
    "exponential",
    "factorize",
    "gcd",
    "histogram",
    "identity",
    "is_prime",
    "linear_fit",
    "mean",
    "median",
    "moving_average",
    "multiply",
    "quantile",
    "runs",
    "sieve",
    "transpose",
    "variance",
]

try:
    from . import _pyrust  # type: ignore[attr-defined, unused-ignore]  # noqa: F401
except ImportError:  # pragma: no cover
    if __import__("os").environ.get("PYRUST") == "require":
        raise
