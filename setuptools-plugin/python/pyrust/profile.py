"""Profiling: a run of the program or its tests becomes `pyrust.toml`.

Two stages in one run: a sampler finds out where the time goes (`sample`), a native recorder notes types (`record`).
`Session` measures one process and yields a *run* (plain data); `merge` adds the runs of several processes;
`finish` updates the manifest and writes `.pyrust/profile.json`, which holds what must not be in the manifest: times and facts about the machine.

While profiling, everything runs as Python.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyrust import besides, runinfo, samples, signatures
from pyrust.asked import TAKEN, Answer, Compiler
from pyrust.besides import Tellers
from pyrust.progress import Progress
from pyrust.record import Recorder
from pyrust.runinfo import Project
from pyrust.sample import Sampler

VERSION = 1

FEW_SAMPLES = 100
"""Below this many samples, shares are guesses, and the report says so."""

ENOUGH_SAMPLES = 1_000
"""Below this many, no entry leaves the manifest: it could be chance. With as many, a function of twice the default threshold is counted
twenty times where five keep it."""

MOST_REFUSED = 5
"""Hot functions that stay Python which are named at the end of a run."""
RARELY = 0.01
"""What is seen in an attribute more seldom than this share is not recorded: that call bails."""

MOST_TRIALS = 4
"""So often the compiler is asked what it would take if it knew more of what attributes hold."""

# How a process that `pyrust profile -- CMD` starts finds out that it is to be profiled.
VARIABLE = "PYRUST_PROFILE_RUN"

Run = dict[str, Any]


class Session:
    """One process being profiled, from `start()` to `stop()`."""

    def __init__(self, project: Project, *, threshold: float) -> None:
        self.project = project
        self._recorder = Recorder(project, everything=threshold <= 0.0)
        self._sampler = Sampler(project.attribute, self._recorder.tick)
        self._sampler.when_hot(self._recorder.hot)
        self._sampler.when_met(self._recorder.met)
        self._started = self._began = self._queued = 0.0
        self._environment: str | None = None

    def start(self) -> None:
        self._environment = os.environ.get("PYRUST")
        os.environ["PYRUST"] = "python"
        self._started, self._began, self._queued = time.process_time(), time.perf_counter(), _queued()
        self._recorder.start()
        self._sampler.start()

    def stop(self) -> Run:
        self._sampler.stop()
        self._recorder.stop()
        if self._environment is None:
            os.environ.pop("PYRUST", None)
        else:
            os.environ["PYRUST"] = self._environment
        notices = [notice for notice in (self._sampler.notice, self._recorder.notice) if notice]
        return {
            "version": VERSION,
            "seconds": self._sampler.seconds,
            "samples": self._sampler.samples,
            "stacks": {";".join(reversed(stack)): seconds for stack, seconds in self._sampler.stacks.items()},
            "foreign_seconds": self._sampler.foreign,
            "cpu_seconds": time.process_time() - self._started,
            "wall_seconds": time.perf_counter() - self._began - (_queued() - self._queued),
            "functions": self._recorder.functions,
            "attributes": self._recorder.attributes,
            "notices": notices,
            "machine": runinfo.machine(),
        }


def _queued() -> float:
    """How long this thread was ready and others had the processors: on a busy machine that is no waiting of the program's."""
    try:
        return int(Path("/proc/thread-self/schedstat").read_text().split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return 0.0


def merge(runs: Iterable[Run]) -> Run:
    """Adds up the runs of several processes."""
    total: Run = {
        "version": VERSION,
        "seconds": {},
        "samples": {},
        "stacks": {},
        "foreign_seconds": 0.0,
        "cpu_seconds": 0.0,
        "wall_seconds": 0.0,
        "functions": {},
        "attributes": {},
        "notices": [],
        "machine": runinfo.machine(),
    }
    for run in runs:
        for table in ("seconds", "samples", "stacks"):
            for name, amount in run.get(table, {}).items():
                total[table][name] = total[table].get(name, 0) + amount
        for key in ("foreign_seconds", "cpu_seconds", "wall_seconds"):
            total[key] += run.get(key, 0.0)
        for name, seen in run["functions"].items():
            entry = total["functions"].setdefault(name, {"calls": 0, "signatures": {}, **samples.nothing()})
            entry["calls"] += seen["calls"]
            samples.add(entry, seen)
            for signature, count in seen["signatures"].items():
                entry["signatures"][signature] = entry["signatures"].get(signature, 0) + count
        for owner, attributes in run.get("attributes", {}).items():
            known = total["attributes"].setdefault(owner, {})
            for attribute, types in attributes.items():
                counts = known.setdefault(attribute, {})
                for text, count in types.items():
                    counts[text] = counts.get(text, 0) + count
        total["notices"] += [notice for notice in run["notices"] if notice not in total["notices"]]
    for entry in total["functions"].values():
        entry["signatures"] = _returned(entry["signatures"])
    return total


def _returned(counted: dict[str, int]) -> dict[str, int]:
    """Gives signatures of a process in which every call raised (`-> !`) the usual result of the others."""
    results: dict[str, int] = {}
    for text, count in counted.items():
        result = text.rpartition(" -> ")[2]
        if result != "!":
            results[result] = results.get(result, 0) + count
    usual = max(results, key=lambda result: (results[result], result), default="None")
    found: dict[str, int] = {}
    for text, count in counted.items():
        text = text.removesuffix("!") + usual if text.endswith(" -> !") else text
        found[text] = found.get(text, 0) + count
    return found


def summarise(run: Run, threshold: float) -> dict[str, Any]:
    """What the engine needs to know: shares and signatures, no times."""
    whole = sum(run["seconds"].values())
    functions = []
    for name in sorted({*run["functions"], *run["seconds"]} - {""}):
        seen = run["functions"].get(name, {"calls": 0, "signatures": {}})
        functions.append(
            {
                "function": name,
                "share": 100.0 * run["seconds"].get(name, 0.0) / whole if whole else 0.0,
                "calls": seen["calls"],
                "signatures": [list(pair) for pair in signatures.tidy(seen["signatures"])],
            }
        )
    measured = sum(run["samples"].values()) >= ENOUGH_SAMPLES
    return {"version": VERSION, "threshold": threshold, "measured": measured, "functions": functions}


@dataclass
class Outcome:
    """What became of a profile; `lines` are for the terminal."""

    lines: list[str]
    data: dict[str, Any]
    hot: list[str]


def finish(project: Project, run: Run, threshold: float, everything: str = "--pyrust-threshold=0") -> Outcome:
    """Updates the manifest and the cache from a (merged) run. `everything` is the option that records all that is called."""
    with Progress("asking the compiler about the hot functions"):
        return _finish(project, run, threshold, everything)


def _finish(project: Project, run: Run, threshold: float, everything: str) -> Outcome:
    from pyrust import _engine

    profile = summarise(run, threshold)
    shares = {entry["function"]: entry for entry in profile["functions"]}
    hot = [
        name
        for name, entry in shares.items()
        if entry["signatures"] and (threshold <= 0.0 or entry["share"] >= threshold)
    ]
    chance = _by_chance(project, run, hot) if threshold > 0.0 else set()
    hot = [name for name in hot if name not in chance]
    tellers = Tellers(project, profile)
    consumers = besides.consumers(run, tellers, set(hot), threshold)
    known = _known(project)
    kept = besides.callers(run, tellers, set(hot), threshold, known) & known
    needed = (tellers.constructors(hot) | consumers | kept) & known
    made = runinfo.new_folder(project.manifest)

    merged: dict[str, Any] = {"added": [], "removed": [], "changed": False}

    def merge_with(needed: set[str]) -> None:
        nonlocal merged
        functions = [each for each in profile["functions"] if each["function"] not in chance - needed]
        told = {**profile, "functions": functions, "needed": sorted(needed)}
        again = _engine.merge_profile(str(project.root), str(project.manifest), json.dumps(told))
        added = sorted({*merged["added"], *again["added"]} - set(merged["removed"]))
        removed = sorted({*merged["removed"], *again["removed"]} - set(again["added"]))
        merged = {**again, "added": added, "removed": removed, "changed": merged["changed"] or again["changed"]}

    merge_with(needed)
    compiler = Compiler(project)
    answers = compiler.answers(project.manifest, hot)
    consumers = besides.consumers(
        run, tellers, {name for name in hot if name in answers and answers[name].reason}, threshold
    )
    consumers = _compiled(compiler, profile, hot, consumers - set(hot))
    hot += sorted(consumers)
    more = _helpful(compiler, profile, hot, answers, tellers)
    needed |= consumers | more
    if more or consumers:
        merge_with(needed)
        answers = compiler.answers(project.manifest, hot)
    seen = _observed(run)
    unsaid: frozenset[str] = frozenset()

    def tell() -> None:
        nonlocal answers, unsaid
        if told := _telling(compiler, profile, hot, answers, seen):
            merged["changed"] |= _tell(project, project.manifest, profile, told, seen)
            answers = compiler.answers(project.manifest, hot)
            unsaid = (unsaid | told.unsaid) - told.unasked

    tell()
    native = {name for name, answer in answers.items() if answer.reason is None}
    needed -= kept - consumers - more
    callers = besides.callers(run, tellers, native, threshold, known) - set(hot)
    callers, telling = _compiled_whole(compiler, profile, hot, callers, tellers)
    more |= telling
    hot += sorted(callers)
    needed |= tellers.constructors(hot) & known | callers | more
    if callers or kept:
        merge_with(needed)
        answers = compiler.answers(project.manifest, hot)
        tell()
    refused = {name: answer.reason for name, answer in answers.items() if answer.reason}
    data = {
        **profile,
        "refused": refused,
        "samples": sum(run["samples"].values()),
        "seconds": run["seconds"],
        "stacks": run.get("stacks", {}),
        "foreign_seconds": run["foreign_seconds"],
        "cpu_seconds": run["cpu_seconds"],
        "wall_seconds": run["wall_seconds"],
        "machine": run["machine"],
        "notices": run["notices"],
        "manifest": merged,
    }
    lines = [f"pyrust: {notice}" for notice in run["notices"]]
    lines += _lines(project, run, shares, hot, chance, threshold, merged, everything)
    if more:
        lines.append(f"pyrust: besides, for what instances hold: {', '.join(sorted(more))}")
    if consumers:
        lines.append(
            f"pyrust: besides, as they go through hot generators that stay Python: {', '.join(sorted(consumers))}"
        )
    if callers:
        lines.append(
            f"pyrust: besides, as their time is in short functions that they call: {', '.join(sorted(callers))}"
        )
    if unsaid:
        lines.append(f"pyrust: what instances hold was recorded: {', '.join(sorted(unsaid))}")
    if made and project.manifest.is_file():
        lines.append(f"pyrust: {project.manifest.name} was written{made}")
    hottest = sorted(refused, key=lambda name: (-shares[name]["share"], name))
    for name in hottest[:MOST_REFUSED]:
        lines.append(f"pyrust: {name} ({shares[name]['share']:.0f} %) stays Python: {refused[name]}")
    if len(hottest) > MOST_REFUSED:
        lines.append(f"pyrust: so do {len(hottest) - MOST_REFUSED} more; `pyrust explain FUNC` says why")
    if hot and len(refused) == len(hot):
        lines.append(
            "pyrust: nothing to gain as it is: every hot function stays Python; `pyrust explain FUNC` says what would help, "
            "`pyrust scan` what else could be compiled"
        )
    try:
        runinfo.write_json(project.cache / "profile.json", data)
        samples.update(project, {name: run["functions"][name] for name in hot if name in run["functions"]})
    except OSError as error:
        lines.append(f"pyrust: cannot write {project.cache / 'profile.json'}: {error.strerror}")
    return Outcome(lines, data, hot)


def _by_chance(project: Project, run: Run, hot: Iterable[str]) -> set[str]:
    """Functions that so short a run says nothing about; what the manifest has already was found out before."""
    if sum(run["samples"].values()) >= FEW_SAMPLES:
        return set()
    known = _known(project)
    return {name for name in hot if name not in known and run["seconds"].get(name, 0.0) < besides.LITTLE_SECONDS}


def _known(project: Project) -> set[str]:
    """What the manifest has."""
    from pyrust import _engine

    found = _engine.load_project(str(project.root), str(project.manifest))
    return {entry["function"] for entry in found.get("hotspots", [])}


def _compiled(compiler: Compiler, profile: dict[str, Any], hot: Sequence[str], asked: set[str]) -> set[str]:
    """Which of these functions the compiler takes, together with the hot ones."""
    answers = compiler.answers_with(profile, [*hot, *sorted(asked)], set()) if asked and compiler.has_time else {}
    return {name for name in asked if name in answers and answers[name].reason is None}


def _compiled_whole(
    compiler: Compiler, profile: dict[str, Any], hot: Sequence[str], asked: set[str], tellers: Tellers
) -> tuple[set[str], set[str]]:
    """Which of these functions it takes without a way back to Python in the middle, and which others have to say what attributes hold."""
    if not asked or not compiler.has_time:
        return set(), set()
    every = [*hot, *sorted(asked)]
    answers = compiler.answers_with(profile, every, set())
    more = _helpful(compiler, profile, every, answers, tellers)
    if more:
        answers = compiler.answers_with(profile, every, more)
    taken = {name for name in asked if name in answers and answers[name] == TAKEN}
    return taken, more if taken else set()


def _helpful(
    compiler: Compiler, profile: dict[str, Any], hot: Sequence[str], answers: dict[str, Answer], tellers: Tellers
) -> set[str]:
    """Functions that are not hot and let the compiler take what it leaves to Python: they say what attributes hold.

    The `__init__` of the class whose attribute is not known, and methods of that class which store or fill it.
    """
    asked: dict[str, set[str]] = {}
    now = answers
    for _ in range(MOST_TRIALS):
        before = set().union(*asked.values())
        for name, answer in now.items():
            for attribute, owner in tellers.unknown(name, answer):
                asked.setdefault(name, set()).update(tellers.of(name, attribute, owner) - set(hot))
        more = set().union(*asked.values())
        if more == before or not compiler.has_time:
            break
        now = compiler.answers_with(profile, hot, more)
    helped = {name for name in asked if name in now and now[name].is_better_than(answers[name])}
    return set().union(*(asked[name] for name in helped))


@dataclass(frozen=True)
class _Told:
    """Attributes whose observed types the manifest gets, and those that it loses."""

    unsaid: frozenset[str] = frozenset()
    unasked: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.unsaid or self.unasked)


