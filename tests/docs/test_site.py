"""`make docs`: the site is built without a warning, and shows nothing from elsewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from pages import ROOT


def test_site(tmp_path: Path) -> None:
    pytest.importorskip("material", reason="needs mkdocs-material: `pip install mkdocs-material`, as `make docs` does")
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    pages = sorted(tmp_path.rglob("*.html"))
    assert len(pages) > 15
    for page in pages:
        text = page.read_text(encoding="utf-8")
        loaded = re.findall(r'<(?:script|img|iframe)[^>]*\ssrc="?([^"\s>]+)', text)
        loaded += re.findall(r'<link[^>]*rel="?(?:stylesheet|preconnect|icon)[^>]*href="?([^"\s>]+)', text)
        foreign = [address for address in loaded if re.match(r"(https?:)?//", address)]
        assert not foreign, f"{page.relative_to(tmp_path)} loads {foreign}"
    operations = (tmp_path / "diagnostics.html").read_text(encoding="utf-8")
    assert 'id="pyr0301"' in operations
