"""What became of batches: a row each in a table beside the journal's, so that whoever sends them sees who works.

A batch is known by what it asks for, so that its sender and its worker name it alike without a word more in a message.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from chatproof.fleet.batches import Batch
from chatproof.journal.store import Journal
from chatproof.secrets.digest import sha256

KEPT = 86400.0  # seconds for which a row stays after its deadline
_TABLES = (
    "CREATE TABLE IF NOT EXISTS chatproof_fleet_batches (id TEXT NOT NULL PRIMARY KEY, region TEXT NOT NULL, "
    "targets BIGINT NOT NULL, sent DOUBLE PRECISION NOT NULL, deadline DOUBLE PRECISION NOT NULL, "
    "taken DOUBLE PRECISION NOT NULL, ended DOUBLE PRECISION NOT NULL, outcomes TEXT NOT NULL)",
    "CREATE INDEX IF NOT EXISTS chatproof_fleet_batches_due ON chatproof_fleet_batches (deadline)",
)
_ADD = (
    "INSERT INTO chatproof_fleet_batches (id, region, targets, sent, deadline, taken, ended, outcomes) "
    "VALUES (?, ?, ?, ?, ?, 0, 0, '{}') ON CONFLICT (id) DO NOTHING"
)


class Region(NamedTuple):
    """What is known of a region's batches. Times are seconds since 1970, 0.0 for none."""

    name: str
    waiting: int
    """Sent, taken by nobody, and not over."""
    under_way: int
    ended: int
    not_taken: int
    """Over, and nobody had taken them in time."""
    not_ended: int
    """Taken, and over without an end: their worker was lost."""
    lag: float
    """The longest time from sending to taking, of those waiting: until now."""
    last_taken: float
    dead_since: float
    """When the first batch was sent that nobody took in time, where nobody took any since."""
    outcomes: Mapping[str, int]
    """Targets by what they came to: verdicts, and the words of `working.carry_out`."""


class Ledger:
    """Used by one thread. Every method raises JournalError."""

    def __init__(self, journal: Journal) -> None:
        self._database = journal.database
        self._is_made = False

    def sent(self, batches: list[Batch], at: float) -> None:
        """Keep that batches are sent. One that somebody sent before stays as it is."""
        rows = [(id_of(b), b.region, len(b.names), at, b.deadline) for b in batches]
        update = "UPDATE chatproof_fleet_batches SET sent = ? WHERE id = ? AND sent = 0"  # taken before this was kept
        self._change(lambda query: [(query(_ADD, row), query(update, (at, row[0]))) for row in rows])

    def taken(self, batch: Batch, at: float) -> None:
        """Keep that a worker has taken a batch; the first time counts."""
        row = (id_of(batch), batch.region, len(batch.names), 0.0, batch.deadline)
        update = "UPDATE chatproof_fleet_batches SET taken = ? WHERE id = ? AND taken = 0"
        self._change(lambda query: [query(_ADD, row), query(update, (at, row[0]))])

    def ended(self, batch: Batch, at: float, outcomes: Mapping[str, int]) -> None:
        """Keep what its targets came to; what comes again because a message was delivered twice is added. `at` tells
        that from a transaction that is done once more, because its server was lost as it was kept."""
        id = id_of(batch)

        def work(query: Callable[..., Any]) -> None:
            rows = query("SELECT outcomes, ended FROM chatproof_fleet_batches WHERE id = ?", (id,))
            if rows and rows[0][1] == at:
                return
            before = Counter(json.loads(rows[0][0])) if rows else Counter()
            update = "UPDATE chatproof_fleet_batches SET ended = ?, outcomes = ? WHERE id = ?"
            query(update, (at, json.dumps(before + Counter(outcomes)), id))

        self._change(work)

    def regions(self, names: list[str], at: float, back: float) -> list[Region]:
        """What is known of regions, by batches whose deadline is at most `back` seconds ago. Forgets old rows."""
        found: list[tuple[Any, ...]] = []

        def work(query: Callable[..., Any]) -> None:
            query("DELETE FROM chatproof_fleet_batches WHERE deadline < ?", (at - max(KEPT, 2 * back),))
            found[:] = query(
                "SELECT region, sent, deadline, taken, ended, outcomes FROM chatproof_fleet_batches "
                "WHERE deadline >= ?",
                (at - back,),
            )

        self._change(work)
        return [_region(name, [row[1:] for row in found if row[0] == name], at) for name in names]

    def _change(self, work: Callable[[Callable[..., Any]], object]) -> None:
        def transaction() -> None:
            for statement in () if self._is_made else _TABLES:
                self._database.query(statement)
            work(self._database.query)

        self._database.transaction(transaction)
        self._is_made = True


def id_of(batch: Batch) -> str:
    """What tells a batch from others: the same for whoever sends or takes it."""
    return sha256("\n".join((batch.region, batch.slot, *batch.names)).encode())[:32]


def _region(name: str, rows: list[tuple[Any, ...]], at: float) -> Region:
    outcomes: Counter[str] = Counter()
    waiting = under_way = over = not_ended = 0
    lag = last_taken = 0.0
    missed: list[float] = []
    for sent, deadline, taken, ended, said in rows:
        outcomes.update(json.loads(said))
        last_taken = max(last_taken, taken)
        if sent:
            lag = max(lag, min(taken or at, deadline) - sent, 0.0)
        is_over = deadline <= at
        if not taken or taken > deadline:
            missed += [sent] if is_over else []
            waiting += not is_over
        elif ended:
            over += 1
        else:
            not_ended += is_over
            under_way += not is_over
    since = min((sent for sent in missed if sent and sent > last_taken), default=0.0)
    return Region(name, waiting, under_way, over, len(missed), not_ended, lag, last_taken, since, dict(outcomes))
