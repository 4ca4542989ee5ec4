"""From a project with a manifest to compiled modules. The only file that starts other programs.

`build_project` asks the engine for the generated text, writes it as a cargo workspace into the user's cache, lets
setuptools-rust compile it, and puts the modules where they belong. A hotspot whose generated Rust does not compile costs
nobody else anything: it is dropped, and the rest compiled again.

Two kinds of failure are kept apart. `BuildError`: the project is wrong, or asked to fail; the caller shows the message
and stops. Everything else (no toolchain, no network, our own bugs) becomes an outcome: the project stays pure Python.
"""

from __future__ import annotations

import contextlib
import dataclasses
import filecmp
import json
import os
import shutil
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pyrust import PyRustError, cache, crate, interpreter
from pyrust.interpreter import Interpreter

_HERE = Path(__file__).resolve().parent

#: Rust before this has no build folder of its own (`CARGO_BUILD_BUILD_DIR`), or not all that the runtime uses.
MINIMUM_RUST = (1, 91)

_REPORT = "please report this, with the log"

Json = dict[str, Any]
Echo = Callable[[str], None]


class BuildError(PyRustError):
    """The build must stop: the project is wrong, or wants to fail rather than be slow."""


class _Unavailable(Exception):
    """Nothing can be compiled here; the project stays pure Python. `cause` is `toolchain`, `python` or `internal`."""

    def __init__(self, message: str, cause: str = "toolchain") -> None:
        super().__init__(message)
        self.cause = cause


@dataclasses.dataclass
class _Rejected(Exception):
    """rustc refuses what we generated: for each error the crate, the lines concerned, and the first line of its text."""

    errors: list[tuple[str, set[int], str]]


def build_project(
    root: str | os.PathLike[str],
    python: str | None = None,
    in_place: bool = True,
    *,
    manifest: str | None = None,
    echo: Echo | None = None,
) -> Json:
    """Builds the project in `root` for the interpreter `python` (default: the running one).

    With `in_place` the modules are put beside the sources. The result is one JSON-able object:

    - `outcome`: `native` (at least one function), `pure` (none; `cause` says why) or `none` (no manifest)
    - `message`: one line for a person; `exit_code`: what `pyrust build` ends with
    - `hotspots`: an entry for each function of the manifest, with the fields of `status()` and more
    - `modules`: package → `{"module", "file", "path", "generated", "placed"}`; there are modules without a native
      function too: they say why, and are there for `PYRUST=require`
    - `up_to_date`: nothing was done, since nothing has changed since the last build in place
    - `log`: what cargo said, when something went wrong
    """
    return _Build(Path(root).resolve(), python, in_place, manifest, echo or (lambda _: None)).run()


