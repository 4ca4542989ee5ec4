"""Starts the profiler in a process that `pyrust profile -- CMD` has started, then makes way for the environment's own `sitecustomize`.

It must not fail: a program that cannot be profiled runs as if nothing had been asked.
"""

import os
import sys


def _start() -> None:
    job = os.environ.get("PYRUST_PROFILE_RUN")
    if not job:
        return
    try:
        from pyrust import profile

        profile.profile_this_process(job)
    except Exception as error:
        print(f"pyrust: this process is not profiled: {error}", file=sys.stderr)


def _make_way() -> None:
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [path for path in sys.path if os.path.abspath(path or ".") != here]
    this = sys.modules.pop("sitecustomize", None)
    try:
        import sitecustomize  # noqa: F401
    except ImportError:
        if this is not None:
            sys.modules["sitecustomize"] = this


_make_way()
_start()
