"""judge sends nothing, and could not: what it loads has no means to."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.captures.playing import wire_of
from tests.captures.test_har import entry, har

MEANS = {"socket", "_socket", "ssl", "_ssl", "asyncio", "http.client", "urllib.request", "subprocess",
         "chatproof.transport", "chatproof.run", "chatproof.tls", "chatproof.resolver"}  # fmt: skip
CODE = (
    "import sys; from chatproof import cli; status = cli.main(['judge', *sys.argv[1:]]);"
    "print(status, *sorted(sys.modules))"
)


@pytest.mark.parametrize("kind", ["raw", "HAR", "standard input"])
def test_no_means_to_send_is_loaded(kind: str, tmp_path: Path) -> None:
    data = har(entry()) if kind == "HAR" else wire_of("empty-choices")["happy"]
    path = tmp_path / "capture"
    path.write_bytes(data)
    words = ["-"] if kind == "standard input" else [str(path)]
    ran = subprocess.run([sys.executable, "-I", "-c", CODE, *words, "-q"], input=data, capture_output=True, timeout=60)
    status, *loaded = ran.stdout.decode().splitlines()[-1].split()
    assert status in ("1", "3"), ran.stderr
    assert "chatproof.judging" in loaded and not MEANS & set(loaded)
