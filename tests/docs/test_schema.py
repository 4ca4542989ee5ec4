"""The JSON Schema of the manifest, for editors: it takes every manifest of this repository, and what `pyrust check` refuses it refuses.

The schema uses few words of JSON Schema; they are understood here, and any other fails.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCHEMA: dict[str, Any] = json.loads((ROOT / "docs" / "pyrust.schema.json").read_text(encoding="utf-8"))
MANIFESTS = sorted(path for folder in ("examples", "benches") for path in (ROOT / folder).glob("*/pyrust.toml"))

WORDS = {
    *("$schema", "title", "description", "type", "required", "additionalProperties", "properties", "items"),
    *("const", "enum", "pattern", "maxItems"),
}
TYPES = {"object": dict, "array": list, "string": str}


def problems(value: Any, schema: dict[str, Any], place: str = "") -> list[str]:
    """Where the value is not as the schema says."""
    assert set(schema) <= WORDS, f"unknown words: {set(schema) - WORDS}"
    if "const" in schema and (value != schema["const"] or type(value) is not type(schema["const"])):
        return [f"{place}: not {schema['const']!r}"]
    if "enum" in schema and value not in schema["enum"]:
        return [f"{place}: not one of {schema['enum']}"]
    if "type" in schema and not isinstance(value, TYPES[schema["type"]]):
        return [f"{place}: not of type {schema['type']}"]
    found = []
    if isinstance(value, dict):
        known = schema.get("properties", {})
        found += [f"{place}: `{name}` is missing" for name in schema.get("required", ()) if name not in value]
        for name, item in value.items():
            if name in known:
                found += problems(item, known[name], f"{place}/{name}")
            elif not schema.get("additionalProperties", True):
                found.append(f"{place}: `{name}` is unknown")
    elif isinstance(value, list):
        if len(value) > schema.get("maxItems", len(value)):
            found.append(f"{place}: too many items")
        for number, item in enumerate(value):
            found += problems(item, schema.get("items", {}), f"{place}/{number}")
    elif isinstance(value, str) and not re.search(schema.get("pattern", ""), value):
        found.append(f"{place}: {value!r} is not like {schema['pattern']}")
    return found


def test_there_are_manifests() -> None:
    assert len(MANIFESTS) >= 6


@pytest.mark.parametrize("path", MANIFESTS, ids=[path.parent.name for path in MANIFESTS])
def test_it_takes_every_manifest(path: Path) -> None:
    assert problems(tomllib.loads(path.read_text(encoding="utf-8")), SCHEMA) == []


ENTRY = '[[hotspot]]\nfunction = "kit:total"\nsignatures = ["(list[int]) -> int"]\n'

BROKEN = {
    "no version": ENTRY,
    "another version": f"version = 2\n{ENTRY}",
    "the version is a text": f'version = "1"\n{ENTRY}',
    "an unknown key": f"version = 1\nhotspots = []\n{ENTRY}",
    "an unknown key of an entry": f'version = 1\n{ENTRY}signature = "(int) -> int"\n',
    "no function": 'version = 1\n[[hotspot]]\nsignatures = ["(list[int]) -> int"]\n',
    "a function without a module": f"version = 1\n{ENTRY}".replace("kit:total", "total"),
    "a function with two colons": f"version = 1\n{ENTRY}".replace("kit:total", "kit:total:x"),
    "a number for a function": f"version = 1\n{ENTRY}".replace('"kit:total"', "1"),
    "a text for signatures": f"version = 1\n{ENTRY}".replace('["(list[int]) -> int"]', '"(list[int]) -> int"'),
    "a signature without a result": f"version = 1\n{ENTRY}".replace(" -> int", ""),
    "a hash of another kind": f'version = 1\n{ENTRY}source = "md5:00"\n',
    "another mode": f'version = 1\n{ENTRY}mode = "fast"\n',
    "another verdict of the gate": f'version = 1\n{ENTRY}gate = "faster"\n',
    "one entry that is no list": f"version = 1\n{ENTRY}".replace("[[hotspot]]", "[hotspot]"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_the_command_refuses_it_refuses(name: str, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "kit"\nversion = "1"\n\n[tool.pyrust]\n')
    (tmp_path / "kit.py").write_text("def total(items):\n    return sum(items)\n")

    def check(manifest: str) -> subprocess.CompletedProcess[str]:
        (tmp_path / "pyrust.toml").write_text(manifest)
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        return subprocess.run(
            [sys.executable, "-m", "pyrust", "check"],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    said = check(BROKEN[name])
    assert said.returncode != 0, said.stdout
    assert problems(tomllib.loads(BROKEN[name]), SCHEMA) != []


def test_what_is_right_both_take() -> None:
    assert problems(tomllib.loads(f"version = 1\n{ENTRY}"), SCHEMA) == []


def test_editors_are_told_of_more_signatures_than_there_can_be() -> None:
    """The command widens them instead."""
    five = ", ".join(f'"(list[{name}]) -> int"' for name in ("int", "float", "str", "bool", "bytes"))
    manifest = f"version = 1\n{ENTRY}".replace('"(list[int]) -> int"', five)
    assert problems(tomllib.loads(manifest), SCHEMA) == ["/hotspot/0/signatures: too many items"]
