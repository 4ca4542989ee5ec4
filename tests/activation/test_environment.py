"""The environment, the import system, signals, exit: each in a fresh interpreter."""

import shutil
import subprocess
import sys
import textwrap

import pytest

STATES = """
from actpkg import _pyrust
import actpkg.core, actpkg.later, actpkg.shapes
for e in _pyrust.status(): print(e["function"], e["state"], e["reason"], sep="|")
"""


def states(out):
    return {line.split("|")[0]: tuple(line.split("|")[1:]) for line in out.splitlines()}


def test_status(run):
    out = run(
        "from actpkg import _pyrust\nfor e in _pyrust.status(): print(e['function'], e['state'], e['reason'], sep='|')"
    )
    found = states(out)
    assert list(found) == sorted(found)
    assert found["actpkg:in_package"] == ("native", "None")
    assert found["actpkg.core:add"] == ("pending", "None")
    assert found["actpkg.core:odd_one"] == ("python", "PYR0301 a function inside a function")
    assert found["actpkg.core:bump"] == ("disabled", 'mode = "python"')
    found = states(run(STATES))
    assert found["actpkg.core:add"] == ("native", "None")
    assert found["actpkg.later:late"] == ("native", "None")
    assert found["actpkg.shapes:Shape.twice"][0] == "ambiguous"


def test_pyrust_python(run):
    found = states(run(STATES, PYRUST="python"))
    assert found["actpkg.core:add"] == ("disabled", "PYRUST=python")
    assert run(
        "import sys, actpkg.core as c; print(c.add.__code__.co_consts, type(sys.meta_path[0]))", PYRUST="python"
    ).startswith("(None,)")


def test_pyrust_disable(run):
    found = states(run(STATES, PYRUST_DISABLE="actpkg.core:add, actpkg.core:helper"))
    assert found["actpkg.core:add"] == ("disabled", "PYRUST_DISABLE")
    assert found["actpkg.core:fib"] == ("native", "None")
    out = run(
        "from actpkg import core, _pyrust\nprint(core.scale(2), [e['native_calls'] for e in _pyrust.status() if 'scale' in e['function']])",
        PYRUST_DISABLE="actpkg.core:helper",
    )
    assert out == "6 [0]"


def test_unknown_mode_warns_once(run):
    result = run(STATES, PYRUST="fast", check=False)
    assert result.returncode == 0
    assert result.stderr.count("RuntimeWarning") == 1
    assert "'fast'" in result.stderr.replace('"', "'")
    assert states(result.stdout)["actpkg.core:add"][0] == "native"
    assert run("import actpkg.core", "-W", "error", PYRUST="fast", check=False).returncode == 0


@pytest.fixture
def edited(site, tmp_path):
    """A copy of the package whose source was edited after the build."""

    folder = tmp_path / "edited"
    shutil.copytree(site, folder)
    core = folder / "actpkg/core.py"
    core.write_text(core.read_text().replace("return a + b\n", "return a + b + 0\n", 1))
    return str(folder)


def test_stale_source_runs_as_python(run, edited):
    found = states(run(STATES, PYTHONPATH=edited))
    assert found["actpkg.core:add"] == ("stale", "the source is not the one that was compiled")
    assert found["actpkg.core:fib"] == ("native", "None")
    assert run("from actpkg import core; print(core.add(1, 2))", PYTHONPATH=edited) == "3"


def test_require(run, edited, tmp_path):
    assert run("from actpkg import core; print(core.add(1, 2))", PYRUST="require") == "3"
    result = run("from actpkg import core", PYRUST="require", PYTHONPATH=edited, check=False)
    assert result.returncode == 1
    assert "ImportError: PYRUST=require: stale hotspots, rebuild the package: actpkg.core:add" in result.stderr
    # Without the extension.
    import pathlib

    (pathlib.Path(edited) / "actpkg/_pyrust.so").unlink()
    assert "ImportError" in run("import actpkg", PYRUST="require", PYTHONPATH=edited, check=False).stderr
    assert run("from actpkg import core; print(core.add(1, 2))", PYTHONPATH=edited) == "3"


