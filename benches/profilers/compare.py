"""Overhead and ranking of profilers, paired and interleaved: `python compare.py [--rounds N] [--quick] [--output PATH]`.

Each round runs each workload unprofiled, under each tool in an order of chance, and unprofiled again; a tool's overhead is
its CPU time over the mean of the two. Ranking: the same program of seven phases; the truth is the CPU time of each phase in
unprofiled runs, and a pair is misordered when a tool turns round two phases whose true shares differ by more than two points.

In: the tools of requirements.txt that are installed here, and this tree's own. Out: docs/benchmarks/profilers.md and .json.
"""

from __future__ import annotations

import argparse
import importlib.util
import itertools
import json
import math
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from drive import phases_of

HERE = Path(__file__).resolve().parent
DOCUMENT = HERE.parents[1] / "docs" / "benchmarks" / "profilers.md"

#: workload → size of a run of one or two seconds.
WORKLOADS = {"calls": 12_000_000, "loops": 130_000, "texts": 150_000, "recursion": 36, "numbers": 5_500}
#: Turns of the seven phases: what PyRust needs for 5,000 samples, and what the others get.
LONG, SHORT = 880, 24
#: A tool that needs this many times as long is stopped.
PATIENCE = 40.0

#: tool → (what has to be importable, how it is run); the first ones measure from inside, in `drive.py`.
TOOLS = {
    "pyrust-sampling": ("pyrust", None),
    "pyrust": ("pyrust", None),
    "cprofile": ("cProfile", None),
    "pyinstrument": ("pyinstrument", None),
    "scalene": ("scalene", ["-m", "scalene", "run", "--cpu-only", "--profile-all", "--outfile", "{out}", "{drive}"]),
    "py-spy": ("", ["{bin}/py-spy", "record", "-r", "100", "-f", "raw", "-o", "{out}", "--", "{python}", "{drive}"]),
    "righttyper": ("righttyper", ["-m", "righttyper", "--no-output-files", "--srcdir", "{here}", "{drive}"]),
    "monkeytype": ("monkeytype", ["-m", "monkeytype", "run", "{drive}"]),
}
TITLES = {
    "pyrust-sampling": "PyRust, sampling only",
    "pyrust": "PyRust, with types",
    "cprofile": "cProfile",
    "pyinstrument": "pyinstrument",
    "scalene": "scalene (CPU only)",
    "py-spy": "py-spy (100 Hz)",
    "righttyper": "RightTyper",
    "monkeytype": "MonkeyType",
}
RANKING = ("pyrust-sampling", "pyrust", "cprofile", "pyinstrument", "scalene", "py-spy")
#: So slow that they get runs of a tenth, and unprofiled ones of the same size beside them.
SLOW = ("monkeytype",)
#: The number whose Fibonacci number is a tenth stands five before it.
TENTH = {"recursion": 5}


def available():
    found = []
    for tool, (module, command) in TOOLS.items():
        if module and importlib.util.find_spec(module) is None:
            continue
        if not module and not Path(sys.executable).with_name(command[0].rpartition("/")[2]).exists():
            continue
        found.append(tool)
    return found


def run(tool, workload, size, limit):
    """One run in a process of its own; None when it took too long or failed."""
    with tempfile.TemporaryDirectory(prefix="profilers-") as folder:
        result, out = Path(folder) / "result.json", Path(folder) / "profile"
        words = [tool, workload, str(size), str(result)]
        command = TOOLS.get(tool, ("", None))[1]
        places = {
            "out": str(out),
            "drive": str(HERE / "drive.py"),
            "here": str(HERE),
            "bin": str(Path(sys.executable).parent),
            "python": sys.executable,
        }
        if command is None:
            line = [sys.executable, str(HERE / "drive.py"), *words]
        else:
            line = [word.format(**places) for word in command]
            line = [*([sys.executable] if line[0].startswith("-") else []), *line]
            line += ["---", *words] if tool == "scalene" else words
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")])}
        try:
            done = subprocess.run(
                line, cwd=folder, env=environment, capture_output=True, text=True, timeout=limit, check=False
            )
        except subprocess.TimeoutExpired:
            return None
        if not result.exists():
            print(f"  {tool} failed on {workload}: {done.stderr[-300:]}", file=sys.stderr)
            return None
        found = json.loads(result.read_text())
        if "shares" not in found and out.exists():
            found["shares"] = phases_of(READERS[tool](out))
        return found


