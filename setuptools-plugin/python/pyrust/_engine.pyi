# ruff: noqa: PYI021 - the engine has no Python source in which this could stand
"""The compiled part of this distribution: compiler, manifest, settings, command line.

Whatever goes wrong with the user's files is a `pyrust.PyRustError` (a `ValueError`) whose text is what `pyrust check`
prints, ready to be shown. Paths may be absolute or relative to the working folder; paths in results are relative to
`root` and use forward slashes, unless they are called absolute.
"""

from typing import Any

version: str

#: Stage 2 of profiling, see `pyrust.record`.
recorder: Any

def main(argv: list[str]) -> int:
    """The `pyrust` command. `argv` without the program's name; returns the exit code, never raises."""

def generate(root: str, manifest: str | None = None, dropped: list[str] | None = None, ungated: bool = False) -> str:
    """JSON text: the generated Rust of the project. Pure: the same files give the same text.

    `dropped` names functions (`module:qualname`) that stay Python whatever the manifest says; `ungated` compiles what
    was found to be slower all the same.

        {"version": 1, "manifest": "pyrust.toml",
         "packages": [{
            "package": "textkit",               # dotted; a top-level module: its name
            "init": "PyInit__pyrust",           # or PyInit__pyrust_<module>
            "module": "_pyrust",                # file stem of the extension
            "directory": "src/textkit",         # where the extension goes
            "rust": "...",                      # text of pyrust_hotspots.rs, also when nothing is native
            "digests": {"functions": ["textkit.text:f", ...], "modules": {"textkit.text": "src/textkit/text.py"}},
            "functions": [{
                "function": "textkit.text:f", "native": true, "mode": "native",
                "state": "native" | "python" | "disabled", "reason": null | "PYR0301 text",
                "signatures": ["(str) -> int"],  # the native ones
                "source": "sha256:..." | null,   # of the function as it is now
                "refused": [{"signature": "(None) -> int", "reason": "PYR0401 text"}],  # of a native function
                "bodies": [{"place": "pyrust_bodies/f.rs:3", "path": "pyrust_bodies/f.rs", "signature": "(int) -> int",
                            "reason": null}],  # written by hand; why it is left out
                "diagnostics": [{"code", "slug", "severity", "message", "label", "help", "function", "path", "line",
                                 "column", "end_line", "end_column", "rendered"}]}]}],
         "diagnostics": [...]}                  # of the project as a whole: stale sources, for example
    """

def digest_program() -> str:
    """The Python program that computes the digests: JSON of `digests` on standard input, the side file on standard output."""

def sources() -> list[tuple[str, bytes]]:
    """The crates that are compiled with every project, sorted: the name of each file below the workspace, and its bytes."""

def notices(metadata: str, sysroot: str | None = None) -> str:
    """The licence notices of what the workspace members of `cargo metadata` link to, Rust's own library included."""

def load_project(root: str, manifest: str | None = None) -> dict[str, Any]:
    """What the project's files say; another manifest than the settings' is absolute, or relative to the root.

    {"root": absolute, "manifest": "pyrust.toml", "fallback": "warn", "threshold": 1.0, "threads": None,
     "present": True,                       # there is a [tool.pyrust]
     "packages": ["textkit"], "modules": {"textkit.text": "src/textkit/text.py"},
     "hotspots": [{"function", "signatures", "source", "mode", "gate"}]}   # [] without a manifest
    """

def asked(root: str, manifest: str | None) -> dict[str, Any]:
    """What the compiler says of the functions of a manifest, gated ones too: less than `generate`, and sooner.

    {"functions": [{"function", "state", "reason", "left"}],   # `left`: the lines at which calls go back to Python
     "work": 12345}                                            # expressions that inference looked at
    """

def attributes(root: str, manifest: str | None, observed: str) -> dict[str, Any]:
    """Which attributes the manifest should have types of.

    observed (JSON text): {"textkit.text.Parser.tokens": "list[str]"}

    {"unsaid": [...],   # that hotspots ask for, and of which the text of the classes does not say what was observed
     "unasked": [...],  # that the manifest has, and no hotspot asks for
     "work": 12345}     # expressions that inference looked at
    """

def merge_profile(root: str, manifest: str | None, profile: str) -> dict[str, Any]:
    """Merges a profile into the manifest, which is created if need be, and written only if its bytes change.

        profile (JSON text): {"threshold": 1.0, "functions": [
            {"function": "textkit.text:f", "share": 41.5, "calls": 1200, "signatures": [["(str) -> int", 1200]]}]}

    Functions that `needed` names besides have entries whatever their share, as long as they have signatures.
    Functions above half of the threshold must all be listed (an entry stays until its share is below that); such
    without signatures keep what the manifest has, and are not added. With a threshold of 0 nothing is ever removed.
    `attributes` ({"textkit.text.Parser.tokens": "list[str]"}) widen what the manifest has of attributes; those in `unasked`
    (a list of such names) go.

        {"manifest": "pyrust.toml", "changed": True, "added": [...], "removed": [...], "widened": [...],
         "refreshed": [...], "kept": [...], "hotspots": 4, "coverage": 91.2,
         "skipped": [{"function", "reason"}]}   # could not be added: not found in the sources, ambiguous
    """

def reset(root: str, manifest: str | None, functions: list[str]) -> None:
    """Forgets the recorded types of some functions: the next profile narrows them."""

def set_gate(root: str, manifest: str | None, slower: list[str], faster: list[str]) -> bool:
    """Writes and removes `gate = "slower"`; whether the manifest changed."""

def source_hash(path: str, qualname: str) -> str:
    """`sha256:...` of the canonical source of one function of a file."""

def closest_function(name: str, functions: list[str]) -> str | None:
    """Which of these (`module:qualname`) was probably meant."""

def check(root: str) -> dict[str, Any]:
    """`{"exit_code": 0 | 1 | 2, "diagnostics": [...]}`, as `pyrust check` finds them."""

def explain(root: str) -> dict[str, Any]:
    """What the compiler makes of every hotspot, nothing is built: for the page, and for editors.

    {"version": 1, "root": absolute, "functions": [{
        "function", "path", "line", "end_line",   # no place: not found in the sources
        "state", "reason", "mode", "signatures", "refused", "rust", "explanation",
        "specialisations": [{"signature", "path", "returns", "reads", "changes", "relies_on", "along",
                             "lines": [{"line", "text", "variables": ["x: int"]}],
                             "bails": [{"what", "lines"}], "raises": [{"what", "lines"}]}],
        "diagnostics": [...],                     # why it stays Python
        "left": [...]}]}                          # places in a native function that run as Python
    """
