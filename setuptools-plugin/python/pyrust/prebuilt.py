"""Compiled crates that travel in the wheel: a first build by the compiler that made the wheel need not compile them again.

What they are (the runtime, its macros, and what both stand on) is the same in every project. rustc reads such a crate only
if that very rustc wrote it, so they help whoever has the same release, and everybody else compiles from source as before.

Run as `RUSTC_WRAPPER`, where cargo calls it in place of rustc: a crate whose key is among the compiled ones is copied to
where rustc would have put it, and whatever else is asked goes to rustc. The key is a digest of all that rustc would see:
its own version, its arguments but for paths, the sources, what the build script has written, and the bytes of the crates
below. So nothing is taken that would not have come out the same.

    python prebuilt.py make FOLDER      compiles them into this folder, for the Python that runs this

Only the standard library is imported, and little of it: this starts for every crate.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
import subprocess
import sys
import zlib

#: The folder of compiled crates, for the wrapper; with this variable it fills the folder.
STORE, RECORDS = "PYRUST_PREBUILT", "PYRUST_PREBUILT_RECORDS"
INDEX = "index.json"

#: Arguments that say where, or how something is told, and never what. Those of the second kind have a value behind them.
_TOLD = ("--error-format", "--json", "--diagnostic-width", "--color")
_WHERE = {"--out-dir", "-L", "--check-cfg"}
#: Options of `-C` that name this build.
_NAMES = ("metadata=", "extra-filename=", "incremental=")
#: The head of a stored crate: where its metadata begin in the library, and how long they are.
_WHERE_METADATA = struct.Struct("<QQ")
#: What cargo leaves beside the sources that it has unpacked.
_MARKS = {".cargo-ok", ".cargo_vcs_info.json", ".cargo-checksum.json"}


class Compilation:
    """One call of rustc, by its arguments."""

    def __init__(self, rustc: str, arguments: list[str]) -> None:
        self.rustc = rustc
        self.name = self.kind = self.folder = self.suffix = self.source = ""
        self.externs: list[tuple[str, str]] = []
        self.rest: list[str] = []
        self.artifacts = False
        waiting = iter(arguments)
        for argument in waiting:
            option, equals, value = argument.partition("=")
            if option in _TOLD:
                self.artifacts |= option == "--json" and "artifacts" in value
                if not equals:
                    next(waiting, None)
            elif option in _WHERE:
                where = value if equals else next(waiting, "")
                self.folder = where if option == "--out-dir" else self.folder
            elif option == "--extern":
                name, _, path = next(waiting, "").partition("=")
                self.externs.append((name, path))
            elif option == "-C" and (said := next(waiting, "")):
                if said.startswith("extra-filename="):
                    self.suffix = said.partition("=")[2]
                if not said.startswith(_NAMES):
                    self.rest += [argument, said]
            elif option in ("--crate-name", "--crate-type"):
                said = value if equals else next(waiting, "")
                self.name, self.kind = (said, self.kind) if option == "--crate-name" else (self.name, said)
                self.rest += [option, said]
            elif not option.startswith("-") and option.endswith(".rs"):
                self.source = argument
            else:
                self.rest.append(argument)

    @property
    def is_shared(self) -> bool:
        """A crate that other projects have as well. Build scripts ask rustc what it knows; such questions have no suffix."""
        library = self.kind in ("lib", "rlib", "proc-macro") and bool(self.folder and self.source and self.suffix)
        return library and "CARGO_PRIMARY_PACKAGE" not in os.environ

    def key(self) -> str:
        state = hashlib.sha256()

        def add(*parts: str | bytes) -> None:
            for part in parts:
                data = part if isinstance(part, bytes) else part.encode("utf-8", "surrogateescape")
                state.update(b"%d:" % len(data) + data)

        add(subprocess.run([self.rustc, "-vV"], capture_output=True, check=True).stdout, *self.rest)
        package = os.environ.get("CARGO_MANIFEST_DIR", "")
        add(os.path.relpath(self.source, package).replace(os.sep, "/"))
        for folder in (package, os.environ.get("OUT_DIR", "")):
            for name, path in _files(folder):
                add(name, _digest(path))
        for name, path in self.externs:
            add(name, _digest(path) if path else "")
        return state.hexdigest()[:32]

    @property
    def compiled(self) -> str:
        """What rustc makes: for macros a library that it loads."""
        if self.kind != "proc-macro":
            return f"lib{self.name}{self.suffix}.rlib"
        return {
            "win32": f"{self.name}{self.suffix}.dll",
            "darwin": f"lib{self.name}{self.suffix}.dylib",
        }.get(sys.platform, f"lib{self.name}{self.suffix}.so")

    @property
    def _metadata(self) -> str:
        return os.path.join(self.folder, f"lib{self.name}{self.suffix}.rmeta")

    def put(self, stored: str) -> None:
        """Keeps what rustc has made, small: every isolated build unpacks the wheel. Metadata are in the library as well."""
        with open(os.path.join(self.folder, self.compiled), "rb") as file:
            library = file.read()
        place = size = 0
        if self.kind != "proc-macro":
            with open(self._metadata, "rb") as file:
                metadata = file.read()
            place, size = library.index(metadata), len(metadata)
        with open(stored, "wb") as file:
            file.write(_WHERE_METADATA.pack(place, size) + zlib.compress(library, 9))

    def take(self, stored: str) -> None:
        """Puts what was compiled before where rustc would have put it, and says so as rustc does."""
        with open(stored, "rb") as file:
            place, size = _WHERE_METADATA.unpack(file.read(_WHERE_METADATA.size))
            library = zlib.decompress(file.read())
        made = [(os.path.join(self.folder, self.compiled), "link", library)]
        if self.kind != "proc-macro":
            made.insert(0, (self._metadata, "metadata", library[place : place + size]))
        for path, _, data in made:
            with open(path, "wb") as file:
                file.write(data)
        source = _escaped(self.source)
        with open(os.path.join(self.folder, f"{self.name}{self.suffix}.d"), "w", encoding="utf-8") as sources:
            sources.writelines(f"{_escaped(path)}: {source}\n\n" for path, _, _ in made)
            sources.write(f"{source}:\n")
        if self.artifacts:
            for path, kind, _ in made:
                print(json.dumps({"$message_type": "artifact", "artifact": path, "emit": kind}), file=sys.stderr)


def _escaped(path: str) -> str:
    """As a name stands in a list of what depends on what."""
    return path.replace(" ", "\\ ")


def _files(folder: str) -> list[tuple[str, str]]:
    """Every file below: its name from there, and its path."""
    found = []
    for above, folders, names in os.walk(folder) if folder else ():
        folders.sort()
        inner = os.path.relpath(above, folder).replace(os.sep, "/")
        found += [(f"{inner}/{name}", os.path.join(above, name)) for name in sorted(set(names) - _MARKS)]
    return found


def _digest(path: str) -> bytes:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def wrap(rustc: str, arguments: list[str]) -> int:
    """What stands for one call of rustc."""
    call = Compilation(rustc, arguments)
    store, records = os.environ.get(STORE, ""), RECORDS in os.environ
    if not (store and call.is_shared):
        return _run(rustc, arguments)
    key = ""
    try:
        key = call.key()
        stored = os.path.join(store, f"{call.name}-{key}")
        # Not with `pathlib`: importing that takes longer than all the rest.
        if not records and os.path.isfile(stored):  # noqa: PTH113
            call.take(stored)
            return 0
    except (OSError, ValueError, struct.error, zlib.error, subprocess.SubprocessError) as error:
        if records:
            raise
        print(f"warning: {call.name} is compiled again: {error}", file=sys.stderr)
    code = subprocess.call([rustc, *arguments])
    if code == 0 and records:
        call.put(stored)
    return code


def _run(rustc: str, arguments: list[str]) -> int:
    if os.name == "posix":
        os.execvp(rustc, [rustc, *arguments])
    return subprocess.call([rustc, *arguments])


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["make"]:
        # Beside this file are modules with names of the library's.
        sys.path[:] = [os.path.dirname(os.path.dirname(os.path.abspath(__file__))), *sys.path[1:]]
        from pathlib import Path

        from pyrust import interpreter, prebuilding, workspace

        target = interpreter.describe()
        prebuilding.make(Path(arguments[1]) / target.soabi, target, workspace.find_toolchain())
        return 0
    return wrap(arguments[0], arguments[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