def test_missing_function_is_stale(run, edited):
    import pathlib

    core = pathlib.Path(edited) / "actpkg/core.py"
    core.write_text(core.read_text().replace("def fib(", "def fibonacci("))
    assert states(run(STATES, PYTHONPATH=edited))["actpkg.core:fib"] == (
        "stale",
        "no function of that name is in the module",
    )


def test_optimised_interpreter(run):
    found = states(run(STATES, "-O"))
    assert all(state != "stale" for state, _ in found.values())
    # Without docstrings CPython leaves a NOP behind: other code, so Python.
    found = states(run(STATES, "-OO"))
    stale = {name for name, (state, _) in found.items() if state == "stale"}
    assert stale <= {"actpkg.core:double_all", "actpkg.core:failing", "actpkg:in_package"}


def test_failing_import_has_its_own_traceback(run, site, tmp_path):
    import pathlib

    folder = tmp_path / "broken"
    shutil.copytree(site, folder)
    later = pathlib.Path(folder) / "actpkg/later.py"
    later.write_text("def late(x):\n    return x * 2\n\n\nraise OSError('from the module')\n")
    native = run("import actpkg.later", PYTHONPATH=str(folder), check=False).stderr
    python = run("import actpkg.later", PYTHONPATH=str(folder), PYRUST="python", check=False).stderr
    assert native == python
    assert "OSError: from the module" in native
    out = run(
        "import sys\ntry:\n import actpkg.later\nexcept OSError: pass\nprint('actpkg.later' in sys.modules)",
        PYTHONPATH=str(folder),
    )
    assert out == "False"


def test_sub_interpreter_runs_as_python(run):
    out = run(
        """
import sys
try:
    import _xxsubinterpreters as interpreters
except ImportError:
    import _interpreters as interpreters
program = '''
import actpkg.core
module = getattr(actpkg, "_pyrust", None)
said = {(each["state"], each["reason"]) for each in module.status() if each["state"] != "disabled" and "PYR" not in (each["reason"] or "")} if module else None
print(actpkg.core.add(1, 2), [name for name in dir(module) if name[1] != "_"] if module else None, said, flush=True)
'''
for isolated in (True, False):
    try:
        new = interpreters.create(isolated=isolated)
    except TypeError:
        new = interpreters.create("isolated" if isolated else "legacy")
    problem = interpreters.run_string(new, program) if hasattr(interpreters, "run_string") else None
    assert problem is None, problem
    interpreters.destroy(new)
import actpkg.core
print(actpkg.core.add(1, 2), hasattr(actpkg, "_pyrust"))
"""
    )
    isolated, legacy, own = out.split("\n")
    # From 3.12 on an interpreter with a lock of its own refuses such modules by itself.
    only_tells = "3 ['status'] {('python', 'hotspots run in the main interpreter only')}"
    assert isolated in ("3 None None", only_tells)
    assert (legacy, own) == (only_tells, "3 True")


def test_another_interpreter_than_it_was_built_for(run, site, tmp_path):
    """Which one that is stands in the module as a number; it is made another one here, as if the names of files said nothing."""
    folder = shutil.copytree(site, tmp_path / "other")
    path = folder / "actpkg/_pyrust.so"
    built, other = (number.to_bytes(8, "little") for number in (sys.hexversion, sys.hexversion + (1 << 16)))
    data = path.read_bytes()
    assert built in data
    path.write_bytes(data.replace(built, other))
    code = """
import actpkg.core
assert actpkg.core.add(1, 2) == 3
names = [name for name in dir(actpkg._pyrust) if name[1] != "_"]
print(names, {each["reason"] for each in actpkg._pyrust.status() if each["state"] == "python" and "PYR" not in each["reason"]})
"""
    out = run(code, PYTHONPATH=str(folder))
    assert out.startswith("['status'] {'built for CPython 3."), out
    failed = run(code, PYTHONPATH=str(folder), PYRUST="require", check=False).stderr
    assert "ImportError: PYRUST=require: built for CPython 3." in failed


