"""The `pyrust` command: everything is in the engine, written once in Rust."""

from __future__ import annotations

import sys


def main() -> int:
    """Entry point of the console script."""
    from pyrust import _engine

    return _engine.main(sys.argv[1:])
