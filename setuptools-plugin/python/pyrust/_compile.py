"""Runs setuptools-rust, in a process of its own: it speaks to the standard streams, and cargo needs our working folder.

In (JSON on standard input): `extensions`, a list of `{"name", "path"}`, and `arguments` for cargo.
Run with `-P`: our own folder must not come first on the path, it has modules named like the library's.
Out (JSON on standard output): name → path of the compiled library. Exit code 1: cargo failed; its words are on standard
error. Exit code 3: setuptools-rust cannot be used here.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any


def main() -> int:
    request = json.load(sys.stdin)
    try:
        from setuptools import Distribution
        from setuptools.errors import BaseError
        from setuptools_rust import Binding, RustExtension
        from setuptools_rust.build import build_rust
    except ImportError as error:
        print(f"setuptools-rust cannot be used: {error}", file=sys.stderr)
        return 3

    class Build(build_rust):
        """Compiles, and leaves the installing to us: names and places are not those of an `ext_modules` entry."""

        modules: Any = ()

        def install_extension(self, ext: Any, dylib_paths: Any, build_artifact_dir: Any) -> None:
            self.modules = dylib_paths

    # What the folder that we run in says about other projects is none of our business.
    command = Build(Distribution({"name": "pyrust-generated"}))
    command.release = True
    command.ensure_finalized()
    command.verbose = 0
    built = {}
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
        try:
            command.run_for_extension(extension)
        except (BaseError, SystemExit, OSError) as error:
            print(error, file=sys.stderr)
            return 1
        [module] = command.modules
        built[wanted["name"]] = os.path.abspath(module.path)
    json.dump(built, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