SPIN = """
import signal, sys, time, threading
from actpkg import core, _pyrust
{setup}
try:
    core.spin({n})
except {error}:
    import traceback
    print("raised", [f.name for f in traceback.extract_tb(sys.exc_info()[2])])
else:
    print("finished", [e["native_calls"] for e in _pyrust.status() if e["function"] == "actpkg.core:spin"])
"""


def test_interrupt(run):
    setup = "signal.signal(signal.SIGALRM, signal.default_int_handler)\nsignal.setitimer(signal.ITIMER_REAL, 0.2)"
    out = run(SPIN.format(setup=setup, n=10**11, error="KeyboardInterrupt"))
    assert out == "raised ['<module>', 'spin']"


def test_interrupts_arrive_in_a_loop_without_calls(run):
    out = run(
        """
import signal
from actpkg import core
# In processor time: on a busy machine others take their turns in between.
signal.signal(signal.SIGPROF, lambda *_: 1 / 0)
for i in range(5):
    signal.setitimer(signal.ITIMER_PROF, 0.1)
    try:
        core.spin(10**11)
    except ZeroDivisionError:
        print(i)
"""
    )
    assert out.split() == list("01234"), out


SHARED = """
import os, threading, traceback
from actpkg import core, _pyrust
def native(): return next(e for e in _pyrust.status() if e["function"] == "actpkg.core:steps")["native_calls"]
def tasks(): return len(os.listdir("/proc/self/task")) if os.path.isdir("/proc/self/task") else 1
several = len(os.sched_getaffinity(0)) > 1 if hasattr(os, "sched_getaffinity") else os.cpu_count() > 1
"""


def test_several_threads(run):
    """Three threads add what one adds, are gone afterwards, and leave a process that can fork."""
    out = run(
        SHARED
        + """
found = core.steps(500_000, 10**9)
shared, calls = _pyrust._shared(), native()
_pyrust._pause(True)
assert found == core.steps(500_000, 10**9)
_pyrust._pause(False)
_pyrust._force_bail(-1)
assert found == core.steps(500_000, 10**9) and _pyrust._shared() == shared, "points are counted in order"
_pyrust._force_bail(0)
pid = os.fork()
if pid == 0:
    os._exit(core.steps(500_000, 10**9) != found)
print(shared >= several, calls, threading.active_count(), tasks(), os.waitpid(pid, 0)[1])
"""
    )
    assert out == "True 1 1 1 0"


def test_an_exception_in_one_of_several_threads(run):
    """The turn that fails may be anybody's: Python raises it."""
    out = run(
        SHARED
        + """
for stop in (400_000, 499_999, 3):
    try:
        core.steps(500_000, stop)
    except ZeroDivisionError as error:
        print(error, [f.lineno for f in traceback.extract_tb(error.__traceback__)][1:], tasks(), native())
"""
    )
    lines = out.splitlines()
    assert len(lines) == 3
    assert len(set(lines)) == 1
    assert lines[0].startswith("integer division or modulo by zero [")
    assert lines[0].endswith("] 1 0")


def test_interrupts_arrive_while_several_threads_work(run):
    out = run(
        SHARED
        + """
import signal
signal.signal(signal.SIGPROF, lambda *_: 1 / 0)
for i in range(5):
    signal.setitimer(signal.ITIMER_PROF, 0.1)
    try:
        core.steps(10**11, 10**12)
    except ZeroDivisionError:
        print(i, tasks())
print(_pyrust._shared() >= 5 * several)
"""
    )
    assert out == "0 1\n1 1\n2 1\n3 1\n4 1\nTrue"


def test_signal_whose_handler_returns_restarts_natively(run):
    setup = (
        "ran = []\nsignal.signal(signal.SIGALRM, lambda *_: ran.append(1))\nsignal.setitimer(signal.ITIMER_REAL, 0.1)"
    )
    out = run(SPIN.format(setup=setup, n=5 * 10**9, error="KeyboardInterrupt") + "\nprint(ran)")
    assert out == "finished [1]\n[1]"