@dataclasses.dataclass
class _Build:
    root: Path
    python: str | None
    in_place: bool
    manifest: str | None
    echo: Echo
    _target: Interpreter | None = None
    _cargo: _Cargo | None = None

    def run(self) -> Json:
        started = time.monotonic()
        stamp: str | None = None
        target: Interpreter | None = None
        generated: Json = {"packages": []}
        hotspots: list[Json] = []
        project: Json = {"fallback": "warn", "packages": [], "modules": {}}
        try:
            project = _engine_says("load_project", str(self.root))
            manifest = self.root / (self.manifest or project["manifest"])
            if manifest.is_file():
                stamp = self._stamp(project, manifest)
                if stamp is not None and (last := self._unchanged(stamp)) is not None:
                    return {**last, "up_to_date": True, "seconds": round(time.monotonic() - started, 3)}
                generated = self._generate()
                hotspots = _entries(generated, {})
                target = self._interpreter()
                hotspots, modules = self._compile(target, generated)
                result = _outcome(hotspots, modules)
                result["stamp"] = stamp if len(modules) == len(generated["packages"]) else None
            else:
                with contextlib.suppress(_Unavailable):
                    target = self._interpreter()
                message = f"no {manifest.name} yet: pure Python (`pytest --pyrust-profile` writes it)"
                result = _result("none", message, [])
        except BuildError:
            raise
        except _Unavailable as reason:
            result = _result("pure", str(reason), _all_python(hotspots, str(reason)), cause=reason.cause)
        except Exception as error:
            # Whatever is wrong with us, or with this machine, must not make an install fail.
            message = f"internal error: {type(error).__name__}: {error}; {_REPORT}"
            result = _result("pure", message, _all_python(hotspots, message), cause="internal")
            result["traceback"] = traceback.format_exc()
        result["packages"] = _packages(project, generated)
        if target is not None:
            result["python"] = {
                "version": target.full_version,
                "soabi": target.soabi,
                "ext_suffix": target.ext_suffix,
            }
        _judge(result, project["fallback"])
        failure = result.get("failure")
        if target is not None and self.in_place and not failure:
            self._place(target, result)
        result["seconds"] = round(time.monotonic() - started, 3)
        self._record(result)
        if failure:
            raise BuildError(failure, result["exit_code"])
        return result

    def _stamp(self, project: Json, manifest: Path) -> str | None:
        """Everything that a build in place depends on, the tools included; None where that cannot be said."""
        if not self.in_place:
            return None
        try:
            target, cargo = self._interpreter(), self._toolchain()
            parts: list[str | bytes] = [json.dumps(project, sort_keys=True), target.executable, target.pyo3_config()]
            parts += [cargo.program, cargo.version, *_build_variables(), str(cache.locate(self.root))]
            for name, path in cache.tree(_HERE):
                facts = path.stat()
                parts.append(f"{name} {facts.st_size} {facts.st_mtime_ns}")
            parts.append(manifest.read_bytes())
            for file in project["modules"].values():
                path = self.root / file
                parts += [file, path.read_bytes() if path.is_file() else "missing"]
        except (PyRustError, _Unavailable, OSError):
            # The build itself says what is wrong.
            return None
        return cache.digest(parts)[:32]

    def _unchanged(self, stamp: str) -> Json | None:
        """The last result, if the same build would only repeat it; its modules are in their places afterwards."""
        last = last_result(self.root)
        if last is None or last.get("stamp") != stamp or last["exit_code"] != 0 or "failure" in last:
            return None
        if not all(Path(module["path"]).is_file() for module in last["modules"].values()):
            return None
        self._place(self._interpreter(), last)
        return last

    def _toolchain(self) -> _Cargo:
        if self._cargo is None:
            self._cargo = _toolchain()
        return self._cargo

    def _interpreter(self) -> Interpreter:
        if self._target is None:
            self._target = self._describe()
        return self._target

    def _describe(self) -> Interpreter:
        if self.python is None or self.python == sys.executable:
            target = interpreter.describe()
        else:
            try:
                described = _output([self.python, "-I", str(_HERE / "interpreter.py")])
                target = Interpreter(**json.loads(described))
            except (OSError, ValueError, TypeError, subprocess.CalledProcessError) as error:
                raise BuildError(f"`{self.python}` is not a Python that runs: {error}") from None
        if why := target.unsupported:
            raise _Unavailable(why, "python")
        if not Path(target.include, "Python.h").is_file():
            # The runtime proves its layouts against them.
            raise _Unavailable(f"PYR0501 the C headers of Python are not in {target.include} (Debian: `python3-dev`)")
        return target

    def _compile(self, target: Interpreter, generated: Json) -> tuple[list[Json], dict[str, Json]]:
        """Compiles, dropping what rustc refuses. Returns the entries and the modules."""
        try:
            cargo = self._toolchain()
        except _Unavailable:
            # That the hotspots are refused says more than that nothing could have compiled them.
            if _any_native(generated):
                raise
            return _entries(generated, {}), {}
        dropped: dict[str, str] = {}
        while True:
            units = [unit for package in generated["packages"] if (unit := self._unit(target, package))]
            if not units:
                return _entries(generated, dropped), {}
            workspace = _Workspace(self.root, target, units, cargo, self.echo)
            try:
                modules = workspace.build()
                return _entries(generated, dropped), modules
            except _Unavailable:
                if _any_native(generated):
                    raise
                return _entries(generated, dropped), {}
            except _Rejected as refusal:
                culprits = workspace.culprits(refusal)
                report = f"{_REPORT} {workspace.log}"
                if not culprits.keys() - dropped.keys():
                    error = refusal.errors[0][2]
                    raise _Unavailable(
                        f"PYR0503 the generated Rust does not compile ({error}); {report}", "internal"
                    ) from None
                for name, error in culprits.items():
                    dropped.setdefault(name, f"PYR0503 the generated Rust does not compile ({error}); {report}")
                self.echo(f"dropping {', '.join(sorted(culprits))}: the generated Rust does not compile")
                generated = self._generate(dropped)

    def _unit(self, target: Interpreter, package: Json) -> crate.Unit | None:
        if not package["rust"]:
            return None
        # Without native functions there is nothing to compare with.
        native = any(function["native"] for function in package["functions"])
        digests = _digests(target, self.root, package) if native else ""
        return crate.Unit(package["package"], package["module"], package["rust"], digests)

    def _generate(self, dropped: Mapping[str, str] | None = None) -> Json:
        generated: Json = json.loads(_engine_says("generate", str(self.root), self.manifest, sorted(dropped or ())))
        return generated

    def _place(self, target: Interpreter, result: Json) -> None:
        """Puts the modules beside the sources; an older one of this interpreter must not survive a fallback."""
        for package in result["packages"]:
            folder = self.root / package["directory"]
            final = folder / f"{package['module']}{target.ext_suffix}"
            module = result["modules"].get(package["package"])
            try:
                if module is None:
                    final.unlink(missing_ok=True)
                    continue
                if not (final.is_file() and filecmp.cmp(module["path"], final, shallow=False)):
                    cache.copy(Path(module["path"]), final)
                module["placed"] = str(final)
            except OSError as error:
                message = f"PYR0502 cannot write `{final}`: {error.strerror or error}"
                raise BuildError(message) from None

    def _record(self, result: Json) -> None:
        """Leaves the outcome where `pyrust report` finds it: pip and uv hide the output of a build that succeeds."""
        text = json.dumps(result, indent=1, ensure_ascii=False) + "\n"
        with contextlib.suppress(OSError):
            folder = self.root / ".pyrust"
            try:
                if not folder.is_dir():
                    folder.mkdir()
                    # The folder ignores itself, also in projects that `pyrust init` has not seen.
                    cache.write(folder / ".gitignore", "*\n")
                cache.write(folder / "build.json", text)
            except OSError:
                cache.write(report_path(self.root), text)


