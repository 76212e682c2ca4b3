"""One target: what a row of outcomes comes to."""

from __future__ import annotations

import pytest

from chatproof.monitoring.standing import CONFIRM, PAID, Policy, Rule, Standing, is_flapping, observe, show
from chatproof.monitoring.values import (
    BUDGET_SPENT,
    DEGRADED,
    FAILING,
    FREE,
    MAINTENANCE,
    PASSING,
    SMOKE,
    STALE,
    UNKNOWN,
    UNKNOWN_OURS,
    UNKNOWN_THEIRS,
    Cause,
    Observation,
)

ONCE = Policy(confirm=False, fail=Rule(1, 1))
TWICE = Policy(confirm=False, fail=Rule(2, 2))
VERDICTS = {"G": "GO", "W": "GO", "F": "NO-GO", "U": "UNDECIDED"}
CAUSE = Cause("gateway.error", "the gateway answered 502", "gateway", "certain", "Escalate.", "run")


def seen(outcome: str, number: int, side: str = "") -> Observation:
    """`G`, `W`, `F`, `U` of a paid run; in small letters, of a free one."""
    bad = outcome.upper() in "FUW"
    module = FREE if outcome.islower() else SMOKE
    return Observation(
        "shop", 100.0 * number, f"run-{number}", module, VERDICTS[outcome.upper()], CAUSE if bad else Cause(*[""] * 6),
        ("model.listed",) if outcome in "Ww" else (), "https://host:443", side=side,
    )  # fmt: skip


def after(outcomes: str, policy: Policy, side: str = "") -> tuple[Standing, list[str]]:
    standing, asked = Standing("shop"), []
    for number, outcome in enumerate(outcomes, 1):
        standing, ask = observe(standing, seen(outcome, number, side), policy)
        asked.append(ask)
    return standing, asked


@pytest.mark.parametrize(
    ("outcomes", "policy", "judged"),
    [
        ("", ONCE, ""),
        ("G", TWICE, PASSING),
        ("F", TWICE, FAILING),  # nothing was said before that would have to hold longer
        ("GF", TWICE, PASSING),
        ("GFF", TWICE, FAILING),
        ("GFGF", TWICE, PASSING),
        ("GFFG", TWICE, PASSING),
        ("GFFG", Policy(False, Rule(2, 2), Rule(2, 2)), FAILING),
        ("GFFGG", Policy(False, Rule(2, 2), Rule(2, 2)), PASSING),
        ("GFFGFGG", Policy(False, Rule(2, 2), Rule(2, 3)), PASSING),
        ("GFGFGF", Policy(False, Rule(3, 5)), FAILING),
        ("GFGGGFGGF", Policy(False, Rule(3, 5)), PASSING),
        ("GU", ONCE, UNKNOWN),
        ("GUF", TWICE, UNKNOWN),  # one NO-GO among two bad ones is not twice failing
        ("GUFF", TWICE, FAILING),
        ("GFFUU", TWICE, UNKNOWN),
        ("GWW", TWICE, DEGRADED),
        ("GW", TWICE, PASSING),
        ("GFFW", TWICE, PASSING),
        ("GWWG", TWICE, PASSING),
        ("g", ONCE, ""),  # a free check makes nothing passing
        ("ggg", ONCE, ""),
        ("Gf", ONCE, FAILING),
        ("Gfg", ONCE, FAILING),
        ("Gfggg", ONCE, FAILING),
        ("GfG", ONCE, PASSING),
        ("Gu", ONCE, UNKNOWN),
        ("GFgFg", TWICE, FAILING),  # what a free check finds well does not break the streak of the paid one
        ("GfFf", TWICE, FAILING),
        ("GFf", TWICE, PASSING),
    ],
)
def test_outcomes_come_to_a_state(outcomes: str, policy: Policy, judged: str) -> None:
    assert after(outcomes, policy)[0].judged == judged


@pytest.mark.parametrize(("side", "judged"), [("ours", UNKNOWN_OURS), ("theirs", UNKNOWN_THEIRS), ("", UNKNOWN)])
def test_sides_of_undecided_are_told_apart(side: str, judged: str) -> None:
    assert after("GU", ONCE, side)[0].judged == judged


def test_no_free_check_ever_makes_a_target_passing() -> None:
    """Over every row of eight outcomes that ends with free ones after a bad state."""
    from itertools import product

    for start in map("".join, product("GFU", repeat=3)):
        for end in map("".join, product("gfu", repeat=3)):
            before, _ = after(start, ONCE)
            standing, _ = after(start + end, ONCE)
            if before.judged != PASSING:
                assert standing.judged not in (PASSING, DEGRADED), start + end


