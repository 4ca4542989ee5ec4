"""The kernels of the comparison: everyday Python, as people write it, without annotations. One module for each kind."""

try:
    from . import _pyrust  # type: ignore[attr-defined, unused-ignore]  # noqa: F401
except ImportError:  # pragma: no cover
    if __import__("os").environ.get("PYRUST") == "require":
        raise
