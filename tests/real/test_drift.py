"""A server that others wrote does not drift from itself, twenty times out of twenty."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from . import servers
from .rows import STREAM, Row
from .test_smoke import smoke

pytestmark = [pytest.mark.real, pytest.mark.timeout(120, func_only=True)]


AIMOCK = Row("aimock", "/v1", 0, None, args=(*STREAM, "--against", "latest:GO", "--fail-on", "drift"))


@pytest.mark.parametrize("row", [AIMOCK], ids=["aimock"])
def test_twenty_runs_do_not_drift(row: Row, serve: Callable[[str], servers.Server], tmp_path: Path) -> None:
    server = serve(row.server)
    runs = []
    for _ in range(20):
        done = smoke(server, row, tmp_path)
        assert done.returncode == 0, done.stderr
        runs.append(json.loads(done.stdout))
    assert "this target has no good run yet" in " ".join(runs[0]["notes"])
    assert all(run["drift"] == [] for run in runs[1:]) and len(runs[-1]["drift_baseline"]) == 10
