"""A pure-Python package with hotspots, some in the package itself."""


def in_package(x):
    """Adds one."""
    return x + 1


try:
    from . import _pyrust  # type: ignore[attr-defined, unused-ignore]  # noqa: F401
except ImportError:  # pragma: no cover
    if __import__("os").environ.get("PYRUST") == "require":
        raise
