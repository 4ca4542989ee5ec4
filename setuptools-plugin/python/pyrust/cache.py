"""The build cache: where it is, and writes that are never half done.

    <cache>/crates/<content hash>/     sources of the runtime and the macros, as they were in the wheel
    <cache>/pyo3/<content hash>.txt    one file per kind of interpreter
    <cache>/build/<SOABI>/             compiled dependencies, shared by all projects, and notes which runtimes are among them
    <cache>/projects/<name>-<key>/     the generated workspace and its modules, one folder per SOABI

Paths that carry a content hash are a matter of correctness: files from wheels are dated 1980, and cargo compares
modification times, so that other content at the same path would count as unchanged.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from pyrust import PyRustError

#: A project's folder is removed when nothing was built in it for so long.
KEEP_SECONDS = 60 * 24 * 3600

#: What a file system says that has no locks.
_LOCKLESS = {errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP}

_PARTS = {"crates", "pyo3", "build", "projects"}
_SKIPPED = {"target", "__pycache__", ".git"}


def preferred() -> Path:
    """The user's cache folder, by the customs of the platform."""
    environment = os.environ
    if chosen := environment.get("PYRUST_CACHE_DIR"):
        return Path(chosen).expanduser().absolute()
    if sys.platform == "win32" and (local := environment.get("LOCALAPPDATA")):
        return Path(local) / "pyrust" / "cache"
    if xdg := environment.get("XDG_CACHE_HOME"):
        return Path(xdg).absolute() / "pyrust"
    if sys.platform == "darwin":
        return Path("~/Library/Caches/pyrust").expanduser()
    return Path("~/.cache/pyrust").expanduser()


def locate(root: Path) -> Path:
    """The first folder that can be written to: the user's cache, the project's `build`, a temporary one."""
    for candidate in (preferred(), root / "build" / "pyrust", _fallback()):
        if _writable(candidate):
            return candidate
    raise OSError("no folder for the build cache can be written to; set PYRUST_CACHE_DIR")


def _fallback() -> Path:
    return Path(tempfile.gettempdir()) / f"pyrust-cache-{getattr(os, 'getuid', lambda: 'user')()}"


def clear(*, dry_run: bool) -> list[str]:
    """Removes the caches that all projects share, and says which and how large. A folder that holds other things is not ours."""
    found = []
    for folder in (preferred(), *(() if os.environ.get("PYRUST_CACHE_DIR") else (_fallback(),))):
        names = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
        if not names & _PARTS:
            continue
        if names - _PARTS or "crates" not in names:
            other = ", ".join(sorted(names - _PARTS)[:3]) or "no `crates`"
            raise PyRustError(f"`{folder}` does not look like a cache of PyRust's alone ({other}): nothing was removed")
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
        found.append(f"{folder} ({size / 1e6:,.0f} MB)")
        if not dry_run:
            shutil.rmtree(folder)
    return found


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except (OSError, RuntimeError):
        return False


def digest(parts: Iterable[str | bytes]) -> str:
    """A hash over a sequence of texts; where one ends and the next begins counts."""
    state = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogateescape") if isinstance(part, str) else part
        state.update(len(data).to_bytes(8, "little"))
        state.update(data)
    return state.hexdigest()


def tree(folder: Path) -> list[tuple[str, Path]]:
    """The files below a folder with their relative names, sorted; symbolic links are followed."""
    found = []
    for parent, folders, files in os.walk(folder, followlinks=True):
        folders[:] = sorted(name for name in folders if name not in _SKIPPED)
        for name in files:
            path = Path(parent) / name
            found.append((path.relative_to(folder).as_posix(), path))
    return sorted(found)


def write(path: Path, content: str | bytes) -> bool:
    """Writes a file in one step, and only when that changes it."""
    data = content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content
    with contextlib.suppress(OSError):
        if path.read_bytes() == data:
            return False
    path.parent.mkdir(parents=True, exist_ok=True)
    with _beside(path) as temporary:
        temporary.write_bytes(data)
    return True


def copy(source: Path, target: Path) -> None:
    """Copies a file over another in one step: a process that has the old one mapped keeps it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with _beside(target) as temporary:
        shutil.copyfile(source, temporary)
        shutil.copymode(source, temporary)


@contextlib.contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """A temporary path in the same folder, which becomes `path` when the block succeeds."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def put_tree(files: list[tuple[str, bytes]], parent: Path) -> Path:
    """Stores files under their content hash, once; a half-written copy is never seen."""
    key = digest(part for name, data in files for part in (name, data))[:16]
    final = parent / key
    if final.is_dir():
        return final
    parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{key}-", dir=parent))
    try:
        for name, data in files:
            target = staging / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        try:
            staging.rename(final)
        except OSError:
            # Another process was faster; what it wrote is the same.
            if not final.is_dir():
                raise
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return final


@contextlib.contextmanager
def lock(path: Path) -> Iterator[None]:
    """Lets one process at a time into the block; the system releases it when a process is killed.

    Where the file system has no locks (some network drives), nobody is kept out, as cargo does it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        if sys.platform == "win32":
            import msvcrt

            while True:
                try:
                    msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)
                    break
                except OSError:
                    continue
            try:
                yield
            finally:
                file.seek(0)
                msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)
        else:
            import fcntl

            try:
                fcntl.flock(file, fcntl.LOCK_EX)
            except OSError as error:
                if error.errno not in _LOCKLESS:
                    raise
            yield


def sweep(folders: Path, current: Path | None = None) -> None:
    """Removes folders that nothing was built in for a long time: builds from sdists leave one each."""
    limit = time.time() - KEEP_SECONDS
    with contextlib.suppress(OSError):
        if current:
            os.utime(current)
        for folder in folders.iterdir():
            if folder != current and folder.stat().st_mtime < limit:
                shutil.rmtree(folder, ignore_errors=True)
