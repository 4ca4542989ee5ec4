"""The setuptools hook: a sub-command of `build` that compiles the hotspots.

`finalize` runs in every setuptools build of an environment that has PyRust, three times per install, so that it returns
at once when the project does not ask for us, imports next to nothing and never raises. The modules are compiled once,
when setuptools first asks whether the distribution has extension modules: that answer decides the wheel's tag, so that a
pure fallback is tagged pure. No `ext_modules` are declared: they would be tagged before they are compiled, get lost in
strict editable installs, and switch off setuptools' discovery of packages.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, ClassVar

from setuptools import Command, Distribution

from pyrust import settings

#: With other commands (metadata, sdist) nothing is compiled.
BUILD_COMMANDS = {"bdist_wheel", "bdist_egg", "build", "develop", "editable_wheel", "install"}

_OURS = re.compile(r"(.*[/\\])?_pyrust(_\w+)?\.[^/\\]*\.?(so|pyd)$")


def finalize(distribution: Distribution) -> None:
    """Entry point `setuptools.finalize_distribution_options`."""
    root = Path(distribution.src_root or os.curdir).absolute()
    try:
        options = settings.read(root)
    except settings.SettingsError:
        # The build command says what is wrong, and fails.
        options = settings.Settings(present=True)
    if options.present:
        _Hook(distribution, root, options).install()


def keyword(distribution: Distribution, name: str, value: object) -> None:
    """Entry point `distutils.setup_keywords`: `setup(pyrust=True)` is allowed, the settings are in `pyproject.toml`."""


class _Hook:
    """What we change in one distribution. The commands reach it as `distribution.pyrust_hook`."""

    def __init__(self, distribution: Distribution, root: Path, options: settings.Settings) -> None:
        self.distribution = distribution
        self.root = root
        self.options = options
        self.result: dict[str, Any] | None = None

    def install(self) -> None:
        distribution: Any = self.distribution
        has_ext_modules = distribution.has_ext_modules
        get_command_class = distribution.get_command_class
        classes: dict[str, Any] = {}

        def has_modules() -> bool:
            wanted = BUILD_COMMANDS.intersection(distribution.commands)
            # Compile first, whatever the project's own extensions say: a required hotspot must fail early.
            return bool(wanted and self.build()["modules"]) | bool(has_ext_modules())

        def command_class(name: str) -> Any:
            # Wrapped when a command is looked up: classes from `pyproject.toml` are not known before.
            if name == "build_pyrust":
                return build_pyrust
            if name == "build_py":
                self.exclude_foreign_modules()
            if name not in classes:
                classes[name] = self.extended(name, get_command_class(name))
            return classes[name]

        distribution.pyrust_hook = self
        distribution.has_ext_modules = has_modules
        distribution.get_command_class = command_class

    @staticmethod
    def extended(name: str, base: Any) -> Any:
        if name == "build":
            return type(base.__name__, (base,), {"sub_commands": [*base.sub_commands, ("build_pyrust", None)]})
        if name == "sdist":

            def make_distribution(command: Any) -> None:
                # In-place modules are products, whatever MANIFEST.in says.
                files = command.filelist.files
                command.filelist.files = [file for file in files if not _OURS.match(file)]
                base.make_distribution(command)

            return type(base.__name__, (base,), {"make_distribution": make_distribution})
        return base

    def exclude_foreign_modules(self) -> None:
        """Keeps in-place modules, of other Pythons too, from being copied as package data."""
        distribution: Any = self.distribution
        excluded = dict(distribution.exclude_package_data or {})
        patterns = [*excluded.get("", ()), "_pyrust.*.so", "_pyrust.*.pyd"]
        distribution.exclude_package_data = {**excluded, "": list(dict.fromkeys(patterns))}

    def build(self) -> dict[str, Any]:
        """The outcome of the build, which happens once."""
        if self.result is None:
            from pyrust import driver

            self.result = driver.build_for_hook(self.root)
        return self.result


class build_pyrust(Command):
    """Puts the compiled modules where the build, or an editable install, wants them."""

    description = "compile the hotspots of pyrust.toml (PyRust)"
    user_options: ClassVar[list[tuple[str, str, str]] | list[tuple[str, str | None, str]]] = []
    editable_mode: bool
    build_lib: str | None

    def initialize_options(self) -> None:
        # Both are set anew for editable installs, which finalize the command twice.
        self.editable_mode = False
        self.build_lib = None

    def finalize_options(self) -> None:
        self.set_undefined_options("build", ("build_lib", "build_lib"))

    def run(self) -> None:
        from pyrust import driver

        hook = self._hook()
        modules = hook.build()["modules"]
        for package, regular, inplace in self._paths():
            target = inplace if self.editable_mode else regular
            if package in modules:
                driver.put_module(modules[package], target)
            else:
                # What an earlier build left would run instead of the sources.
                Path(target).unlink(missing_ok=True)

    def get_outputs(self) -> list[str]:
        modules = self._hook().build()["modules"]
        return [regular for package, regular, _ in self._paths() if package in modules]

    def get_output_mapping(self) -> dict[str, str]:
        if not self.editable_mode:
            return {}
        modules = self._hook().build()["modules"]
        return {regular: inplace for package, regular, inplace in self._paths() if package in modules}

    def get_source_files(self) -> list[str]:
        hook = self._hook()
        return [hook.options.manifest] if (hook.root / hook.options.manifest).is_file() else []

    def _hook(self) -> _Hook:
        distribution: Any = self.distribution
        hook: _Hook = distribution.pyrust_hook
        return hook

    def _paths(self) -> list[tuple[str, str, str]]:
        """package, path in the build folder, path beside the sources."""
        result = self._hook().build()
        if "python" not in result:
            return []
        build_py: Any = self.get_finalized_command("build_py")
        found = []
        for entry in result["packages"]:
            package = entry["package"]
            # A top-level module has its extension beside it.
            parent = package if entry["module"] == "_pyrust" else ""
            file = entry["module"] + result["python"]["ext_suffix"]
            regular = os.path.join(str(self.build_lib), *filter(None, parent.split(".")), file)
            found.append((package, regular, os.path.join(build_py.get_package_dir(parent), file)))
        return found
