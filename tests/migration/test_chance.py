"""The sequential test keeps its error, whatever the rate at which a server flips."""

from __future__ import annotations

import random

import pytest

from chatproof.analysis.comparison.chance import (
    ERROR,
    OPEN,
    REPEATS,
    UNSTEADY,
    VARIES,
    Block,
    Tally,
    state,
    still_needed,
    tally,
    threshold,
)

ALWAYS = Block(good_side=False, bad_side=True)


@pytest.mark.parametrize("rate", [0.05, 0.2, 0.5, 0.8, 0.95])
def test_chance_is_seldom_called_a_difference(rate: float) -> None:
    """Each trial begins where a comparison does: A was good, B was not. Both flip at one rate."""
    dice, trials, called = random.Random(7), 2000, 0
    wanted = threshold(1, 0, of_break=True)
    for _ in range(trials):
        blocks = []
        for _ in range(20):
            blocks.append(Block(dice.random() < rate, dice.random() < rate))
            reached = state(tally(blocks), wanted)
            if reached in (REPEATS, VARIES):
                called += reached == REPEATS
                break
    assert called / trials <= ERROR


def test_what_always_differs_is_settled_after_four_blocks() -> None:
    wanted = threshold(1, 0, of_break=True)
    assert [state(tally([ALWAYS] * n), wanted) for n in (3, 4)] == [OPEN, REPEATS]


def test_more_breaks_need_more_evidence() -> None:
    assert threshold(4, 0, of_break=True) == 4 * threshold(1, 0, of_break=True)
    both = 1 / threshold(1, 1, of_break=True) + 1 / threshold(1, 1, of_break=False)
    assert both == pytest.approx(ERROR)


def test_what_other_probes_show_counts() -> None:
    wanted = threshold(1, 0, of_break=True)
    assert state(tally([ALWAYS, ALWAYS], elsewhere=4), wanted) == REPEATS
    assert state(tally([], elsewhere=40), wanted) != REPEATS, "never without asking again"


def test_flips() -> None:
    wanted = threshold(1, 0, of_break=True)
    assert state(tally([Block(good_side=True, bad_side=False)]), wanted) == VARIES
    assert state(tally([Block(good_side=False, bad_side=False)]), wanted) == UNSTEADY


def test_a_rate_that_differs_is_settled_in_the_end() -> None:
    """B fails every second time and A never: it takes longer, and the forecast is of the right size."""
    wanted = threshold(1, 0, of_break=True)
    blocks: list[Block] = []
    while state(tally(blocks), wanted) != REPEATS:
        blocks.append(Block(good_side=False, bad_side=len(blocks) % 2 == 0))
        assert len(blocks) < 40
    early = still_needed(tally(blocks[:4]), wanted)
    assert early is not None and 0.3 < early / (2 * (len(blocks) - 4)) < 3


def test_nothing_settles_rates_that_look_alike() -> None:
    assert still_needed(Tally(3, 6, 3, 6, 0.5), 100.0) is None
