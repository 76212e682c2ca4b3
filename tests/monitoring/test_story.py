"""Two days of a monitor, in seconds: what happens to targets, and what is said of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatproof.monitoring.budgets import Budget
from chatproof.monitoring.engine import Job
from chatproof.monitoring.values import (
    BUDGET_SPENT,
    CHANGED,
    DEGRADED,
    FAILING,
    FREE,
    MAINTENANCE,
    NO_GO,
    OPENED,
    PASSING,
    RESOLVED,
    STALE,
    UNDECIDED,
    UNKNOWN_OURS,
    UNKNOWN_THEIRS,
)
from tests.monitoring.simulated import GOOD, START, Answer, Simulation, configured, target

HOUR = 3600.0
REJECTED = Answer(NO_GO, "auth.rejected", "you", changes=("the key (its fingerprint): a before, b now",))
DEAD = Answer(NO_GO, "gateway.error", "gateway")
QUOTA = Answer(NO_GO, "account.quota", "you")
CUT = Answer(UNDECIDED, "net.connect_timeout", "network", side="ours")
AWAY = Answer(UNDECIDED, "net.connect_timeout", "network", side="theirs")


def between(at: float, start: float, end: float) -> bool:
    return START + start * HOUR <= at < START + end * HOUR


def seen_states(play: Simulation, name: str) -> list[str]:
    return [change.after for change in play.states if change.target == name]


def told(play: Simulation, what: str) -> list[tuple[str, str]]:
    return [(c.incident.cause.code, c.incident.state) for c in play.incidents if c.what == what]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite3"


def play(place: Path, world: object, *targets: object, days: float = 2.0, **more: object) -> Simulation:
    made = Simulation(place, configured(*targets, **more))  # type: ignore[arg-type]
    made.until(START + days * 86400, world)  # type: ignore[arg-type]
    return made


def test_a_deploy_breaks_the_key(place: Path) -> None:
    def world(job: Job, at: float) -> Answer:
        return REJECTED if between(at, 10, 14) else GOOD

    made = play(place, world, target("shop"), days=0.7)
    assert seen_states(made, "shop") == [PASSING, FAILING, PASSING]
    assert told(made, OPENED) == [("auth.rejected", FAILING)] and len(told(made, RESOLVED)) == 1
    opened = next(c.incident for c in made.incidents if c.what == OPENED)
    assert opened.changes == REJECTED.changes and opened.cause.owner == "you"
    assert between(opened.since, 10, 10.1), "the free check sees it within minutes"


def test_a_gateway_dies_under_fifty_models(place: Path) -> None:
    def world(job: Job, at: float) -> Answer:
        return DEAD if between(at, 5, 7) else GOOD

    made = play(place, world, *(target(f"m{number}", every_free="0s") for number in range(50)), days=0.4)
    assert len(told(made, OPENED)) == len(told(made, RESOLVED)) == 1
    assert len({change.incident.id for change in made.incidents}) == 1
    assert max(len(change.incident.targets) for change in made.incidents) == 50
    last = made.incidents[-1].incident
    assert len(last.all_targets) == 50 and between(last.since, 5, 5.3)


def test_the_quota_ends_at_three_in_the_morning(place: Path) -> None:
    def world(job: Job, at: float) -> Answer:
        return QUOTA if between(at, 27, 32) and job.module != FREE else GOOD

    made = play(place, world, target("shop"), days=1.5)
    assert seen_states(made, "shop") == [PASSING, FAILING, PASSING]
    assert told(made, OPENED) == [("account.quota", FAILING)], "a free check that is fine hides nothing"


def test_the_network_is_cut_at_our_side(place: Path) -> None:
    targets = [target(f"t{number}", f"https://host{number}.example.com", every_free="0s") for number in range(3)]

    def world(job: Job, at: float) -> Answer:
        return CUT if any(between(at, start, start + 0.5) for start in (3, 9, 14, 20)) else GOOD

    made = play(place, world, *targets, days=1)
    assert {i.side for i in (c.incident for c in made.incidents)} == {"ours"}, "nobody else is woken"
    assert len(told(made, OPENED)) == 4 and {state for _, state in told(made, OPENED)} == {UNKNOWN_OURS}
    assert FAILING not in {change.after for change in made.states}


def test_the_other_side_is_away(place: Path) -> None:
    made = play(place, lambda job, at: AWAY if between(at, 3, 5) else GOOD, target("shop"), days=0.5)
    assert seen_states(made, "shop") == [PASSING, UNKNOWN_THEIRS, PASSING]


def test_an_upstream_that_flaps(place: Path) -> None:
    """Every third run fails: neither two in a row nor confirmed, so that nobody is told; three of five is."""
    count = {"n": 0}

    def world(job: Job, at: float) -> Answer:
        count["n"] += 1
        return DEAD if count["n"] % 3 == 0 else GOOD

    calm = play(place, world, target("shop", every_free="0s"), days=1)
    assert seen_states(calm, "shop") == [PASSING] and not calm.incidents
    assert calm.store.board.status("shop", calm.now).unconfirmed > 20
    count["n"] = 0
    wary = play(
        place.with_name("wary.sqlite3"),
        world,
        target("shop", every_free="0s", confirm=False, fail_after="2 of 5"),
        days=1,
    )
    assert FAILING in seen_states(wary, "shop")


def test_a_budget_of_tokens_is_spent_by_one_answer(place: Path) -> None:
    """An answer of 20 times its cap: it is the last paid one of the day, and the target is green no more."""

    def world(job: Job, at: float) -> Answer:
        return Answer(tokens=1280) if between(at, 6, 30) else GOOD

    made = play(place, world, target("shop", budget_tokens=1000))
    day, next_day = sorted(made.tokens)[:2]
    assert 1000 < made.tokens[day] <= 1000 + 1280
    assert seen_states(made, "shop")[:4] == [PASSING, BUDGET_SPENT, STALE, PASSING], (
        "the next day begins with a new budget"
    )
    assert made.tokens[next_day] <= 1000 + 1280
    spent = next(change.at for change in made.states if change.after == BUDGET_SPENT)
    assert not [run for run in made.runs if run[2] != FREE and spent < run[0] < START + 86400]
    assert [run for run in made.runs if run[2] == FREE and spent < run[0] < START + 86400], "free checks go on"
    assert not made.incidents


def test_requests_never_exceed_their_budgets(place: Path) -> None:
    targets = [target(f"t{number}", budget_requests=90, every="5m", every_free="5m") for number in range(3)]
    made = play(place, lambda job, at: DEAD, *targets, total=Budget(requests=210), days=1.3)
    assert max(made.requests.values()) <= 210
    assert min(made.requests.values()) > 200, "and it is used"


def test_a_certificate_that_is_near_its_end(place: Path) -> None:
    near = Answer(code="tls.expired", owner="provider", warnings=("certificate ends on 2026-12-06",))
    made = play(
        place, lambda job, at: near if at > START + 20 * HOUR and job.module != FREE else GOOD, target("shop"), days=1
    )
    assert seen_states(made, "shop") == [PASSING, DEGRADED]
    assert told(made, OPENED) == [("tls.expired", DEGRADED)]


def test_a_maintenance_window_is_recorded_and_silent(place: Path) -> None:
    def world(job: Job, at: float) -> Answer:
        return DEAD if between(at, 3, 4.5) else GOOD

    shop = target("shop", windows=[{"cron": "0 3 * * *", "duration": "2h"}])
    made = play(place, world, shop, days=1)
    assert not made.incidents
    assert seen_states(made, "shop") == [PASSING, MAINTENANCE, PASSING]
    assert any(run.outcome == "F" for run in made.store.runs("shop", START)), "recorded all the same"


def test_an_outage_that_outlasts_the_window_is_told_when_it_ends(place: Path) -> None:
    shop = target("shop", windows=[{"cron": "0 3 * * *", "duration": "2h"}])
    made = play(place, lambda job, at: DEAD if between(at, 4, 8) else GOOD, shop, days=1)
    [opened] = [c.incident for c in made.incidents if c.what == OPENED]
    assert between(opened.updated, 5, 5.1) and between(opened.since, 4, 4.2)


def test_a_restart_continues_streaks_budgets_and_incidents(place: Path) -> None:
    """Stopped and begun anew every 20 minutes, the same two days come to the same."""

    def world(job: Job, at: float) -> Answer:
        return DEAD if between(at, 10, 14) else GOOD

    config = configured(target("shop", budget_requests=1100, fail_after=3))
    at, changes, requests = START, [], {}
    made = Simulation(place, config, at)
    while at < START + 86400:
        at += 1200
        made.until(at, world)
        changes += made.incidents
        for day, count in made.requests.items():
            requests[day] = requests.get(day, 0) + count
        made.store.journal.close()
        made = Simulation(place, config, at)
    assert [change.what for change in changes if change.what != CHANGED] == [OPENED, RESOLVED]
    assert max(requests.values()) <= 1100
    assert made.store.board.status("shop", at).state == PASSING


def test_a_process_that_dies_while_it_asks_has_paid(place: Path) -> None:
    config = configured(target("shop", budget_requests=12, every="1m", every_free="0s", confirm=False))
    made = Simulation(place, config)
    made.now = made.engine.next_due()
    jobs, _ = made.engine.begin(made.now)
    assert len(jobs) == 1
    made.store.journal.close()  # and nothing of it ever comes back
    again = Simulation(place, config, made.now + 1)
    again.until(START + 86000, lambda job, at: GOOD)
    assert sum(again.requests.values()) == 8, "four of twelve were reserved by the one that died"


def test_two_instances_share_one_schedule(place: Path) -> None:
    config = configured(*(target(f"t{number}", every_free="0s") for number in range(10)))
    one, two = Simulation(place, config), Simulation(place, config)
    for step in range(1, 73):
        for instance in (one, two) if step % 2 else (two, one):
            instance.until(START + step * 600, lambda job, at: GOOD)
    alone = Simulation(place.with_name("alone.sqlite3"), config)
    alone.until(START + 43200, lambda job, at: GOOD)
    both = [(name, module) for _, name, module in one.runs + two.runs]
    assert len(one.runs) > 150 and len(two.runs) > 150, "both work"
    assert abs(len(both) - len(alone.runs)) <= 10, "and nothing is paid twice"
    two.engine.tick(two.now)
    one.engine.tick(one.now)
    assert one.store.purses[""].requests == two.store.purses[""].requests


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize("ahead", [HOUR, 365 * 24 * HOUR])
def test_a_clock_that_was_ahead_hides_nothing(tmp_path: Path, ahead: float, restarted: bool) -> None:
    """What it wrote is no later word: the targets are asked again at once, and their failures are told."""
    config = configured(target("shop", every="10m", every_free="5m", stale_after="1h"), total=Budget(requests=10_000))
    sim = Simulation(tmp_path / "j.sqlite3", config)
    sim.until(START + HOUR, lambda job, at: GOOD)
    sim.now = START + HOUR + ahead
    sim.until(sim.now + HOUR, lambda job, at: GOOD)
    assert sim.store.board.status("shop", sim.now).state == PASSING

    at, asked = START + HOUR + 60, len(sim.runs)
    if restarted:
        sim = Simulation(tmp_path / "j.sqlite3", config, at)
        asked = 0
    else:
        sim.now = sim._ticked = at
        sim.happened(sim.engine.tick(at))
    assert sim.store.board.status("shop", at).state == STALE, "the last good run is of a day to come"
    sim.until(at + HOUR, lambda job, at: REJECTED)
    assert len(sim.runs) > asked + 6
    assert sim.store.board.status("shop", sim.now).state == FAILING
    assert sim.incidents[-1].what == OPENED


def test_what_was_bad_under_a_clock_that_was_ahead_is_bad(tmp_path: Path) -> None:
    sim = Simulation(tmp_path / "j.sqlite3", configured(target("shop", every="10m", stale_after="1h")))
    sim.now = START + 30 * 24 * HOUR
    sim.until(sim.now + HOUR, lambda job, at: REJECTED)
    sim.now = sim._ticked = START + 60
    sim.happened(sim.engine.tick(sim.now))
    assert sim.store.board.status("shop", sim.now).state == FAILING
    sim.until(START + HOUR, lambda job, at: GOOD)
    assert sim.store.board.status("shop", sim.now).state == PASSING
    assert (sim.incidents[0].what, sim.incidents[-1].what) == (OPENED, RESOLVED)
