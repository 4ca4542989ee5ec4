"""The generated cargo workspace of a project, and the toolchain that compiles it.

What is written lies in the user's cache; setuptools-rust compiles it, and where that refuses, cargo itself, whose messages
say which hotspots are to blame.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pyrust import cache, crate, prebuilding, prebuilt
from pyrust.interpreter import Interpreter

HERE = Path(__file__).resolve().parent

#: Rust before this has no build folder of its own (`CARGO_BUILD_BUILD_DIR`), or not all that the runtime uses.
MINIMUM_RUST = (1, 91)

REPORT = "please report this, with the log"

#: The notices of what is linked in: in the build cache, and beside the report of the last build.
LICENSES = "licenses.txt"

Json = dict[str, Any]
Echo = Callable[[str], None]


def what_failed(words: str) -> str:
    """The first error in what cargo says, what stands behind it, and what is to be done where that is known."""
    lines = words.splitlines()
    first = next((line for line in lines if line.startswith("error")), "cargo failed").strip()
    # What a compiler or a build script has said stands further in.
    inner = next((line.strip() for line in reversed(lines) if line.lstrip().startswith("error") and line[0] == " "), "")
    said = f"{first}: {inner}" if inner else first
    if ("linker" in first and "not found" in first) or "failed to find tool" in inner:
        return f"{said}; install a C compiler (Debian: `gcc libc6-dev`, macOS: `xcode-select --install`)"
    if "no matching package" in first or "failed to download" in first or "failed to get" in first:
        return f"{said}; the first build takes some crates from the network"
    return said


class Unavailable(Exception):
    """Nothing can be compiled here; the project stays pure Python. `cause` is `toolchain`, `python` or `internal`."""

    def __init__(self, message: str, cause: str = "toolchain") -> None:
        super().__init__(message)
        self.cause = cause


@dataclasses.dataclass
class Rejected(Exception):
    """rustc refuses what it got: for each error the crate, the lines of each file concerned, and the first line of its text."""

    errors: list[tuple[str, dict[str, set[int]], str]]


@dataclasses.dataclass(frozen=True)
class Cargo:
    program: str
    #: What `rustc -vV` says: other compilers make other modules.
    version: str
    #: Where the toolchain is, as `rustc --print sysroot` says.
    sysroot: str = ""
    #: Does its code generator know `ALIGNED`?
    aligns: bool = False
    rustc: str = ""

    @property
    def host(self) -> str:
        return next((line[6:] for line in self.version.splitlines() if line.startswith("host: ")), "")


def find_toolchain() -> Cargo:
    """cargo and what its compiler says; `Unavailable` where there is none that will do."""
    wanted = os.environ.get("CARGO", "cargo")
    program = shutil.which(wanted)
    if program is None:
        raise Unavailable(f"PYR0501 `{wanted}` was not found; install Rust (https://rustup.rs) to get native code")
    rustc = shutil.which(os.environ.get("RUSTC", "rustc"))
    if rustc is None:
        raise Unavailable("PYR0501 `rustc` was not found beside cargo; install Rust (https://rustup.rs)")
    try:
        version = output([rustc, "-vV"])
        sysroot, aligns = _sysroot(rustc)
    except (OSError, subprocess.CalledProcessError) as error:
        raise Unavailable(f"PYR0501 `rustc` does not run: {words(error)}") from None
    release = next((line.split(": ")[1] for line in version.splitlines() if line.startswith("release: ")), "0")
    number = tuple(int(part) for part in release.split("-")[0].split(".")[:2])
    if number < MINIMUM_RUST:
        minimum = ".".join(map(str, MINIMUM_RUST))
        raise Unavailable(f"PYR0501 Rust {release} is too old, at least {minimum} is needed (`rustup update`)")
    return Cargo(_itself(program, sysroot), version, sysroot, aligns, _itself(rustc, sysroot))


def _itself(program: str, sysroot: str) -> str:
    """Of a toolchain that rustup has chosen the program, in place of rustup's, which starts it: a build asks six times."""
    found = Path(sysroot, "bin", Path(program).name)
    rustup = Path(program).with_name(f"rustup{found.suffix}")
    with contextlib.suppress(OSError):
        if found.is_file() and rustup.samefile(program):
            return str(found)
    return program