def test_signal_while_a_text_is_made(run):
    """CPython looks for signals where it writes numbers: the handler must wait, and what it raises must arrive."""
    out = run(
        """
import signal
from actpkg import _pyrust, core
def handler(*_):
    raise TimeoutError
signal.signal(signal.SIGALRM, handler)
for _ in range(8):
    signal.setitimer(signal.ITIMER_REAL, 0.03)
    xs = []
    try:
        core.texts(xs, 10**7)
    except TimeoutError:
        print(len(xs))
print([e["bailouts"] for e in _pyrust.status() if e["function"] == "actpkg.core:texts"])
"""
    )
    # The handler runs before the body, when all has been undone.
    assert out == "0\n" * 8 + "[{}]"


@pytest.mark.skipif(sys.platform != "linux", reason="limits the memory of a process")
def test_few_turns_that_take_long_are_interrupted(run):
    """Each of them makes a text twice as long: the turns of the loop are no measure of the time."""
    out = run(
        """
import resource, signal
from actpkg import _pyrust, core
resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))
def handler(*_):
    raise TimeoutError
signal.signal(signal.SIGALRM, handler)
assert core.doubled("x", 10) == 1024
signal.setitimer(signal.ITIMER_REAL, 0.03)
try:
    core.doubled("x", 45)
except TimeoutError:
    print("interrupted", [e["bailouts"] for e in _pyrust.status() if e["function"] == "actpkg.core:doubled"])
"""
    )
    # Without memory it would have given up.
    assert out == "interrupted [{}]"


def test_no_collection_while_a_text_is_made(run):
    """From 3.12 on CPython collects where it looks for signals; a finaliser would see the change half made."""
    out = run(
        """
import gc
from actpkg import _pyrust, core
xs, seen = [], set()
class Loud:
    def __del__(self):
        seen.add(len(xs))
def ring():
    loud = Loud()
    loud.itself = loud
gc.collect()
gc.set_threshold(500, 10, 10)
for _ in range(20):
    xs.clear()
    for _ in range(10):
        ring()
    core.texts(xs, 3000)
natively = [e["native_calls"] for e in _pyrust.status() if e["function"] == "actpkg.core:texts"]
print(bool(seen), seen <= {0, 3000}, natively)
"""
    )
    assert out == "True True [20]"


def test_bytes_warnings_are_pythons(run):
    """Under `-b`, comparing `bytes` with `str` warns, and a dict of either does so when hashes meet."""
    out = run(
        """
from actpkg import _pyrust, core
print(core.add(1, 2), {(e["state"], e["reason"]) for e in _pyrust.status() if e["function"] == "actpkg.core:add"})
""",
        "-b",
    )
    assert out == "3 {('disabled', 'python -b')}"


def test_exit(run):
    program = """
import atexit
from actpkg import core
atexit.register(lambda: print("atexit", core.add(1, 2)))
class Late:
    def __del__(self, add=core.add):
        print("del", add(3, 4))
keep = Late()
import builtins; builtins.keep = Late()
import threading, time
def forever():
    while True:
        core.add(1, 2)
for _ in range(3):
    threading.Thread(target=forever, daemon=True).start()
time.sleep(0.05)
"""
    python = run(program, "-X", "dev", PYRUST="python").splitlines()
    assert python[0] == "atexit 3"
    assert "del 7" in python
    for _ in range(3):
        assert run(program, "-X", "dev").splitlines() == python


ARENAS = """
import actpkg.core
from resource import RUSAGE_SELF, getrusage

def resident():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmRSS"))

def dropped(count):
    for _ in range(2):
        del [float(i) for i in range(count)][:]
    before = getrusage(RUSAGE_SELF).ru_minflt
    for _ in range(5):
        del [float(i) for i in range(count)][:]
    return getrusage(RUSAGE_SELF).ru_minflt - before

empty = resident()
print(dropped(400_000), dropped(4_000_000), resident() - empty)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads what the kernel says of the process")
def test_empty_arenas_wait_for_the_next_objects(run):
    """Pages are asked for once, not by every call; of large results only some memory stays."""
    faults, faults_of_large, stays = map(int, run(ARENAS).split())
    in_python, large_in_python, _ = map(int, run(ARENAS, PYRUST="python").split())
    assert faults < in_python / 10
    # They come back from the system, which may give a huge page at once.
    assert faults < faults_of_large < 2 * large_in_python
    assert stays < 64 << 10


def test_fork(run):
    out = run(
        """
