"""A part of the monitor that breaks down ends it, for whoever starts it again: silence would look like health."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatproof import journal
from chatproof.monitoring import serving
from chatproof.monitoring.engine import Engine


def test_a_part_that_breaks_down_ends_the_process_with_4(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(self: Engine, at: float, most: int = 0) -> None:
        raise KeyError("a bug of ours")

    monkeypatch.setattr(Engine, "begin", broken)
    with serving.demo() as configured:
        place = str(tmp_path / "journal.sqlite3")
        front = serving.Front("127.0.0.1", 0)
        status = serving.serve(
            configured, lambda: journal.open(place), front, None, lambda text: None, lambda text: None
        )
    assert status == 4
    said = capsys.readouterr().err
    assert "internal_error" in said and "KeyError" in said and "a bug of ours" not in said
