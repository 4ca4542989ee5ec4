"""Pages that need nothing else: `pyrust report --html PATH` with everything, `--pyrust-report=html:PATH` with one run.

In: the data of a profile, of a verification, or of `pyrust report`, and what the compiler says of each function.
Out: the text of the page. Every name and text of the project is escaped. Without JavaScript everything can still be read.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from pyrust import PyRustError, flame, runinfo
from pyrust.page_style import SCRIPT, STYLE

LARGEST = 1_900_000
"""Bytes that a page may have: then the generated Rust is shortened, and what is coldest goes without its source."""

Json = dict[str, Any]


def profiled(data: Json) -> str:
    """A profile: the functions, hottest first."""
    functions = sorted(data["functions"], key=lambda entry: (-entry["share"], entry["function"]))
    rows = [
        [
            f"{entry['share']:.1f} %",
            f"{entry['calls']:,}",
            _code(entry["function"]),
            "<br>".join(_code(signature) for signature, _ in entry["signatures"][:4]),
        ]
        for entry in functions
    ]
    summary = f"{runinfo.counted(data['samples'], 'sample')}, {data['cpu_seconds']:.1f} seconds of CPU time, threshold {data['threshold']:g} %"
    parts = [_table(["share", "calls", "function", "types"], rows, 2)]
    parts += _flame(data.get("stacks", {}), {})
    return _page("PyRust: profile", summary, parts)


def verified(data: Json) -> str:
    """A verification: verdicts, speeds where they were measured, differences."""
    speeds = {entry["function"]: entry for entry in data.get("speed", ())}
    rows = []
    for entry in data["hotspots"]:
        speed = speeds.get(entry["function"], {})
        strength = entry.get("strength", {})
        good = {"equal": "good", "different": "bad"}.get(entry["verdict"], "")
        rows.append(
            [
                *(f"{entry[key]:,}" for key in ("calls", "equal", "different")),
                f"{entry.get('invented', 0):,}",
                f"{sum(entry['bailouts'].values()):,}",
                f"{speed['speedup']:.2f}x" if "speedup" in speed else "",
                f"{strength['share']:.0%}" if "share" in strength else "",
                f'<span class="{good}">{escape(entry["verdict"])}</span>',
                escape(entry["tier"]),
                _code(entry["function"]),
                escape(str(entry["reason"] or strength.get("unmeasured") or "")),
            ]
        )
    heads = ["calls", "equal", "different", "invented", "bailed", "speed", "strength"]
    parts = [_table([*heads, "verdict", "tier", "function", "reason"], rows, 7)]
    parts.append(f"<p>{escape(_EXPLAINED)}</p>")
    parts += [_missed(entry) for entry in data["hotspots"]]
    if data["differences"]:
        parts.append("<h2>Differences</h2>")
        parts += [_scrolling("pre", escape(found["text"]), "difference") for found in data["differences"]]
    equal = sum(entry["equal"] for entry in data["hotspots"])
    return _page("PyRust: verification", f"{equal:,} native calls equal to Python", parts)


_EXPLAINED = (
    "Tier: built; recorded: the calls of the tests are equal; invented: invented ones are equal too. Strength: the share of small changes of "
    "the Python function that these inputs notice."
)


def _missed(entry: Json) -> str:
    missed = entry.get("strength", {}).get("missed")
    if not missed:
        return ""
    shown = "".join(f"<li>{_code(text)}</li>" for text in missed[:20])
    return f"<details><summary>{_code(entry['function'])}: changes not noticed</summary><ul>{shown}</ul></details>"


# The whole report.


def write_html(path: str, root: str, report: str) -> str:
    """Writes the page; what was written, in a line."""
    from pyrust import _engine

    data: Json = json.loads(report)
    speeds: Json = {}
    with contextlib.suppress(OSError, ValueError):
        speeds = json.loads((Path(root) / ".pyrust" / "bench.json").read_text(encoding="utf-8"))
    text = whole(data, _engine.explain(root)["functions"], speeds.get("hotspots", []), sources(root, data))
    made = _write(path, text)
    count = len(data["hotspots"])
    return f"{path}: {runinfo.counted(count, 'hotspot')}, {len(text.encode()) / 1000:,.0f} kB{made}"


def write_speedscope(path: str, root: str, report: str) -> str:
    """Writes the stacks of the last profile for speedscope."""
    stacks = (json.loads(report)["profile"] or {}).get("stacks") or {}
    if not stacks:
        raise PyRustError("the last profile has no stacks; `pytest --pyrust-profile` records some")
    made = _write(path, json.dumps(flame.speedscope(stacks, Path(root).name)) + "\n")
    return f"{path}: {runinfo.counted(len(stacks), 'stack')}{made}"


def _write(path: str, text: str) -> str:
    """Whole or not at all; what is no file (a terminal, a pipe) stays what it is. What else there is to say: a folder that is new."""
    target = Path(path)
    made = runinfo.new_folder(target)
    try:
        if target.exists() and not target.is_file():
            target.write_text(text, encoding="utf-8", newline="\n")
        else:
            runinfo.write_text(target, text)
    except OSError as error:
        raise PyRustError(f"cannot write `{path}`: {error.strerror or error}") from None
    return made


def sources(root: str, data: Json) -> dict[str, list[str]]:
    """The lines of each function that has no explanation of its own, by path; nothing for what cannot be read."""
    from pyrust import _engine

    found = {}
    with contextlib.suppress(ValueError):
        for path in _engine.load_project(root)["modules"].values():
            with contextlib.suppress(OSError, UnicodeDecodeError):
                found[path] = (Path(root) / path).read_text(encoding="utf-8").splitlines()
    return found


def whole(
    report: Json, explained: Sequence[Json], speeds: Sequence[Json], lines: Mapping[str, Sequence[str]] | None = None
) -> str:
    """The page of `pyrust report --html`."""
    by_name = {entry["function"]: entry for entry in explained}
    measured = {entry["function"]: entry for entry in speeds if "speedup" in entry}
    hotspots = sorted(report["hotspots"], key=lambda entry: (-(entry["share"] or 0.0), entry["function"]))
    states = {entry["function"]: entry["state"] for entry in hotspots}
    profile = report["profile"] or {}
    native = sum(state == "native" for state in states.values())
    parts = [_runs(report), '<h2 id="hot">Hot functions</h2>', _controls(), _overview(hotspots, by_name, measured)]
    parts += _flame(profile.get("stacks") or {}, states)
    parts.append("<h2>Function by function</h2>")
    if not hotspots:
        parts.append("<p>No hotspots yet: <code>pytest --pyrust-profile</code> finds them.</p>")
    if hotspots:
        parts += _functions(
            hotspots, by_name, measured, lines or {}, LARGEST - sum(len(part.encode()) for part in parts)
        )
    return _page("PyRust: report", f"{native} of {len(hotspots)} hotspots native", parts)


def _functions(
    hotspots: Sequence[Json],
    explained: Mapping[str, Json],
    speeds: Mapping[str, Json],
    lines: Mapping[str, Sequence[str]],
    room: int,
) -> list[str]:
    """A part for each function; together they have the size that there is room for."""

    def part(place: int, text: Mapping[str, Sequence[str]], limit: int) -> str:
        entry = hotspots[place]
        name = entry["function"]
        return _function(entry, explained.get(name, {}), speeds.get(name), text, limit, place == 0)

    parts = [part(place, lines, 0) for place in range(len(hotspots))]
    sizes = [len(each.encode()) for each in parts]
    for place in reversed(range(len(hotspots))):
        if sum(sizes) <= room:
            break
        parts[place] = part(place, {}, 0)
        sizes[place] = len(parts[place].encode())
    else:
        return parts
    left = room - sum(sizes)
    for place in range(len(hotspots)):
        # What short ones do not need is for the longer ones behind them.
        longer = part(place, lines, max(0, left // (len(hotspots) - place)))
        more = len(longer.encode()) - sizes[place]
        if more <= left:
            parts[place] = longer
            left -= more
    return parts


def _runs(report: Json) -> str:
    rows = []
    for kind in ("profile", "build", "verify"):
        run = report.get(kind) or {}
        said = run.get("message") or ""
        if kind == "profile" and run:
            said = f"{runinfo.counted(run.get('samples', 0), 'sample')}, {run.get('cpu_seconds', 0.0):.1f} seconds of CPU time"
        if kind == "verify" and run:
            compared = [entry["verify"] for entry in report["hotspots"] if entry["verify"]]
            equal, different = (sum(entry.get(key, 0) for entry in compared) for key in ("equal", "different"))
            said = f"{equal:,} native calls equal to Python" + (f", {different:,} different" if different else "")
        rows.append([escape(kind), escape(said or ("done" if run else "none yet"))])
    return _table(["last", "what it said"], rows, 0)


def _controls() -> str:
    return (
        '<div class="controls"><label>Filter <input type="search" id="filter" autocomplete="off"></label>'
        '<span role="group" aria-label="order"><button type="button" data-sort="share" aria-pressed="true">by time</button>'
        '<button type="button" data-sort="state" aria-pressed="false">by compilability</button></span>'
        '<button type="button" id="open">open all</button><span id="found" role="status"></span></div>'
    )


def _overview(hotspots: Sequence[Json], explained: Mapping[str, Json], speeds: Mapping[str, Json]) -> str:
    order = {"native": 0, "stale": 1, "pending": 2, "disabled": 3, "python": 4}
    rows = []
    for entry in hotspots:
        name, speed = entry["function"], speeds.get(entry["function"])
        left = len(explained.get(name, {}).get("left", ()))
        places = f"{left} {'place runs' if left == 1 else 'places run'} as Python" if left else ""
        rank = order.get(entry["state"], 5) * 1000 + left
        cells = [
            f'<a href="#{_anchor(name)}"><code>{escape(name)}</code></a>',
            _state(entry["state"]),
            f"{entry['share']:.1f} %" if entry["share"] else "–",
            f"{entry['calls']:,}" if entry["calls"] else "–",
            f"{speed['speedup']:.2f}x" if speed else "–",
            f"{sum(entry['bailouts'].values()):,}",
            escape(_tier(entry)[0]),
            _marked(entry["reason"] or places),
        ]
        marks = (
            f' data-share="{entry["share"] or 0.0}" data-state="{rank}" data-name="{escape(name.lower(), quote=True)}"'
        )
        rows.append(f"<tr{marks}>{_cells('td', cells, range(2, 6))}</tr>")
    heads = ["function", "state", "share", "calls", "speed", "bailed", "trust", "why"]
    head = "<tr>" + _cells("th", heads, range(2, 6)) + "</tr>"
    table = f'<table id="overview">\n<thead>{head}</thead>\n<tbody>\n' + "\n".join(rows) + "\n</tbody></table>"
    return _scrolling("div", table, "hot functions")


def _tier(entry: Json) -> tuple[str, str]:
    """How far a function has been compared with Python: a name, and what that means."""
    verified = entry.get("verify") or {}
    if entry["state"] != "native":
        return "–", "It runs as Python: nothing can differ."
    if verified.get("verdict") == "different":
        return "different", "A native call differed from Python."
    equal, invented = verified.get("equal", 0), verified.get("invented", 0)
    if not equal and not invented:
        return "not compared", "No native call has been compared with Python yet: `pytest --pyrust-verify` does that."
    if not invented:
        return "tests", f"{equal:,} calls of the tests were equal to Python; `pyrust verify` adds invented arguments."
    return (
        "tests, invented",
        f"{equal:,} calls of the tests and {invented:,} with invented arguments were equal to Python.",
    )


def _function(
    entry: Json, explained: Json, speed: Json | None, lines: Mapping[str, Sequence[str]], limit: int, opened: bool
) -> str:
    name = entry["function"]
    share = f" {entry['share']:.1f} %" if entry["share"] else ""
    head = f"{_state(entry['state'])} <code>{escape(name)}</code>{share}"
    parts = []
    if entry["reason"]:
        parts.append(f'<p class="why">{_codes(entry["reason"])}</p>')
    tier, meaning = _tier(entry)
    strength = (entry.get("verify") or {}).get("strength") or {}
    if "share" in strength:
        meaning += f" These inputs notice {strength['share']:.0%} of small changes of the function."
    parts.append(f"<p>Trust: <strong>{escape(tier)}</strong>. {_marked(meaning)}</p>")
    if speed:
        parts.append(_speed(speed))
    if entry["bailouts"]:
        rows = [[f"{count:,}", escape(why)] for why, count in sorted(entry["bailouts"].items(), key=lambda x: -x[1])]
        parts.append("<h3>Bailouts by reason</h3>" + _table(["calls", "reason"], rows, 1))
    native = set(explained.get("signatures") or entry["native_signatures"] or ())
    types = [_code(each) + ("" if each in native else " (Python)") for each in entry["signatures"]]
    if types:
        parts.append("<p>Types: " + ", ".join(types) + "</p>")
    left = _source(explained, lines)
    rust = explained.get("rust") or ""
    if len(escape(rust).encode()) > limit:
        # Half of it for the signs that are escaped, and for those of several bytes.
        rust = rust[: limit // 2].rpartition("\n")[0] + f"\n// … `pyrust explain {name}` prints all of it"
    sides = [f"<div><h3>Python</h3>{left}</div>"] if left else []
    if rust:
        sides.append(f"<div><h3>Generated Rust</h3>{_scrolling('pre', escape(rust.rstrip()), f'Rust of {name}')}</div>")
    parts.append(f'<div class="sides">{"".join(sides)}</div>')
    for specialisation in explained.get("specialisations", [])[:4]:
        parts.append(_effects(specialisation))
    is_open = " open" if opened else ""
    return (
        f'<details id="{_anchor(name)}" data-name="{escape(name.lower(), quote=True)}"{is_open}>'
        f"<summary>{head}</summary>\n" + "\n".join(parts) + "</details>"
    )


def _speed(speed: Json) -> str:
    """Before and after as two bars, with the spread of the rounds."""
    python, native = speed["python_seconds"], speed["native_seconds"]
    widest = max(python, native) or 1.0
    bars = []
    for place, (word, seconds) in enumerate((("Python", python), ("native", native))):
        y = 4 + place * 24
        bars.append(
            f'<text x="0" y="{y + 13}">{word}</text>'
            f'<rect class="{word.lower()}" x="60" y="{y}" width="{max(1.0, 340 * seconds / widest):.1f}" height="18"/>'
            f'<text x="408" y="{y + 13}">{_time(seconds)}</text>'
        )
    spread = speed.get("spread") or [speed.get("low"), speed.get("high")]
    said = f"{speed['speedup']:.2f} times as fast as Python"
    if len(spread) == 2 and all(isinstance(each, (int, float)) for each in spread):
        said += f", rounds from {spread[0]:.2f} to {spread[1]:.2f}"
    if "rounds" in speed:
        said += f" ({speed['rounds']} rounds)"
    return (
        f'<figure><svg class="bars" viewBox="0 0 480 54" role="img" aria-label="{escape(said, quote=True)}">'
        f"{''.join(bars)}</svg><figcaption>{escape(said)}</figcaption></figure>"
    )


def _time(seconds: float) -> str:
    for unit, factor in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= factor:
            return f"{seconds / factor:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def _source(explained: Json, lines: Mapping[str, Sequence[str]]) -> str:
    """The source, line by line: what is native, what is not and why, and the types that get known there."""
    first, last = explained.get("line"), explained.get("end_line")
    text = lines.get(explained.get("path") or "")
    if first is None or last is None or text is None:
        return ""
    why: dict[int, list[str]] = {}
    native = explained["state"] == "native"
    for found in explained["left"] if native else explained["diagnostics"]:
        if found["path"] == explained["path"] and found["line"] is not None:
            said = f"{found['code']} {found['message']}" + (f"; {found['help']}" if found["help"] else "")
            noted = why.setdefault(found["line"], [])
            if said not in noted:
                noted.append(said)
    types: dict[int, list[str]] = {}
    bails: dict[int, list[str]] = {}
    for specialisation in explained["specialisations"][:1]:
        for line in specialisation["lines"]:
            types[line["line"]] = line["variables"]
        for event in specialisation["bails"]:
            for number in event["lines"]:
                if number not in why:
                    bails.setdefault(number, []).append(event["what"])
    rows = []
    for number in range(first, min(last, len(text)) + 1):
        code = text[number - 1]
        kind, word = ("left", "Python") if number in why else ("on", "native") if native else ("off", "Python")
        if not code.strip():
            kind, word = "none", ""
        elif kind == "on" and number in bails:
            kind, word = "may", "native, or Python"
        notes = [f'<i class="type">{escape(each)}</i>' for each in types.get(number, [])]
        notes += [f'<i class="why">{_codes(each)}</i>' for each in why.get(number, [])]
        notes += [f'<i class="may">Python when: {_marked(each)}</i>' for each in bails.get(number, [])]
        rows.append(f"<tr class={kind}><td>{number}<td>{word}<td><code>{escape(code)}</code>{''.join(notes)}</tr>")
    head = '<tr><th scope="col">line</th><th scope="col">runs</th><th scope="col">source</th></tr>'
    table = f'<table class="source"><thead>{head}</thead><tbody>' + "\n".join(rows) + "</tbody></table>"
    return _scrolling("div", table, f"source of {explained['function']}")


def _effects(one: Json) -> str:
    items = [f"returns {_code(one['returns'])}"]
    items.append(
        "changes " + ", ".join(_code(each) for each in one["changes"]) if one["changes"] else "changes nothing"
    )
    for each in one["relies_on"]:
        items.append("relies on " + _marked(each))
    for word, key in (("Python when", "bails"), ("may raise", "raises")):
        for event in one[key]:
            at = f" (line {', '.join(str(line) for line in event['lines'])})" if event["lines"] else ""
            items.append(f"{word}: {_marked(event['what'])}{at}")
    listed = "".join(f"<li>{item}</li>" for item in items[:40])
    return f"<details><summary>{_code(one['signature'])}: effects and ways out</summary><ul>{listed}</ul></details>"


def _flame(stacks: Mapping[str, float], states: Mapping[str, str]) -> list[str]:
    if not stacks:
        return []
    return [
        '<h2 id="flame">Flame graph</h2>',
        "<p>Functions of the project by CPU time, callers below. Choose one to enlarge it, Escape to go back.</p>",
        _scrolling("div", flame.svg(stacks, states), "flame graph"),
        flame.LEGEND,
    ]


# Parts.


def _anchor(name: str) -> str:
    return "f-" + "".join(char if char.isascii() and char.isalnum() else "-" for char in name)


def _state(state: str) -> str:
    return f'<span class="state {escape(state)}">{escape(state)}</span>'


def _codes(text: str) -> str:
    """Text of a message: names in backticks as code."""
    return _marked(text)


def _marked(text: str) -> str:
    parts = escape(text).split("`")
    return "".join(f"<code>{part}</code>" if place % 2 else part for place, part in enumerate(parts))


def _code(text: object) -> str:
    return f"<code>{escape(str(text))}</code>"


def _cells(tag: str, cells: Sequence[str], numbers: range) -> str:
    scope = ' scope="col"' if tag == "th" else ""
    marks = (' class="n"' if place in numbers else "" for place in range(len(cells)))
    return "".join(f"<{tag}{scope}{mark}>{cell}</{tag}>" for mark, cell in zip(marks, cells, strict=True))


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]], numbers: int) -> str:
    """The first columns are numbers."""
    head = f"<thead><tr>{_cells('th', heads, range(numbers))}</tr></thead>"
    body = "\n".join(f"<tr>{_cells('td', row, range(numbers))}</tr>" for row in rows)
    return _scrolling("div", f"<table>\n{head}\n<tbody>\n{body}\n</tbody></table>", " ".join(heads))


def _scrolling(tag: str, content: str, label: str) -> str:
    """What may be wider than the page; the keyboard gets there, too."""
    return (
        f'<{tag} class="scroll" tabindex="0" role="region" aria-label="{escape(label, quote=True)}">{content}</{tag}>'
    )


def _page(title: str, summary: str, parts: Sequence[str]) -> str:
    head = (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{title}</title>\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<style>\n{STYLE}</style>\n</head>\n'
    )
    body = f"<main>\n<h1>{title}</h1>\n<p>{escape(summary)}</p>\n" + "\n".join(parts) + "\n</main>\n"
    return f"{head}<body>\n{body}<script>\n{SCRIPT}</script>\n</body>\n</html>\n"
