"""Stacks of a profile as a picture, and for speedscope.

In: `{"outer;inner": seconds}`. Out: the text of an SVG, or the object that speedscope reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any

WIDTH = 1000.0
ROW = 22
LEAST = 0.001
"""Share of the whole below which a box is left out: nobody could see it."""
MOST = 600


LEGEND = (
    '<p><span class="state native">native</span> <span class="state python">Python</span> '
    '<span class="state stale">stale</span> <span class="state other">not in the manifest</span></p>'
)


@dataclass
class Node:
    """A function in one place of the call tree, with the time in it and in what it calls."""

    name: str
    seconds: float = 0.0
    inside: dict[str, Node] = field(default_factory=dict)


def tree(stacks: Mapping[str, float]) -> Node:
    """All stacks in one tree. A function that calls itself stands there once."""
    root = Node("all")
    for stack, seconds in sorted(stacks.items()):
        root.seconds += seconds
        node, previous = root, None
        for name in stack.split(";"):
            if name == previous:
                continue
            node = node.inside.setdefault(name, Node(name))
            node.seconds += seconds
            previous = name
    return root


def svg(stacks: Mapping[str, float], states: Mapping[str, str]) -> str:
    """Boxes, each as wide as its time; the colour tells whether a function is native."""
    root = tree(stacks)
    boxes: list[tuple[Node, float, int]] = []
    level: list[tuple[Node, float, int]] = [(root, 0.0, 0)]
    while level and len(boxes) < MOST:
        following = []
        for node, left, depth in level:
            boxes.append((node, left, depth))
            for child in sorted(node.inside.values(), key=lambda each: (-each.seconds, each.name)):
                if root.seconds and child.seconds / root.seconds >= LEAST:
                    following.append((child, left, depth + 1))
                left += child.seconds
        level = following
    deepest = max((depth for _, _, depth in boxes), default=0)
    height = (deepest + 1) * ROW
    parts = []
    for node, left, depth in boxes[:MOST]:
        share = node.seconds / root.seconds if root.seconds else 0.0
        x = WIDTH * left / root.seconds if root.seconds else 0.0
        width, y = WIDTH * share, height - (depth + 1) * ROW
        kind = "all" if depth == 0 else states.get(node.name, "other")
        label = f"{node.name}: {100 * share:.1f} %, {node.seconds:.3f} s" + ("" if depth == 0 else f", {_word(kind)}")
        text = node.name if depth == 0 else node.name.rpartition(":")[2]
        # Only whole names: what is read aloud is what is seen.
        fits = 7.2 * len(text) < width - 6
        inner = f'<text x="{x + 4:.2f}" y="{y + 15}">{escape(text)}</text>' if fits else ""
        parts.append(
            f'<g class="box {escape(kind)}" tabindex="0" role="button" aria-label="{escape(label, quote=True)}" '
            f'data-x="{x:.2f}" data-w="{width:.2f}" data-d="{depth}" data-t="{escape(text, quote=True)}">'
            f"<title>{escape(label)}</title>"
            f'<rect x="{x:.2f}" y="{y}" width="{max(width - 0.5, 0.5):.2f}" height="{ROW - 2}"/>{inner}</g>'
        )
    return (
        f'<svg class="flame" viewBox="0 0 {WIDTH:.0f} {height}" role="group" aria-label="flame graph" '
        f'preserveAspectRatio="xMinYMin meet">{"".join(parts)}</svg>'
    )


def _word(kind: str) -> str:
    return {"other": "not in the manifest", "python": "Python"}.get(kind, kind)


def speedscope(stacks: Mapping[str, float], name: str) -> dict[str, Any]:
    """https://www.speedscope.app/file-format-schema.json"""
    frames: dict[str, int] = {}
    samples, weights = [], []
    for stack, seconds in sorted(stacks.items()):
        samples.append([frames.setdefault(function, len(frames)) for function in stack.split(";")])
        weights.append(seconds)
    profile = {
        "type": "sampled",
        "name": name,
        "unit": "seconds",
        "startValue": 0,
        "endValue": sum(weights),
        "samples": samples,
        "weights": weights,
    }
    return {
        "$schema": "https://www.speedscope.app/file-format-schema.json",
        "name": name,
        "exporter": "pyrust",
        "activeProfileIndex": 0,
        "shared": {"frames": [{"name": function} for function in frames]},
        "profiles": [profile],
    }