def _scalene(path):
    for file, facts in json.loads(path.read_text())["files"].items():
        for one in facts["functions"]:
            yield file, one["line"], one["n_cpu_percent_python"] + one["n_cpu_percent_c"] + one["n_sys_percent"]


def _py_spy(path):
    """Folded stacks: `frame (file:line);frame (file:line) count`."""
    for line in path.read_text().splitlines():
        stack, _, count = line.rpartition(" ")
        function, _, place = stack.rpartition(";")[2].partition(" (")
        yield place.rpartition(":")[0], function, float(count)


READERS = {"scalene": _scalene, "py-spy": _py_spy}


def overhead(tools, rounds, peer_rounds, scale):
    """tool → workload → ratios of the rounds; None: too slow."""
    ratios = {tool: {workload: [] for workload in WORKLOADS} for tool in tools}
    chooser = random.Random(1)
    for turn in range(rounds):
        for workload, size in WORKLOADS.items():
            size = size if workload == "recursion" else int(size * scale)
            order = [tool for tool in tools if turn < peer_rounds or tool.startswith("pyrust")]
            order = [tool for tool in order if ratios[tool][workload] is not None]
            chooser.shuffle(order)
            small = size - TENTH[workload] if workload in TENTH else size // 10
            for share, some in ((size, [t for t in order if t not in SLOW]), (small, [t for t in order if t in SLOW])):
                before = run("none", workload, share, None) if some else None
                for tool in some:
                    done = run(tool, workload, share, PATIENCE * max(before["wall"], 0.5))
                    after = run("none", workload, share, None)
                    if done is None:
                        ratios[tool][workload] = None
                    else:
                        ratios[tool][workload].append(done["cpu"] / ((before["cpu"] + after["cpu"]) / 2))
                    before = after
            print(f"round {turn + 1}: {workload}", file=sys.stderr, flush=True)
    return ratios


def percent(times):
    whole = sum(times.values())
    return {name: 100 * value / whole for name, value in times.items()} if whole else {}


def ranking(tools, rounds, turns):
    """The truth, and for each tool its shares, samples, largest error and misordered pairs."""
    truth = {}
    found = {tool: [] for tool in tools}
    for _ in range(rounds):
        for tool in ("none", *tools):
            long = tool.startswith(("pyrust", "none"))
            done = run(tool, "phases", turns if long else min(turns, SHORT), 900)
            if done is None:
                continue
            if tool == "none":
                for name, spent in done["shares"].items():
                    truth[name] = truth.get(name, 0.0) + spent
            else:
                found[tool].append((percent(done.get("shares", {})), done.get("samples")))
        print("ranking: a round", file=sys.stderr, flush=True)
    true = percent(truth)
    pairs = [pair for pair in itertools.permutations(true, 2) if true[pair[0]] - true[pair[1]] > 2.0]
    table = {}
    for tool, runs in found.items():
        wrong = [sum(shares.get(a, 0.0) <= shares.get(b, 0.0) for a, b in pairs) for shares, _ in runs if shares]
        errors = [max(abs(shares.get(name, 0.0) - true[name]) for name in true) for shares, _ in runs if shares]
        if wrong:
            samples = [count for _, count in runs if count]
            table[tool] = {"misordered": max(wrong), "error": max(errors), "samples": min(samples, default=None)}
            table[tool]["shares"] = {name: statistics.mean(s.get(name, 0.0) for s, _ in runs if s) for name in true}
    return {"truth": true, "pairs": len(pairs), "tools": table}


def mean(values):
    return math.exp(statistics.mean(math.log(value) for value in values))


def scatter(rows):
    """Of all ratios of a tool: their geometric mean over the workloads, and the standard error of that."""
    logs = [[math.log(ratio) for ratio in ratios] for ratios in rows.values() if ratios]
    if len(logs) < len(rows) or any(len(each) < 3 for each in logs):
        return None
    error = math.sqrt(sum(statistics.variance(each) / len(each) for each in logs)) / len(logs)
    return math.exp(statistics.mean(statistics.mean(each) for each in logs)), error


