"""Does native code lose memory? `python memory.py FOLDER [--calls N] [--kernels NAME …]`, FOLDER as `pyrust build` left it.

Each kernel is called again and again with its smallest input and with every edge input, which is where calls bail.
Blocks of CPython's allocator and resident memory must not grow. `--peak` shows instead how much memory one call takes at
its height, natively and in Python.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import importlib
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from inputs import KERNELS

#: Both are looked at after as many calls as warm everything up, and at the end.
BLOCKS = 50
RESIDENT = 1 << 20


def main() -> int:
    options = _options()
    sys.path.insert(0, options.folder)
    os.environ.setdefault("PYRUST", "require")
    names = [name for name in KERNELS if not options.kernels or name in options.kernels]
    if options.peak:
        for name in names:
            python, native = (_peak_of(options.folder, name, mode) for mode in ("python", "require"))
            print(f"{name:<20} {python / 1024:9.1f} MB in Python {native / 1024:9.1f} MB natively")
        return 0
    lost = [name for name in names if not _is_flat(name, options)]
    print(f"memory grows: {', '.join(lost)}" if lost else "no memory is lost")
    return 1 if lost else 0


def _function(name: str) -> Callable[..., Any]:
    found: Callable[..., Any] = KERNELS[name].of(importlib.import_module("everyday." + KERNELS[name].module))
    return found


def _is_flat(name: str, options: argparse.Namespace) -> bool:
    kernel, call = KERNELS[name], _function(name)
    end = time.thread_time() + options.seconds
    inputs: list[Callable[[], Any]] = [lambda: kernel.arguments(kernel.sizes[0])]
    inputs += [lambda number=number: kernel.edge(number) for number in range(len(kernel.edges))]
    calls = 0
    before: tuple[int, int] | None = None
    while calls < options.calls and (before is None or time.thread_time() < end):
        for make in inputs:
            arguments = make()
            for _ in range(10):
                with contextlib.suppress(Exception):
                    call(*arguments)
                calls += 1
        del arguments
        if before is None and calls >= 50 * len(inputs):
            before = _held()
    blocks, resident = (now - then for now, then in zip(_held(), before or _held(), strict=True))
    flat = blocks < BLOCKS and resident < RESIDENT
    print(
        f"{name:<20} {calls:>8} calls {blocks:>8} blocks {resident >> 10:>8} KB{'' if flat else '  grows'}", flush=True
    )
    return flat


def _held() -> tuple[int, int]:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return sys.getallocatedblocks(), pages * os.sysconf("SC_PAGE_SIZE")


def _peak_of(folder: str, name: str, mode: str) -> int:
    """Kilobytes that one call adds to the height of the process."""
    program = (
        "import resource, sys; sys.path.insert(0, sys.argv[2]); import memory; sys.path.insert(0, sys.argv[1])\n"
        "kernel, call = memory.KERNELS[sys.argv[3]], memory._function(sys.argv[3])\n"
        "small, arguments = kernel.arguments(kernel.sizes[0]), kernel.arguments(kernel.sizes[1])\n"
        "call(*small); top = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "before = top(); result = call(*arguments); print(top() - before)"
    )
    here = str(Path(__file__).resolve().parent)
    command = [sys.executable, "-c", program, folder, here, name]
    done = subprocess.run(command, env={**os.environ, "PYRUST": mode}, capture_output=True, text=True, check=True)
    return int(done.stdout)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", help="the project, built")
    parser.add_argument("--kernels", nargs="+", metavar="NAME", help="these kernels only")
    parser.add_argument("--calls", type=int, default=1_000_000, help="at most so many calls of each kernel")
    parser.add_argument("--seconds", type=float, default=5, help="at most so long for each kernel")
    parser.add_argument("--peak", action="store_true", help="show the peak of one call instead")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
