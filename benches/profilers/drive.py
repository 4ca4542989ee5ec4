"""One run of one workload under one profiler: `python drive.py TOOL WORKLOAD SIZE RESULT`.

Writes `{"cpu": seconds, "wall": seconds, "shares": {phase: time}}` to RESULT. CPU seconds are those of this process from the
moment at which the profiler is asked to begin until it has ended; what starting it costs is in "wall" of the caller only.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))


def measured(run, size):
    """CPU and wall-clock seconds, and what the workload returned."""
    cpu, wall = time.process_time(), time.perf_counter()
    result = run(size)
    return {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall, "result": result}


def phases_of(rows):
    """Time per phase from (path, function, time)."""
    from workload.phases import phase_of

    found = Counter()
    for path, function, spent in rows:
        phase = phase_of(Path(path).stem, function)
        if phase is not None:
            found[phase] += spent
    return dict(found)


def none(run, size):
    done = measured(run, size)
    if isinstance(done["result"], dict):
        done["shares"] = done["result"]
    return done


def pyrust_sampling(run, size):
    """The sampler alone, without types."""
    from pyrust import runinfo
    from pyrust.sample import Sampler

    sampler = Sampler(runinfo.load(HERE).attribute)
    sampler.start()
    done = measured(run, size)
    sampler.stop()
    return {**done, "shares": _of_run(sampler.seconds), "samples": sum(sampler.samples.values())}


def pyrust(run, size):
    """What `pytest --pyrust-profile` does: sampling, types, samples of arguments."""
    from pyrust import profile, runinfo

    session = profile.Session(runinfo.load(HERE), threshold=1.0)
    session.start()
    done = measured(run, size)
    found = session.stop()
    return {**done, "shares": _of_run(found["seconds"]), "samples": sum(found["samples"].values())}


def _of_run(seconds):
    rows = []
    for name, spent in seconds.items():
        module, _, function = name.partition(":")
        rows.append((module.rpartition(".")[2] + ".py", function, spent))
    return phases_of(rows)


def cprofile(run, size):
    import cProfile
    import pstats

    profiler = cProfile.Profile()
    profiler.enable()
    done = measured(run, size)
    profiler.disable()
    own = Counter()
    for (path, _, function), (_, _, spent, _, callers) in pstats.Stats(profiler).stats.items():
        if path == "~":
            # A builtin's time goes to who called it.
            for (caller, _, name), facts in callers.items():
                own[caller, name] += facts[2]
        else:
            own[path, function] += spent
    return {**done, "shares": phases_of((path, name, spent) for (path, name), spent in own.items())}


def pyinstrument(run, size):
    from pyinstrument import Profiler
    from pyinstrument.renderers import JSONRenderer

    profiler = Profiler(interval=0.001)
    profiler.start()
    done = measured(run, size)
    profiler.stop()
    rows = []

    def walk(frame):
        inside = sum(child["time"] for child in frame["children"])
        rows.append((frame["file_path"] or "", frame["function"], frame["time"] - inside))
        for child in frame["children"]:
            walk(child)

    renderer = JSONRenderer(show_all=True)
    walk(json.loads(profiler.output(renderer))["root_frame"])
    return {**done, "shares": phases_of(rows)}


INSIDE = {
    "none": none,
    "pyrust-sampling": pyrust_sampling,
    "pyrust": pyrust,
    "cprofile": cprofile,
    "pyinstrument": pyinstrument,
}


def main():
    tool, workload, size, result = sys.argv[1:]
    run = importlib.import_module(f"workload.{workload}").run
    # Those that are not named work from outside: from here it looks like an unprofiled run.
    done = INSIDE.get(tool, none)(run, int(size))
    if tool not in INSIDE:
        done.pop("shares", None)
    done.pop("result")
    Path(result).write_text(json.dumps(done))


if __name__ == "__main__":
    main()
