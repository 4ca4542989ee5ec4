"""Whatever the compiler accepts is Rust that compiles at the first try, without a warning.

Functions that nobody wrote for the compiler (modules of the running interpreter's library) and those of the case files are
compiled for invented signatures; all that is accepted is checked by rustc as one crate. `pyrust-build/examples/stress.rs`
does the same with any folder.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
LIBRARY = Path(sysconfig.get_paths()["stdlib"])

#: Computing modules, and some that are anything but.
MODULES = """
    argparse.py ast.py base64.py bisect.py calendar.py cgi.py colorsys.py configparser.py copy.py csv.py dataclasses.py
    datetime.py difflib.py dis.py email enum.py fnmatch.py fractions.py ftplib.py functools.py gettext.py glob.py gzip.py
    heapq.py html http imaplib.py inspect.py ipaddress.py json keyword.py linecache.py locale.py mailbox.py mimetypes.py
    netrc.py ntpath.py nturl2path.py numbers.py opcode.py operator.py optparse.py pickle.py pickletools.py plistlib.py
    posixpath.py pprint.py quopri.py random.py re reprlib.py sched.py shlex.py smtplib.py sre_parse.py stat.py statistics.py
    string.py stringprep.py struct.py tarfile.py textwrap.py timeit.py token.py tokenize.py tomllib trace.py traceback.py
    types.py typing.py unittest/util.py urllib uuid.py warnings.py wave.py weakref.py xml zipfile.py
    _pydatetime.py _pydecimal.py _strptime.py
"""


def cargo(*arguments: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    return subprocess.run(
        ["cargo", *map(str, arguments)],
        cwd=folder,
        env={**os.environ, "PYO3_PYTHON": sys.executable, "CARGO_TARGET_DIR": str(target)},
        capture_output=True,
        text=True,
        check=False,
    )


def write_cases(folder: Path) -> Path:
    """The Python of the case files, a module for each."""
    folder.mkdir()
    for path in sorted((ROOT / "tests/cases").rglob("*.md")):
        blocks = re.findall(r"^```py\n(.*?)^```", path.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
        name = "_".join(path.relative_to(ROOT / "tests/cases").with_suffix("").parts)
        (folder / f"{name}.py").write_text("\n".join(blocks), encoding="utf-8", errors="surrogateescape")
    return folder


@pytest.mark.parametrize("sources", ["cases", "library"])
def test_everything_accepted_compiles(sources: str, tmp_path: Path) -> None:
    if sources == "cases":
        paths = [write_cases(tmp_path / "cases")]
    else:
        paths = [path for name in MODULES.split() if (path := LIBRARY / name).exists()]
    crate = tmp_path / "crate"
    command = ("run", "--quiet", "-p", "pyrust-build", "--example", "stress", "--", *paths, "--crate", crate)
    generated = cargo(*command, folder=ROOT)
    assert generated.returncode == 0, generated.stdout[-3000:] + generated.stderr[-3000:]
    found = re.search(r"(\d+) of \d+ functions native, 0 failures", generated.stdout)
    assert found is not None
    assert int(found[1]) > 200, "nothing was tried"
    shutil.copy(ROOT / "Cargo.lock", crate)
    checked = cargo("check", "--quiet", "--offline", folder=crate)
    assert checked.returncode == 0, checked.stderr[-6000:]