def report_path(root: Path) -> Path:
    """Where the outcome of the last build is left when the project's own folder cannot be written to."""
    return cache.locate(root) / "projects" / _project_folder(root) / "build.json"


def last_result(root: Path) -> Json | None:
    """The outcome of the project's last build, if there was one."""
    for path in (root / ".pyrust" / "build.json", report_path(root)):
        with contextlib.suppress(OSError, ValueError):
            result: Json = json.loads(path.read_text(encoding="utf-8"))
            return result
    return None


def build_for_hook(root: str | os.PathLike[str]) -> Json:
    """What both build hooks do: build for the running Python, say how it went, let the hook place the modules.

    A `BuildError` ends the program with its message and without a traceback.
    """
    try:
        result = build_project(root, in_place=False)
    except BuildError as error:
        raise SystemExit(f"pyrust: {error}") from None
    if result["outcome"] == "native" or result.get("fallback") != "silent":
        for line in summary(result):
            print(f"pyrust: {line}", file=sys.stderr, flush=True)
    return result


def summary(result: Json) -> list[str]:
    """The outcome in lines for a person: the sum, and each function that stays Python with the reason."""
    lines = [result["message"]]
    if result["outcome"] == "pure" and result.get("cause") != "hotspots":
        return [f"{result['message']}; continuing as pure Python"]
    for entry in result["hotspots"]:
        if entry["state"] == "python":
            lines.append(f"  {entry['function']} stays Python: {entry['reason']}")
        for refused in entry.get("refused", ()):
            lines.append(f"  {entry['function']} with {refused['signature']} stays Python: {refused['reason']}")
    return lines


def put_module(module: Json, target: str | os.PathLike[str]) -> None:
    """Copies a compiled module to its place, in one step."""
    cache.copy(Path(module["path"]), Path(target))


def _result(outcome: str, message: str, hotspots: list[Json], **more: Any) -> Json:
    return {
        "version": 1,
        "outcome": outcome,
        "message": message,
        "exit_code": 0,
        "hotspots": hotspots,
        "packages": [],
        "modules": {},
        **more,
    }


