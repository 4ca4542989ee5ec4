"""The results as text: Markdown for the repository, and a short form for the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import figures

Json = dict[str, Any]


def markdown(results: Json) -> str:
    """The whole report."""
    lines = [
        "# The comparison",
        "",
        "Written by `make bench`; what the columns mean and how it was timed is told in `benches/compare/README.md`.",
        "",
        circumstances(results),
        "",
        "## What must hold",
        "",
        *_rows(("goal", "least", "found", ""), goals(results)),
        "",
        "## Geometric means against CPython, by kind",
        "",
        "In brackets: how many kernels have a right answer, if not all. Classes, generators and arrays do not count in *all*.",
        "",
        *means(results),
        "",
        "## Times over CPython, by kernel",
        "",
        "*italic*: wrong answer to the timed input; †: an edge input is not answered as CPython does; –: no version.",
        "",
        *by_kernel(results),
        "",
        "## Edge inputs",
        "",
        *edges(results),
        "",
        "## Who refuses, and why",
        "",
        *refusals(results),
    ]
    return "\n".join(lines) + "\n"


def growth(found: Json, machine: Json, titles: Iterable[tuple[str, str]]) -> str:
    """How ratios to the first runner change as inputs grow."""
    ours = [(name, title) for name, title in titles if name in (figures.OURS, *figures.HAND_WRITTEN)]
    rows = []
    for name, kernel in found.items():
        row = [name, ", ".join(f"{size:,}" if isinstance(size, int) else str(size) for size in kernel["sizes"])]
        for runner, _ in ours:
            ratios = figures.grown(kernel, runner)
            again = figures.grown(kernel, runner, "again")
            row.append("–" if not ratios else " ".join(_number(ratio) for ratio in ratios))
            row += [_kept(ratios), _kept(again)]
        rows.append(row)
    columns = [column for _, title in ours for column in (title, "kept", "same input")]
    told = (
        "Made by `compare.py --grow` in `benches/compare`: how many times faster than CPython, on three sizes of each kernel's"
        " input. *Kept* is the least of the ratios over that on the smallest input; below"
        f" {figures.KEPT} it is bold. A hundred different inputs of the smallest size are gone through, ten of the next, and"
        " one of the largest, so that about as much data is used for each; *same input* is what is kept where one input of each"
        " size is used again and again, the smallest from the nearest cache, and on branches that the processor has seen"
        " before. Kernels whose input is a number are given the same one."
    )
    where = f"{machine['processor']}, {machine['cores']} cores, {machine['system']}; CPU time, the least of all calls."
    table = _rows(["kernel", "sizes", *columns], rows)
    return "\n".join(["# Growing inputs", "", told, "", where, "", *table, ""])


def _kept(ratios: Sequence[float] | None) -> str:
    """What is left of the first ratio, where there are any."""
    if not ratios:
        return "–"
    least = figures.kept(ratios)
    return f"**{least:.2f}**" if least < figures.KEPT else f"{least:.2f}"


def circumstances(results: Json) -> str:
    """Where and how it was timed."""
    machine = results["machine"]
    clock = "CPU time of the calling thread" if results["clock"] == "cpu" else "elapsed time"
    return (
        f"{results['date']}, {machine['processor']}, {machine['cores']} cores, {machine['system']};"
        f" load {machine['load_before']} before and {machine['load_after']} after;"
        f" rounds: {results['rounds']}; {clock}, minimum of all calls."
    )


def plain(results: Json) -> str:
    """For the terminal: the kernels of PyRust, and the goals."""
    lines = []
    for name, kernel in sorted(results["kernels"].items(), key=lambda item: item[1]["group"]):
        entry = kernel["runners"].get(figures.OURS, {})
        ratios = [_number(figures.ratio(kernel, figures.OURS, base, results["clock"])) for base in _bases(results)]
        note = f"  {entry['state']}: {entry['reason']}" if "reason" in entry else ""
        lines.append(f"{kernel['group']:<11}{name:<20}" + "".join(f"{ratio:>9}" for ratio in ratios) + note)
    header = f"{'':<31}" + "".join(f"{base:>9.8}" for base in _bases(results))
    found = [f"{'ok' if row[3] else '  '} {row[0]:<40} {row[2]:>8} (least {row[1]})" for row in goals(results)]
    return "\n".join(["PyRust, times over:", header, *lines, "", *found])


def _bases(results: Json) -> list[str]:
    return [name for name in results["runners"] if name != figures.OURS]


def goals(results: Json) -> list[Sequence[str]]:
    rows = []
    for goal in results["summary"]["goals"]:
        title = goal["goal"]
        for group, name in results["groups"].items():
            title = title.replace(f"{group} against", f"{name} against")
        rows.append((title, _number(goal["least"]), _number(goal["found"]), "holds" if goal["holds"] else ""))
    return rows


def means(results: Json) -> list[str]:
    groups = [*results["groups"], "all"]
    sizes = {group: sum(k["group"] == group for k in results["kernels"].values()) for group in results["groups"]}
    sizes["all"] = sum(size for group, size in sizes.items() if group not in figures.LATER)
    rows = []
    for runner, described in results["runners"].items():
        cells = [described["title"]]
        for group in groups:
            found = results["summary"]["by_group"][runner].get(group, {"mean": None, "kernels": 0})
            partial = f" ({found['kernels']})" if 0 < found["kernels"] < sizes[group] else ""
            cells.append(_number(found["mean"]) + partial)
        rows.append(cells)
    titles = [f"{results['groups'].get(group, group)} ({sizes[group]})" for group in groups]
    return _rows(["", *titles], rows)


def by_kernel(results: Json) -> list[str]:
    others = [name for name in results["runners"] if name != figures.BASE]
    rows = []
    for name, kernel in results["kernels"].items():
        milliseconds = (figures.seconds(kernel, figures.BASE, results["clock"]) or 0.0) * 1e3
        cells = [name, results["groups"][kernel["group"]], f"{milliseconds:.2f}"]
        rows.append(cells + [_cell(kernel, runner, results["clock"]) for runner in others])
    titles = [results["runners"][name]["title"] for name in others]
    return _rows(["kernel", "kind", "CPython, ms", *titles], rows)


def _cell(kernel: Json, runner: str, clock: str) -> str:
    entry = kernel["runners"].get(runner, {"state": "refused"})
    value = figures.ratio(kernel, runner, figures.BASE, clock)
    if value is None:
        return "–" if entry["state"] == "refused" else entry["state"]
    if entry["state"] == "wrong":
        return f"*{_number(value)}*"
    if entry["state"] == "python":
        return f"{_number(value)} (Python)"
    return _number(value) + ("" if figures.exact(kernel, runner) else " †")


def edges(results: Json) -> list[str]:
    kinds = ("same", "refuses", "other exception", "wrong", "dies", "no version")
    rows = []
    for runner, described in results["runners"].items():
        counts = results["summary"]["edges"][runner]
        rows.append([described["title"], *(str(counts.get(kind, 0)) for kind in kinds)])
    return _rows(["", *kinds], rows)


def refusals(results: Json) -> list[str]:
    lines = [f"- {name}: absent. {reason}" for name, reason in results["absent"].items()]
    for runner, described in results["runners"].items():
        for name, kernel in results["kernels"].items():
            entry = kernel["runners"].get(runner, {})
            if "reason" in entry:
                reason = entry["reason"].replace("|", "\\|")
                lines.append(f"- {described['title']}, `{name}`: {entry['state']}. {reason}")
    return lines or ["Nobody."]


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.0f}" if value >= 100 or value == int(value) else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _rows(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [" | ".join(titles), " | ".join("---" for _ in titles), *(" | ".join(row) for row in rows)]
    return [f"| {line} |" for line in lines]