#: Each loop begins with a line of the cache. Otherwise it is luck how fast a small one runs: a tenth to a quarter more or
#: less, in the same text, whenever something else in the module changes. The options of LLVM are no promise of rustc's.
ALIGNED = "-Cllvm-args=-align-loops=64"


def _sysroot(rustc: str) -> tuple[str, bool]:
    """Where the toolchain is, and whether `ALIGNED` may be said to it: rustc refuses what it does not know."""
    try:
        return output([rustc, "--print", "sysroot", ALIGNED]).strip(), True
    except subprocess.CalledProcessError:
        return output([rustc, "--print", "sysroot"]).strip(), False


#: Variables that change what cargo makes; they are part of the key of a finished module.
_BUILD_VARIABLES = (
    "RUSTFLAGS",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_BUILD_RUSTFLAGS",
    "CARGO_BUILD_TARGET",
    "ARCHFLAGS",
    "CC",
    "CFLAGS",
    "LDFLAGS",
    "_PYTHON_HOST_PLATFORM",
    "PYRUST_WITHOUT",
)


def build_variables() -> list[str]:
    return [f"{name}={os.environ.get(name)}" for name in _BUILD_VARIABLES]


#: rustc cannot read a compiled crate, or it is another than the one that was compiled against.
_UNREADABLE = re.compile(r"error\[E0(?:460|463|514|519|786)\]")
#: rustc itself is wrong, or what it has kept of the last build is.
_BROKEN = re.compile(
    r"internal compiler error|compiler unexpectedly panicked|signal: (?:4|6|7|11)\b|incremental compilation"
    r"|undefined (?:hidden )?(?:symbol|reference)"
)


