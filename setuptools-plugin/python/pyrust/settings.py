"""The few settings that the build hooks need before the engine reads them all (`[tool.pyrust]`)."""

from __future__ import annotations

import dataclasses
import tomllib
from pathlib import Path
from typing import Any

FALLBACKS = ("warn", "error", "silent")


class SettingsError(ValueError):
    """`pyproject.toml` cannot be read, or says something that is not a setting."""


@dataclasses.dataclass(frozen=True)
class Settings:
    """`[tool.pyrust]` of one project."""

    present: bool = False
    manifest: str = "pyrust.toml"
    fallback: str = "warn"


def read(root: Path) -> Settings:
    """Reads the settings of the project in `root`; a missing file or table means the defaults."""
    path = root / "pyproject.toml"
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Settings()
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path}: {error}") from None
    table: Any = data.get("tool", {})
    table = table.get("pyrust") if isinstance(table, dict) else None
    if table is None:
        return Settings()
    if not isinstance(table, dict):
        raise SettingsError(f"{path}: `tool.pyrust` must be a table")
    manifest = table.get("manifest", "pyrust.toml")
    fallback = table.get("fallback", "warn")
    if not isinstance(manifest, str):
        raise SettingsError(f"{path}: `tool.pyrust.manifest` must be a string")
    if fallback not in FALLBACKS:
        choices = ", ".join(f'"{choice}"' for choice in FALLBACKS)
        raise SettingsError(f"{path}: `tool.pyrust.fallback` must be one of {choices}")
    return Settings(present=True, manifest=manifest, fallback=fallback)
