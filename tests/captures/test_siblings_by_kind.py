"""Five siblings for each of the seventeen kinds of wrong cause, and twenty odd pastes: what is said of them is right.

Before anything was changed that was so of 53 of the 85 in siblings_by_kind.toml, and of 16 of the 20 in siblings_odd.toml.
"""

from __future__ import annotations

import fnmatch
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from chatproof.contract.clause import VALIDATE
from chatproof.contract.surface import CHAT
from chatproof.surfaces import surface_of
from tests.captures.by_kind import KNOWN, wrong


def _rows(name: str) -> list[dict[str, Any]]:
    return tomllib.loads((Path(__file__).parent / name).read_text())["row"]  # type: ignore[no-any-return]


ROWS, ODD = _rows("siblings_by_kind.toml"), _rows("siblings_odd.toml")


@pytest.mark.parametrize("row", [*ROWS, *ODD], ids=lambda row: f"{row['kind']}:{row['source'][19:]}")
def test_a_report_comes_to_its_cause(
    row: dict[str, Any], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert wrong(row, capsys, monkeypatch) == ""


def test_rows_are_well_formed_and_five_of_each_kind() -> None:
    assert all(set(row) <= KNOWN and row["source"].startswith("https://") for row in (*ROWS, *ODD))
    assert len(ODD) == 20
    assert Counter(row["kind"] for row in ROWS) == dict.fromkeys(range(1, 18), 5)


def test_each_answer_is_to_a_request_that_is_sent() -> None:
    probes = surface_of(CHAT).rows(VALIDATE)
    asked = [pattern for row in ROWS for answer in row.get("answers", ()) for pattern in answer["to"]]
    assert [pattern for pattern in asked if not fnmatch.filter(probes, pattern)] == []


def test_no_report_was_looked_at_before() -> None:
    here = Path(__file__).parent
    others = ("wild", "siblings", "siblings_later", "siblings_unseen")
    before = {row["source"] for name in others for row in tomllib.loads((here / f"{name}.toml").read_text())["row"]}
    mine = [row["source"] for row in (*ROWS, *ODD)]
    short = [
        source.removeprefix("https://github.com/").replace("/issues/", "#").replace("/pull/", "#") for source in mine
    ]
    assert len(set(mine)) == len(mine) and not before & set(short)