def _observed(run: Run) -> dict[str, str]:
    """What instances were seen to hold: type by `package.module.Class.attribute`."""
    observed = {}
    for owner, attributes in run.get("attributes", {}).items():
        for attribute, counted in attributes.items():
            least = sum(counted.values()) * RARELY
            usual = [signatures.parse_type(text) for text, count in counted.items() if count >= least]
            observed[f"{owner}.{attribute}"] = str(signatures.union(usual))
    return {name: text for name, text in observed.items() if text != "?"}


def _telling(
    compiler: Compiler, profile: dict[str, Any], hot: Sequence[str], answers: dict[str, Answer], seen: dict[str, str]
) -> _Told:
    """Which attributes the manifest should tell of: those that the text of the classes does not tell, if that costs no function."""
    project = compiler.project
    if not project.manifest.is_file() or not hot:
        return _Told()
    # Where functions are many, the compiler is asked no more than it must be.
    rounds = MOST_TRIALS if answers else 2
    observed = json.dumps(seen)
    with tempfile.TemporaryDirectory() as folder:
        trial = Path(folder) / project.manifest.name

        def told_by(names: frozenset[str]) -> _Told:
            """What `names` lead to: what is told makes more of the code known, and that asks for more."""
            shutil.copyfile(project.manifest, trial)
            told = _Told()
            for _ in range(rounds):
                found = compiler.attributes(trial, observed)
                more = _Told(told.unsaid | (names & {*found["unsaid"]}), told.unasked | {*found["unasked"]})
                if more == told:
                    break
                told = more
                _tell(project, trial, profile, told, seen)
            return told

        def harms(told: _Told) -> bool:
            if told and not compiler.has_time:
                return True
            now = compiler.answers(trial, hot) if told else {}
            return any(answers[name].is_better_than(answer) for name, answer in now.items())

        told = told_by(frozenset(seen))
        if harms(told):
            # A type for each class alone, as far as it costs nothing.
            kept: frozenset[str] = frozenset()
            owners = sorted({name.rpartition(".")[0] for name in told.unsaid})
            for owner in owners[:MOST_TRIALS]:
                if not compiler.has_time:
                    break
                wanted = kept | {name for name in told.unsaid if name.rpartition(".")[0] == owner}
                if not harms(told_by(wanted)):
                    kept = wanted
            told = told_by(kept)
        return told