class Workspace:
    """The generated workspace of one project for one interpreter."""

    def __init__(self, root: Path, target: Interpreter, units: Sequence[crate.Unit], cargo: Cargo, echo: Echo) -> None:
        self.root = root
        self.target = target
        self.units = list(units)
        self.cargo = cargo
        self.echo = echo
        self.base = cache.locate(root)
        self.crates, self.lock_text = _shipped_crates(self.base)
        self.store = prebuilding.find(target, cargo, self.crates)
        self.key = _project_key(root, units)
        # What was unpacked to be installed is compiled once. The variable is cargo's.
        self.incremental = not _is_unpacked(root) and os.environ.get("CARGO_INCREMENTAL") != "0"
        self.project = self.base / "projects" / project_folder(root, self.key)
        self.folder = self.project / target.soabi
        self.log = self.folder / "cargo.log"
        self.licenses = self.folder / LICENSES

    def build(self) -> dict[str, Json]:
        """package → where its compiled module lies."""
        (self.base / "projects").mkdir(parents=True, exist_ok=True)
        with cache.lock(self.project / f"{self.target.soabi}.lock"):
            features = self._features()
            finished = self._finished(features)
            if not self._complete(finished):
                started = time.monotonic()
                self.echo(f"compiling {len(self.units)} module(s) with cargo")
                features, built = self._compile(features)
                finished = self._finished(features)
                for unit in self.units:
                    cache.copy(Path(built[unit.package]), self._final(finished, unit))
                self._remove_other_modules(finished)
                self._note_features(features)
                self.echo(f"compiled in {time.monotonic() - started:.1f} s")
            self._gather_licenses(features)
            cache.sweep(self.base / "projects", self.project)
            for folder in self._kept():
                cache.sweep(folder)
        return {
            unit.package: {
                "module": unit.module,
                "file": f"{unit.module}{self.target.ext_suffix}",
                "path": str(self._final(finished, unit)),
                "generated": str(self.folder / unit.crate(self.key) / "src" / crate.GENERATED),
            }
            for unit in self.units
        }

    def _features(self) -> list[str]:
        """With which parts of the runtime the project is compiled."""
        if self.store:
            return list(self.store.features)
        noted = [_read_features(path) for path in self._runtimes.glob("*.json")]
        compiled = [features for features in noted if features is not None]
        return crate.chosen(crate.needed(self.units), _read_features(self._last), compiled)

    def _note_features(self, features: list[str]) -> None:
        """For the next builds, of this project and of others. What the wheel brings they have anyway."""
        if self.store:
            return
        text = json.dumps(features)
        cache.write(self._last, text)
        cache.write(self._runtimes / f"{'-'.join(features) or 'none'}.json", text)

    @property
    def _runtimes(self) -> Path:
        """A file for each set of features that the runtime was compiled with; another compiler makes other ones."""
        return self._build / "pyrust-runtimes" / self._circumstances()

    @property
    def _last(self) -> Path:
        return self.folder / f"features-{self._circumstances()}.json"

    def _files(self, features: list[str]) -> dict[str, str]:
        return crate.files(self.units, self.key, self.crates.as_posix(), features, self.incremental)

    def _finished(self, features: list[str]) -> Path:
        return self.folder / "modules" / self._stamp(self._files(features))

    def _compile(self, features: list[str]) -> tuple[list[str], dict[str, str]]:
        """The compiled modules, and the features that it took: if code does not compile, what it names may be left out."""
        self._write(self._files(features))
        try:
            return features, self._run_readable(features)
        except Rejected:
            everything = list(crate.FEATURES)
            if features == everything:
                raise
            self.echo("rustc refuses something: once more with all of the runtime")
            self._write(self._files(everything))
            return everything, self._run_cargo()

    def _run_readable(self, features: list[str]) -> dict[str, str]:
        try:
            return self._run_cargo()
        except (Unavailable, Rejected):
            said = self.log.read_text(encoding="utf-8") if self.log.is_file() else ""
            if self.incremental and _BROKEN.search(said):
                # Where files cannot be locked, say, nothing can be kept at all.
                self.echo("rustc cannot go on from what it has kept: compiling all of the project")
                self._forget()
                self.incremental = False
                self._write(self._files(features))
            elif self.store and _UNREADABLE.search(said):
                self.echo("the compiled crates of the wheel cannot be read: compiling from source")
                # What was taken counts as compiled, and is no use.
                shutil.rmtree(self._build, ignore_errors=True)
                self.store = None
            else:
                raise
        return self._run_cargo()

    @property
    def _build(self) -> Path:
        """What all projects share of one Python."""
        return self.base / "build" / self.target.soabi

    def _kept(self) -> list[Path]:
        """Where rustc keeps what it has compiled: folders with one for each crate and set of flags."""
        return [*self._build.glob("*/incremental"), *self._build.glob("*/*/incremental")]

    def _forget(self) -> None:
        for folder in self._kept():
            for unit in self.units:
                for kept in folder.glob(f"{unit.crate(self.key)}-*"):
                    shutil.rmtree(kept, ignore_errors=True)

    def record(self, store: prebuilding.Store) -> None:
        """Compiles, and keeps in the store what other projects need as well."""
        self.store = store
        self._write(self._files(list(store.features)))
        self._run_cargo({prebuilt.RECORDS: "1"})

    def _gather_licenses(self, features: list[str]) -> None:
        """The notices of all crates that are linked in. Without them the modules work all the same, and there is no such file."""
        from pyrust import PyRustError, _engine

        manifests = {name: text for name, text in self._files(features).items() if name.endswith("Cargo.toml")}
        linked, noted = self._stamp(manifests), self.licenses.with_suffix(".of")
        with contextlib.suppress(OSError):
            if self.licenses.is_file() and noted.read_text(encoding="utf-8") == linked:
                return
        self.licenses.unlink(missing_ok=True)
        target = os.environ.get("CARGO_BUILD_TARGET") or self.cargo.host
        command = [self.cargo.program, "metadata", "--format-version", "1", "--offline", "--filter-platform", target]
        try:
            done = _run(command, folder=self.folder, environment=self._environment())
            text = _engine.notices(done.stdout, self.cargo.sysroot or None)
        except (PyRustError, Unavailable, OSError) as error:
            self.echo(f"no licence notices: {error}")
            return
        cache.write(self.licenses, text)
        cache.write(noted, linked)

    def culprits(self, refusal: Rejected) -> dict[str, str]:
        """The hotspots, or the files written by hand, that rustc's complaints belong to, each with one of them."""
        found: dict[str, str] = {}
        for name, files, text in refusal.errors:
            for unit in self.units:
                if unit.crate(self.key) != name:
                    continue
                by_hand = {path: lines for path, lines in files.items() if path != crate.GENERATED}
                for path, lines in by_hand.items():
                    found.setdefault(path, f"{path}:{min(lines)}: {text}")
                lines = files.get(crate.GENERATED, set())
                if not by_hand:
                    for path in crate.bodies_at(unit.rust, lines):
                        found.setdefault(path, text)
                    for function in crate.functions_at(unit.rust, lines):
                        found.setdefault(function, text)
        return found

    def _final(self, finished: Path, unit: crate.Unit) -> Path:
        return finished / unit.crate(self.key) / f"{unit.module}{self.target.ext_suffix}"

    def _complete(self, finished: Path) -> bool:
        return all(self._final(finished, unit).is_file() for unit in self.units)

    def _stamp(self, files: Mapping[str, str]) -> str:
        """Everything that decides the bytes of the modules. While it is the same, cargo is not even started."""
        return cache.digest([*self._conditions(), *(text for item in sorted(files.items()) for text in item)])[:16]

    def _conditions(self) -> list[str]:
        cargo = (self.cargo.program, self.cargo.version, str(self.cargo.aligns))
        return [*cargo, self.target.pyo3_config(), self.lock_text, *build_variables()]

    def _circumstances(self) -> str:
        """Everything that decides the bytes of the runtime, but its features."""
        return cache.digest([*self._conditions(), self.crates.name])[:16]

    def _write(self, files: Mapping[str, str]) -> None:
        for name, text in files.items():
            cache.write(self.folder / name, text)
        keep = {unit.crate(self.key) for unit in self.units}
        for member in self.folder.glob("pyrust_*"):
            if member.name not in keep:
                shutil.rmtree(member, ignore_errors=True)
        # cargo adds the generated packages to the lock file by itself, and needs no network for that.
        if cache.write(self.folder / "Cargo.lock.shipped", self.lock_text) or not (self.folder / "Cargo.lock").exists():
            cache.write(self.folder / "Cargo.lock", self.lock_text)

    def _remove_other_modules(self, finished: Path) -> None:
        for other in finished.parent.iterdir():
            if other != finished:
                shutil.rmtree(other, ignore_errors=True)

    def _environment(self) -> dict[str, str]:
        config = self.target.pyo3_config()
        config_file = self.base / "pyo3" / f"{cache.digest([config])[:16]}.txt"
        cache.write(config_file, config)
        # Another PyO3 variable of the user's shell would rebuild everything, or bind to another Python.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYO3_")}
        environment |= {
            "CARGO": self.cargo.program,
            "RUSTC": self.cargo.rustc or environment.get("RUSTC", "rustc"),
            "PYO3_CONFIG_FILE": str(config_file),
            "PYO3_BUILD_EXTENSION_MODULE": "1",
            # setuptools-rust would set it to an interpreter in a temporary folder.
            "PYO3_PYTHON": self.target.base_executable,
            "CARGO_BUILD_BUILD_DIR": str(self._build),
            "CARGO_TARGET_DIR": str(self.folder / "target"),
            "CARGO_NET_RETRY": "1",
            "CARGO_TERM_COLOR": "never",
        }
        environment.pop("SETUPTOOLS_RUST_CARGO_PROFILE", None)
        if self.cargo.aligns and self.cargo.host.startswith("x86_64"):
            # Whatever else the user says to rustc, in a variable or a configuration, takes the place of that.
            flags = environment.get("CARGO_BUILD_RUSTFLAGS", "")
            environment["CARGO_BUILD_RUSTFLAGS"] = f"{flags} {ALIGNED}".strip()
        if self.store:
            environment |= self.store.environment(self._build)
        return environment

    def _run_cargo(self, more: Mapping[str, str] = MappingProxyType({})) -> dict[str, str]:
        """First without the network: when everything is there, that is quick, and when it is not, so is the refusal."""
        environment = {**self._environment(), **more}
        built = self._as_before(environment)
        if built is not None:
            return built
        words = ""
        for offline in (["--offline"], []):
            built, words = self._setuptools_rust(offline, environment)
            if built is not None:
                return built
            built, refusal, said = self._plain_cargo(offline, environment)
            if built is not None:
                return built
            words = said or words
            if refusal is not None:
                cache.write(self.log, words)
                raise refusal
            self.echo("not everything is in cargo's cache: using the network")
        cache.write(self.log, words)
        raise Unavailable(f"PYR0501 {what_failed(words)} (log: {self.log})")

    def _setuptools_rust(self, offline: list[str], environment: dict[str, str]) -> tuple[dict[str, str] | None, str]:
        request = {
            "extensions": [
                {"name": unit.package, "path": str(self.folder / unit.crate(self.key) / "Cargo.toml")}
                for unit in self.units
            ],
            "arguments": [],
            "manifest_arguments": offline,
        }
        done = _run(
            [sys.executable, "-P", str(HERE / "_compile.py")],
            json.dumps(request),
            folder=self.folder,
            environment=environment,
        )
        if done.returncode:
            return None, done.stderr
        found = json.loads(done.stdout)
        cache.write(self._calls, json.dumps(found["calls"]))
        return found["built"], done.stderr

    @property
    def _calls(self) -> Path:
        """How setuptools-rust called cargo."""
        return self.folder / f"calls-{self._circumstances()}.json"

    def _as_before(self, environment: dict[str, str]) -> dict[str, str] | None:
        """What setuptools-rust would ask, and what it would do then, it has done before: only cargo is run, which takes half
        the time of a build after an edit. None where that is not known, or does not succeed."""
        try:
            calls = json.loads(self._calls.read_text(encoding="utf-8"))
            known = [(unit.package, calls[unit.package]) for unit in self.units]
        except (OSError, ValueError, KeyError):
            return None
        built = {}
        for package, call in known:
            given = {**environment, **call["environment"]}
            given = {name: value for name, value in given.items() if value is not None}
            done = _run(call["command"], folder=self.folder, environment=given)
            path = _module(_messages(done.stdout))
            if done.returncode or path is None:
                return None
            built[package] = path
        return built

    def _plain_cargo(
        self, offline: list[str], environment: dict[str, str]
    ) -> tuple[dict[str, str] | None, Rejected | None, str]:
        """cargo without setuptools-rust: what it says can be read by a program, and it may be all that there is."""
        # The messages are read: they are to say where.
        environment = {**environment, "PYRUST_PLACES": "1"}
        built: dict[str, str] = {}
        errors: list[tuple[str, dict[str, set[int]], str]] = []
        rendered = []
        for unit in self.units:
            name = unit.crate(self.key)
            manifest = str(self.folder / name / "Cargo.toml")
            command = [self.cargo.program, "rustc", "--lib", "--crate-type", "cdylib", "--release"]
            done = _run(
                [*command, "--message-format=json", "--manifest-path", manifest, *offline, *_link_arguments()],
                folder=self.folder,
                environment=environment,
            )
            messages = _messages(done.stdout)
            path = _module(messages)
            if path is not None:
                built[unit.package] = path
            for message in messages:
                if message["reason"] == "compiler-message" and message["message"]["level"] == "error":
                    text = message["message"]["rendered"] or message["message"]["message"]
                    rendered.append(text)
                    lines = _lines(message["message"]["spans"])
                    if lines and message["target"]["name"] == name:
                        errors.append((name, lines, text.strip().splitlines()[0]))
            if done.returncode:
                rendered.append(done.stderr)
        words = "\n".join(rendered)
        if len(built) == len(self.units):
            return built, None, words
        if errors:
            return None, Rejected(errors), words
        return None, None, words


