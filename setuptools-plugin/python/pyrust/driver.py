"""From a project with a manifest to compiled modules. Only this file and `workspace.py` start compilers to keep what they make.

`build_project` asks the engine for the generated text, has the workspace compile it, and puts the modules where they
belong. A hotspot whose generated Rust does not compile costs nobody else anything: it is dropped, and the rest compiled
again.

Two kinds of failure are kept apart. `BuildError`: the project is wrong, or asked to fail; the caller shows the message
and stops. Everything else (no toolchain, no network, our own bugs) becomes an outcome: the project stays pure Python.
"""

from __future__ import annotations

import contextlib
import dataclasses
import filecmp
import json
import os
import subprocess
import sys
import time
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pyrust import PyRustError, cache, crate, interpreter
from pyrust.interpreter import Interpreter
from pyrust.workspace import (
    HERE,
    LICENSES,
    REPORT,
    Cargo,
    Echo,
    Json,
    Rejected,
    Unavailable,
    Workspace,
    build_variables,
    find_toolchain,
    output,
    project_folder,
    words,
)


class BuildError(PyRustError):
    """The build must stop: the project is wrong, or wants to fail rather than be slow."""


def build_project(
    root: str | os.PathLike[str],
    python: str | None = None,
    in_place: bool = True,
    *,
    manifest: str | None = None,
    echo: Echo | None = None,
    ungated: bool = False,
    record: bool = True,
) -> Json:
    """Builds the project in `root` for the interpreter `python` (default: the running one).

    With `in_place` the modules are put beside the sources; with `record` the outcome is noted for `pyrust report`. With
    `ungated`, what was found to be slower is compiled too. The result is one JSON-able object:

    - `outcome`: `native` (at least one function), `pure` (none; `cause` says why) or `none` (no manifest)
    - `message`: one line for a person; `exit_code`: what `pyrust build` ends with
    - `hotspots`: an entry for each function of the manifest, with the fields of `status()` and more
    - `modules`: package → `{"module", "file", "path", "generated", "placed"}`; there are modules without a native
      function too: they say why, and are there for `PYRUST=require`
    - `up_to_date`: nothing was done, since nothing has changed since the last build in place
    - `licenses`: a file with the notices of what is linked in, to be handed on with the modules; None where it cannot be made
    - `log`: what cargo said, when something went wrong
    """
    assert not (ungated and in_place), "what is slower is compiled to be measured, not to be used"
    return _Build(Path(root).resolve(), python, in_place, manifest, echo or (lambda _: None), ungated, record).run()


