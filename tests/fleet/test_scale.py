"""The numbers of docs/scale.md follow from what it says, and the schedule spreads a fleet as it says."""

from __future__ import annotations

from pathlib import Path

import pytest
from tools import scale

from chatproof.fleet.beating import Due

PAGE = (Path(__file__).parents[2] / "docs" / "scale.md").read_text()


def test_the_table_is_what_the_arithmetic_prints() -> None:
    assert scale.table() in PAGE
    for number in (scale.RUN_CPU, scale.JOURNAL):
        assert f"{number * 1000:g} ms" in PAGE
    assert f"{scale.RUN_BYTES // 1000} KB a run" in PAGE and f"{scale.ROLLED_UP} bytes an hour" in PAGE
    assert f"{scale.ROLLED_UP * 24 * 365 * 1_000_000 / 1e12:.1f} TB a year" in PAGE


def test_a_hundred_thousand_targets_begin_evenly() -> None:
    most, mean = scale.peak(100_000, 600.0)
    assert mean == pytest.approx(166.7, abs=0.1)
    assert most < mean * 1.35


@pytest.mark.nightly
def test_a_million_targets_begin_evenly() -> None:
    most, mean = scale.peak(1_000_000, 600.0)
    assert mean == pytest.approx(1666.7, abs=0.1)
    assert most < mean * 1.1, "as the page says"


def test_a_clock_that_was_ahead_ends_no_turns() -> None:
    due = Due(["shop"], 60.0, 1_000_000.0)
    assert due.take(1_000_000.0 + 365 * 86400), "a year ahead"
    asked = [slot for now in range(1_000_100, 1_000_700, 10) for slot in due.take(float(now))]
    assert len(asked) == len(set(asked)) >= 9


def test_each_target_has_one_turn_a_period_in_one_slot_for_all_who_ask() -> None:
    names = [f"t{number}" for number in range(50)]
    one, other = Due(names, 60.0, 1_000_000.0), Due(reversed(names), 60.0, 1_000_000.0)
    taken: dict[str, list[str]] = {}
    now = 1_000_000.0
    while now < 1_000_000.0 + 600:
        now += 7.0
        turn = one.take(now)
        second = other.take(now)
        assert {slot: sorted(found) for slot, found in turn.items()} == {
            slot: sorted(found) for slot, found in second.items()
        }
        for slot, found in turn.items():
            taken.setdefault(slot, []).extend(found)
        assert one.next() > now
    for slot, found in taken.items():
        assert len(set(found)) == len(found), f"{slot}: a target has one turn in a slot"
    whole = [slot for slot, found in taken.items() if len(found) == 50]
    assert len(whole) >= 8
