"""How much of other people's code is compiled: `python tests/corpus/run.py [--quick] [--only NAME]`.

Takes the projects of `sources.toml`, profiles their own tests (once: the manifests are kept in `work/`), compiles every
function that was called, runs the tests natively, and tells the share, the bails, the differences and the reasons.
`--quick` asks only the compiler, which takes seconds. Both distributions must be importable (`make dev`).
"""

from __future__ import annotations

import argparse
import concurrent.futures
import dataclasses
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from measure import Result, Runner
from prepare import WORK, Source, load, prepare
from report import differing, page, table

_VERSION = "import sys; print('%d.%d' % sys.version_info[:2])"


def main() -> int:
    options = _options()
    python = options.python
    if not shutil.which(python):
        python = f"python{python}"
    version = subprocess.run([python, "-c", _VERSION], check=True, capture_output=True, text=True).stdout.strip()
    chosen = [source for source in load() if not options.only or any(name in source.name for name in options.only)]

    def one(source: Source) -> Result:
        return measure(source, python, version, options)

    path = options.output or WORK / f"{'quick' if options.quick else 'full'}-{version}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        results = []
        for done in concurrent.futures.as_completed([pool.submit(one, source) for source in chosen]):
            results.append(done.result())
            _progress(results[-1])
            # What is there, if the run is cut short.
            path.write_text(json.dumps([dataclasses.asdict(r) for r in results], indent=1), encoding="utf-8")
    order = {source.name: place for place, source in enumerate(chosen)}
    results.sort(key=lambda result: order[result.name])
    print(table(results, full=not options.quick, places=options.places))
    if options.page:
        without = [source.name for source in load() if source.name not in order]
        options.page.write_text(page(results, without), encoding="utf-8")
    return 1 if differing(results) else 0


def measure(source: Source, python: str, version: str, options: argparse.Namespace) -> Result:
    try:
        project = prepare(source, python, version)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        return Result(source.name, [], trouble=[f"prepare: {error}"])
    runner = Runner(project, python, version, options.timeout)
    runner.profile()
    runner.generate()
    if not options.quick:
        runner.compile(verify=not options.no_verify)
    return runner.result


def _progress(result: Result) -> None:
    native = sum(function.native for function in result.functions)
    times = ", ".join(f"{title} {seconds}" for title, seconds in result.seconds.items())
    print(
        f"{result.name}: {native} of {len(result.functions)} accepted ({times})",
        *result.trouble,
        sep="\n    ",
        file=sys.stderr,
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="do not compile Rust: only ask who is accepted")
    parser.add_argument("--only", action="append", metavar="NAME", help="sources whose name contains NAME")
    parser.add_argument("--python", default=sys.executable, help="the interpreter: a path, or a version")
    parser.add_argument("--jobs", type=int, default=max(1, (os.cpu_count() or 2) // 2), help="projects at a time")
    parser.add_argument("--timeout", type=float, default=900, help="seconds for one step of one project")
    parser.add_argument("--no-verify", action="store_true", help="compare the outcomes of tests only, not each call")
    parser.add_argument("--places", type=int, default=3, help="examples for each reason")
    parser.add_argument("--output", type=Path, help="where the JSON goes")
    parser.add_argument("--page", type=Path, help="where the results go as a page, after a full run")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