def _tell(project: Project, manifest: Path, profile: dict[str, Any], told: _Told, seen: dict[str, str]) -> bool:
    """Writes attributes into a manifest; whether that changed it."""
    from pyrust import _engine

    types = {name: seen[name] for name in told.unsaid}
    news = {**profile, "functions": [], "measured": False, "attributes": types, "unasked": sorted(told.unasked)}
    return bool(_engine.merge_profile(str(project.root), str(manifest), json.dumps(news))["changed"])


def _lines(
    project: Project,
    run: Run,
    shares: dict[str, Any],
    hot: list[str],
    chance: set[str],
    threshold: float,
    merged: dict[str, Any],
    everything: str,
) -> list[str]:
    manifest = (
        os.path.relpath(project.manifest, project.root)
        if project.manifest.is_relative_to(project.root)
        else str(project.manifest)
    )
    # A sample may fall on what modules do when they are imported: that is no function either.
    if not shares:
        kept = f"{manifest} is unchanged" if project.manifest.is_file() else f"no {manifest} is written"
        return [
            f"pyrust: no function of {', '.join(project.packages) or 'this project'} was called; {kept}",
            "pyrust: do the tests (or the command) import it, and from here? It may have to be installed first (`pip install -e .`)",
            "pyrust: `pyrust doctor` names the packages that are looked at",
        ]
    samples = sum(run["samples"].values())
    taken = runinfo.counted(samples, "sample")
    covered = sum(shares[name]["share"] for name in hot)
    hint = f"{everything} records every function that is called"
    lines = []
    if not hot and chance:
        lines.append(f"pyrust: too short a time to tell what is hot ({taken}); {hint}")
    elif not hot:
        more = f"; {hint}" if samples < FEW_SAMPLES else ""
        lines.append(f"pyrust: no function reaches {threshold:g} % of the measured time ({taken}){more}")
    elif not samples:
        lines.append(
            f"pyrust: {runinfo.counted(len(hot), 'function')} called, in too short a time to measure → {manifest}"
        )
    else:
        noun = "hotspot covers" if len(hot) == 1 else "hotspots cover"
        lines.append(f"pyrust: {len(hot)} {noun} {covered:.0f} % of the measured time → {manifest}")
        if samples < FEW_SAMPLES and threshold > 0.0:
            out = f", and {len(chance)} of less than 10 ms left out" if chance else ""
            lines.append(f"pyrust: only {taken}: shares are rough{out}; {hint}")
    if outside := _outside(project, run):
        lines.append(outside)
    if waited := _waited(run):
        lines.append(waited)
    silent = [
        name for name, entry in shares.items() if not entry["signatures"] and entry["share"] >= max(threshold, 1.0)
    ]
    for name in silent:
        lines.append(
            f"pyrust: {name} is hot ({shares[name]['share']:.0f} %), but none of its calls was seen: no types; "
            f"{everything} sees every call"
        )
    for entry in merged.get("skipped", []):
        if entry["function"] in hot:
            lines.append(f"pyrust: {entry['function']} left out: {entry['reason']}")
    return lines


