"""The journal's server is lost within a transaction, and all of it is done once more, as journal/postgres does: what the
monitor knows, tells and spends is what it would have been."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chatproof.monitoring.store import TOTAL
from tests.monitoring.simulated import GOOD, START, Answer, configured, target
from tests.monitoring.test_two_days import CUT, DEAD, QUOTA, REJECTED, Told

HOURS = 3


class Lost(Exception):
    """The connection, with what was not kept."""


def losing(told: Told, chance: random.Random, *, kept: bool) -> Told:
    """Lose one transaction in seven before it is kept, or just after: nobody was told that it was."""
    database: Any = told.store.journal.database
    transaction = database.transaction

    def again(work: Callable[[], None], **options: Any) -> None:
        def broken() -> None:
            work()
            if not kept:
                raise Lost

        if chance.random() < 1 / 7:
            try:
                transaction(broken, **options)
            except Lost:
                pass
        transaction(work, **options)

    database.transaction = again
    return told


def answers(seed: int) -> Callable[[Any, float], Answer]:
    """By target and half an hour, the same whoever asks."""

    def world(job: Any, at: float) -> Answer:
        said = random.Random(f"{seed} {job.target.name} {at // 1800}")
        return said.choice([GOOD, GOOD, DEAD, REJECTED, CUT, QUOTA])

    return world


def played(folder: Path, seed: int, kept: bool | None) -> Told:
    folder.mkdir(exist_ok=True)
    told = Told(
        folder / "journal.sqlite3",
        configured(
            target("a", every="10m", every_free="5m", jitter=0.0, recover_after=2, budget_requests=1000),
            target("b", "https://other.example", every="10m", every_free="0s", jitter=0.0),
        ),
    )
    if kept is not None:
        losing(told, random.Random(seed), kept=kept)
    told.until(START + HOURS * 3600, answers(seed))
    return told


def known(told: Told) -> dict[str, Any]:
    purses = told.store.purses
    told.store.look()
    return {
        "runs": [(at, name, module) for at, name, module in told.runs],
        "figures": told.store.journal.database.query("SELECT target, at, module, outcome FROM chatproof_monitor_runs"),
        "states": told.states,
        "incidents": [(change.what, change.incident) for change in told.incidents],
        "kept": told.store.board.incidents,
        "standings": told.store.board.standings,
        "heard": [(notice.what, notice.incident.id) for notice in told.listener.told],
        "purses": purses,
        "held": told.store.held(),
    }


@pytest.mark.parametrize("seed", range(3))
def test_what_was_undone_leaves_no_trace(seed: int, tmp_path: Path) -> None:
    plain, lost = (known(played(tmp_path / name, seed, kept)) for name, kept in (("plain", None), ("lost", False)))
    assert lost == plain


@pytest.mark.parametrize("seed", range(3))
def test_what_was_kept_is_not_done_twice(seed: int, tmp_path: Path) -> None:
    told = played(tmp_path / "kept", seed, True)
    found = known(told)
    assert max(Counter(found["figures"]).values()) == 1, "a run is in the figures once"
    assert len(found["figures"]) == len(found["runs"]), "and each that was sent"
    slots = {(name, at // 600) for at, name, module in told.runs if module == "smoke"}
    assert slots >= {(name, START // 600 + turn) for name in "ab" for turn in range(1, HOURS * 6 - 1)}, (
        "no turn is left out"
    )
    assert found["held"] == [], "nothing is reserved for ever"
    assert found["purses"][TOTAL].requests == sum(told.requests.values()), "what was sent is spent, once"
    heard = {id for what, id in found["heard"] if what == "opened"}
    assert heard == set(found["kept"]), "each incident was told"
