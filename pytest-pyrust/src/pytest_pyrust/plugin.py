"""Options and hooks.

Importing this costs nothing: `pyrust` is imported when an option asks for it or a project has a manifest.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pyrust.pytest_run import Run

RUN = pytest.StashKey["Run | None"]()

_FLAGS = {
    "profile": "profile this run: hot functions and their types go to the manifest",
    "verify": "compare native calls with Python; differences fail the test",
    "gate": "with --pyrust-verify: time native against Python; what is slower stays Python from the next build on",
}
_VALUES = {
    "threshold": (
        "PERCENT",
        "share of the measured time from which a function is hot (0: every function that is called)",
    ),
    "manifest": ("PATH", "the manifest to use (default: that of the project's settings)"),
    "verify_seconds": (
        "SECONDS",
        "time that comparing may take in all (default: 60; 0: no limit, and every call is compared)",
    ),
    "report": ("term|json:PATH|html:PATH", "show a table at the end, or write a JSON file or a page"),
}


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("pyrust", "hot functions compiled to Rust")
    for name, text in _FLAGS.items():
        group.addoption(f"--pyrust-{name}", action="store_true", default=None, help=text)
        parser.addini(f"pyrust_{name}", text, type="bool", default=False)
    for name, (metavar, text) in _VALUES.items():
        group.addoption(f"--pyrust-{name.replace('_', '-')}", metavar=metavar, default=None, help=text)
        parser.addini(f"pyrust_{name}", text)
    group.addoption("--no-pyrust", action="store_true", default=False, help="run everything as Python, measure nothing")


def _setting(config: pytest.Config, options: Any, name: str) -> Any:
    """The option if given, else the ini key."""
    value = getattr(options, f"pyrust_{name}", None)
    if value is not None:
        return value
    try:
        return config.getini(f"pyrust_{name}")
    except (ValueError, TypeError, pytest.UsageError) as error:
        raise pytest.UsageError(f"pyrust_{name} in the settings of pytest: {error}") from None


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    # Before any `conftest.py`: those may import the package, and what is imported is activated.
    options = early_config.known_args_namespace
    early_config.stash[RUN] = None
    if options.no_pyrust:
        os.environ["PYRUST"] = "python"
        return
    if os.environ.get("PYRUST") == "require":
        from pyrust.finder import report_missing

        report_missing()
    settings = {name: _setting(early_config, options, name) for name in (*_FLAGS, *_VALUES)}
    if settings["profile"] and settings["verify"]:
        raise pytest.UsageError(
            "--pyrust-profile and --pyrust-verify exclude each other: profiling runs everything as Python"
        )
    if options.pyrust_gate and not settings["verify"]:
        raise pytest.UsageError("--pyrust-gate goes with --pyrust-verify: what is not right need not be fast")
    if not (settings["profile"] or settings["verify"]):
        _refuse_without_run(early_config)
        return
    from pyrust.pytest_run import Run

    try:
        run = Run(Path(early_config.rootpath), **settings)
        run.start()
    except ValueError as error:
        raise pytest.UsageError(f"pyrust: {error}") from None
    early_config.stash[RUN] = run
    early_config.add_cleanup(run.close)


def _refuse_without_run(config: pytest.Config) -> None:
    """What is given on the command line without effect is said. What stands in `addopts` or in the settings waits for a run that uses it."""
    given = {str(argument).partition("=")[0] for argument in config.invocation_params.args}
    for name in _VALUES:
        option = f"--pyrust-{name.replace('_', '-')}"
        if option in given:
            instead = "; `pyrust report` shows what the last runs have found" if name == "report" else ""
            raise pytest.UsageError(
                f"{option} goes with --pyrust-profile or --pyrust-verify{instead}"
                f" (`pyrust_{name}` in the settings of pytest waits for such a run)"
            )


def pytest_report_header(config: pytest.Config) -> list[str]:
    if config.option.no_pyrust:
        return ["pyrust: off, everything runs as Python"]
    root = Path(config.rootpath)
    if not any((folder / "pyrust.toml").exists() for folder in (root, *root.parents)) and config.stash[RUN] is None:
        return []
    from pyrust.pytest_run import header

    return header(root, config.stash[RUN])


def _run(config: pytest.Config) -> Run | None:
    return config.stash.get(RUN, None)


def pytest_sessionstart(session: pytest.Session) -> None:
    plugin = session.config.pluginmanager.get_plugin
    run, reporter, capture = _run(session.config), plugin("terminalreporter"), plugin("capturemanager")
    if run is not None and reporter is not None:

        def say(line: str) -> None:
            # In the middle of a test, whose output is captured.
            with capture.global_and_fixture_disabled() if capture is not None else nullcontext():
                reporter.ensure_newline()
                reporter.write_line(line)

        run.tell(say)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """xdist: tells a worker where to leave its results."""
    if run := _run(node.config):
        node.workerinput["pyrust_folder"] = run.folder()


def _checked(item: pytest.Item) -> Generator[None, object, object]:
    __tracebackhide__ = True  # a failing fixture is shown without the hooks around it
    result = yield
    if run := _run(item.config):
        differences = run.differences(item.nodeid)
        if differences:
            pytest.fail("\n\n".join(differences), pytrace=False)
    return result


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, object, object]:
    __tracebackhide__ = True
    return (yield from _checked(item))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    __tracebackhide__ = True
    return (yield from _checked(item))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    __tracebackhide__ = True
    return (yield from _checked(item))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    run = _run(session.config)
    if run is None:
        return
    worker = getattr(session.config, "workerinput", None)
    if worker is not None:
        run.leave(worker["pyrust_folder"], worker["workerid"])
    elif run.finish() and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if run := _run(config):
        for line in run.lines:
            terminalreporter.write_line(line)
