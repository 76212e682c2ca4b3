"""Budgets, schedule, windows, sides."""

from __future__ import annotations

import random
from datetime import datetime
from itertools import pairwise

import pytest

from chatproof import surfaces
from chatproof.monitoring import budgets, schedule, sides, windows
from chatproof.monitoring.budgets import Budget, Need, Purse
from chatproof.monitoring.settings import watched
from chatproof.monitoring.sides import Witness
from chatproof.monitoring.values import FREE, SMOKE, VALIDATE
from chatproof.target import monitor_fields
from chatproof.target.target import Target, check
from chatproof.wire.exchange import Secret


def test_no_budget_of_requests_is_ever_exceeded_in_many_simulated_probes() -> None:
    """10⁵ probes, several under way at once, answers up to 20 times as large as reserved, over some 60 days."""
    chance = random.Random(21)
    budget = Budget(requests=2000, tokens=100_000)
    purse, at, under_way = Purse(), 0.0, []
    requests: dict[int, int] = {}
    tokens: dict[int, int] = {}
    largest_answer = sent = refused = 0
    for _ in range(100_000):
        at += chance.expovariate(1 / 50)
        if under_way and (len(under_way) > 4 or chance.random() < 0.6):
            need, size = under_way.pop(chance.randrange(len(under_way)))
            purse = budgets.settle(purse, need, Need(need.requests, size), at)
            day = budgets.day_of(at)
            requests[day] = requests.get(day, 0) + need.requests
            tokens[day] = tokens.get(day, 0) + size
        need = Need(chance.choice((1, 4)), chance.choice((0, 60)))
        held = budgets.reserve(purse, budget, need, at)
        if held is None:
            refused += 1
            continue
        purse, sent = held, sent + 1
        size = int(need.tokens * chance.choice((0.5, 1, 1, 20)))
        largest_answer = max(largest_answer, size)
        under_way.append((need, size))
    assert sent > 20_000 and refused > 10_000, "both happened"
    assert max(requests.values()) <= budget.requests
    assert max(requests.values()) > 0.9 * budget.requests, "the budget is used"
    assert max(tokens.values()) <= budget.tokens + largest_answer


def test_an_answer_of_20_times_its_cap_is_the_last_of_the_day() -> None:
    budget, need = Budget(tokens=100), Need(4, 60)
    purse = budgets.reserve(Purse(), budget, need, 0.0)
    assert purse is not None
    purse = budgets.settle(purse, need, Need(4, 1200), 1.0)
    assert budgets.reserve(purse, budget, need, 2.0) is None and budgets.is_spent(purse, budget, need, 2.0)
    assert budgets.left(purse, budget, 2.0).tokens == 0
    assert budgets.reserve(purse, budget, need, budgets.DAY) is not None, "the next day"
    assert budgets.reserve(purse, budget, Need(3, 0), 2.0) is not None, "what costs no tokens goes on"


def test_what_is_under_way_counts_at_midnight() -> None:
    budget, need = Budget(requests=4), Need(4)
    purse = budgets.reserve(Purse(), budget, need, budgets.DAY - 1)
    assert purse is not None and budgets.reserve(purse, budget, need, budgets.DAY + 1) is None
    purse = budgets.settle(purse, need, need, budgets.DAY + 2)
    assert purse.requests == 4, "spent on the day it ended"


def test_a_clock_that_goes_back_buys_nothing() -> None:
    purse = Purse(day=10, requests=4)
    assert budgets.reserve(purse, Budget(requests=4), Need(1), 9.5 * budgets.DAY) is None


def test_a_purse_of_a_day_far_ahead_lasts_until_tomorrow() -> None:
    purse = budgets.settle(Purse(day=400, requests=4), Need(0), Need(0), 9.5 * budgets.DAY)
    assert budgets.reserve(purse, Budget(requests=4), Need(1), 9.9 * budgets.DAY) is None
    assert budgets.reserve(purse, Budget(requests=4), Need(1), 10.1 * budgets.DAY) is not None


def test_money_is_a_budget_too() -> None:
    budget = Budget(money=1.0)
    purse = budgets.reserve(Purse(), budget, Need(1, 10, 0.6), 0)
    assert purse is not None and budgets.reserve(purse, budget, Need(1, 10, 0.6), 0) is None
    assert budgets.reserve(purse, budget, Need(3), 0) is not None


