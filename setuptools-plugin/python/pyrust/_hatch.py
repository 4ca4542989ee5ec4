"""The hatch hook (`[tool.hatch.build.hooks.pyrust]`).

cargo works outside the project: hatch ships whatever `.gitignore` does not name. Modules that `pyrust build` has put into the
source tree are excluded from wheels and sdists; our own file enters a wheel by `force_include`, an editable one with a finder.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.plugin import hookimpl

from pyrust import settings

_EXCLUDED = ("_pyrust.*.so", "_pyrust.*.pyd", "_pyrust_*.so", "_pyrust_*.pyd", "/.pyrust/", "/build/pyrust/")


@hookimpl
def hatch_register_build_hook() -> type[BuildHookInterface[Any]]:
    """Entry point of hatch's plugin system."""
    return PyrustHook


class PyrustHook(BuildHookInterface[Any]):
    """Compiles the hotspots for wheels and editable installs."""

    PLUGIN_NAME = "pyrust"
    #: Holds small files until the wheel is made.
    _written: tempfile.TemporaryDirectory[str]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called before anything is collected; `version` is `standard` or `editable`."""
        self._exclude()
        root = Path(self.root)
        if self.target_name == "sdist":
            self._ship_manifest(root, build_data)
        if self.target_name != "wheel":
            return

        from pyrust import driver

        self._written = tempfile.TemporaryDirectory(prefix="pyrust-hatch-")
        result = driver.build_for_hook(root)
        builder: Any = self.build_config.builder
        editable = version == "editable"
        suffix = result.get("python", {}).get("ext_suffix", "")
        for entry in result["packages"] if suffix else ():
            package = entry["package"]
            file = entry["module"] + suffix
            module = result["modules"].get(package)
            if editable:
                # What an earlier build left there would run instead of what is installed.
                (self._source_folder(package, entry, root) / file).unlink(missing_ok=True)
            elif module is not None:
                parent = package.replace(".", "/") + "/" if entry["module"] == "_pyrust" else ""
                build_data["force_include"][module["path"]] = parent + file
        if not result["modules"]:
            return
        if result.get("licenses") and not editable:
            folder = f"{builder.artifact_project_id}.dist-info/licenses/pyrust"
            build_data["force_include"][result["licenses"]] = f"{folder}/licenses.txt"
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
        if editable:
            self._into_editable_wheel(result, builder.metadata.core.name, build_data)
            # hatch tags every editable wheel py3-none-any, and uv would then reuse it for another Python.
            builder.get_default_tag = builder.get_best_matching_tag

    def _into_editable_wheel(self, result: dict[str, Any], name: str, build_data: dict[str, Any]) -> None:
        from pyrust import cache, editable

        if not build_data["force_include_editable"]:
            # Ours would replace them.
            build_data["force_include_editable"].update(self.build_config.get_force_include())
        for path, content in editable.files(name, result["packages"], result["modules"]).items():
            if isinstance(content, str):
                text = Path(self._written.name, path)
                cache.write(text, content)
                content = text
            build_data["force_include_editable"][str(content)] = path

    def _exclude(self) -> None:
        config = self.build_config.target_config
        if "exclude" not in config and "exclude" in self.build_config.build_config:
            config = self.build_config.build_config
        excluded = config.setdefault("exclude", [])
        # A mistake in the user's table is hatch's to report.
        if isinstance(excluded, list):
            excluded += [pattern for pattern in _EXCLUDED if pattern not in excluded]

    def _ship_manifest(self, root: Path, build_data: dict[str, Any]) -> None:
        """An sdist that selects its files must have the manifest all the same, and the bodies written by hand."""
        try:
            name = settings.read(root).manifest
        except settings.SettingsError:
            return
        config = {**self.build_config.build_config, **self.build_config.target_config}
        selective = any(config.get(key) for key in ("include", "only-include", "packages"))
        if selective and (root / name).is_file():
            for path in (root / name, *sorted((root / name).parent.joinpath("pyrust_bodies").glob("*.rs"))):
                build_data["force_include"][str(path)] = path.relative_to(root).as_posix()

    def _source_folder(self, package: str, entry: dict[str, Any], root: Path) -> Path:
        """Where the package lies in the source tree, by hatch's own selection of files."""
        top = f"{package}.py" if entry["module"] != "_pyrust" else f"{package.replace('.', '/')}/__init__.py"
        builder: Any = self.build_config.builder
        for file in builder.recurse_selected_project_files():
            if Path(file.distribution_path).as_posix() == top:
                return Path(file.path).parent
        return root / str(entry["directory"])