def _judge(result: Json, fallback: str) -> None:
    """Applies the table of the interface: what fails the install, and how the command line ends."""
    result["fallback"] = fallback
    if result["outcome"] == "none":
        return
    required = [entry for entry in result["hotspots"] if entry["mode"] == "require" and entry["state"] != "native"]
    cause = result.get("cause")
    broken = cause not in (None, "hotspots")
    # A source that does not parse is broken input; the install goes on without its functions.
    unreadable = any(
        finding["severity"] == "error" for entry in result["hotspots"] for finding in entry.get("diagnostics", ())
    )
    if broken or unreadable:
        result["exit_code"] = 2
    if required:
        names = "\n".join(f"  {entry['function']}: {entry['reason']}" for entry in required)
        result["failure"] = f'not native, but `mode = "require"`:\n{names}'
        result["exit_code"] = 2 if broken or unreadable else 1
    elif fallback == "error":
        refused = [entry for entry in result["hotspots"] if entry["state"] == "python"]
        if broken:
            result["failure"] = f'{result["message"]} (`fallback = "error"`)'
        elif refused:
            names = "\n".join(f"  {entry['function']}: {entry['reason']}" for entry in refused)
            result["failure"] = f'not native, but `fallback = "error"`:\n{names}'
            result["exit_code"] = 1


# The engine ---------------------------------------------------------------------------------------------------------


def _engine_says(function: str, *arguments: Any) -> Any:
    """Calls the engine; broken input is a `BuildError` with the message of `pyrust check`."""
    from pyrust import _engine

    try:
        return getattr(_engine, function)(*arguments)
    except PyRustError as error:
        raise BuildError(str(error), error.exit_code) from None


def _packages(project: Json, generated: Json) -> list[Json]:
    """Where modules belong; also of packages without hotspots, where an older module may lie."""
    found = [{name: package[name] for name in ("package", "module", "directory")} for package in generated["packages"]]
    known = {entry["package"] for entry in found}
    for package in project["packages"]:
        folder, _, file = project["modules"].get(package, "").rpartition("/")
        if package not in known and file == "__init__.py":
            found.append({"package": package, "module": "_pyrust", "directory": folder})
    return found


def _any_native(generated: Json) -> bool:
    return any(function["native"] for package in generated["packages"] for function in package["functions"])


def _entries(generated: Json, dropped: Mapping[str, str]) -> list[Json]:
    """One entry for each function of the manifest, sorted by name."""
    entries = []
    for package in generated["packages"]:
        for function in package["functions"]:
            name = function["function"]
            reason = dropped.get(name) or function.get("reason")
            state = "native" if function["native"] else function.get("state", "python")
            entries.append(
                {
                    "function": name,
                    "state": state,
                    "reason": None if state == "native" else reason,
                    "native_calls": 0,
                    "bailouts": {},
                    "package": package["package"],
                    "mode": function.get("mode", "native"),
                    "signatures": function.get("signatures", []),
                    "source": function.get("source"),
                    "refused": function.get("refused", []),
                    "diagnostics": function.get("diagnostics", []),
                }
            )
    return sorted(entries, key=lambda entry: str(entry["function"]))


def _outcome(hotspots: list[Json], modules: dict[str, Json]) -> Json:
    native = sum(entry["state"] == "native" for entry in hotspots)
    total = len(hotspots)
    message = f"{native} of {total} hotspot{'' if total == 1 else 's'} native"
    if native:
        return _result("native", message, hotspots, modules=modules)
    return _result("pure", message, hotspots, modules=modules, cause="hotspots")


def _all_python(hotspots: list[Json], reason: str) -> list[Json]:
    return [
        {**entry, "state": "python", "reason": reason, "refused": []} if entry["state"] == "native" else entry
        for entry in hotspots
    ]


def _digests(target: Interpreter, root: Path, package: Json) -> str:
    """The side file: digests of the code objects, by the interpreter that will compare them."""
    command = [target.executable, "-I", "-c", _engine_says("digest_program")]
    try:
        return _output(command, json.dumps(package["digests"]), folder=root)
    except subprocess.CalledProcessError as error:
        raise _Unavailable(f"digests cannot be computed: {_words(error)}; {_REPORT}", "internal") from None


# cargo --------------------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class _Cargo:
    program: str
    #: What `rustc -vV` says: other compilers make other modules.
    version: str


