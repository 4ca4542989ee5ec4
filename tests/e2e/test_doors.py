"""Three doors, one compiler: the same manifest gives the same generated Rust, byte for byte."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from installs import (
    PRODUCTS,
    ROOT,
    Venv,
    cargo_target,
    copy_example,
    licenses_in,
    native,
    only_wheel,
    replace,
    run,
)

CRATES = ("pyrust-build", "pyrust-core", "pyrust-macros", "pyrust-runtime")

# One after the other: they share a build folder, in which the compiler is compiled too.
pytestmark = pytest.mark.xdist_group("cargo")


def generated_by_hook(project: Path) -> bytes:
    """The text that the last build left in the cache."""
    result = json.loads((project / ".pyrust/build.json").read_text(encoding="utf-8"))
    [module] = result["modules"].values()
    return Path(module["generated"]).read_bytes()


def in_the_tree(project: Path) -> None:
    """Makes a copy of the maturin example use the crates of this repository, and its lock file: no network."""
    replace(project / "Cargo.toml", "../..", ROOT.as_posix())
    shutil.copy(ROOT / "Cargo.lock", project)


def test_three_doors_give_the_same_text(cargo_venv: Venv, textkit: Path, tmp_path: Path) -> None:
    venv = cargo_venv
    venv.install("-e", textkit)
    setuptools_text = generated_by_hook(textkit)
    assert b"textkit.distance:levenshtein" in setuptools_text

    hatch = tmp_path / "hatch"
    shutil.copytree(textkit, hatch, ignore=PRODUCTS)
    replace(hatch / "pyproject.toml", '"setuptools>=77"', '"hatchling"')
    replace(hatch / "pyproject.toml", "setuptools.build_meta", "hatchling.build")
    replace(hatch / "pyproject.toml", "[tool.pyrust]", "[tool.hatch.build.hooks.pyrust]\n\n[tool.pyrust]")
    venv.install("-e", hatch)
    assert generated_by_hook(hatch) == setuptools_text

    cargo = tmp_path / "cargo"
    shutil.copytree(textkit, cargo, ignore=PRODUCTS)
    example = ROOT / "examples/maturin-checksums"
    shutil.copy(example / "build.rs", cargo)
    (cargo / "src/lib.rs").write_text("pyrust_macros::hotspots!();\n")
    manifest = (example / "Cargo.toml").read_text().replace("../..", ROOT.as_posix()).replace("checksums", "doorcheck")
    (cargo / "Cargo.toml").write_text(manifest)
    shutil.copy(ROOT / "Cargo.lock", cargo)
    # Checking is enough: the build script has run then.
    environment = {"CARGO_TARGET_DIR": cargo_target(), "PYO3_PYTHON": str(venv.executable)}
    output = run(["cargo", "check", "--release", "--message-format=json"], folder=cargo, environment=environment).stdout
    messages = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    [folder] = [
        message["out_dir"]
        for message in messages
        if message["reason"] == "build-script-executed" and "doorcheck" in message["package_id"]
    ]
    assert (Path(folder) / "pyrust_hotspots.rs").read_bytes() == setuptools_text


def test_maturin_example(cargo_venv: Venv, tmp_path: Path) -> None:
    """pip, maturin, `build.rs`."""
    venv = cargo_venv
    project = copy_example("maturin-checksums", tmp_path)
    in_the_tree(project)
    target = cargo_target()
    venv.install("-e", project, CARGO_TARGET_DIR=target)
    status = venv.status("checksums", "checksums")
    assert "checksums.hashes:crc16" in native(status)
    assert venv.python("import checksums; print(checksums.crc16(b'123456789'))").strip() == str(0x29B1)
    # An edit is noticed, and reaches the next build.
    replace(project / "python/checksums/hashes.py", "crc = 0xFFFF\n", "crc = 0\n")
    assert venv.status("checksums", "checksums")["checksums.hashes:crc16"]["state"] == "stale"
    venv.install("-e", project, CARGO_TARGET_DIR=target)
    assert venv.status("checksums", "checksums")["checksums.hashes:crc16"]["state"] == "native"
    assert venv.python("import checksums; print(checksums.crc16(b''))").strip() == "0"


def test_maturin_from_an_empty_folder(cargo_venv: Venv, tmp_path: Path) -> None:
    """`pyrust init` makes the crate; `.cargo/config.toml` says where ours are, as docs/recipes.md has it."""
    venv = cargo_venv
    project = tmp_path / "grind"
    package = project / "python/grind"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(
        "def triangle(n):\n    total = 0\n    for i in range(n):\n        total += i\n    return total\n"
    )
    build = '[build-system]\nrequires = ["maturin>=1.16,<2"]\nbuild-backend = "maturin"\n'
    (project / "pyproject.toml").write_text(f'{build}\n[project]\nname = "grind"\nversion = "1.5"\n')
    venv.install("pyrust-optimizer")
    pyrust: list[str | Path] = [venv.program("pyrust"), "--project", project]
    run([*pyrust, "init"])
    run([*pyrust, "add", "grind:triangle", "--sig", "(int) -> int"])
    crates = [f'{name} = {{ path = "{(ROOT / name).as_posix()}" }}\n' for name in CRATES]
    (project / ".cargo").mkdir()
    (project / ".cargo/config.toml").write_text("[patch.crates-io]\n" + "".join(crates))
    shutil.copy(ROOT / "Cargo.lock", project)
    # The profile of the examples: what cargo has built for those, the compiler above all, is used.
    venv.wheel(project, tmp_path / "wheels", CARGO_TARGET_DIR=cargo_target(), CARGO_PROFILE_RELEASE_STRIP="true")
    wheel = only_wheel(tmp_path / "wheels")
    assert wheel.name.startswith("grind-1.5-cp3")
    assert licenses_in(wheel) == "grind/pyrust_licenses.txt"
    venv.install(wheel)
    assert venv.status("grind")["grind:triangle"]["state"] == "native"
