"""The results as one page without anything from elsewhere: plots as SVG, light and dark by the reader's setting."""

from __future__ import annotations

import html as escaping
import math
from collections.abc import Iterable, Sequence
from typing import Any

import figures
import table

Json = dict[str, Any]

#: Colours that are told apart by most eyes, in light and in dark.
COLOURS = ("#c2410c", "#1d4ed8", "#15803d", "#7e22ce", "#b45309", "#0e7490", "#be185d", "#4d7c0f", "#475569", "#6d28d9")
DARK = ("#fb923c", "#60a5fa", "#4ade80", "#c084fc", "#fbbf24", "#22d3ee", "#f472b6", "#a3e635", "#94a3b8", "#a78bfa")

_STYLE = """
:root { color-scheme: light dark; --ink: #1f2328; --paper: #ffffff; --line: #d0d7de; --soft: #6e7781; %(light)s }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --paper: #0d1117; --line: #30363d; --soft: #8d96a0; %(dark)s } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 64rem; margin: 2rem auto; padding: 0 1rem }
svg { width: 100%%; height: auto } svg text { font: 12px system-ui, sans-serif; fill: var(--ink) } svg .soft { fill: var(--soft) }
svg line { stroke: var(--line) } svg line.one { stroke: var(--soft); stroke-width: 1.5 }
table { border-collapse: collapse; margin: 1rem 0; font-size: 13px } td, th { border-bottom: 1px solid var(--line); padding: .15rem .6rem; text-align: left }
td + td { font-variant-numeric: tabular-nums } .wide { overflow-x: auto } p.soft { color: var(--soft) }
"""

_MARKS = (
    "Filled: every answer as CPython's. Ring: an edge input has another outcome. "
    "Cross: the timed input itself is answered wrongly."
)

WIDTH, LEFT, RIGHT = 900, 190, 20


def html(results: Json) -> str:
    """The whole page."""
    runners = _order(results)
    variables = [
        " ".join(f"--c{place}: {colour};" for place, colour in enumerate(colours)) for colours in (COLOURS, DARK)
    ]
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>",
        "<title>PyRust: the comparison</title>",
        f"<style>{_STYLE % {'light': variables[0], 'dark': variables[1]}}</style>",
        "<h1>The comparison</h1>",
        f"<p class=soft>{_text(table.circumstances(results))} A bar or dot further right is faster; 1 is CPython.</p>",
        _legend(results, runners),
        "<h2>Geometric means by kind</h2>",
        _bars(results, runners),
        "<h2>Each kernel</h2>",
        f"<p class=soft>{_MARKS}</p>",
        _dots(results, runners),
        "<h2>What must hold</h2>",
        _table(("goal", "least", "found", ""), table.goals(results)),
        "<h2>Numbers</h2>",
        *(f"<div class=wide>{_from_markdown(lines)}</div>" for lines in _tables(results)),
        "</html>",
    ]
    return "\n".join(parts) + "\n"


def _tables(results: Json) -> Iterable[list[str]]:
    return table.means(results), table.by_kernel(results), table.edges(results)


def _order(results: Json) -> list[str]:
    """PyRust first, so that it always has the first colour."""
    names = [name for name in results["runners"] if name not in (figures.BASE, figures.OURS)]
    return [figures.OURS, *names] if figures.OURS in results["runners"] else names


def _scale(values: Sequence[float]) -> tuple[int, int]:
    """The powers of ten that enclose all values."""
    logarithms = [math.log10(value) for value in values] or [0.0]
    return math.floor(min(*logarithms, 0.0)), max(1, math.ceil(max(logarithms)))


def _place(value: float, scale: tuple[int, int]) -> float:
    low, high = scale
    return LEFT + (math.log10(value) - low) / (high - low) * (WIDTH - LEFT - RIGHT)


def _grid(scale: tuple[int, int], height: float) -> list[str]:
    lines = []
    for power in range(scale[0], scale[1] + 1):
        x = _place(10.0**power, scale)
        kind = " class=one" if power == 0 else ""
        lines.append(f"<line{kind} x1={x:.1f} y1=18 x2={x:.1f} y2={height:.0f} />")
        lines.append(f"<text class=soft x={x:.1f} y=12 text-anchor=middle>{10.0**power:g}×</text>")
    return lines


