"""`pyrust bench`: native against Python on the recorded calls; the speed gate; two revisions against each other.

In: a project with a manifest and samples of arguments (`samples`). Out: a table, `.pyrust/bench.json`, and with `--gate` the
manifest's `gate` lines, which take effect at the next build. The measuring is done by `measure`, in processes of their own, with modules
compiled for it: what is in place stays as it is.

Never called during an install: it runs code of the project.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pyrust import PyRustError, driver, progress, runinfo, samples
from pyrust.measure import MARGIN, ratio_of
from pyrust.runinfo import Project

VERSION = 1
SECONDS = 1.0
"""Seconds that measuring one function may take, roughly."""
PASSES = 5
"""Processes that each of two revisions gets, in turns."""

CRASHES = {f"signal {number}" for number in (4, 7, 8, 11)}
"""How a process ends when native code has gone wrong. Where memory has run out, it is ended otherwise, and that says nothing."""

Json = dict[str, Any]


def main(argument: str) -> int:
    """The command; its options as JSON, as the command line has read them."""
    options = json.loads(argument)
    project = runinfo.load(os.getcwd(), options.get("manifest"))
    hotspots = chosen(project, options["functions"])
    stored = samples.read(project)
    if not any(stored.get(name, samples.nothing())["samples"] for name in hotspots):
        raise PyRustError(_nothing_recorded([stored[name] for name in hotspots if name in stored]))
    seconds = float(options.get("seconds") or SECONDS)
    if options.get("compare"):
        return _compare(project, hotspots, stored, seconds, options)
    result = speeds(project, hotspots, stored, seconds)
    with contextlib.suppress(OSError):
        runinfo.write_json(project.cache / "bench.json", result)
    if options.get("json"):
        print(json.dumps(result, indent=1))
    else:
        print("\n".join(table(result)))
    if options.get("gate"):
        for line in gate(project, result, dry_run=bool(options.get("dry_run"))):
            print(line, file=sys.stderr if options.get("json") else sys.stdout)
    return 0


def for_gate(project: Project, recorded: Mapping[str, Json], without: Collection[str]) -> Json:
    """The same for the end of a test run: on the calls that it has seen, and on stored ones of what runs as Python by the gate."""
    stored = samples.read(project)
    for name, seen in recorded.items():
        samples.add(stored.setdefault(name, samples.nothing()), seen)
    with contextlib.suppress(OSError):
        samples.update(project, stored)
    hotspots = {name: entry for name, entry in chosen(project, ()).items() if name not in without}
    result = speeds(project, hotspots, stored, SECONDS / 2)
    with contextlib.suppress(OSError):
        runinfo.write_json(project.cache / "bench.json", result)
    return result


def _say(line: str) -> None:
    print(f"pyrust: {line}", file=sys.stderr)


def chosen(project: Project, wanted: Sequence[str]) -> dict[str, Json]:
    """The entries of the manifest that are asked for, and that may be native."""
    from pyrust import _engine

    facts = _engine.load_project(str(project.root), str(project.manifest))
    entries = {entry["function"]: entry for entry in facts["hotspots"]}
    if not entries:
        raise PyRustError(f"no hotspots {runinfo.next_step(project)}")
    for name in wanted:
        if name not in entries:
            meant = _engine.closest_function(name, list(entries))
            hint = f"; did you mean `{meant}`?" if meant else ""
            raise PyRustError(f"`{name}` is not in {project.manifest.name}{hint}")
    named = {name: entry for name, entry in entries.items() if not wanted or name in wanted}
    return {name: entry for name, entry in named.items() if entry["mode"] != "python"}


# Native against Python.


def speeds(project: Project, hotspots: Mapping[str, Json], stored: Mapping[str, Json], seconds: float) -> Json:
    """Measures each hotspot that has samples; those that were found to be slower before are compiled for it, too.

    What is written by hand is measured beside what would be generated without it.
    """
    built = build(project.root, ungated=True)
    entries = {entry["function"]: entry for entry in built["hotspots"]}
    measured = {
        name: stored[name]
        for name in hotspots
        if name in stored and stored[name]["samples"] and entries.get(name, {}).get("state") == "native"
    }
    found = ask(project, built, "speed", measured, seconds) if measured else {}
    by_hand = {name: seen for name, seen in measured.items() if _by_hand(entries[name])}
    generated: Json = {}
    if by_hand:
        with _without_bodies():
            other = build(project.root, ungated=True)
        native = _native_of(other, by_hand)
        generated = ask(project, other, "speed", native, seconds) if native else {}
    results = []
    for name, hotspot in sorted(hotspots.items()):
        entry = {"function": name, "mode": hotspot["mode"], "gate": hotspot["gate"], "verdict": "not measured"}
        if name in found and "speedup" in found[name]:
            entry |= found[name]
            if name in by_hand:
                entry["bodies"] = _by_hand(entries[name])
                entry |= _beside(entry, generated.get(name, {}))
        else:
            entry["reason"] = _why_not(entries.get(name), stored.get(name), found.get(name))
        results.append(entry)
    return {"version": VERSION, "hotspots": results, "machine": runinfo.machine()}


def _by_hand(entry: Json) -> list[str]:
    """Where the bodies stand that the function has."""
    return [str(body["place"]) for body in entry.get("bodies", ()) if not body["reason"]]


@contextlib.contextmanager
def _without_bodies() -> Iterator[None]:
    name = "PYRUST_WITHOUT"
    before = os.environ.get(name)
    os.environ[name] = ",".join(filter(None, (before, "bodies")))
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def _beside(entry: Json, generated: Json) -> Json:
    """How what is written by hand compares with what is generated; both were measured against Python."""
    if "speedup" not in generated:
        return {"generated": "stays Python"}
    return {"generated_speedup": generated["speedup"], "over_generated": entry["speedup"] / generated["speedup"]}


def _nothing_recorded(seen: Sequence[Json]) -> str:
    """Why there is no call to measure, of functions of which these are the samples."""
    if any(entry["long"] or entry["opaque"] for entry in seen):
        return (
            "nothing to measure: the recorded arguments of these functions are too large to be kept, or have no literals "
            "(instances of classes); `pytest --durations=0` with and without PYRUST=python tells what the tests gain"
        )
    return "no recorded calls of these functions; `pytest --pyrust-profile` or `pyrust profile -- CMD` records some"


def _why_not(entry: Json | None, seen: Json | None, found: Json | None) -> str:
    if entry is None:
        return "it is not in the sources"
    if entry["state"] != "native":
        return str(entry["reason"])
    if found is not None and "problem" in found:
        return str(found["problem"])
    if found is not None and found.get("refused"):
        if set(found["refused"]) == {"loops"}:
            return "only its loops are native: time the program as it is and with `PYRUST=python`"
        reasons = ", ".join(f"{reason} {count}" for reason, count in sorted(found["refused"].items()))
        return f"no recorded call is done natively ({reasons})"
    if seen is not None and seen["long"]:
        return "its recorded arguments are too large to be kept"
    if seen is not None and seen["opaque"]:
        return (
            "its recorded arguments cannot be written down (instances that native code cannot make, or arrays of other things than numbers): "
            "time the program as it is and with `PYRUST=python`"
        )
    return "no recorded calls"


def build(root: Path, *, ungated: bool) -> Json:
    """Compiles what is to be measured; nothing is put in place."""
    with progress.Progress("building") as shown:
        built = driver.build_project(
            root, in_place=False, echo=lambda line: shown.reached(0, line), ungated=ungated, record=False
        )
    if built["outcome"] == "pure" and built.get("cause") not in (None, "hotspots"):
        raise PyRustError(built["message"])
    return built


def ask(
    project: Project,
    built: Json,
    task: str,
    measured: Mapping[str, Json],
    seconds: float,
    numbers: Mapping[str, Sequence[int]] | None = None,
) -> Json:
    """Lets a process of its own do the task, with modules that were compiled for it; what it says of each function."""
    extensions = {
        (entry["module"] if entry["module"] != "_pyrust" else f"{package}._pyrust"): entry["path"]
        for package, entry in built["modules"].items()
    }
    return ask_all(project, task, measured, seconds, extensions=extensions, numbers=dict(numbers or {}))


#: What is said of the tasks while they are being done.
DOING = {"verify": "comparing calls", "strength": "changing the functions", "look": "looking at the recorded calls"}
DOING |= {"speed": "measuring", "compare": "measuring"}


def ask_all(
    project: Project, task: str, measured: Mapping[str, Json], seconds: float, *, hash_seed: str = "", **more: Any
) -> Json:
    """The same with any modules. A process that dies costs the function that it was at, and the rest gets another one."""
    found: Json = {}
    left = dict(measured)
    with progress.Progress(DOING.get(task, task), len(measured)) as shown:
        _ask_each(project, task, left, found, seconds, hash_seed, more, shown)
    return found


def _ask_each(
    project: Project,
    task: str,
    left: dict[str, Json],
    found: Json,
    seconds: float,
    hash_seed: str,
    more: Json,
    shown: progress.Progress,
) -> None:
    from pyrust import hotspots

    while left:
        job = {
            "task": task,
            "root": str(project.root),
            "manifest": str(project.manifest),
            "extensions": dict.fromkeys(hotspots.extension_names(project).values()),
            "functions": list(left),
            "samples": left,
            "seconds": seconds,
            **more,
        }
        result, why = _process(project, job, hash_seed, functools.partial(_follow, shown, len(found)))
        if "error" in result:
            raise PyRustError(str(result["error"]))
        found |= result.get("functions", {})
        died = result.get("running")
        if not result or died is None:
            if not result:
                raise PyRustError(f"the measurement ended early: {why}")
            break
        found[died] = {"problem": f"the process ended while it ran: {why}", "crash": why in CRASHES}
        left = {name: seen for name, seen in left.items() if name not in found}


def _follow(shown: progress.Progress, before: int, result: Json) -> None:
    shown.reached(before + len(result.get("functions", ())), str(result.get("running", "")))


def _process(project: Project, job: Json, hash_seed: str, follow: Callable[[Json], None]) -> tuple[Json, str]:
    """What one process has left behind, and its last words. While somebody looks, `follow` gets what there is of the result."""
    environment = {name: value for name, value in os.environ.items() if name not in ("PYRUST", "PYRUST_DISABLE")}
    # What watches the tests does not watch this.
    for name in [name for name in environment if name.startswith(("COV_CORE_", "COVERAGE_", "PYTEST_"))]:
        del environment[name]
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    if hash_seed:
        environment["PYTHONHASHSEED"] = hash_seed
    with tempfile.TemporaryDirectory(prefix="pyrust-measure-") as folder:
        output = Path(folder) / "result.json"
        process = subprocess.Popen(
            [sys.executable, "-m", "pyrust.measure"],
            env=environment,
            cwd=project.root,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
        with process:
            words = _words(process, json.dumps({**job, "output": str(output)}), output, follow)
        said = [line for line in words.strip().splitlines() if line.strip()]
        if any(line.startswith("Timeout (") for line in said):
            said.append("it took too long")
        code = process.returncode
        why = f"signal {-code}" if code < 0 else (said[-1] if said else f"code {code}")
        return _so_far(output), why


def _words(process: subprocess.Popen[str], job: str, output: Path, follow: Callable[[Json], None]) -> str:
    """Gives the process its job and waits for its end; what it has written to standard error."""
    given: str | None = job
    while True:
        try:
            return str(process.communicate(given, timeout=0.25 if progress.wanted() else 1.0)[1])
        except subprocess.TimeoutExpired:
            given = None
            follow(_so_far(output))
        except BaseException:
            process.kill()
            raise


def _so_far(output: Path) -> Json:
    try:
        result: Json = json.loads(output.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return result


def table(result: Json) -> list[str]:
    """A line for each function, the slowest first."""
    lines = ["  speedup      native      python  function"]
    measured = [entry for entry in result["hotspots"] if "speedup" in entry]
    for entry in sorted(measured, key=lambda one: one["speedup"]):
        times = "".join(f"{_time(entry[key]):>12}" for key in ("native_seconds", "python_seconds"))
        notes = ["slower"] if entry["verdict"] == "slower" else []
        if "over_generated" in entry:
            notes.append(f"by hand, {entry['over_generated']:.2f} times as fast as generated")
        elif "bodies" in entry:
            notes.append("by hand")
        notes += ["stays Python (gate)"] if entry["gate"] and entry["mode"] != "require" else []
        lines.append(f"{entry['speedup']:>8.2f}x{times}  {entry['function']}{_in_brackets(notes)}")
    lines += [
        f"{'-':>9}{'':>24}  {entry['function']}: {entry['reason']}"
        for entry in result["hotspots"]
        if "speedup" not in entry
    ]
    return lines


def _in_brackets(notes: Sequence[str]) -> str:
    return f"  ({', '.join(notes)})" if notes else ""


def _time(seconds: float) -> str:
    for unit, factor in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= factor:
            return f"{seconds / factor:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


# The gate.


def gate(project: Project, result: Json, *, dry_run: bool = False) -> list[str]:
    """Writes and removes `gate = "slower"` as the measurement says; what it has done (or would have), in lines."""
    from pyrust import _engine

    entries = {entry["function"]: entry for entry in result["hotspots"]}
    gated = [
        name
        for name, entry in entries.items()
        if entry["verdict"] == "slower" and not entry["gate"] and entry["mode"] != "require"
    ]
    lifted = [name for name, entry in entries.items() if entry["verdict"] == "faster" and entry["gate"]]
    if (gated or lifted) and not dry_run:
        _engine.set_gate(str(project.root), str(project.manifest), gated, lifted)
    lines = []
    for name in sorted(entries):
        entry = entries[name]
        how = f"{entry['speedup']:.2f} times as fast as Python" if "speedup" in entry else ""
        if name in gated:
            lines.append(f"pyrust: {name} is slower natively ({how}): it stays Python from the next build on")
        elif name in lifted:
            lines.append(f"pyrust: {name} is faster natively now ({how}): it is compiled again at the next build")
        elif entry["verdict"] == "slower":
            why = '`mode = "require"`' if entry["mode"] == "require" else "it stays Python"
            lines.append(f"pyrust: {name} is slower natively ({how}): {why}")
        elif entry["gate"]:
            lines.append(f"pyrust: {name} stays Python: {how or entry['reason']}")
    if not (gated or lifted):
        lines.append(f"pyrust: {project.manifest.name} is unchanged")
    elif dry_run:
        lines.append(f"pyrust: nothing was written to {project.manifest.name}")
    return lines


# Two revisions.


def _compare(
    project: Project, hotspots: Mapping[str, Json], stored: Mapping[str, Json], seconds: float, options: Json
) -> int:
    """Exit code 1 when a function has become slower by a clear margin."""
    with _checkout(project.root, options["compare"]) as folder:
        _say(f"building {options['compare']}")
        there = runinfo.load(folder)
        sides = [(there, build(folder, ungated=False)), (project, build(project.root, ungated=False))]
        measured = {name: stored[name] for name in hotspots if name in stored and stored[name]["samples"]}
        looks = [ask(side, built, "look", _native_of(built, measured), seconds) for side, built in sides]
        numbers = {name: _numbers(looks, name) for name in measured}
        measured = {name: seen for name, seen in measured.items() if numbers[name]}
        times: dict[str, list[list[float]]] = {name: [] for name in measured}
        natives: dict[str, list[bool]] = {}
        for _ in range(PASSES):
            found = [ask(side, built, "compare", measured, seconds / PASSES, numbers) for side, built in sides]
            for name in measured:
                if all("seconds" in one.get(name, {}) for one in found):
                    times[name].append([one[name]["seconds"] for one in found])
                    natives[name] = [bool(one[name]["native"]) for one in found]
    return _compared(project, hotspots, times, natives, options)


def _native_of(built: Json, measured: Mapping[str, Json]) -> dict[str, Json]:
    native = {entry["function"] for entry in built["hotspots"] if entry["state"] == "native"}
    return {name: seen for name, seen in measured.items() if name in native}


def _numbers(looks: Sequence[Json], name: str) -> list[int]:
    """The samples that one of the sides does natively: those have no effect that could happen twice."""
    return sorted({number for look in looks for number in look.get(name, {}).get("numbers", ())})


def _compared(
    project: Project,
    hotspots: Mapping[str, Json],
    times: Mapping[str, list[list[float]]],
    natives: Mapping[str, list[bool]],
    options: Json,
) -> int:
    rows: list[Json] = []
    for name in sorted(hotspots):
        pairs = times.get(name, [])
        if not pairs:
            rows.append({"function": name, "verdict": "not measured"})
            continue
        ratio, clear = ratio_of([now / before for before, now in pairs])
        verdict = {"more": "slower", "less": "faster", "even": "even"}[clear]
        before, now = (min(pair[side] for pair in pairs) for side in (0, 1))
        row: Json = {"function": name, "verdict": verdict, "ratio": ratio, "before_seconds": before, "seconds": now}
        rows.append(row | {"native_before": natives[name][0], "native": natives[name][1]})
    slower = [row for row in rows if row["verdict"] == "slower"]
    if options.get("json"):
        print(json.dumps({"version": VERSION, "revision": options["compare"], "hotspots": rows}, indent=1))
    else:
        print(f"{options['compare'][:12]:>12}         now       ratio  function")
        for row in rows:
            if "ratio" not in row:
                print(
                    f"{'-':>12}{'-':>12}{'-':>12}  {row['function']}: no recorded call could be measured on both sides"
                )
                continue
            notes = [str(row["verdict"])] if row["verdict"] != "even" else []
            notes += [] if row["native"] == row["native_before"] else ["native now" if row["native"] else "Python now"]
            shown = f"{_time(row['before_seconds']):>12}{_time(row['seconds']):>12}{row['ratio']:>11.2f}x"
            print(f"{shown}  {row['function']}{_in_brackets(notes)}")
    if slower:
        _say(f"{len(slower)} of {len(rows)} slower than at {options['compare']} by more than {MARGIN - 1:.0%}")
    return 1 if slower else 0


@contextlib.contextmanager
def _checkout(root: Path, revision: str) -> Iterator[Path]:
    """The project as it was at a revision, in a folder of its own."""

    def git(*words: str) -> str:
        try:
            done = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=False)
        except OSError as error:
            raise PyRustError(f"git does not run: {error.strerror}") from None
        if done.returncode:
            said = done.stderr.strip().splitlines()
            raise PyRustError(f"git: {said[-1] if said else done.returncode}")
        return done.stdout.strip()

    if revision.startswith("-"):
        raise PyRustError(f"`{revision}` is not a revision")
    top = git("rev-parse", "--show-toplevel")
    try:
        commit = git("rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}")
    except PyRustError:
        raise PyRustError(f"`{revision}` is no revision of this repository (a commit, a branch or a tag)") from None
    with tempfile.TemporaryDirectory(prefix="pyrust-compare-") as folder:
        place = Path(folder) / "tree"
        git("worktree", "add", "--detach", "--quiet", str(place), commit)
        try:
            inside = place / Path(root).resolve().relative_to(Path(top).resolve())
            if not inside.is_dir():
                raise PyRustError(f"there is no such project at {revision}")
            yield inside.resolve()
        finally:
            git("worktree", "remove", "--force", str(place))
