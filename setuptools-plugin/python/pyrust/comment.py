"""`python -m pyrust.comment REPORT [SPEED]`: a comment for a merge request, as Markdown.

In: what `pyrust report --json` and `pyrust bench --compare REV --json` have printed. Out: coverage and changes of speed.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any


def comment(report: dict[str, Any], speed: dict[str, Any] | None) -> str:
    hotspots = report["hotspots"]
    native = [entry for entry in hotspots if entry["state"] == "native"]
    total = sum(entry["share"] or 0.0 for entry in hotspots)
    covered = sum(entry["share"] or 0.0 for entry in native)
    lines = [f"### PyRust: {len(native)} of {len(hotspots)} hotspots native", ""]
    if total:
        lines += [f"{covered:.0f} % of the measured time is native, of {total:.0f} % that is in hotspots.", ""]
    rows = [row for row in (speed or {}).get("hotspots", []) if row.get("verdict") in ("slower", "faster")]
    if speed is not None:
        revision = str(speed.get("revision", "the other revision"))[:40]
        lines.append(f"Compared with `{revision}`: " + ("" if rows else "no hotspot is clearly slower or faster."))
        if rows:
            lines += ["", "| function | time, over before | |", "|---|---:|---|"]
            lines += [
                f"| `{row['function']}` | {row['ratio']:.2f} | {row['verdict']} |"
                for row in sorted(rows, key=lambda row: -row["ratio"])
            ]
        lines.append("")
    left = [entry for entry in hotspots if entry["state"] != "native"]
    if left:
        lines += ["<details><summary>Not native</summary>", "", "| function | state | why |", "|---|---|---|"]
        for entry in left[:50]:
            why = str(entry["reason"] or "").replace("|", "\\|").replace("\n", " ")
            lines.append(f"| `{entry['function']}` | {entry['state']} | {why} |")
        lines += ["", "</details>", ""]
    return "\n".join(lines)


def main(argv: list[str]) -> int:
    if not 1 <= len(argv) <= 2:
        print("usage: python -m pyrust.comment REPORT [SPEED]", file=sys.stderr)
        return 2
    try:
        report, *others = (Path(path).read_text(encoding="utf-8") for path in argv)
        # Where nothing could be compared, there is nothing in the file.
        speed = json.loads(others[0]) if others and others[0].strip() else None
        print(comment(json.loads(report), speed))
    except (OSError, ValueError, KeyError) as error:
        print(f"pyrust.comment: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
