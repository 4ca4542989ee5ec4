"""Runs setuptools-rust, in a process of its own: it speaks to the standard streams, and cargo needs our working folder.

In (JSON on standard input): `extensions`, a list of `{"name", "path"}`, and `arguments` for cargo.
Run with `-P`: our own folder must not come first on the path, it has modules named like the library's.
Out (JSON on standard output): `built`, name → path of the compiled library, and `calls`, name → how cargo was called, if
that was one call: `{"command", "environment"}`, where the second is what it was given that we do not have (null: what it was
not given). Exit code 1: cargo failed; its words are on standard error. Exit code 3: setuptools-rust cannot be used here.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

#: What setuptools-rust runs cargo with. Without it nothing is noted.
_RUN = "check_subprocess_output"


def main() -> int:
    request = json.load(sys.stdin)
    try:
        from setuptools import Distribution
        from setuptools.errors import BaseError
        from setuptools_rust import Binding, RustExtension
        from setuptools_rust import build as library
        from setuptools_rust.build import build_rust
    except ImportError as error:
        print(f"setuptools-rust cannot be used: {error}", file=sys.stderr)
        return 3

    class Build(build_rust):
        """Compiles, and leaves the installing to us: names and places are not those of an `ext_modules` entry."""

        modules: Any = ()

        def install_extension(self, ext: Any, dylib_paths: Any, build_artifact_dir: Any) -> None:
            self.modules = dylib_paths

    made: list[dict[str, Any]] = []
    run: Any = getattr(library, _RUN, None)

    def noted(command: Any, *, env: Any, **options: Any) -> Any:
        made.append({"command": list(command), "environment": _given(dict(os.environ if env is None else env))})
        return run(command, env=env, **options)

    if run is not None:
        setattr(library, _RUN, noted)
    # What the folder that we run in says about other projects is none of our business.
    command = Build(Distribution({"name": "pyrust-generated"}))
    command.release = True
    command.ensure_finalized()
    command.verbose = 0
    built, calls = {}, {}
    for wanted in request["extensions"]:
        extension = RustExtension(
            wanted["name"],
            path=wanted["path"],
            # The runtime binds to `pyo3-ffi`; with `Binding.PyO3` cargo is asked for a feature of `pyo3`.
            binding=Binding.NoBinding,
            debug=False,
            args=request["arguments"],
            cargo_manifest_args=request["manifest_arguments"],
            env=dict(os.environ),
        )
        made.clear()
        try:
            command.run_for_extension(extension)
        except (BaseError, SystemExit, OSError) as error:
            print(error, file=sys.stderr)
            return 1
        [module] = command.modules
        built[wanted["name"]] = os.path.abspath(module.path)
        if len(made) == 1:
            calls[wanted["name"]] = made[0]
    json.dump({"built": built, "calls": calls}, sys.stdout)
    return 0


def _given(environment: dict[str, str]) -> dict[str, str | None]:
    """What an environment has that is not ours, and what it lacks."""
    names = environment.keys() | os.environ.keys()
    return {name: environment.get(name) for name in names if environment.get(name) != os.environ.get(name)}


if __name__ == "__main__":
    sys.exit(main())
