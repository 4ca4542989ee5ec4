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


#: Where the notices are in a wheel, below `*.dist-info/licenses`.
LICENSES = os.path.join("pyrust", "licenses.txt")


def _copy(source: str, target: str) -> None:
    from pyrust import cache

    cache.copy(Path(source), Path(target))


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
        if name == "bdist_wheel":

            def write_wheelfile(command: Any, folder: str, *more: Any, **options: Any) -> None:
                base.write_wheelfile(command, folder, *more, **options)
                # Into the metadata, beside the project's own licence files: what is in the modules belongs to others.
                licenses = command.distribution.pyrust_hook.build().get("licenses")
                if licenses:
                    _copy(licenses, os.path.join(folder, "licenses", LICENSES))

            def run(command: Any) -> None:
                base.run(command)
                # Nobody removes `build/`, which setuptools leaves in the project. Who asks for `build` wants what is there.
                if "build" not in command.distribution.commands:
                    command.get_finalized_command("build_pyrust").remove_outputs()

            return type(base.__name__, (base,), {"write_wheelfile": write_wheelfile, "run": run})
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
            if package in modules and not self.editable_mode:
                driver.put_module(modules[package], regular)
            else:
                # What an earlier build left would run instead of the sources, or of what is installed.
                Path(inplace if self.editable_mode else regular).unlink(missing_ok=True)
        if self.editable_mode:
            self._into_editable_wheel(hook.build())

    def _into_editable_wheel(self, result: dict[str, Any]) -> None:
        """Where the wheel of an editable install is put together, `install` is told to install."""
        from pyrust import cache, editable

        install: Any = self.distribution.get_command_obj("install")
        name = str(self.distribution.get_name())
        for path, content in editable.files(name, result["packages"], result["modules"]).items():
            target = Path(install.install_lib, path)
            if isinstance(content, Path):
                cache.copy(content, target)
            else:
                cache.write(target, content)

    def get_outputs(self) -> list[str]:
        if self.editable_mode:
            return []
        modules = self._hook().build()["modules"]
        return [regular for package, regular, _ in self._paths() if package in modules]

    def remove_outputs(self) -> None:
        """What was compiled has been copied from the build folder into a wheel."""
        for path in map(Path, self.get_outputs()):
            path.unlink(missing_ok=True)

    def get_output_mapping(self) -> dict[str, str]:
        return {}

    def get_source_files(self) -> list[str]:
        hook = self._hook()
        manifest = hook.root / hook.options.manifest
        bodies = sorted((manifest.parent / "pyrust_bodies").glob("*.rs"))
        shipped = [manifest, *bodies] if manifest.is_file() else []
        return [path.relative_to(hook.root).as_posix() for path in shipped]

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