def _outside(project: Project, run: Run) -> str | None:
    """What there is to gain at most, where most of the time is spent in code that is not compiled."""
    own, foreign = sum(run["seconds"].values()), run["foreign_seconds"]
    if own + foreign < 0.5 or own >= 0.25 * (own + foreign):
        return None
    share = own / (own + foreign)
    names = ", ".join(project.packages) or "this project"
    return (
        f"pyrust: {1 - share:.0%} of the CPU time was spent outside of {names} (libraries, the tests themselves): "
        f"compiling can save at most {share:.0%} of this run"
    )


def _waited(run: Run) -> str | None:
    """That waiting cannot be compiled, where it is nearly all that happened."""
    wall, cpu = run["wall_seconds"], run["cpu_seconds"]
    if wall < 0.5 or cpu >= 0.1 * wall:
        return None
    return f"pyrust: {1 - cpu / wall:.0%} of the {wall:.1f} s were spent waiting, not computing: compiling does not shorten that"


def main(argv: Sequence[str]) -> int:
    """`pyrust profile [--threshold=PERCENT] [--manifest=PATH] -- CMD`: runs the command profiled; its exit code is ours."""
    options, command = _split(list(argv))
    if not command:
        print("pyrust profile: no command; try `pyrust profile -- python -m yourprogram`", file=sys.stderr)
        return 2
    try:
        project = runinfo.load(os.getcwd(), options.get("manifest"))
        threshold = float(options.get("threshold", project.threshold))
    except ValueError as error:
        print(f"pyrust profile: {error}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="pyrust-profile-") as folder:
        environment = child_environment(project, Path(folder), threshold)
        program = shutil.which(command[0]) or command[0]
        try:
            code = _run([program, *command[1:]], environment)
        except OSError as error:
            print(f"pyrust profile: cannot run `{command[0]}`: {error.strerror}", file=sys.stderr)
            return 2
        runs = read_runs(Path(folder))
    code = code if code >= 0 else 128 - code
    if not runs:
        why = (
            f"the command was ended by signal {code - 128}: what it had recorded is lost"
            if code > 128
            else "the command ran no Python that could be profiled: it must be a supported one, and take `PYTHONPATH` "
            "from here (set that before `pyrust`, not in the command; leave out `-I`, `-E` and `-S`)"
        )
        print(f"pyrust profile: {why}", file=sys.stderr)
        return code or 2
    try:
        outcome = finish(project, merge(runs), threshold, "--threshold=0")
    except ValueError as error:
        print(f"pyrust profile: {error}", file=sys.stderr)
        return code or 2
    for line in outcome.lines:
        print(line, file=sys.stderr)
    return code


def _run(command: list[str], environment: Mapping[str, str]) -> int:
    """Runs to the command's own end: Ctrl-C is for it, and what it has recorded until then is kept."""
    before = signal.getsignal(signal.SIGINT)
    # What runs in the background may ignore it, and so do its children.
    waits = before == signal.default_int_handler and threading.current_thread() is threading.main_thread()
    if waits:
        signal.signal(signal.SIGINT, lambda *_: None)
    try:
        with subprocess.Popen(command, env=environment) as process:
            return process.wait()
    finally:
        if waits:
            signal.signal(signal.SIGINT, before)


def _split(argv: list[str]) -> tuple[dict[str, str], list[str]]:
    options: dict[str, str] = {}
    while argv:
        word = argv.pop(0)
        if word == "--":
            return options, argv
        name, equals, value = word.removeprefix("--").partition("=")
        if not word.startswith("--"):
            return options, [word, *argv]
        if name not in ("threshold", "manifest"):
            raise SystemExit(f"pyrust profile: unknown option `{word}`")
        options[name] = value if equals else (argv.pop(0) if argv else "")
    return options, []


def child_environment(project: Project, folder: Path, threshold: float) -> dict[str, str]:
    """An environment in which every Python process profiles itself into `folder`."""
    here = Path(__file__).resolve().parent
    job = {"root": str(project.root), "manifest": str(project.manifest), "threshold": threshold, "folder": str(folder)}
    environment = dict(os.environ)
    path = [str(here / "_bootstrap"), *filter(None, [environment.get("PYTHONPATH")])]
    environment["PYTHONPATH"] = os.pathsep.join(path)
    environment["PYRUST"] = "python"
    environment[VARIABLE] = json.dumps(job)
    return environment


def profile_this_process(job: str) -> None:
    """Called by the bootstrap in a process that `pyrust profile` has started, before its program runs."""
    import atexit

    facts = json.loads(job)
    project = runinfo.load(facts["root"], facts["manifest"])
    session = Session(project, threshold=facts["threshold"])
    owner = os.getpid()

    def save() -> None:
        if os.getpid() == owner:  # not in a fork of it
            runinfo.write_json(Path(facts["folder"]) / f"{owner}.json", session.stop())

    atexit.register(save)
    session.start()


def read_runs(folder: Path) -> list[Run]:
    """The runs that several processes have left in a folder, in a fixed order."""
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]


def table(data: dict[str, Any]) -> list[str]:
    """The functions of a profile, hottest first, for the terminal."""
    rows = sorted(data["functions"], key=lambda entry: (-entry["share"], entry["function"]))
    rows = [entry for entry in rows if entry["share"] >= 0.05 or entry["signatures"]][:40]
    lines = ["  share      calls  function"]
    for entry in rows:
        share = f"{entry['share']:6.1f} %" if entry["share"] else f"{'-':>8}"
        lines.append(f"{share} {entry['calls']:>10}  {entry['function']}")
        lines += [f"{'':>21}{signature}" for signature, _ in entry["signatures"][:4]]
        if reason := data["refused"].get(entry["function"]):
            lines.append(f"{'':>21}stays Python: {reason}")
    return lines