import os
from actpkg import core, _pyrust
core.add(1, 2)
read, write = os.pipe()
if os.fork() == 0:
    core.add(3, 4)
    calls = next(e for e in _pyrust.status() if e["function"] == "actpkg.core:add")["native_calls"]
    os.write(write, str(calls).encode())
    os._exit(0)
print(os.read(read, 10).decode())
os.wait()
""",
        "-W",
        "ignore",
    )
    assert out == "2"


def test_budget(run):
    """A function that bails after long native work each time is switched off, and says so."""
    out = run(
        """
from actpkg import core, _pyrust
_pyrust._force_bail(960)   # at the end of each call: a poll every 4,096 turns
for _ in range(60):
    assert core.spin(3_950_000) == 3_950_000
    entry = next(e for e in _pyrust.status() if e["function"] == "actpkg.core:spin")
    if entry["state"] != "native":
        break
print(entry["state"], entry["native_calls"], entry["bailouts"]["forced"] >= 16, entry["reason"])
_pyrust._force_bail(0)
core.spin(10)
print(next(e for e in _pyrust.status() if e["function"] == "actpkg.core:spin")["native_calls"])
"""
    )
    first, second = out.splitlines()
    assert first.startswith("disabled 0 True bailout budget used up: "), first
    assert second == "0"


def test_function_that_fails_most_times_rests(run):
    """Where Python is faster with all the bailouts, the function stays Python for a while, and is then tried again."""
    out = run(
        """
from actpkg import core, _pyrust
def entry():
    return next(e for e in _pyrust.status() if e["function"] == "actpkg.core:failing")
def fail():
    try:
        core.failing(0)
    except ZeroDivisionError:
        return
    assert False
for calls in range(100_000):
    fail()
    # To ask takes far longer than a call: asked more often, that is what the trial would measure.
    if calls % 1_000 == 999 and entry()["reason"]:
        break
first = entry()
print(calls < 50_000, first["state"], first["reason"])
# Far fewer attempts than calls.
for _ in range(8_500):
    fail()
print(sum(entry()["bailouts"].values()) == sum(first["bailouts"].values()))
for _ in range(2_500):
    fail()
print(sum(entry()["bailouts"].values()) > sum(first["bailouts"].values()))
"""
    )
    first, *others = out.splitlines()
    assert first.startswith("True native rests for "), first
    assert others[1] == "True"
    if "10000" in first:
        assert others[0] == "True"


def test_function_that_is_slower_natively_rests(run):
    """All its calls are committed, and Python is faster: it stays Python for a while, and is then tried again."""
    out = run(
        """
from actpkg import core, _pyrust
def entry():
    return next(e for e in _pyrust.status() if e["function"] == "actpkg.core:at_rest")
for calls in range(20_000):
    assert core.at_rest(calls) == calls + 1
    if calls % 100 == 0 and entry()["reason"]:
        break
first = entry()
# 10,000 calls, or more where something else on the machine has disturbed the first trials.
length, why = int(first["reason"].split()[2]), first["reason"].split(": ")[1]
print(calls < 19_000, first["state"], length >= 10_000, why)
for i in range(9_000):
    assert core.at_rest(i) == i + 1
print(entry()["native_calls"] == first["native_calls"], first["bailouts"])
for i in range(length - 7_000):
    assert core.at_rest(i) == i + 1
print(entry()["native_calls"] > first["native_calls"])
"""
    )
    assert out.splitlines() == [
        "True native True Python is faster",
        "True {}",
        "True",
    ]


def test_function_of_tiny_calls_rests_as_long_as_they_are(run):
    out = run(
        """
from actpkg import core, _pyrust
def entry():
    return next(e for e in _pyrust.status() if e["function"] == "actpkg.core:at_ease")
f = core.at_ease
def length():
    words = (entry()["reason"] or "rests for 0 calls: ").split(" ", 3)
    return int(words[2])
