"""One implementation in a process of its own: `python worker.py FORM FOLDER`, questions and answers as lines of JSON.

FORM says how the kernels are found: `package` (everyday.MODULE), `modules` (a module for each kernel), or the name of one
module that has them all. FOLDER goes to the front of the path. Runs on every Python that is compared.
"""

import gc
import importlib
import json
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, sys.argv[2])

from fingerprint import fingerprint, shown
from inputs import KERNELS

MOST_CALLS = 400
LEAST_ROUNDS = 3


class Refused(Exception):
    """This implementation has no such kernel."""


def function(form, folder, kernel):
    if form == "package":
        return kernel.of(importlib.import_module("everyday." + kernel.module))
    if form == "modules":
        path = Path(folder, "refused.json")
        reasons = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        if kernel.name in reasons:
            raise Refused(reasons[kernel.name])
        return kernel.of(importlib.import_module("k_" + kernel.name))
    module, _, part = form.partition(":")
    place = importlib.import_module(module)
    for source in (getattr(place, part) if part else place, place):
        if hasattr(source, kernel.name):
            return kernel.called(getattr(source, kernel.name))
    raise Refused("not written")


def classes(form, kernel):
    """The module of this implementation that has the kernel's classes; none where they are those of the source."""
    return {
        "package": sys.modules.get("everyday." + kernel.module),
        "modules": sys.modules.get("k_" + kernel.name),
    }.get(form)


def outcome(call, arguments):
    """What can be seen of one call: its result or exception, and its arguments afterwards."""
    try:
        result = call(*arguments)
    except Exception as error:
        return {"raises": type(error).__name__, "says": str(error)[:300], "after": fingerprint(list(arguments))}
    return {"print": fingerprint([list(arguments), result]), "shown": shown(result)}


def timed(call, kernel, size, budget):
    """The least wall and CPU time of some calls, which together take about `budget` seconds."""
    arguments = kernel.arguments(size)
    before = fingerprint(list(arguments))
    call(*arguments)
    changes = fingerprint(list(arguments)) != before
    wall = cpu = 1e9
    spent = calls = 0
    gc.collect()
    while calls == 0 or (spent < budget and calls < MOST_CALLS):
        if changes:
            arguments = kernel.arguments(size)
        cpu_start = time.thread_time()
        start = time.perf_counter()
        result = call(*arguments)
        end = time.perf_counter()
        cpu_end = time.thread_time()
        del result
        wall = min(wall, end - start)
        cpu = min(cpu, cpu_end - cpu_start)
        spent += cpu_end - cpu_start
        calls += 1
    return {"wall": wall, "cpu": cpu, "calls": calls}


def in_turn(call, kernel, size, count, budget):
    """The least CPU time of calls with so many different inputs, one after the other, for each of them."""

    def inputs():
        return [kernel.arguments(size, number) for number in range(count)]

    cycles = inputs()
    before = fingerprint(list(cycles[0]))
    for arguments in cycles:
        call(*arguments)
    changes = fingerprint(list(cycles[0])) != before
    cpu = 1e9
    spent = rounds = 0
    while rounds < LEAST_ROUNDS or spent < budget:
        if changes:
            cycles = inputs()
        gc.collect()
        start = time.thread_time()
        for arguments in cycles:
            call(*arguments)
        took = time.thread_time() - start
        cpu = min(cpu, took)
        spent += took
        rounds += 1
    return {"cpu": cpu / count, "calls": rounds * count}


def warm(call, kernel, size, budget):
    """Lets a compiler that works at run time do so."""
    end = time.thread_time() + budget
    while time.thread_time() < end:
        call(*kernel.arguments(size))


def state():
    """What PyRust says of its functions."""
    package = sys.modules.get("everyday._pyrust")
    return package.status() if package else []


def answer(request, form, folder):
    if request["do"] == "state":
        return {"state": state()}
    kernel = KERNELS[request["kernel"]]
    try:
        call = function(form, folder, kernel)
    except Refused as error:
        return {"refused": str(error)}
    except ImportError as error:
        return {"refused": f"{type(error).__name__}: {error}"}
    kernel.classes = classes(form, kernel)
    if request["do"] == "edges":
        return {"outcome": outcome(call, kernel.edge(request["edge"]))}
    size = kernel.sizes[request["size"]]
    if request["do"] == "check":
        return {"outcome": outcome(call, kernel.arguments(size))}
    if request["do"] == "warm":
        return {"warm": warm(call, kernel, size, request["budget"])}
    if request["do"] == "in turn":
        return in_turn(call, kernel, size, request["count"], request["budget"])
    return timed(call, kernel, size, request["budget"])


def main():
    form, folder = sys.argv[1:3]
    # What a kernel or a compiler prints must not get between the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        try:
            said = answer(json.loads(line), form, folder)
        except Exception as error:
            said = {"error": f"{type(error).__name__}: {str(error)[:300]}"}
        answers.write(json.dumps(said) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