@dataclasses.dataclass
class _Build:
    root: Path
    python: str | None
    in_place: bool
    manifest: str | None
    echo: Echo
    ungated: bool = False
    record: bool = True
    licenses: str | None = None
    _target: Interpreter | None = None
    _cargo: Cargo | None = None

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
                result["licenses"] = self.licenses
                result["stamp"] = stamp if len(modules) == len(generated["packages"]) else None
            else:
                with contextlib.suppress(Unavailable):
                    target = self._interpreter()
                message = f"no {manifest.name} yet: pure Python (`pytest --pyrust-profile` writes it)"
                result = _result("none", message, [])
        except BuildError:
            raise
        except Unavailable as reason:
            result = _result("pure", str(reason), _all_python(hotspots, str(reason)), cause=reason.cause)
        except Exception as error:
            # Whatever is wrong with us, or with this machine, must not make an install fail.
            message = f"internal error: {type(error).__name__}: {error}; {REPORT}"
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
        if self.record:
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
            parts += [cargo.program, cargo.version, *build_variables(), str(cache.locate(self.root))]
            for name, path in cache.tree(HERE):
                facts = path.stat()
                parts.append(f"{name} {facts.st_size} {facts.st_mtime_ns}")
            parts.append(manifest.read_bytes())
            for path in _bodies(manifest):
                parts += [path.name, path.read_bytes()]
            for file in project["modules"].values():
                path = self.root / file
                parts += [file, path.read_bytes() if path.is_file() else "missing"]
        except (PyRustError, Unavailable, OSError):
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

    def _toolchain(self) -> Cargo:
        if self._cargo is None:
            self._cargo = find_toolchain()
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
                described = output([self.python, "-I", str(HERE / "interpreter.py")])
                target = Interpreter(**json.loads(described))
            except (ValueError, TypeError):
                raise BuildError(f"`{self.python}` is not a Python: it does not say which one it is") from None
            except (OSError, subprocess.CalledProcessError) as error:
                # Shims and old versions begin with what is wrong, and go on with help.
                said = (getattr(error, "stderr", None) or "").strip().partition("\n")[0] or words(error)
                raise BuildError(f"`{self.python}` is not a Python that runs: {said}") from None
        if why := target.unsupported:
            raise Unavailable(why, "python")
        if not Path(target.include, "Python.h").is_file():
            # The runtime proves its layouts against them.
            raise Unavailable(f"PYR0501 the C headers of Python are not in {target.include} (Debian: `python3-dev`)")
        return target

    def _compile(self, target: Interpreter, generated: Json) -> tuple[list[Json], dict[str, Json]]:
        """Compiles, dropping what rustc refuses. Returns the entries and the modules."""
        try:
            cargo = self._toolchain()
        except Unavailable:
            # That the hotspots are refused says more than that nothing could have compiled them.
            if _any_native(generated):
                raise
            return _entries(generated, {}), {}
        dropped: dict[str, str] = {}
        self.licenses = None
        while True:
            units = [unit for package in generated["packages"] if (unit := self._unit(target, package))]
            if not units:
                return _entries(generated, dropped), {}
            workspace = Workspace(self.root, target, units, cargo, self.echo)
            try:
                modules = workspace.build()
                self.licenses = str(workspace.licenses) if workspace.licenses.is_file() else None
                return _entries(generated, dropped), modules
            except Unavailable:
                if _any_native(generated):
                    raise
                return _entries(generated, dropped), {}
            except Rejected as refusal:
                culprits = workspace.culprits(refusal)
                report = f"{REPORT} {workspace.log}"
                if by_hand := {name: error for name, error in culprits.items() if "/" in name and name not in dropped}:
                    # What is generated may be blameless.
                    dropped |= by_hand
                    self.echo(f"leaving out {', '.join(sorted(by_hand))}: rustc refuses it")
                    generated = self._generate(dropped)
                    continue
                if not culprits.keys() - dropped.keys():
                    error = refusal.errors[0][2]
                    raise Unavailable(
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
        bodies = tuple((body["path"], body["text"]) for body in package["bodies"])
        return crate.Unit(package["package"], package["module"], package["rust"], digests, bodies)

    def _generate(self, dropped: Mapping[str, str] | None = None) -> Json:
        generated: Json = json.loads(
            _engine_says("generate", str(self.root), self.manifest, sorted(dropped or ()), self.ungated)
        )
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
                if result.get("licenses"):
                    # For those who put the modules into a wheel themselves.
                    cache.copy(Path(result["licenses"]), folder / LICENSES)
            except OSError:
                cache.write(report_path(self.root), text)


def report_path(root: Path) -> Path:
    """Where the outcome of the last build is left when the project's own folder cannot be written to."""
    return cache.locate(root) / "projects" / project_folder(root) / "build.json"


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
        if entry["state"] in ("python", "disabled"):
            lines.append(f"  {entry['function']} stays Python: {entry['reason']}")
        elif lines_of := entry.get("regions"):
            noun = "the loop at line" if len(lines_of) == 1 else "the loops at lines"
            shown = ", ".join(map(str, lines_of))
            first = next(iter(entry["diagnostics"]), None)
            why = f": {first['code']} {first['message']}" if first else ""
            lines.append(f"  {entry['function']} is native in {noun} {shown} only{why}")
        for body in entry.get("bodies", ()):
            if body["reason"]:
                lines.append(f"  {body['place']} is left out: {body['reason']}")
            elif entry["state"] == "native":
                lines.append(f"  {entry['function']} is written by hand: {body['place']}")
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
                    "regions": function.get("regions", []),
                    "left": function.get("left", []),
                    "bodies": [_body(body, dropped) for body in function.get("bodies", [])],
                    "diagnostics": [_finding(finding, dropped) for finding in function.get("diagnostics", [])],
                }
            )
    return sorted(entries, key=lambda entry: str(entry["function"]))


def _body(body: Json, dropped: Mapping[str, str]) -> Json:
    """What is known of a body written by hand; what rustc says of it, if it was left out for that."""
    if body["reason"] and body["path"] in dropped:
        return {**body, "reason": f"{body['reason']}: {dropped[body['path']]}"}
    return dict(body)


def _finding(finding: Json, dropped: Mapping[str, str]) -> Json:
    """That a body does not compile is said with what rustc says, and where."""
    if finding["code"] != "PYR0507" or finding["path"] not in dropped:
        return finding
    message = f"{finding['message']}: {dropped[finding['path']]}"
    return {**finding, "message": message, "rendered": finding["rendered"].replace(finding["message"], message, 1)}


def _bodies(manifest: Path) -> list[Path]:
    """The files of bodies written by hand."""
    return sorted(manifest.parent.joinpath(crate.BODIES).glob("*.rs"))


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
        return output(command, json.dumps(package["digests"]), folder=root)
    except subprocess.CalledProcessError as error:
        raise Unavailable(f"digests cannot be computed: {words(error)}; {REPORT}", "internal") from None


def toolchain() -> Cargo:
    """cargo and what its compiler says; `PyRustError` where there is none that will do."""
    try:
        return find_toolchain()
    except Unavailable as reason:
        raise PyRustError(str(reason)) from None
