"""Seven phases of different kinds, one function each (some with helpers): who ranks them as the processor does?"""

from __future__ import annotations

import time

from workload import calls, loops, numbers, recursion, texts

ITEMS = [(number * 7919) % 100_003 for number in range(4_000)]


def phase_heavy(size):
    for _ in range(size):
        sorted(ITEMS)


def phase_calls(size):
    return calls.run(size)


def phase_loops(size):
    return loops.run(size)


def phase_texts(size):
    return texts.run(size)


def phase_numbers(size):
    return numbers.run(size)


def phase_recursion(size):
    return recursion.run(size)


def step(n):
    return n - 1 if n else 0


def phase_tiny(size):
    for number in range(size):
        step(number)


#: phase → how much of it in a turn.
SIZES = {
    phase_heavy: 44,
    phase_calls: 70_000,
    phase_loops: 900,
    phase_texts: 900,
    phase_numbers: 14,
    phase_recursion: 16,
    phase_tiny: 12_000,
}


def run(turns):
    """Runs all phases in turn; gives the CPU seconds of each, which count when nobody profiles."""
    spent = dict.fromkeys((phase.__name__ for phase in SIZES), 0.0)
    for _ in range(turns):
        for phase, size in SIZES.items():
            start = time.thread_time()
            phase(size)
            spent[phase.__name__] += time.thread_time() - start
    return spent


#: Whose time each module's functions are.
PHASE_OF = {
    "calls": "phase_calls",
    "loops": "phase_loops",
    "texts": "phase_texts",
    "numbers": "phase_numbers",
    "recursion": "phase_recursion",
}


def phase_of(module, function):
    """The phase to which a function belongs; None for what is no phase."""
    function = function.rpartition(".")[2]
    if module == "phases":
        return {"step": "phase_tiny"}.get(function, function if function.startswith("phase_") else None)
    return PHASE_OF.get(module)
