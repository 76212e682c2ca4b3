"""What differs by chance is no difference; what differs always is; what cannot be told yet is said with its rates."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest

from chatproof.running import ask_again
from chatproof.running.dispatch import Stop
from tests.migration.flipping import Door, by_chance, compared, limiting, never, one_of, untouched
from tests.support import schema


def _breaks(made: dict[str, object]) -> list[str]:
    rows = made["differences"]
    assert isinstance(rows, list)
    return [f"{row['kind']} {row['subject']}" for row in rows if row["effect"] == "breaks"]


def _is_valid(made: dict[str, object]) -> bool:
    return not list(jsonschema_rs.Draft202012Validator(schema("comparison-1")).iter_errors(made))


def _self_comparison(seed: int) -> dict[str, object]:
    with Door(by_chance(seed)) as door:
        made = compared(door.target(), door.target())
    assert _is_valid(made)
    assert any("the same URL, key and model" in note for note in made["notes"])  # type: ignore[attr-defined]
    return made


@pytest.mark.parametrize("seed", [2, 8])
def test_a_flipping_server_compared_with_itself_breaks_nothing(seed: int) -> None:
    made = _self_comparison(seed)
    assert made["decision"] != "NO-GO" and _breaks(made) == []


def test_flips_are_told_with_their_rates() -> None:
    """Among a few seeds there is one in which the first answers differ: else this would test nothing."""
    rows = []
    for seed in range(1, 6):
        made = _self_comparison(seed)
        rows += [row for candidate in made["candidates"] for row in candidate["varies"]]  # type: ignore[attr-defined]
        if rows:
            break
    assert rows, "no seed of these flips between the first answers"
    assert all(row["good_a"].endswith(row["good_b"].rpartition(" ")[2]) for row in rows)
    assert all(not row["good_a"].startswith(row["good_a"].rpartition(" ")[2] + " ") for row in rows[:1])


@pytest.mark.nightly
@pytest.mark.timeout(600)
def test_twenty_self_comparisons_break_nothing() -> None:
    breaks = {seed: (made["decision"], _breaks(made)) for seed in range(100, 120) if (made := _self_comparison(seed))}
    assert {decision for decision, _ in breaks.values()} <= {"GO", "GO WITH CHANGES", "UNDECIDED"}, breaks
    assert [seed for seed, (_, found) in breaks.items() if found] == []


def _gateway(seed: int, most: int = ask_again.MOST) -> dict[str, object]:
    """B has one broken upstream of three: it fails, or (in every other seed) it knows nothing of the model."""
    with Door(untouched) as good, Door(one_of(3, seed, 404 if seed % 2 else 500)) as gateway:
        made = compared(good.target(), gateway.target(), most)
    assert _is_valid(made)
    return made


def test_a_gateway_with_one_broken_upstream_of_three_is_no_go_at_most() -> None:
    made = _gateway(1, most=16)
    assert made["decision"] in ("UNDECIDED", "NO-GO")
    if made["decision"] == "UNDECIDED":
        assert any("good answers: A " in reason for reason in made["candidates"][0]["reasons"])  # type: ignore[index]


@pytest.mark.nightly
@pytest.mark.timeout(600)
def test_a_gateway_with_one_broken_upstream_of_three_is_never_go() -> None:
    decisions = {seed: _gateway(seed)["decision"] for seed in range(200, 220)}
    assert {seed: decision for seed, decision in decisions.items() if str(decision).startswith("GO")} == {}


def test_a_clear_refusal_is_settled_by_the_plain_request_alone() -> None:
    """B knows no such model: what else differs, such as its listing, is not asked again. It took 18 requests before."""
    with Door(untouched) as a, Door(untouched) as b:
        made = compared(a.target(), b.target()._replace(model="no-such-model"))
    again = made["asked_again"]
    assert made["decision"] == "NO-GO" and 0 < again["requests"] <= 8
    assert {row["probe"] for row in again["rows"]} <= {"happy", "model"}


def test_an_outage_now_and_then_matters_whatever_was_asked() -> None:
    """Only requests with log probabilities fail, every second time: no break by itself, and still no GO."""
    turn = 0

    def failing(asked: dict[str, Any], status: int, reply: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        nonlocal turn
        if "logprobs" not in asked:
            return status, reply
        turn += 1
        return (503, {"error": {"message": "overloaded", "type": "server_error"}}) if turn % 2 else (status, reply)

    with Door(untouched) as good, Door(failing) as gateway:
        made = compared(good.target(), gateway.target(), most=16)
    (row,) = made["candidates"][0]["unsettled"]
    assert (made["decision"], row["effect"], row["probes"]) == ("UNDECIDED", "change", ["sampling"])
    good, asked = row["good_b"].split(" of ")
    assert 0 < int(good) < int(asked) and row["good_a"] == f"{asked} of {asked}"


def test_one_failure_on_what_is_no_break_decides_nothing() -> None:
    turn = 0

    def failing(asked: dict[str, Any], status: int, reply: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        nonlocal turn
        turn += "logprobs" in asked
        first = "logprobs" in asked and turn == 1
        return (503, {"error": {"message": "overloaded", "type": "server_error"}}) if first else (status, reply)

    with Door(untouched) as good, Door(failing) as once:
        made = compared(good.target(), once.target(), most=8)
    assert (made["decision"], made["differences"]) == ("GO", [])
    (row,) = made["candidates"][0]["unsettled"]
    assert (row["probes"], row["good_a"], row["good_b"]) == (["sampling"], "5 of 5", "4 of 5")


def test_what_never_works_is_a_break_and_was_asked_again() -> None:
    with Door(untouched) as good, Door(never("json_schema")) as lacking:
        made = compared(good.target(), lacking.target())
    assert _is_valid(made)
    assert made["decision"] == "NO-GO" and _breaks(made) == ["capability json_schema"]
    row = made["differences"][0]
    assert row["repeated"] == {"state": "repeats", "good_a": "5 of 5", "good_b": "0 of 5"}
    assert made["asked_again"]["requests"] == 8


def test_without_leave_to_ask_enough_a_break_is_undecided() -> None:
    with Door(untouched) as good, Door(never("json_schema")) as lacking:
        made = compared(good.target(), lacking.target(), most=5)
    assert made["decision"] == "UNDECIDED" and _breaks(made) == []
    (row,) = made["candidates"][0]["unsettled"]
    assert (row["subject"], row["good_a"], row["good_b"]) == ("json_schema", "3 of 3", "0 of 3")
    assert row["requests_to_settle"] >= 4
    assert made["asked_again"]["requests"] == 4
    assert "limit of 5" in " ".join(made["notes"])


def test_a_closed_connection_is_the_connections_and_no_break() -> None:
    with Door(untouched) as good, Door(untouched, close_used=True) as closing:
        made = compared(good.target(), closing.target())
    assert _is_valid(made)
    assert made["decision"] == "GO WITH CHANGES" and _breaks(made) == []
    (row,) = [row for row in made["differences"] if row["effect"] == "change"]
    assert (row["kind"], row["subject"], row["probes"]) == ("transport", "a reused connection", ["model"])
    assert "answered on a new connection" in row["b"]
    assert made["asked_again"]["requests"] == 1


def test_both_close_it_is_no_difference() -> None:
    with Door(untouched, close_used=True) as one, Door(untouched, close_used=True) as other:
        made = compared(one.target(), other.target())
    assert (made["decision"], made["differences"]) == ("GO", [])


def test_a_rate_limit_ends_the_asking_and_decides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr(Stop, "pause", lambda stop, seconds: waited.append(seconds))
    with Door(untouched) as good, Door(limiting(2)) as limited:
        made = compared(good.target(), limited.target())
    assert made["decision"] == "UNDECIDED"
    (row,) = made["candidates"][0]["unsettled"]
    assert (row["subject"], row["good_a"], row["good_b"]) == ("json_object", "2 of 2", "0 of 2")
    assert waited == [1.0, 1.0]
    assert any("rate limit was reached 3 times" in note for note in made["notes"])


def test_a_limit_that_asks_for_too_long_a_wait_is_told_as_that(monkeypatch: pytest.MonkeyPatch) -> None:
    """It was told as a limit that was reached 1 times in a row."""
    monkeypatch.setattr(ask_again, "patience", lambda reply: 600.0)
    with Door(untouched) as good, Door(limiting(2)) as limited:
        made = compared(good.target(), limited.target())
    assert made["decision"] == "UNDECIDED"
    assert any("decided: the server asks to wait 600 s after a rate limit, longer" in note for note in made["notes"])