def _toolchain() -> _Cargo:
    wanted = os.environ.get("CARGO", "cargo")
    program = shutil.which(wanted)
    if program is None:
        raise _Unavailable(f"PYR0501 `{wanted}` was not found; install Rust (https://rustup.rs) to get native code")
    rustc = shutil.which(os.environ.get("RUSTC", "rustc"))
    if rustc is None:
        raise _Unavailable("PYR0501 `rustc` was not found beside cargo; install Rust (https://rustup.rs)")
    try:
        version = _output([rustc, "-vV"])
    except (OSError, subprocess.CalledProcessError) as error:
        raise _Unavailable(f"PYR0501 `rustc` does not run: {_words(error)}") from None
    release = next((line.split(": ")[1] for line in version.splitlines() if line.startswith("release: ")), "0")
    number = tuple(int(part) for part in release.split("-")[0].split(".")[:2])
    if number < MINIMUM_RUST:
        minimum = ".".join(map(str, MINIMUM_RUST))
        raise _Unavailable(f"PYR0501 Rust {release} is too old, at least {minimum} is needed (`rustup update`)")
    return _Cargo(program, version)


#: Variables that change what cargo makes; they are part of the key of a finished module.
_BUILD_VARIABLES = (
    "RUSTFLAGS",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_BUILD_TARGET",
    "ARCHFLAGS",
    "CC",
    "CFLAGS",
    "LDFLAGS",
    "PYRUST_WITHOUT",
)


def _build_variables() -> list[str]:
    return [f"{name}={os.environ.get(name)}" for name in _BUILD_VARIABLES]


class _Workspace:
    """The generated workspace of one project for one interpreter."""

    def __init__(self, root: Path, target: Interpreter, units: Sequence[crate.Unit], cargo: _Cargo, echo: Echo) -> None:
        self.root = root
        self.target = target
        self.units = list(units)
        self.cargo = cargo
        self.echo = echo
        self.base = cache.locate(root)
        self.crates, self.lock_text = _shipped_crates(self.base)
        self.key = _project_key(root, units)
        self.project = self.base / "projects" / _project_folder(root, self.key)
        self.folder = self.project / target.soabi
        self.log = self.folder / "cargo.log"

    def build(self) -> dict[str, Json]:
        """package → where its compiled module lies."""
        (self.base / "projects").mkdir(parents=True, exist_ok=True)
        with cache.lock(self.project / f"{self.target.soabi}.lock"):
            files = crate.files(self.units, self.key, self.crates.as_posix())
            stamp = self._stamp(files)
            finished = self.folder / "modules" / stamp
            if not self._complete(finished):
                started = time.monotonic()
                self.echo(f"compiling {len(self.units)} module(s) with cargo")
                self._write(files)
                built = self._run_cargo()
                for unit in self.units:
                    cache.copy(Path(built[unit.package]), self._final(finished, unit))
                self._remove_other_modules(finished)
                self.echo(f"compiled in {time.monotonic() - started:.1f} s")
            cache.sweep(self.base / "projects", self.project)
        return {
            unit.package: {
                "module": unit.module,
                "file": f"{unit.module}{self.target.ext_suffix}",
                "path": str(self._final(finished, unit)),
                "generated": str(self.folder / unit.crate(self.key) / "src" / crate.GENERATED),
            }
            for unit in self.units
        }

    def culprits(self, refusal: _Rejected) -> dict[str, str]:
        """The hotspots that rustc's complaints belong to, each with one of them."""
        found: dict[str, str] = {}
        for name, lines, text in refusal.errors:
            for unit in self.units:
                if unit.crate(self.key) == name:
                    for function in crate.functions_at(unit.rust, lines):
                        found.setdefault(function, text)
        return found

    def _final(self, finished: Path, unit: crate.Unit) -> Path:
        return finished / unit.crate(self.key) / f"{unit.module}{self.target.ext_suffix}"

    def _complete(self, finished: Path) -> bool:
        return all(self._final(finished, unit).is_file() for unit in self.units)

    def _stamp(self, files: Mapping[str, str]) -> str:
        """Everything that decides the bytes of the modules. While it is the same, cargo is not even started."""
        parts = [self.cargo.program, self.cargo.version, self.target.pyo3_config(), self.lock_text, *_build_variables()]
        return cache.digest([*parts, *(text for item in sorted(files.items()) for text in item)])[:16]

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
            "PYO3_CONFIG_FILE": str(config_file),
            "PYO3_BUILD_EXTENSION_MODULE": "1",
            # setuptools-rust would set it to an interpreter in a temporary folder.
            "PYO3_PYTHON": self.target.base_executable,
            "CARGO_BUILD_BUILD_DIR": str(self.base / "build" / self.target.soabi),
            "CARGO_TARGET_DIR": str(self.folder / "target"),
            "CARGO_NET_RETRY": "1",
            "CARGO_TERM_COLOR": "never",
        }
        environment.pop("SETUPTOOLS_RUST_CARGO_PROFILE", None)
        return environment

    def _run_cargo(self) -> dict[str, str]:
        """First without the network: when everything is there, that is quick, and when it is not, so is the refusal."""
        environment = self._environment()
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
        first = next((line for line in words.splitlines() if line.startswith("error")), "cargo failed")
        raise _Unavailable(f"PYR0501 {first.strip()} (log: {self.log})")

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
            [sys.executable, "-P", str(_HERE / "_compile.py")],
            json.dumps(request),
            folder=self.folder,
            environment=environment,
        )
        if done.returncode:
            return None, done.stderr
        return json.loads(done.stdout), done.stderr

    def _plain_cargo(
        self, offline: list[str], environment: dict[str, str]
    ) -> tuple[dict[str, str] | None, _Rejected | None, str]:
        """cargo without setuptools-rust: what it says can be read by a program, and it may be all that there is."""
        built: dict[str, str] = {}
        errors: list[tuple[str, set[int], str]] = []
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
            for message in _messages(done.stdout):
                if message["reason"] == "compiler-artifact" and "cdylib" in message["target"]["kind"]:
                    built[unit.package] = message["filenames"][0]
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
            return None, _Rejected(errors), words
        return None, None, words


