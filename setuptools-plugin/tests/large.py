"""A package of 200,000 lines with a hotspot in every tenth module: what `pyrust check` is tried and measured on."""

from __future__ import annotations

from pathlib import Path

MODULES = 400
FUNCTIONS = 30

FUNCTION = '''
def function_{n}(items, limit={n}, *, scale=1.5):
    """What it does, said in a line or two.

    And a line more.
    """
    total = 0.0
    seen = {{}}
    for index, item in enumerate(items):
        if item is None or index > limit:
            continue
        key = f"{{item}}:{{index % 7}}"
        seen[key] = seen.get(key, 0) + 1
        total += item * scale if item > 0 else -item / (1 + index)
    # the largest first
    return total, sorted(seen, key=lambda key: (-seen[key], key))[: limit or 10]

'''
#: Whoever imports any of it finds out.
IMPORTED = 'open("imported", "w").close()\n'


def write(root: Path) -> None:
    """Makes the project in an empty folder."""
    package = root / "src" / "large"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(IMPORTED)
    text = IMPORTED + "".join(FUNCTION.format(n=n) for n in range(FUNCTIONS))
    entries = []
    for number in range(MODULES):
        folder = package / f"part_{number // 20}"
        folder.mkdir(exist_ok=True)
        (folder / "__init__.py").touch()
        (folder / f"module_{number}.py").write_text(text)
        if number % 10 == 0:
            entries.append(
                f'[[hotspot]]\nfunction = "large.part_{number // 20}.module_{number}:function_3"\n'
                'signatures = ["(list[int], int, float) -> tuple[float, list[str]]"]\n'
            )
    assert text.count("\n") * MODULES > 200_000
    (root / "pyproject.toml").write_text('[project]\nname = "large"\nversion = "1"\n\n[tool.pyrust]\n')
    # As `pyrust init` leaves it: there is a place for what an earlier check has seen.
    (root / ".gitignore").write_text(".pyrust/\n")
    (root / "pyrust.toml").write_text("version = 1\n\n" + "\n".join(entries))
