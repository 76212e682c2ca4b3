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


def test_every_format_takes_a_capture_that_says_no_time(tmp_path: Path) -> None:
    """A reply alone does not say when it was asked for: that must stop no report."""
    from chatproof import reporters

    capture = tmp_path / "reply.txt"
    capture.write_text('HTTP/1.1 200 OK\nContent-Type: application/json\n\n{"choices":[]}')
    wanted = [word for name in reporters.formats() for word in ("--report", f"{name}={tmp_path / name}")]
    command = [sys.executable, "-m", "chatproof", "judge", str(capture), "-q", *wanted]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1, done.stderr
    assert [name for name in reporters.formats() if not (tmp_path / name).stat().st_size] == []