def _read_features(path: Path) -> list[str] | None:
    with contextlib.suppress(OSError, ValueError):
        found = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(found, list):
            return [name for name in found if isinstance(name, str)]
    return None


def _module(messages: Sequence[Json]) -> str | None:
    """The compiled module that cargo tells of."""
    for message in messages:
        if message["reason"] == "compiler-artifact" and "cdylib" in message["target"]["kind"]:
            return str(message["filenames"][0])
    return None


def _messages(output: str) -> list[Json]:
    found = []
    for line in output.splitlines():
        if line.startswith("{"):
            with contextlib.suppress(ValueError):
                found.append(json.loads(line))
    return found


def _lines(spans: Sequence[Json]) -> dict[str, set[int]]:
    """Lines that a message points at, through the macros that expanded there: of the generated file, and of bodies written by hand."""
    found: dict[str, set[int]] = {}
    for span in spans:
        place: Json | None = span
        while place is not None:
            path = Path(place["file_name"])
            name = f"{crate.BODIES}/{path.name}" if path.parent.name == crate.BODIES else path.name
            if place["is_primary"] and (name == crate.GENERATED or name.startswith(f"{crate.BODIES}/")):
                found.setdefault(name, set()).add(place["line_start"])
            expansion = place.get("expansion")
            place = {**expansion["span"], "is_primary": True} if expansion else None
    return found