def test_a_failure_is_asked_once_more_before_anything_is_said() -> None:
    policy = Policy(confirm=True, fail=Rule(1, 1))
    standing, asked = after("GF", policy)
    assert (standing.judged, standing.pending, asked) == (PASSING, SMOKE, ["", CONFIRM])
    confirmed, ask = observe(standing, seen("F", 3), policy)
    assert (confirmed.judged, confirmed.trouble_since, ask) == (FAILING, 200.0, ""), "since the first look"
    not_so, ask = observe(standing, seen("G", 3), policy)
    assert (not_so.judged, not_so.unconfirmed, not_so.pending, ask) == (PASSING, 1, "", "")


def test_a_failure_counts_unconfirmed_where_a_second_look_cannot_be_paid() -> None:
    standing, _ = observe(after("G", ONCE)[0], seen("F", 2), Policy(True, Rule(1, 1)), can_confirm=False)
    assert standing.judged == FAILING


def test_both_looks_count_as_one_outcome() -> None:
    policy = Policy(confirm=True, fail=Rule(2, 2))
    assert after("GFF", policy)[0].judged == PASSING
    assert after("GFFFF", policy)[0].judged == FAILING


def test_a_free_check_that_recovers_asks_for_a_paid_one_once() -> None:
    assert after("Gfggg", ONCE)[1] == ["", "", PAID, "", ""]


@pytest.mark.parametrize(
    ("outcomes", "rest", "policy", "judged"),
    [
        ("Gu", "g", ONCE, ""),
        ("Gf", "g", ONCE, ""),
        ("Gu", "gggu", ONCE, UNKNOWN),
        ("Gu", "g", Policy(False, Rule(1, 1), Rule(2, 2)), UNKNOWN),
        ("Gu", "gg", Policy(False, Rule(1, 1), Rule(2, 2)), ""),
        ("GF", "ggg", ONCE, FAILING),  # a paid one saw it
        ("GfFf", "ggg", TWICE, FAILING),
        ("GFF", "ggg", TWICE, FAILING),
    ],
)
def test_what_only_free_checks_saw_is_over_with_them_where_no_paid_one_can_be_had(
    outcomes: str, rest: str, policy: Policy, judged: str
) -> None:
    standing = after(outcomes, policy)[0]._replace(spent=True)
    for number, outcome in enumerate(rest, 50):
        standing, _ = observe(standing, seen(outcome, number), policy)
    assert standing.judged == judged
    shown = show(standing, 100.0 * 60, policy, silent=False, spent=True).shown
    assert shown == (judged or BUDGET_SPENT), "never green"


def test_the_same_run_again_or_an_older_one_changes_nothing() -> None:
    standing, _ = after("GF", TWICE)
    assert observe(standing, seen("F", 2), TWICE) == (standing, "")
    assert observe(standing, seen("F", 1), TWICE) == (standing, "")


@pytest.mark.parametrize(
    ("outcomes", "at", "silent", "spent", "shown"),
    [
        ("", 10, False, False, STALE),
        ("G", 150, False, False, PASSING),
        ("G", 500, False, False, STALE),
        ("G", 150, False, True, BUDGET_SPENT),  # never green
        ("F", 150, False, True, FAILING),  # a fresh finding is not hidden
        ("F", 500, False, True, BUDGET_SPENT),
        ("F", 150, True, True, MAINTENANCE),
        ("Gggggg", 700, False, False, STALE),  # free checks keep nothing green
    ],
)
def test_what_is_shown(outcomes: str, at: float, silent: bool, spent: bool, shown: str) -> None:
    policy = ONCE._replace(stale_after=300.0)
    standing = show(after(outcomes, policy)[0], at, policy, silent=silent, spent=spent)
    assert (standing.shown, standing.shown_since > 0) == (shown, True)


def test_flapping_is_told() -> None:
    policy = Policy(False, Rule(1, 1))
    assert not is_flapping(after("GFG", policy)[0], 300.0)
    standing = after("GFGFG", policy)[0]
    assert is_flapping(standing, 500.0) and not is_flapping(standing, 500.0 + 3600)


@pytest.mark.parametrize(("outcomes", "judged"), [("GWWG", DEGRADED), ("GWWGW", DEGRADED), ("GWWF", DEGRADED), ("GF", PASSING), ("Gf", PASSING)])  # fmt: skip
def test_a_state_keeps_the_cause_that_made_it(outcomes: str, judged: str) -> None:
    """A good run, or a failure that is not often enough yet, is not why the target is as it is: the incident of a
    warning would end, and begin again under another name, with each of them."""
    policy = Policy(confirm=False, fail=Rule(2, 3))
    standing = Standing("shop")
    warning = CAUSE._replace(code="usage.sum")
    for number, outcome in enumerate(outcomes, 1):
        told = seen(outcome, number)
        standing, _ = observe(standing, told._replace(cause=warning) if outcome == "W" else told, policy)
    assert (standing.judged, standing.cause.code) == (judged, "usage.sum" if judged == DEGRADED else "")


def test_a_failure_that_becomes_one_has_its_own_cause() -> None:
    standing, _ = after("GWWFF", Policy(confirm=False, fail=Rule(2, 3)))
    assert (standing.judged, standing.cause) == (FAILING, CAUSE)
