"""The `pyrust` command: everything is in the engine, written once in Rust."""

from __future__ import annotations

import os
import sys


def main() -> int:
    """Entry point of the console script."""
    from pyrust import _engine

    code = _engine.main(sys.argv[1:])
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader has gone (`| head`). Python would complain when it writes the rest at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code
