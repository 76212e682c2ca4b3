"""Against each fault of the simulator, compare names exactly that difference and no other."""

from __future__ import annotations

from typing import Any

import pytest

from chatproof.migration.differences import between
from chatproof.simulator.faults import FAULTS
from tests.migration.conftest import play

# What a fault changes in more than one point, or in none that a client can see. Everything else is one difference.
SEVERAL = {
    "model-not-found-404": 2,  # the refusal, and the listing that lacks the model
    "model-retired": 2,
    "unexpected-endpoint-200": 3,  # an error in place of the answer, keys not refused, an error in place of the listing
    "stream-reasoning-only": 2,  # no text, and no role: the fault writes chunks of its own
    "key-in-stream": 2,  # the key, and no role
    "harmless-no-usage-or-id": 3,  # id, created, usage
    "harmless-error-array": 2,  # another status and another shape
    "harmless-error-errors": 2,
    "harmless-reject-400": 2,
}
INVISIBLE = {
    "harmless-error-null",
    "harmless-dated-model",
    "harmless-other-model",
    "harmless-media-type-case",
    "harmless-leading-blank-lines",
    "harmless-gzip",
    "harmless-chunked",
    "harmless-until-close",
    "harmless-103",
    "harmless-header-case",
    "harmless-slow-pieces",
    "harmless-two-choices",
    "harmless-stream-comments",
    "harmless-stream-crlf",
}
ADDED_ONLY = {"harmless-extra-fields", "harmless-reasoning", "harmless-stream-no-choices"}
"""Fields that only B has: notes."""
SMOKE = [name for name, fault in FAULTS.items() if not getattr(fault, "validate", False)]


@pytest.mark.parametrize("name", SMOKE)
def test_a_fault_is_one_difference(name: str, good: dict[str, Any]) -> None:
    found = between(good, play(name))
    told = [one for one in found if one.effect != "note"]
    assert not [one for one in told if one.effect == "better"], told
    if name in INVISIBLE:
        assert found == []
    elif name in ADDED_ONLY:
        assert found and not told
    else:
        assert len(told) == SEVERAL.get(name, 1), told
        assert all(one.a != one.b for one in told)
    notes = [one for one in found if one.effect == "note"]
    assert all(one.kind == "field" for one in notes), notes


@pytest.mark.parametrize("name", ["html-502", "null-choices", "harmless-error-string", "stream-no-done"])
def test_the_other_way_round_is_better(name: str, good: dict[str, Any]) -> None:
    found = between(play(name), good)
    assert found
    assert not [one for one in found if one.effect == "breaks"]


def test_a_server_against_itself(good: dict[str, Any], good_whole: dict[str, Any]) -> None:
    for _ in range(20):
        assert between(good, play()) == []
    for _ in range(5):
        assert between(good_whole, play(kind="validate")) == []
