"""Against each fault of the simulator, compare names exactly that difference and no other."""

from __future__ import annotations

from typing import Any

import pytest

from chatproof.analysis.comparison.difference import LIMITED as LIMITED_REASON
from chatproof.analysis.comparison.differences import between, not_compared
from chatproof.simulator.faults import FAULTS, VALIDATE
from tests.migration.conftest import play

# What a fault changes in more than one point, or in none that a client can see. Everything else is one difference.
SEVERAL = {
    "head-large": 2,  # the plain reply, and the stream
    "bare-line-ends": 2,  # the clause, for all replies, and that of the answer to a list of models
    "model-not-found-404": 2,  # the refusal, and the listing that lacks the model
    "model-retired": 2,
    "null-choice": 2,  # no message, and no choice of the shape that clients read
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
LIMITED = {"rate-limited", "rate-limited-empty", "wrong-key-rate-limited"}
"""A rate limit is of the moment: the request is not compared, and nothing is decided on it."""
ADDED_ONLY = {"harmless-extra-fields", "harmless-reasoning", "harmless-stream-no-choices"}
"""Fields that only B has: notes."""
ANOTHER_STATUS = {
    "unknown-model-page",
    "unknown-model-unnamed",
    "wrong-media-type-page",
    "get-endpoint-page",
    "unknown-path-page",
    "parallel-tool-calls-unsupported",
}
"""Faults of validate that answer with another status, too."""
FURTHER = {
    "wrong-key-page": 1,  # the refusal of a stream, beside the plain one
    "wrong-key-no-error": 1,
    "chunk-without-created": 1,  # the time, beside the id, which a clause names
    "mistakes-answered-502": 1,  # no field named, beside another status
    "free-calls-in-text": 1,  # the field of the calls, which is not there
    "free-calls-in-streamed-text": 1,
    "logprobs-infinite": 3,  # the capabilities that are asked of the same reply, which is no strict JSON
}
"""Differences of faults of validate beside the one that they are about."""
NO_STREAM = 3  # the stream, and two capabilities that need one


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_one_difference(name: str, good: dict[str, Any]) -> None:
    other = play(name)
    found = between(good, other)
    if name in LIMITED:
        assert found == []
        assert {row["reason"] for row in not_compared(good, other)} >= {LIMITED_REASON}
        return
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


def _expected(name: str) -> int:
    """One for a break; one for each capability that a fault takes away."""
    fault = VALIDATE[name]
    if name == "stream-unsupported":
        return NO_STREAM
    lost = [state for state in fault.states if not state.endswith("=supported")]
    return max(len(lost), bool(fault.breaks)) + (name in ANOTHER_STATUS) + FURTHER.get(name, 0)


def _validate_faults() -> list[Any]:
    """Every tenth at each commit, all of them by night."""
    rows = enumerate(VALIDATE)
    return [pytest.param(name, marks=[] if number % 10 == 0 else [pytest.mark.nightly]) for number, name in rows]


@pytest.mark.parametrize("name", _validate_faults())
def test_a_fault_of_validate_is_one_difference(name: str) -> None:
    extras = VALIDATE[name].extras
    found = between(play(kind="validate", extras=extras), play(name, "validate", extras))
    told = [one for one in found if one.effect != "note"]
    assert len(told) == _expected(name), told
    assert not [one for one in told if one.effect == "better"]
    assert all(one.kind == "field" for one in found if one.effect == "note")
    clauses = {clause for one in told for clause in one.clauses}
    assert VALIDATE[name].states or clauses <= set(VALIDATE[name].breaks)


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