def _bars(results: Json, runners: Sequence[str]) -> str:
    groups = [*results["groups"], "all"]
    means = results["summary"]["by_group"]
    found = {
        (runner, group): mean
        for runner in runners
        for group in groups
        if (mean := means[runner].get(group, {"mean": None})["mean"])
    }
    scale = _scale(list(found.values()))
    step = 9
    height = 24 + len(groups) * (len(runners) * step + 14)
    parts = [f"<svg viewBox='0 0 {WIDTH} {height}' role=img aria-label='geometric means'>", *_grid(scale, height)]
    y = 26.0
    for group in groups:
        title = _text(results["groups"].get(group, "all that count"))
        parts.append(f"<text x={LEFT - 8} y={y + len(runners) * step / 2 + 3:.0f} text-anchor=end>{title}</text>")
        for place, runner in enumerate(runners):
            value = found.get((runner, group))
            if value:
                start, end = sorted((_place(1.0, scale), _place(value, scale)))
                label = f"{_text(results['runners'][runner]['title'])}: {value:.2f}×"
                parts.append(
                    f"<rect x={start:.1f} y={y:.0f} width={max(end - start, 1):.1f} height={step - 2} "
                    f"style='fill:var(--c{place % len(COLOURS)})'><title>{label}</title></rect>"
                )
            y += step
        y += 14
    return "\n".join([*parts, "</svg>"])


def _dots(results: Json, runners: Sequence[str]) -> str:
    kernels = sorted(results["kernels"].items(), key=lambda item: list(results["groups"]).index(item[1]["group"]))
    clock = results["clock"]
    values = [v for _, k in kernels for runner in runners if (v := figures.ratio(k, runner, figures.BASE, clock))]
    scale = _scale(values)
    height = 30 + 18 * len(kernels)
    parts = [f"<svg viewBox='0 0 {WIDTH} {height}' role=img aria-label='each kernel'>", *_grid(scale, height)]
    for row, (name, kernel) in enumerate(kernels):
        y = 32 + 18 * row
        parts.append(f"<line x1={LEFT} y1={y} x2={WIDTH - RIGHT} y2={y} stroke-dasharray='1 4' />")
        parts.append(f"<text x={LEFT - 8} y={y + 4} text-anchor=end>{_text(name)}</text>")
        # Ours last: it lies on top.
        for place, runner in reversed(list(enumerate(runners))):
            value = figures.ratio(kernel, runner, figures.BASE, clock)
            if value:
                title = f"<title>{_text(results['runners'][runner]['title'])}: {value:.2f}×</title>"
                parts.append(_mark(_place(value, scale), y, place, kernel, runner, title))
    return "\n".join([*parts, "</svg>"])


def _mark(x: float, y: float, place: int, kernel: Json, runner: str, title: str) -> str:
    colour = f"var(--c{place % len(COLOURS)})"
    if not figures.right(kernel, runner):
        path = f"M{x - 4:.1f} {y - 4} l8 8 m0 -8 l-8 8"
        return f"<path d='{path}' style='stroke:{colour};stroke-width:2;fill:none'>{title}</path>"
    fill = colour if figures.exact(kernel, runner) else "var(--paper)"
    radius = 5 if runner == figures.OURS else 4
    return f"<circle cx={x:.1f} cy={y} r={radius} style='fill:{fill};stroke:{colour};stroke-width:2'>{title}</circle>"


def _legend(results: Json, runners: Sequence[str]) -> str:
    entries = [
        f"<span style='color:var(--c{place % len(COLOURS)})'>⬤</span> {_text(results['runners'][runner]['title'])}"
        for place, runner in enumerate(runners)
    ]
    return f"<p>{' &nbsp; '.join(entries)}</p>"


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{_text(title)}</th>" for title in titles)
    body = "".join(f"<tr>{''.join(f'<td>{_cell(cell)}</td>' for cell in row)}</tr>\n" for row in rows)
    return f"<table><tr>{head}</tr>\n{body}</table>"


def _from_markdown(lines: Sequence[str]) -> str:
    rows = [line.strip("| ").split(" | ") for line in lines]
    width = len(lines[1].strip("| ").split(" | "))
    # The first cell of the head may be empty.
    head = ["", *rows[0]] if len(rows[0]) < width else rows[0]
    return _table(head, rows[2:])


def _cell(text: str) -> str:
    if text.startswith("*"):
        return f"<i>{_text(text.strip('*'))}</i>"
    return _text(text)


def _text(text: object) -> str:
    return escaping.escape(str(text))