@pytest.mark.parametrize("every", [30.0, 900.0, 86400.0])
def test_targets_are_spread_evenly_and_keep_their_period(every: float) -> None:
    dues = [schedule.upcoming(f"target-{number}", every, 1e9).due - 1e9 for number in range(1000)]
    tenths = [sum(low <= due / every * 10 % 10 < low + 1 for due in dues) for low in range(10)]
    assert min(tenths) > 60, tenths
    at, last, turns = 1e9, -1, []
    for _ in range(50):
        found = schedule.upcoming("shop", every, at, last)
        turns.append(found)
        at, last = found.due, found.number
    gaps = [b.due - a.due for a, b in pairwise(turns)]
    assert [b.number - a.number for a, b in pairwise(turns)] == [1] * 49
    assert min(gaps) >= 0.8 * every and max(gaps) <= 1.2 * every and len(set(gaps)) > 40


def test_a_restart_takes_the_turn_that_was_missed_and_no_turn_twice() -> None:
    current = schedule.upcoming("shop", 900.0, 1e9)
    at = current.due + 5
    assert schedule.after_a_pause("shop", 900.0, at, current.number).number == current.number + 1
    missed = schedule.after_a_pause("shop", 900.0, at, current.number - 3)
    assert missed.number == current.number and at <= missed.due <= at + 60


def moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


@pytest.mark.parametrize(
    ("window", "at", "is_open"),
    [
        (windows.Window("0 3 * * 0", 7200), "2026-11-29T03:00:00+00:00", True),  # a Sunday
        (windows.Window("0 3 * * 0", 7200), "2026-11-29T04:59:59+00:00", True),
        (windows.Window("0 3 * * 0", 7200), "2026-11-29T05:00:00+00:00", False),
        (windows.Window("0 3 * * 0", 7200), "2026-11-29T02:59:59+00:00", False),
        (windows.Window("0 3 * * 0", 7200), "2026-11-30T03:00:00+00:00", False),
        (windows.Window("0 23 * * *", 7200), "2026-11-30T00:30:00+00:00", True),  # over midnight
        (windows.Window("0 3 * * *", 3600, "Europe/Berlin"), "2026-11-29T02:30:00+00:00", True),
        (windows.Window("0 3 * * *", 3600, "Europe/Berlin"), "2026-07-01T01:30:00+00:00", True),  # summer time
    ],
)
def test_windows(window: windows.Window, at: str, is_open: bool) -> None:
    assert windows.is_open([window], moment(at)) is is_open


@pytest.mark.parametrize(
    ("cron", "zone", "said"),
    [
        ("0 3 * * 0", "UTC", ""),
        ("0 3 * *", "UTC", "cron"),
        ("0 0 31 2 *", "UTC", "cron"),
        ("0 3 * * 0", "Mars", "zone"),
    ],
)
def test_a_window_that_cannot_be_is_named(cron: str, zone: str, said: str) -> None:
    assert said in windows.check(windows.Window(cron, 60, zone))
    assert bool(windows.check(windows.Window(cron, 60, zone))) is bool(said)


OTHER = "https://other:443"


@pytest.mark.parametrize(
    ("verdict", "code", "owner", "reached", "witnesses", "side"),
    [
        ("UNDECIDED", "net.connect_timeout", "network", False, [], ""),
        ("UNDECIDED", "net.connect_timeout", "network", False, [Witness(OTHER, 11, True)], "theirs"),
        ("UNDECIDED", "net.connect_timeout", "network", False, [Witness(OTHER, 11, False)], "ours"),
        ("UNDECIDED", "net.dns", "you", False, [Witness(OTHER, 9, True)], ""),  # before the run began
        ("UNDECIDED", "net.dns", "you", False, [Witness("https://this:443", 11, True)], ""),  # no other origin
        ("UNDECIDED", "net.proxy", "you", False, [Witness(OTHER, 11, True)], "ours"),
        ("UNDECIDED", "tls.expired", "provider", True, [], "theirs"),
        ("UNDECIDED", "tls.untrusted", "you", True, [], "ours"),
        ("UNDECIDED", "http.malformed", "provider", True, [Witness(OTHER, 11, False)], "theirs"),
        ("NO-GO", "gateway.error", "gateway", True, [Witness(OTHER, 11, False)], ""),
    ],
)
def test_whose_network(verdict: str, code: str, owner: str, reached: bool, witnesses: list[Witness], side: str) -> None:
    told = sides.tell(verdict, code, owner, "https://this:443", 10, reached=reached, witnesses=witnesses)
    assert told == side


@pytest.mark.parametrize("api", surfaces.names())
def test_each_api_can_be_watched(api: str) -> None:
    """Each module is planned by the API's own clauses; a free one sends nothing that is billed."""
    target = Target("https://api.example.test/v1", "m", Secret("sk-nobody-0123456789"), name="t", api=api)
    found = watched("t", check(target), monitor_fields.values({}, {"validate": True}))
    assert found.needs[FREE].tokens == 0 and 2 <= found.needs[FREE].requests < found.needs[SMOKE].requests
    assert found.needs[SMOKE].tokens > 0 and found.needs[VALIDATE].requests > found.needs[SMOKE].requests
