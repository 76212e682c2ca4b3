"""What B refuses or changes of one's own requests to any API is found, and named by the part to change."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chatproof.analysis.comparison import document
from chatproof.captures import request_bodies
from chatproof.running.plan import Settings
from chatproof.running.run import run
from chatproof.target.target import check
from tests.migration.api_modes import GO, MODES, NO_GO, Mode, without
from tests.migration.front import refusing

_NOT_ALL_TAKE = ("thinking", "enable_thinking", "reasoning", "logit_bias")


def plainly(mode: Mode) -> Any:
    """Let the simulator answer what it is too strict for: A takes it."""
    return without(*_NOT_ALL_TAKE) if mode.api == "chat" else lambda body: body


def moved(mode: Mode) -> dict[str, Any]:
    text = json.dumps({"model": "old", **mode.body}).encode()
    settings = Settings(requests=tuple(request_bodies.read(text, "mine.json", api=mode.api)))
    plain = plainly(mode)
    with (
        refusing(lambda body: None, plain, api=mode.api) as a,
        refusing(mode.refuse, lambda body: plain(mode.take(body)), mode.answer, mode.api) as b,
    ):
        runs = [run(check(side.target), settings, environ={}).document for side in (a, b)]
    return document.build(runs, frozenset(), "2026-11-28T00:00:00.000Z")


@pytest.mark.parametrize("name", MODES)
def test_it_is_found_and_named(name: str) -> None:
    mode = MODES[name]
    made = moved(mode)
    told = [row for row in made["differences"] if row["probes"] == ["request.1"] and row["effect"] != "note"]
    assert made["decision"] == mode.decision, (made["candidates"][0]["reasons"], told)
    assert told and any(mode.told in row["change"] for row in told), told
    assert made["runs"][0]["verdict"] == GO and (mode.decision != NO_GO or any(r["effect"] == "breaks" for r in told))
