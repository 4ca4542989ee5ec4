"""Programs of the registry whose hot loops were Python: what the loops of a function that stays Python, and bailouts in the
middle of a loop, come to where neither was made for them.

Run by hand: ``python benches/registry.py [--only NAME] [--page PATH]``. Fetches each program (as the corpus does), records its
hot functions with the profiler, builds it as it is and without the mechanism (``PYRUST_WITHOUT``), and runs the same call in
each: natively and paused, interleaved in one process. Printed are ratios to Python alone.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "corpus"))

from prepare import Source, prepare  # noqa: E402


@dataclass(frozen=True)
class Program:
    """`setup` makes what `call` needs; `extension` is what is paused."""

    mechanism: str
    source: Source
    function: str
    extension: str
    setup: str
    call: str
    why: str


def program(name: str) -> Source:
    return Source(f"bench-{name}", distribution="pyperformance", version="1.14.0", programs=(name,))


PROGRAMS = [
    Program(
        "regions",
        Source(
            "bench-diff-match-patch",
            packages=("diff_match_patch",),
            distribution="diff-match-patch",
            version="20241021",
        ),
        "diff_match_patch.diff_match_patch:diff_match_patch.diff_bisect",
        "diff_match_patch._pyrust",
        "import random\n"
        "from diff_match_patch import diff_match_patch\n"
        "chooser = random.Random(5)\n"
        "one = ''.join(chooser.choice('acgt') for _ in range(900))\n"
        "two = ''.join(chooser.choice('acgt') for _ in range(900))\n"
        "differ = diff_match_patch()\n"
        "differ.Diff_Timeout = 0",
        "differ.diff_main(one, two, False)",
        "asks the clock in each turn, and splits the problem",
    ),
    Program(
        "regions",
        program("unpack_sequence"),
        "programs.unpack_sequence:do_unpacking",
        "programs._pyrust",
        "from programs import unpack_sequence; items = tuple(range(10))",
        "unpack_sequence.do_unpacking(200, items) > 0",
        "asks the clock around its loop",
    ),
    Program(
        "regions",
        Source("bench-pymeeus", packages=("pymeeus",), distribution="PyMeeus", version="0.5.12"),
        "pymeeus.Coordinates:vsop_pos",
        "pymeeus._pyrust",
        "from pymeeus.Epoch import Epoch\nfrom pymeeus.Mars import Mars\nwhen = Epoch(2018, 10, 27.0)",
        "[str(part) for part in Mars.geometric_heliocentric_position(when)]",
        "makes instances in a way that is not compiled",
    ),
    Program(
        "resume",
        Source("bench-polyline", packages=("src/polyline",), distribution="polyline", version="2.0.4"),
        "polyline.polyline:decode",
        "polyline._pyrust",
        "import polyline\n"
        "points = [(38.5 + i * 0.001, -120.2 + i * 0.0007) for i in range(20000)]\n"
        "text = polyline.encode(points)[:-1] + '~'",
        "polyline.decode(text)",
        "raises at the end: the text is cut off",
    ),
    Program(
        "resume",
        Source("bench-stdnum", packages=("stdnum",), distribution="python-stdnum", version="2.2"),
        "stdnum.damm:checksum",
        "stdnum._pyrust",
        "from stdnum import damm; number = '8123456774' * 2000 + 'x'",
        "damm.checksum(number)",
        "raises at the end: not a digit",
    ),
    Program(
        "resume",
        Source("bench-stdnum", packages=("stdnum",), distribution="python-stdnum", version="2.2"),
        "stdnum.iso7064.mod_11_10:checksum",
        "stdnum._pyrust",
        "from stdnum.iso7064 import mod_11_10; number = '8123456774' * 2000 + 'x'",
        "mod_11_10.checksum(number)",
        "raises at the end: not a digit",
    ),
]

MEASURE = """
import importlib, json, sys, time
{setup}
extension = importlib.import_module({extension!r}) if "profile" not in sys.argv else None


def call():
    started = time.perf_counter()
    try:
        result = repr({call})
    except Exception as error:
        result = repr(error)
    return time.perf_counter() - started, result


if extension is None:
    until = time.perf_counter() + 2
    while time.perf_counter() < until:
        call()
    sys.exit()
best = {{False: 1e9, True: 1e9}}
results = set()
for _ in range(15):
    for paused in (False, True):
        extension._pause(paused)
        seconds, result = call()
        best[paused] = min(best[paused], seconds)
        results.add(result)
if len(results) != 1:
    sys.exit(f"different results: {{results}}")
print(json.dumps([best[True], best[True] / best[False]]))
"""


def measured(program: Program, folder: Path) -> tuple[float, float, float]:
    """Python's seconds, and over them those of the build as it is and of the one without the mechanism."""
    project = prepare(program.source, sys.executable, "bench").folder
    path = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": "0"}

    def run(*command: str, **more: str) -> str:
        done = subprocess.run(
            [sys.executable, *command],
            cwd=folder,
            env={**environment, **more},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        return done.stdout

    shutil.copytree(project, folder, dirs_exist_ok=True)
    (folder / "measure.py").write_text(
        MEASURE.format(setup=program.setup, extension=program.extension, call=program.call), encoding="utf-8"
    )
    run("-m", "pyrust", "init")
    run("-m", "pyrust", "profile", "--", sys.executable, "measure.py", "profile")
    ratios = []
    for without in ("", program.mechanism):
        run("-m", "pyrust", "build", PYRUST_WITHOUT=without)
        seconds, ratio = json.loads(run("measure.py").splitlines()[-1])
        ratios.append(ratio)
    return seconds, ratios[0], ratios[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", help="programs whose function contains this")
    parser.add_argument("--page", type=Path, help="where the table goes")
    options = parser.parse_args()
    lines = ["| mechanism | function | which | Python, ms | as it is | without it |", "|---|---|---|---|---|---|"]
    print("\n".join(lines))
    for each in PROGRAMS:
        if options.only and options.only not in each.function:
            continue
        with tempfile.TemporaryDirectory() as folder:
            seconds, ratio, without = measured(each, Path(folder) / "project")
        cells = [
            each.mechanism,
            f"`{each.function}`",
            each.why,
            f"{seconds * 1000:.1f}",
            f"{ratio:.2f} ×",
            f"{without:.2f} ×",
        ]
        lines.append(f"| {' | '.join(cells)} |")
        print(lines[-1], flush=True)
    if options.page:
        options.page.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
