"""Native against Python, in turns: ten variants, eight metrics each, a thousand samples. Prints ratios of best times."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

ROUNDS = 7
CALLS = 5


def best():
    """Seconds of the fastest call of each function, and what it returned."""
    sys.path.insert(0, str(Path(__file__).parent / "tests"))
    from data import experiment, metrics

    import continuous_improvement as package

    calls = {
        "analyze_experiment_results": (experiment(), 0.05, 0.02),
        "identify_improvement_opportunities": (metrics(),),
    }
    found = {}
    for name, arguments in calls.items():
        function = getattr(package, name)
        result = repr(function(*arguments))
        times = []
        for _ in range(CALLS):
            start = time.perf_counter()
            function(*arguments)
            times.append(time.perf_counter() - start)
        found[name] = (min(times), result)
    return found


def main():
    rounds = {"require": [], "python": []}
    for _ in range(ROUNDS):
        for mode, found in rounds.items():
            environment = os.environ | {"PYRUST": mode}
            child = subprocess.run(
                [sys.executable, __file__, "child"], env=environment, capture_output=True, text=True, check=True
            )
            found.append(json.loads(child.stdout))
    for name in rounds["python"][0]:
        results = {one[name][1] for found in rounds.values() for one in found}
        python, native = (min(one[name][0] for one in rounds[mode]) for mode in ("python", "require"))
        same = "same bits" if len(results) == 1 else "DIFFERENT RESULTS"
        print(f"{name}: {python / native:.1f} times as fast ({python * 1e3:.1f} ms → {native * 1e3:.2f} ms), {same}")
        if len(results) != 1:
            sys.exit(1)


if __name__ == "__main__":
    if sys.argv[1:] == ["child"]:
        json.dump(best(), sys.stdout)
    else:
        main()