# A trial that something else on the machine disturbs says nothing, and the next ones are due later and later, unless all
# is forgotten; or the calls seem not to be tiny, and the rest is one of 10,000.
for turn in range(10_000):
    for i in range(1_000):
        assert f(i, 0) == i
    if length() >= 20_000:
        break
    if turn % 200 == 199:
        _pyrust._reset_counters()
first = entry()
print(first["state"], length() % 20_000, first["reason"].split(": ")[1], first["bailouts"])
for i in range(9_000):
    assert f(i, 0) == i
print(entry()["native_calls"] == first["native_calls"])
for i in range(3_000):
    assert f(i, 2_000) == i + 2_000
print(entry()["native_calls"] > first["native_calls"], entry()["reason"])
"""
    )
    assert out.splitlines() == [
        "native 0 Python is faster {}",
        "True",
        "True None",
    ]


def test_instructions_have_the_numbers_of_this_interpreter():
    import opcode
    import pathlib
    import re

    text = (pathlib.Path(__file__).parents[2] / "pyrust-runtime/src/activate/prologue.rs").read_text(encoding="utf-8")
    older, newer = text.split("#[cfg(Py_3_13)]\npub(super) mod op {")
    block = newer if sys.version_info >= (3, 13) else older
    found = re.findall(r"(#\[cfg\(.*\)\]\s+)?pub\(in crate::activate\) const (\w+): u8 = (\d+);", block)
    said = {"#[cfg(Py_3_12)]": sys.version_info >= (3, 12), "#[cfg(not(Py_3_12))]": sys.version_info < (3, 12)}
    numbers = {name: int(number) for only, name, number in found if said.get(only.strip(), True)}
    assert len(numbers) > 15
    assert numbers == {name: opcode.opmap[name] for name in numbers}


def test_function_whose_calls_are_always_tiny_gets_its_own_code_back(run):
    """Once it has rested; until somebody wants to compare, or to count anew."""
    out = run(
        """
from actpkg import core, _pyrust
def entry():
    return next(e for e in _pyrust.status() if e["function"] == "actpkg.core:at_peace")
f = core.at_peace
ours = f.__code__
def rest():
    for turn in range(10_000):
        for i in range(1_000):
            assert f(i) == i + 1
        if f.__code__ is not ours:
            break
        if turn % 200 == 199:
            _pyrust._reset_counters()
    own, calls = f.__code__, entry()["native_calls"]
    for i in range(5_000):
        assert f(i) == i + 1
    print(entry()["state"], entry()["reason"], len(ours.co_consts) - len(own.co_consts), entry()["bailouts"])
    print(calls > 0, entry()["native_calls"] == calls)
rest()
_pyrust._reset_counters()
print(f.__code__ is ours, entry()["reason"])
f(1)
print(entry()["native_calls"])
rest()
seen = []
_pyrust._set_interceptor(lambda name, args, original: (seen.append(name), original(*args))[1])
print(f.__code__ is ours, f(1), seen)
"""
    )
    at_rest = ["native rests for good: Python is faster 1 {}", "True True"]
    assert out.splitlines() == [*at_rest, "True None", "1", *at_rest, "True 2 ['actpkg.core:at_peace']"]


def test_what_a_function_calls_is_tried_with_it(run):
    """With the one below native, the one above would be no faster as Python."""
    out = run(
        """
from actpkg import core, _pyrust
def reason(name):
    return next(e for e in _pyrust.status() if e["function"] == "actpkg.core:" + name)["reason"]
def native_calls(name):
    return next(e for e in _pyrust.status() if e["function"] == "actpkg.core:" + name)["native_calls"]
names = ["slow_above", "slow_below"]
for turn in range(10_000):
    for i in range(1_000):
        assert core.slow_above(i) == i + 2
    if all(str(reason(name)).startswith("rests ") for name in names):
        break
    if turn % 200 == 199:
        _pyrust._reset_counters()
print([str(reason(name)).split(": ")[1] for name in names], all(native_calls(name) > 0 for name in names))
_pyrust._reset_counters()
assert core.slow_below(1) == 2 and core.slow_above(1) == 3
print([reason(name) for name in names], [native_calls(name) for name in names])
"""
    )
    faster = "Python is faster"
    assert out.splitlines() == [f"['{faster}', '{faster}'] True", "[None, None] [1, 1]"]


def test_nothing_rests_where_native_code_is_compared_with_python(run):
    """Who pauses it calls in batches, in turns: how long it is from one call to the next then says nothing."""
    out = run(
        """
