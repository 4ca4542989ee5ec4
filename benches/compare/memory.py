"""Does native code lose memory? `python memory.py FOLDER [--calls N] [--kernels NAME …]`, FOLDER as `pyrust build` left it.

Each kernel is called again and again with its smallest input and with every edge input, which is where calls bail.
Blocks of CPython's allocator and resident memory must not grow. `--peak` shows instead how high a process gets in one call
with the largest input, natively and in Python (Linux); `--page FILE` writes that as a table.
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
from typing import Any, NamedTuple

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
        rows = [(name, *(_peak_of(options.folder, name, mode) for mode in ("python", "require"))) for name in names]
        for name, python, native in rows:
            print(
                f"{name:<20} {python.top:8.1f} MB in Python, {python.added:6.1f} for the call"
                f" {native.top:8.1f} MB natively, {native.added:6.1f} for the call"
            )
        if options.page:
            Path(options.page).write_text(_page(rows))
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


class Height(NamedTuple):
    """Megabytes: of the process at its height, and how much of that came with the call."""

    top: float
    added: float


def _peak_of(folder: str, name: str, mode: str) -> Height:
    """How high a process of its own gets in one call, behind one with the smallest input."""
    program = (
        "import sys; sys.path.insert(0, sys.argv[2]); import memory; sys.path.insert(0, sys.argv[1])\n"
        "kernel, call = memory.KERNELS[sys.argv[3]], memory._function(sys.argv[3])\n"
        "small, arguments = kernel.arguments(kernel.sizes[0]), kernel.arguments(kernel.sizes[-1])\n"
        "call(*small); before = memory._from_here(); result = call(*arguments); print(before, memory._status('VmHWM'))"
    )
    here = str(Path(__file__).resolve().parent)
    command = [sys.executable, "-c", program, folder, here, name]
    done = subprocess.run(command, env={**os.environ, "PYRUST": mode}, capture_output=True, text=True, check=True)
    before, top = map(int, done.stdout.split())
    return Height(top / 1024, (top - before) / 1024)


def _from_here() -> int:
    """The height is that from here on; what is resident, in kilobytes."""
    Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS")


def _status(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name + ":"))


def _page(rows: list[tuple[str, Height, Height]]) -> str:
    """The table of those that take a megabyte, one way or the other; the worst first."""
    rows = [row for row in rows if max(row[1].added, row[2].added) >= 1]
    rows.sort(key=lambda row: row[1].top / row[2].top)
    below = sum(native.top <= python.top for _, python, native in rows)
    text = (
        "Made by `memory.py --peak` in `benches/compare`: how high a process gets in one call of each kernel with its"
        " largest input, in megabytes, and how much of that came with the call. Natively a list of numbers takes a quarter of"
        " the memory, but arguments that are read often and what a call returns are there twice: as values and as objects"
        " of Python's. A large list of numbers goes out with its memory, one of texts is Python's from the start where the"
        " function only fills it, and what else is larger than four megabytes goes page by page while the objects are made."
    )
    lines = [
        "# Memory",
        "",
        text,
        "",
        f"{len(rows)} kernels take a megabyte or more; {below} of them no more natively than in Python.",
        "",
        "| kernel | Python | for the call | native | for the call | native / Python |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, python, native in rows:
        lines.append(
            f"| {name} | {python.top:.1f} | {python.added:.1f} | {native.top:.1f} | {native.added:.1f}"
            f" | {native.top / python.top:.2f} |"
        )
    return "\n".join(lines) + "\n"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", help="the project, built")
    parser.add_argument("--kernels", nargs="+", metavar="NAME", help="these kernels only")
    parser.add_argument("--calls", type=int, default=1_000_000, help="at most so many calls of each kernel")
    parser.add_argument("--seconds", type=float, default=5, help="at most so long for each kernel")
    parser.add_argument("--peak", action="store_true", help="show the peak of one call instead")
    parser.add_argument("--page", metavar="FILE", help="with --peak: write the table")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