def _link_arguments() -> list[str]:
    if sys.platform != "darwin":
        return []
    return ["--", "-Clink-arg=-undefined", "-Clink-arg=dynamic_lookup"]


def _shipped_crates(base: Path) -> tuple[Path, str]:
    """The sources of runtime and macros, copied to the cache; and our lock file."""
    files = dict(_sources())
    if len(files) < 2 * len(crate.SHIPPED):
        raise Unavailable("the sources of the runtime are missing from this installation", "internal")
    workspace, lock = files.pop("Cargo.toml").decode(), files.pop("Cargo.lock").decode()
    files["Cargo.toml"] = crate.dependency_workspace(workspace).encode()
    return cache.put_tree(list(files.items()), base / "crates"), lock


def _sources() -> list[tuple[str, bytes]]:
    """In a checkout the files as they are now; in a wheel the engine brings them."""
    checkout = HERE / "_crates"
    if checkout.is_dir():
        return [(name, path.read_bytes()) for name, path in cache.tree(checkout)]
    from pyrust import _engine

    return _engine.sources()


def _is_unpacked(root: Path) -> bool:
    """Is it an sdist?"""
    return (root / "PKG-INFO").exists()


def _project_key(root: Path, units: Sequence[crate.Unit]) -> str:
    """A project is known by its path. An unpacked sdist lies somewhere else each time, and is known by its content."""
    if _is_unpacked(root):
        return cache.digest([unit.rust for unit in units])[:12]
    return cache.digest([str(root)])[:12]


def project_folder(root: Path, key: str | None = None) -> str:
    key = key or cache.digest([str(root)])[:12]
    name = "".join(char if char.isalnum() or char in "-_." else "_" for char in root.name)
    return f"{name[:40]}-{key}"


# Other programs -----------------------------------------------------------------------------------------------------


def _run(
    command: Sequence[str], text: str = "", *, folder: Path, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command,
            input=text,
            cwd=folder,
            env=environment,
            capture_output=True,
            check=False,
            encoding="utf-8",
            errors="replace",
        )
    except OSError as error:
        raise Unavailable(f"PYR0501 `{command[0]}` cannot be run: {error.strerror or error}") from None


def output(command: Sequence[str], text: str = "", folder: Path | None = None) -> str:
    done = subprocess.run(
        command, input=text, cwd=folder, capture_output=True, check=True, encoding="utf-8", errors="replace"
    )
    return done.stdout


def words(error: Exception) -> str:
    said = (getattr(error, "stderr", "") or "").strip().splitlines()
    if said:
        return str(said[-1])
    if isinstance(error, subprocess.CalledProcessError):
        return f"exit code {error.returncode}"
    return str(error.strerror) if isinstance(error, OSError) and error.strerror else str(error)
