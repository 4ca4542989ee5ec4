"""The tables of the corpus: shares, bails, differences, and the reasons of what stays Python, by frequency."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable

from measure import Function, Result

_CALLED = re.compile(r"`[^`]*`, called from here: |, called from here|in `[\w.:<>]*`,? ?(?=\w)|called (?=in )")
_NAMES = re.compile(
    r"\b(global|name|module|parameter|default of|variable|attribute|calling|default of `[^`]*` of|exception class) `([^`]*)`"
)
_METHOD = re.compile(r"`\.(\w+)\(\)` of `object`")


def differing(results: list[Result]) -> bool:
    return any(result.changed or result.differences for result in results)


def normal(reason: str) -> str:
    """A reason without what is particular: names of variables and functions; types and operations stay."""
    reason = _METHOD.sub("a method of `object`", _NAMES.sub(r"\1 `…`", _CALLED.sub("", reason)))
    return re.sub(r"`[\w.]+:[\w.]+`", "`…`", reason)


def particular(reason: str) -> str:
    """What `normal` leaves out."""
    found = _NAMES.search(_CALLED.sub("", reason)) or _METHOD.search(reason)
    return found[found.lastindex or 0] if found else ""


def table(results: list[Result], full: bool, places: int) -> str:
    functions = [(result, function) for result in results for function in result.functions]
    lines = ["", f"{'source':22} {'called':>6} {'accepted':>8} {'builtin':>8} {'accepted':>8}" + _columns(full)]
    lines += [_row(result.name, [result], full) for result in results]
    lines.append(_row("all", results, full))
    counted = [f for _, f in functions if f.builtin and not f.lazy]
    done = sum(_done(f, full) for f in counted)
    share = f"{done} of {len(counted)} {'ran natively' if full else 'accepted'}: {_share(done, len(counted))}"
    lines += ["", f"arguments of builtin types only, generator functions and coroutines aside: {share}"]
    if full:
        calls = sum(f.native_calls for _, f in functions)
        bails = sum(sum(f.bailouts.values()) for _, f in functions)
        compared = sum(result.compared for result in results)
        lines.append(f"committed calls: {calls}, bailed out: {bails}, compared call by call: {compared}")
        lines += _bails(functions)
        lines += _silent(functions)
        lines += _differences(results)
    for title, chosen in (
        ("builtin arguments only", [f for _, f in functions if f.builtin and not f.lazy]),
        ("all others", [f for _, f in functions if not (f.builtin and not f.lazy)]),
    ):
        lines += [
            "",
            f"reasons, {title}: functions that it is the first reason of, the only reason of, one of the reasons of",
        ]
        lines += _reasons(chosen, places)
    return "\n".join(lines)


def page(results: list[Result], without: list[str]) -> str:
    """The results as a page of the documentation; `without`: sources that were not run."""
    rows = [f"| {' | '.join(_cells(result.name, [result]))} |" for result in results]
    rows.append(f"| {' | '.join(_cells('all', results))} |")
    functions = [f for result in results for f in result.functions]
    counted = [f for f in functions if f.builtin and not f.lazy]
    ran = sum(f.ran for f in counted)
    rest = Counter(normal(f.reasons[0]) for f in counted if not f.native and f.reasons)
    silent = sum(f.native and not f.ran for f in counted)
    lines = [_HEAD, *rows, ""]
    lines.append(
        f"Of the {len(counted)} functions whose arguments are of builtin types, generator functions and coroutines aside, "
        f"{sum(f.native for f in counted)} are accepted and **{ran} ran natively ({_share(ran, len(counted))})**. "
        f"{sum(f.native_calls for f in functions)} calls of Python's were committed, "
        f"{sum(result.compared for result in results)} were run natively and in Python and compared."
    )
    lines += ["", "## Why the others did not", ""]
    lines.append(f"- {silent}: accepted, and every call of the tests raised, or met what bails")
    lines += [f"- {count}: {reason}" for reason, count in rest.most_common() if count > 1]
    lines.append(f"- {sum(count == 1 for count in rest.values())}: a reason that no other has")
    if without:
        lines += ["", f"Not in this run: {', '.join(without)}."]
    return "\n".join(lines) + "\n"


_HEAD = """\
# Other people's code

What becomes of functions that none of us wrote: modules of the standard library and packages from the registry, driven
by their own tests, profiled, compiled, and compared with Python call by call (`tests/corpus`). *Called*: functions
that the tests call. *Accepted*: the compiler took them. *Builtin*: those of them whose arguments are of builtin types,
generator functions and coroutines aside. *Ran*: at least one native call was committed, from Python or while it was
compared. *Differences*: tests, or calls, that came out differently.

