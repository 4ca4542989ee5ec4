"""How far apart two texts are."""

from .distance import levenshtein

__all__ = ["levenshtein"]

try:
    from . import _pyrust  # type: ignore[attr-defined, unused-ignore]  # noqa: F401
except ImportError:  # pragma: no cover
    if __import__("os").environ.get("PYRUST") == "require":
        raise
