"""When the next target begins: by the rate, by the room there is, and never at a time when nothing would wake anybody."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from chatproof.cli.commands.fleet import _limits
from chatproof.cli.shared.options import describe
from chatproof.fleet import local
from chatproof.fleet.local import Limits, Result
from chatproof.usage_error import UsageError
from tests.fleet.test_turns import row


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


class Judging:
    """A process that judges, as far as a beginning needs one."""

    def __init__(self, *, is_gone: bool = False) -> None:
        self.names: set[str] = set()
        self.writer = SimpleNamespace(is_closing=lambda: is_gone, write=lambda data: None)


def sweep_of(
    monkeypatch: pytest.MonkeyPatch, clock: Clock, *judges: Judging, told: list[Result], **limits: Any
) -> local._Sweep:
    monkeypatch.setattr(local, "time", clock)
    fleet: Any = SimpleNamespace(reuse=False, environ={}, rows={})
    given = Limits(**{"at_once": 64, "per_host": 64, "rate": 4.0, "judges": 1} | limits)
    made = local._Sweep(fleet, given, list(judges), told.append, [row(n, "h.test") for n in range(3)], None, 0.0)  # type: ignore[arg-type]

    def prepared(host: str, listed: Any) -> local._Run:
        return local._Run(host, SimpleNamespace(name=listed.name), None, f"run-{listed.name}", "")  # type: ignore[arg-type]

    monkeypatch.setattr(made, "_prepare", prepared)
    return made


def test_a_turn_that_comes_while_it_is_looked_for_is_not_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two looks at the clock a fleet with a rate, and nothing under way, came to wait for ever."""
    clock = Clock()
    sweep = sweep_of(monkeypatch, clock, Judging(), told=[])
    sweep._begin()
    assert len(sweep._runs) == 1 and sweep._pause() == pytest.approx(1.0)
    sweep._runs.clear()
    clock.now += 0.999999
    sweep._begin()
    clock.now += 0.00001
    assert not sweep._runs and sweep._pause() == 0.0
    sweep._begin()
    assert len(sweep._runs) == 1


def test_without_a_rate_or_where_only_an_end_makes_room_nothing_is_waited_for_by_the_clock(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock()
    sweep = sweep_of(monkeypatch, clock, Judging(), told=[], rate=0.0, at_once=4)
    sweep._begin()
    assert len(sweep._runs) == 1 and sweep._pause() is None
    sweep = sweep_of(monkeypatch, clock, Judging(), told=[], at_once=4)
    sweep._begin()
    clock.now += 10
    sweep._begin()
    assert len(sweep._runs) == 1 and sweep._pause() is None


def test_a_host_that_is_full_uses_up_no_turn_of_the_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    sweep = sweep_of(monkeypatch, clock, Judging(), told=[], per_host=4)
    sweep._begin()
    clock.now += 1.5
    sweep._begin()
    assert len(sweep._runs) == 1
    sweep._runs.clear()
    sweep._turns.ended("h.test")
    clock.now += 0.1
    sweep._begin()
    assert len(sweep._runs) == 1, "it is late already"


def test_a_target_that_nobody_is_left_to_judge_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that judges may be gone before its end is heard of."""
    told: list[Result] = []
    sweep = sweep_of(monkeypatch, Clock(), Judging(is_gone=True), told=told)
    sweep._begin()
    assert not sweep._runs and sweep._cut == ["t0"] and sweep._turns._under_way["h.test"] == 0


@pytest.mark.parametrize("rate", ["nan", "-1"])
def test_a_rate_is_a_number(rate: str) -> None:
    args = describe("fleet").parse_args(["run", "--rate", rate])
    with pytest.raises(UsageError, match="--rate"):
        _limits(args)
