"""A body that was captured alone has no status: each report says so, and a comparison compares nothing of it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from chatproof import reporters
from chatproof.analysis import drift
from chatproof.analysis.comparison.document import build
from chatproof.cli import main as cli
from tests.migration.conftest import play

GOOD = {
    "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "pong"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
}  # fmt: skip
BAD = {**GOOD, "choices": []}


@pytest.fixture(params=[GOOD, BAD], ids=["good", "bad"])
def judged(request: pytest.FixtureRequest, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    (tmp_path / "body.json").write_text(json.dumps(request.param))
    cli.main(["judge", str(tmp_path / "body.json"), "--format", "json"])
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert found["exchanges"][0]["response"]["status"] is None
    return found


@pytest.mark.parametrize("format", reporters.formats())
def test_no_report_says_none(judged: dict[str, Any], format: str) -> None:
    text = reporters.render(format, judged)
    assert not re.search(r"HTTP None|\bNone\b(?!\.)", text), format


@pytest.mark.parametrize("turned", [False, True])
def test_a_comparison_of_it_is_undecided(judged: dict[str, Any], turned: bool) -> None:
    """It ended as an internal error: an unknown status was less than 400, or was not."""
    other = play()
    runs = [other, judged] if turned else [judged, other]
    made = build(runs, frozenset(), other["finished_at"])
    [candidate] = made["candidates"]
    assert made["decision"] == "UNDECIDED" and "status is not in the capture" in candidate["reasons"][0]
    row = {"probe": "happy", "missing_on": "B" if turned else "A", "reason": "its status is not in the capture"}
    assert row in candidate["not_compared"]
    for format in reporters.formats("comparison"):
        assert "HTTP None" not in reporters.render(format, made, of="comparison")


def test_nothing_drifts_from_an_unknown_status(judged: dict[str, Any]) -> None:
    other = play()
    assert drift.found(judged, [other]) == drift.found(other, [judged]) == []