def document(data):
    lines = [
        "# Profilers: what they cost, and whether they are right",
        "",
        f"Made by `make bench-profilers` (`benches/profilers`) on {data['machine']}. Five programs of different kinds;",
        "each number is the CPU time under the tool over that of the same program without one (median of paired, interleaved",
        "runs; 1.00 costs nothing). *Misordered*: pairs of phases, of those whose true shares differ by more than two points,",
        "that the tool ranks the wrong way round, in its worst run. *Error*: the largest difference of a share from the truth, in points.",
        "",
        f"| tool | {' | '.join(WORKLOADS)} | geometric mean | misordered of {data['ranking']['pairs']} | error |",
        "|---|" + "---|" * (len(WORKLOADS) + 3),
    ]
    for tool, row in data["overhead"].items():
        cells = ["too slow" if row[name] is None else f"{row[name]:.2f}" for name in WORKLOADS]
        known = [value for value in row.values() if value is not None]
        whole = f"{mean(known):.3f}" if len(known) == len(row) else f"> {mean(known):.1f}" if known else "too slow"
        ranked = data["ranking"]["tools"].get(tool)
        tail = [str(ranked["misordered"]), f"{ranked['error']:.1f}"] if ranked else ["–", "–"]
        lines.append(f"| {TITLES[tool]} | {' | '.join(cells)} | {whole} | {' | '.join(tail)} |")
    truth = data["ranking"]["truth"]
    lines += ["", "## Shares of the seven phases, in percent", "", "| phase | truth | "]
    ranked = list(data["ranking"]["tools"])
    lines[-1] += " | ".join(TITLES[tool] for tool in ranked) + " |"
    lines.append("|---|---|" + "---|" * len(ranked))
    for name in sorted(truth, key=lambda name: -truth[name]):
        cells = [f"{data['ranking']['tools'][tool]['shares'][name]:.1f}" for tool in ranked]
        lines.append(f"| {name.removeprefix('phase_')} | {truth[name]:.1f} | {' | '.join(cells)} |")
    samples = data["ranking"]["tools"].get("pyrust", {}).get("samples")
    lines += [
        "",
        f"PyRust's runs have {samples} samples or more. py-spy reads from another process, whose time is not counted here.",
        "*Too slow*: stopped after forty times the time of the unprofiled run. RightTyper and MonkeyType do not measure time.",
        "",
    ]
    for tool, rows in data["ratios"].items():
        if tool.startswith("pyrust") and (found := scatter(rows)):
            count = min(map(len, rows.values()))
            words = (
                f"the mean of all {count * len(rows)} ratios is {found[0]:.3f}, with a standard error of {found[1]:.3f}"
            )
            lines += [f"{TITLES[tool]}: {words}.", ""]
    if data.get("notes"):
        lines += ["## How this run was made", "", *(f"- {note}" for note in data["notes"]), ""]
    return "\n".join(lines)


def keep(data, last):
    """Adds what an earlier run said of other tools; shares of a ranking are of the truth of their own run."""
    for part in ("overhead", "ratios"):
        data[part] = {
            tool: data[part].get(tool, last[part].get(tool)) for tool in TOOLS if tool in (data[part] | last[part])
        }
    tools, others = data["ranking"]["tools"], last["ranking"]["tools"]
    data["ranking"]["tools"] = {tool: tools.get(tool, others.get(tool)) for tool in RANKING if tool in (tools | others)}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--peer-rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="only PyRust, fewer and shorter runs; writes nothing")
    parser.add_argument("--only", nargs="*", help="these tools")
    parser.add_argument(
        "--keep", action="store_true", help="of tools that are not measured now, what the last run said"
    )
    parser.add_argument("--output", type=Path, default=DOCUMENT)
    options = parser.parse_args()
    tools = [tool for tool in available() if not options.only or tool in options.only]
    if options.quick:
        tools = [tool for tool in tools if tool.startswith("pyrust")] if not options.only else tools
    ratios = overhead(tools, options.rounds, options.peer_rounds, 0.5 if options.quick else 1.0)
    ranked = ranking(
        [tool for tool in RANKING if tool in tools], 1 if options.quick else 2, 40 if options.quick else LONG
    )
    medians = {
        tool: {name: None if values is None else statistics.median(values) for name, values in row.items()}
        for tool, row in ratios.items()
    }
    data = {
        "machine": f"CPython {platform.python_version()}, {platform.system()}, {os.cpu_count()} processors",
        "overhead": medians,
        "ratios": ratios,
        "ranking": ranked,
    }
    if options.keep:
        keep(data, json.loads(options.output.with_suffix(".json").read_text(encoding="utf-8")))
    text = document(data)
    print(text)
    if not options.quick:
        options.output.write_text(text, encoding="utf-8")
        options.output.with_suffix(".json").write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