def _messages(output: str) -> list[Json]:
    found = []
    for line in output.splitlines():
        if line.startswith("{"):
            with contextlib.suppress(ValueError):
                found.append(json.loads(line))
    return found


def _lines(spans: Sequence[Json]) -> set[int]:
    """Lines of the generated file that a message points at, through the macros that expanded there."""
    found: set[int] = set()
    for span in spans:
        place: Json | None = span
        while place is not None:
            if place["is_primary"] and place["file_name"].endswith(crate.GENERATED):
                found.add(place["line_start"])
            expansion = place.get("expansion")
            place = {**expansion["span"], "is_primary": True} if expansion else None
    return found


def _link_arguments() -> list[str]:
    if sys.platform != "darwin":
        return []
    return ["--", "-Clink-arg=-undefined", "-Clink-arg=dynamic_lookup"]


def _shipped_crates(base: Path) -> tuple[Path, str]:
    """The sources of runtime and macros, copied to the cache; and our lock file."""
    shipped = _HERE / "_crates"
    files = []
    for name in ("pyrust-macros", "pyrust-runtime"):
        files += [(f"{name}/{inner}", path.read_bytes()) for inner, path in cache.tree(shipped / name)]
    if len(files) < 4:
        raise _Unavailable(f"the sources of the runtime are missing from {shipped}", "internal")
    workspace = crate.dependency_workspace((shipped / "Cargo.toml").read_text(encoding="utf-8"))
    files.append(("Cargo.toml", workspace.encode()))
    return cache.put_tree(files, base / "crates"), (shipped / "Cargo.lock").read_text(encoding="utf-8")


def _project_key(root: Path, units: Sequence[crate.Unit]) -> str:
    """A project is known by its path. An unpacked sdist lies somewhere else each time, and is known by its content."""
    if (root / "PKG-INFO").exists():
        return cache.digest([unit.rust for unit in units])[:12]
    return cache.digest([str(root)])[:12]


def _project_folder(root: Path, key: str | None = None) -> str:
    key = key or cache.digest([str(root)])[:12]
    name = "".join(char if char.isalnum() or char in "-_." else "_" for char in root.name)
    return f"{name[:40]}-{key}"


# Other programs -----------------------------------------------------------------------------------------------------


def _run(
    command: Sequence[str], text: str = "", *, folder: Path, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
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


def _output(command: Sequence[str], text: str = "", folder: Path | None = None) -> str:
    done = subprocess.run(
        command, input=text, cwd=folder, capture_output=True, check=True, encoding="utf-8", errors="replace"
    )
    return done.stdout


def _words(error: Exception) -> str:
    said = (getattr(error, "stderr", "") or "").strip().splitlines()
    return said[-1] if said else str(error)
