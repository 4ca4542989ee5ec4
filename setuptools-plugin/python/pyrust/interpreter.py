"""What the build must know about the Python that will run the module.

The file is also run as a script, by a *target* interpreter that need not have PyRust installed: it imports the
standard library only and prints the description as JSON.
"""

from __future__ import annotations

import dataclasses
import json
import os
import platform
import struct
import sys
import sysconfig

#: The minor versions whose object layouts the runtime proves against.
SUPPORTED = ("3.11", "3.12", "3.13")


@dataclasses.dataclass(frozen=True)
class Interpreter:
    """One Python interpreter, as far as the build is concerned."""

    executable: str
    base_executable: str
    implementation: str
    version: str
    full_version: str
    ext_suffix: str
    soabi: str
    include: str
    pointer_width: int
    free_threaded: bool
    debug: bool
    platform: str
    lib_name: str
    lib_dir: str

    @property
    def unsupported(self) -> str | None:
        """Why nothing runs natively on this interpreter, or None."""
        if self.implementation != "CPython":
            return f"{self.implementation} is not supported, only CPython is"
        if self.version not in SUPPORTED:
            return f"Python {self.version} is not supported, only {', '.join(SUPPORTED)} are"
        if self.free_threaded:
            return f"free-threaded Python {self.version} is not supported"
        return None

    def pyo3_config(self) -> str:
        """The text of `PYO3_CONFIG_FILE`.

        It holds nothing that differs between two virtual environments of one Python: cargo would rebuild for it.
        """
        lines = [
            "implementation=CPython",
            f"version={self.version}",
            "shared=false",
            "abi3=false",
            f"executable={self.base_executable}",
            f"pointer_width={self.pointer_width}",
            "build_flags=" + ("Py_DEBUG" if self.debug else ""),
            "suppress_build_script_link_lines=false",
        ]
        if self.lib_name:
            lines += [f"lib_name={self.lib_name}", f"lib_dir={self.lib_dir}"]
        return "\n".join(lines) + "\n"


def describe() -> Interpreter:
    """The interpreter that runs this."""
    variable = sysconfig.get_config_var
    version = "{}.{}".format(*sys.version_info[:2])
    base = os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable)
    windows = sys.platform == "win32"
    ext_suffix = str(variable("EXT_SUFFIX") or (".pyd" if windows else ".so"))
    return Interpreter(
        executable=sys.executable,
        base_executable=base,
        implementation=platform.python_implementation(),
        version=version,
        full_version=platform.python_version(),
        ext_suffix=ext_suffix,
        soabi=str(variable("SOABI") or ext_suffix.strip(".").rsplit(".", 1)[0]),
        include=sysconfig.get_path("include"),
        pointer_width=struct.calcsize("P") * 8,
        free_threaded=bool(variable("Py_GIL_DISABLED")),
        debug=hasattr(sys, "gettotalrefcount"),
        platform=sysconfig.get_platform(),
        lib_name="python{}{}".format(*sys.version_info[:2]) if windows else "",
        lib_dir=os.path.join(sys.base_prefix, "libs") if windows else "",
    )


if __name__ == "__main__":
    json.dump(dataclasses.asdict(describe()), sys.stdout)