from actpkg import core, _pyrust
def entry(name):
    return next(e for e in _pyrust.status() if e["function"] == "actpkg.core:" + name)
_pyrust._pause(True)
core.at_peace(1)
_pyrust._pause(False)
for i in range(1_000_000):
    assert core.at_peace(i) == i + 1
for i in range(20_000):
    assert core.add(2**62, 2**62 + i) == 2**63 + i
print(entry("at_peace")["native_calls"], entry("at_peace")["reason"], str(entry("add")["reason"])[:5])
"""
    )
    assert out == "1000000 None bailo"


def test_function_that_is_called_with_other_types_rests(run):
    """No signature fits most of the calls: those are looked at in vain."""
    out = run(
        """
from actpkg import core, _pyrust
def entry():
    return next(e for e in _pyrust.status() if e["function"] == "actpkg.core:add")
for calls in range(40):
    for i in range(1_000):
        assert core.add(i + 0.5, 1) == i + 1.5
        if i % 4 == 0:
            assert core.add(i, 1) == i + 1
# They would be as many as there were calls.
print(entry()["state"], str(entry()["reason"])[:9], entry()["bailouts"]["type"] < 20_000, entry()["native_calls"] < 8_000)
"""
    )
    assert out == "native rests for True True"


def test_function_that_is_faster_natively_never_rests(run):
    out = run(
        """
from actpkg import core, _pyrust
for i in range(3_000):
    assert core.at_work(20_000) == 30_000
entry = next(e for e in _pyrust.status() if e["function"] == "actpkg.core:at_work")
print(entry["native_calls"] > 2_900, entry["reason"])
"""
    )
    assert out.strip() == "True None"


def test_function_that_mostly_succeeds_never_rests(run):
    out = run(
        """
from actpkg import core, _pyrust
for i in range(40_000):
    try:
        assert core.add(i, 1) == i + 1
        if i % 16 == 0:
            core.add(2**62, 2**62 + i)
    except TypeError:
        pass
entry = next(e for e in _pyrust.status() if e["function"] == "actpkg.core:add")
print(entry["state"], entry["reason"], entry["native_calls"] >= 40_000)
"""
    )
    assert out == "native None True"


def test_self_test_for_other_patch_levels(run):
    assert run("from actpkg import _pyrust; print([_pyrust._selftest() for _ in range(3)])") == "[None, None, None]"
    traced = "import sys; from actpkg import _pyrust; sys.setprofile(lambda *_: None); print(_pyrust._selftest())"
    assert run(traced) == ("monitoring" if sys.version_info >= (3, 12) else "None")


def test_runpy_main_stays_python(run, site):
    completed = subprocess.run(
        [sys.executable, "-m", "actpkg.core"], cwd=site, capture_output=True, text=True, timeout=60, check=False
    )
    assert completed.returncode == 0, completed.stderr


def test_interceptor(run):
    out = run(
        textwrap.dedent(
            """
            from actpkg import core, _pyrust
            seen = []
            def intercept(name, args, original):
                seen.append((name, args, original.__name__, original.__code__ is core.fib.__code__))
                if name.endswith("failing"):
                    raise StopIteration("from the interceptor")
                return original(*args), "wrapped"
            _pyrust._set_interceptor(intercept)
            print(core.add(1, 2), core.add("a", "b"), core.fib(5))
            try:
                core.failing(3)
            except StopIteration as error:
                print("StopIteration", error.args)
            _pyrust._set_interceptor(None)
            print(core.add(1, 2), core.fib(5), len(seen))
            print(seen[:2])
            """
        )
    )
    assert out.splitlines() == [
        "(3, 'wrapped') ab (5, 'wrapped')",
        "StopIteration ('from the interceptor',)",
        "3 5 3",
        "[('actpkg.core:add', (1, 2), 'add', False), ('actpkg.core:fib', (5,), 'fib', False)]",
    ]
