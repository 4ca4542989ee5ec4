"""One run of pytest with `--pyrust-profile` or `--pyrust-verify`: what the hooks of `pytest-pyrust` call.

A run starts before any `conftest.py` is imported and ends with the session.
Workers of xdist leave their results as files in a folder of the controller, which merges them.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyrust import page, profile, runinfo

if TYPE_CHECKING:
    from pyrust import verify


class Run:
    """What is asked for, and what has come of it; `lines` are for the end of the terminal output."""

    def __init__(
        self,
        root: Path,
        *,
        profile: bool,
        verify: bool,
        threshold: str | None,
        manifest: str | None,
        report: str | None,
        verify_seconds: str | None = None,
        gate: bool = False,
    ) -> None:
        self.lines: list[str] = []
        self.verifying = verify
        # What is not right need not be fast.
        self._gate = gate and verify
        self.project = runinfo.load(root, manifest or None)
        if verify and manifest and not self.project.manifest.is_file():
            raise ValueError(f"there is no manifest `{manifest}`; `--pyrust-profile` writes it")
        self.threshold = _percent(threshold) if threshold not in (None, "") else self.project.threshold
        self._report = _report(report)
        self._seconds = _seconds(verify_seconds)
        self._session: profile.Session | None = None  # type: ignore[name-defined]
        self._verifier: verify.Verifier | None = None  # type: ignore[name-defined]
        self._folder: Path | None = None

    def start(self) -> None:
        if self.verifying:
            from pyrust.verify import SECONDS, Verifier

            self._verifier = Verifier(self.project, SECONDS if self._seconds is None else self._seconds)
            self._verifier.start()
        else:
            self._session = profile.Session(self.project, threshold=self.threshold)
            self._session.start()

    def tell(self, say: Callable[[str], None]) -> None:
        """Where lines go while the tests run."""
        if self._verifier is not None:
            self._verifier.tell = say

    def close(self) -> None:
        """Gives everything back, whatever has happened; also when the session never began."""
        self._stop()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def _stop(self) -> dict[str, Any] | None:
        data: dict[str, Any] | None = None
        if self._session is not None:
            data, self._session = self._session.stop(), None
        if self._verifier is not None:
            data, self._verifier = self._verifier.stop(), None
        return data

    # Several processes.

    def folder(self) -> str:
        """Where workers leave their results."""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="pyrust-run-"))
        return str(self._folder)

    def leave(self, folder: str, worker: str) -> None:
        """Called in a worker, at its end."""
        data = self._stop()
        if data is not None:
            runinfo.write_json(Path(folder) / f"{worker}.json", data)

    # One test.

    def differences(self, test: str) -> list[str]:
        """The differences found since the last call; they belong to this test."""
        return self._verifier.take(test) if self._verifier is not None else []

    # The end.

    def finish(self) -> bool:
        """Merges, writes, reports; whether the run has failed."""
        own = self._stop()
        if own is None:
            return False
        runs = [own, *(profile.read_runs(self._folder) if self._folder is not None else [])]
        if self.verifying:
            return self._finish_verify(runs)
        try:
            outcome = profile.finish(self.project, profile.merge(runs), self.threshold)
        except (ValueError, OSError) as error:
            self.lines.append(f"pyrust: the manifest is as it was: {error}")
            return True
        self.lines += outcome.lines
        self._write_report(outcome.data, profile.table(outcome.data), page.profiled)
        return False

    def _finish_verify(self, runs: list[dict[str, Any]]) -> bool:
        from pyrust import verify

        merged = verify.merge(runs)
        verify.generators(self.project, merged)
        outcome = verify.finish(self.project, merged)
        verify.invented(self.project, merged, outcome)
        self.lines += outcome.lines
        if self._gate:
            self._measure(outcome, merged["samples"])
        self._write_report(outcome.data, verify.table(outcome.data), page.verified)
        return outcome.failed

    def _measure(self, outcome: verify.Outcome, recorded: dict[str, Any]) -> None:
        """The gate: times what was verified, in processes of its own, on the calls of this run."""
        from pyrust import bench

        wrong = {entry["function"] for entry in outcome.data["hotspots"] if entry["verdict"] == "different"}
        try:
            result = bench.for_gate(self.project, recorded, wrong)
            self.lines += bench.table(result)
            self.lines += bench.gate(self.project, result)
        except (ValueError, OSError) as error:
            self.lines.append(f"pyrust: the gate is as it was: {error}")
            return
        outcome.data["speed"] = result["hotspots"]

    def _write_report(self, data: dict[str, Any], table: list[str], html: Callable[[dict[str, Any]], str]) -> None:
        if self._report is None:
            return
        kind, path = self._report
        made = runinfo.new_folder(Path(path)) if path else ""
        try:
            if kind == "term":
                self.lines += table
            elif kind == "json":
                runinfo.write_json(Path(path), data)
            else:
                runinfo.write_text(Path(path), html(data))
            if made:
                self.lines.append(f"pyrust: report → {path}{made}")
        except OSError as error:
            self.lines.append(f"pyrust: cannot write {path}: {error.strerror}")


def _percent(text: str | None) -> float:
    try:
        value = float(str(text).removesuffix("%"))
    except ValueError:
        value = -1.0
    if not 0.0 <= value <= 100.0:
        raise ValueError(f"a threshold is a percentage from 0 to 100, not `{text}`")
    return value


def _seconds(text: str | None) -> float | None:
    if text in (None, ""):
        return None
    try:
        value = float(str(text).removesuffix("s"))
    except ValueError:
        value = -1.0
    if not 0.0 <= value < float("inf"):
        raise ValueError(f"a time is a number of seconds (0: no limit), not `{text}`")
    return value


def _report(text: str | None) -> tuple[str, str] | None:
    """Kind and path of a report: `term`, `json:PATH`, `html:PATH`."""
    if not text:
        return None
    kind, _, path = text.partition(":")
    if text != "term" and not (kind in ("json", "html") and path):
        raise ValueError(f"a report is `term`, `json:PATH` or `html:PATH`, not `{text}`")
    return kind, path


def header(root: Path, run: Run | None) -> list[str]:
    """The line at the top: what is native, what is stale."""
    lines = []
    if run is not None and not run.verifying:
        lines.append(
            f"pyrust: profiling {', '.join(run.project.packages)} (threshold {run.threshold:g} %), everything runs as Python"
        )
        if active := _active():
            lines.append(
                f"pyrust: {', '.join(active)} was imported before profiling began: its native functions are not measured"
            )
        return lines
    try:
        project = run.project if run is not None else runinfo.load(root)
        from pyrust import hotspots

        lines.append("pyrust: " + hotspots.one_line(project))
    except (ValueError, OSError, ImportError) as error:
        lines.append(f"pyrust: {error}")
    if runinfo.watched():
        but = ", but verification calls them natively too" if run is not None else ""
        lines.append(f"pyrust: coverage or another tracer is active, hotspots run as Python{but}")
    return lines


def _active() -> list[str]:
    return sorted(
        name
        for name, module in list(sys.modules.items())
        if name.rpartition(".")[2].startswith("_pyrust")
        and callable(getattr(module, "status", None))
        and any(entry.get("state") == "native" for entry in module.status())
    )
