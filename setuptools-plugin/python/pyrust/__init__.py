"""PyRust: finds the hot functions of a Python package and compiles them to Rust.

The command line is `pyrust`; the build hooks are `pyrust._setuptools` and `pyrust._hatch`; `pytest-pyrust` builds on the
modules here. Installed packages do not need this distribution at run time.
"""

from __future__ import annotations

from typing import Any

__all__ = ["PyRustError", "__version__"]


class PyRustError(ValueError):
    """Something is wrong with the project. The text is ready to be shown; `exit_code` is what a command ends with."""

    def __init__(self, message: str, exit_code: int = 2) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def __getattr__(name: str) -> Any:
    # The engine is loaded when it is needed: build back ends import this package in every project.
    if name == "__version__":
        from pyrust import _engine

        return _engine.version
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