| source | called | accepted | builtin | accepted | ran | share | bailed out | compared | differences |
|---|---|---|---|---|---|---|---|---|---|"""


def _cells(name: str, results: list[Result]) -> list[str]:
    functions = [f for result in results for f in result.functions]
    builtin = [f for f in functions if f.builtin and not f.lazy]
    ran = sum(f.ran for f in builtin)
    numbers = [len(functions), sum(f.native for f in functions), len(builtin), sum(f.native for f in builtin), ran]
    bails = sum(sum(f.bailouts.values()) for f in functions)
    different = sum(len(result.changed) + len(result.differences) for result in results)
    rest = [bails, sum(result.compared for result in results), different]
    return [name, *map(str, numbers), _share(ran, len(builtin)), *map(str, rest)]


def _columns(full: bool) -> str:
    return (
        f" {'ran':>6} {'builtin':>8} {'committed':>10} {'bails':>8} {'tests':>6} {'changed':>7} {'compared':>9} {'differ':>6}"
        if full
        else ""
    )


def _done(function: Function, full: bool) -> bool:
    return function.ran if full else function.native


def _row(name: str, results: list[Result], full: bool) -> str:
    functions = [function for result in results for function in result.functions]
    builtin = [function for function in functions if function.builtin and not function.lazy]
    row = f"{name:22} {len(functions):6} {sum(f.native for f in functions):8} {len(builtin):8} {sum(f.native for f in builtin):8}"
    if full:
        calls = sum(f.native_calls for f in functions)
        bails = sum(sum(f.bailouts.values()) for f in functions)
        row += f" {sum(f.ran for f in functions):6} {sum(f.ran for f in builtin):8} {calls:10} {bails:8} {sum(r.tests for r in results):6}"
        row += f" {sum(len(r.changed) for r in results):7} {sum(r.compared for r in results):9}"
        row += f" {sum(len(r.differences) for r in results):6}"
    return row + "".join(f"  ! {word[:100]}" for result in results for word in result.trouble if len(results) == 1)


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "-"


def _reasons(functions: Iterable[Function], places: int) -> list[str]:
    first: dict[str, list[Function]] = defaultdict(list)
    only: dict[str, int] = defaultdict(int)
    among: dict[str, int] = defaultdict(int)
    for function in functions:
        if function.native or not function.reasons:
            continue
        reasons = [normal(reason) for reason in function.reasons]
        first[reasons[0]].append(function)
        only[reasons[0]] += len(set(reasons)) == 1
        for reason in set(reasons):
            among[reason] += 1
    lines = []
    for reason in sorted(among, key=lambda reason: (-len(first[reason]), -among[reason], reason)):
        lines.append(f"{len(first[reason]):4} {only[reason]:4} {among[reason]:4}  {reason}")
        names = Counter(particular(function.reasons[0]) for function in first[reason])
        if names.keys() - {""}:
            lines.append(f"{'':16}" + ", ".join(f"`{name}` {count}" for name, count in names.most_common(12)))
        lines += [f"{'':16}{f.function} ({f.place}) {' '.join(f.signatures[:1])}" for f in first[reason][:places]]
    return lines


def _bails(functions: list[tuple[Result, Function]]) -> list[str]:
    total: dict[str, int] = defaultdict(int)
    for _, function in functions:
        for reason, count in function.bailouts.items():
            total[reason] += count
    lines = [
        "bails by reason: " + ", ".join(f"{reason} {n}" for reason, n in sorted(total.items(), key=lambda p: -p[1]))
    ]
    worst = sorted(functions, key=lambda pair: -sum(pair[1].bailouts.values()))[:15]
    lines += [
        f"    {f.function}: {f.bailouts} of {f.native_calls + sum(f.bailouts.values())}" for _, f in worst if f.bailouts
    ]
    return lines


def _silent(functions: list[tuple[Result, Function]]) -> list[str]:
    """Accepted, and yet without a committed call."""
    silent = [f for _, f in functions if f.native and not f.ran]
    lines = [f"accepted, but no call committed: {len(silent)}"]
    return lines + [f"    {f.function}: {f.state} {f.bailouts or ''} {' '.join(f.signatures[:2])}" for f in silent]


def _differences(results: list[Result]) -> list[str]:
    lines = []
    for result in results:
        for test, (before, after) in result.changed.items():
            lines.append(f"DIFFERENT {result.name} {test}: {str(before)[:300]} → {str(after)[:300]}")
        lines += [f"DIFFERENT {result.name} {str(found)[:600]}" for found in result.differences]
    return lines or ["differences: 0"]
