"""The budgets of some targets only, for who sends in batches: the purses that `chatproof serve` keeps, in its tables.

A batch reads and writes the rows of its own targets. What is reserved by a process that dies counts as spent when its
time is over, as everywhere.
"""

import json
import os
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import NamedTuple

from chatproof.journal.store import Journal
from chatproof.monitoring import budgets
from chatproof.monitoring.budgets import Budget, Need, Purse
from chatproof.monitoring.store import PURSE, PUT, TABLES, TOTAL
from chatproof.monitoring.values import SMOKE

_TOGETHER = 200  # names in one query


class Held(NamedTuple):
    """What is reserved for one target's run."""

    id: str
    need: Need


class Purses:
    """Reserves and settles. `total` is the budget of all targets together; `lease` is after how many seconds a run is
    over, whatever happened. Raises JournalError."""

    def __init__(self, journal: Journal, total: Budget, lease: float) -> None:
        self._journal = journal
        self._query = journal.database.query
        self._total = total
        self._lease = lease
        self._is_made = self._again = False

    def reserve(self, wanted: Mapping[str, tuple[Budget, Need]], at: float) -> dict[str, Held]:
        """Reserve a run for each target, as far as budgets cover it; the others are not in what is returned, and must
        not be sent. Kept before this returns."""
        held: dict[str, Held] = {}
        ids = {name: os.urandom(8).hex() for name in wanted}

        def work() -> None:
            held.clear()
            kept = self._kept(ids.values())
            overdue = self._overdue(at)
            purses = self._read([TOTAL, *wanted, *(name for _, name, _ in overdue)])
            for id, name, need in overdue:
                self._query("DELETE FROM chatproof_monitor_held WHERE id = ?", (id,))
                _settle(purses, name, need, need, at)
            for name, (budget, need) in wanted.items():
                likely = self._likely(need, budget, purses.get(name, Purse()))
                if ids[name] in kept:
                    held[name] = Held(ids[name], likely)
                    continue
                own = budgets.reserve(purses.get(name, Purse()), budget, likely, at)
                everyone = budgets.reserve(purses.get(TOTAL, Purse()), self._total, likely, at)
                if own is None or everyone is None:
                    continue
                purses |= {name: own, TOTAL: everyone}
                held[name] = Held(ids[name], likely)
                sql = "INSERT INTO chatproof_monitor_held (id, target, module, need, until) VALUES (?, ?, ?, ?, ?)"
                self._query(sql, (held[name].id, name, SMOKE, json.dumps(likely), at + self._lease))
            self._write(purses)

        self._alone(work)
        return held

    def settle(self, held: Mapping[str, Held], used: Mapping[str, Need], at: float) -> None:
        """Give back what was reserved, and take what was `used`: all of it, for a target that is not in there."""

        def work() -> None:
            purses = self._read([TOTAL, *held])
            for name, (id, need) in held.items():
                if self._query("SELECT 1 FROM chatproof_monitor_held WHERE id = ?", (id,)):  # else it counted as spent
                    self._query("DELETE FROM chatproof_monitor_held WHERE id = ?", (id,))
                    _settle(purses, name, need, used.get(name, need), at)
            self._write(purses)

        self._alone(work)

    def _alone(self, work: Callable[[], None]) -> None:
        tried = False

        def transaction() -> None:
            nonlocal tried
            self._again, tried = tried, True
            if not self._is_made:
                for statement in TABLES:
                    self._query(statement)
            work()

        self._journal.database.transaction(transaction)
        self._is_made = True

    def _kept(self, ids: Collection[str]) -> set[str]:
        """Those of these reservations that are there, where a transaction is done once more: the server was lost, and
        nobody knows whether the first time was kept."""
        if not self._again:
            return set()
        marks = ", ".join("?" * len(ids))
        sql = f"SELECT id FROM chatproof_monitor_held WHERE id IN ({marks})"  # noqa: S608  marks
        return {id for (id,) in self._query(sql, tuple(ids))}

    def _likely(self, need: Need, budget: Budget, purse: Purse) -> Need:
        """As much as the largest run of this target took, but no more than a whole budget: else one answer beyond it
        would end all days to come."""
        if not need.tokens:
            return need
        tokens = max(need.tokens, purse.largest)
        for limit in (budget.tokens, self._total.tokens):
            tokens = min(tokens, limit or tokens)
        return Need(need.requests, tokens, need.money * tokens / need.tokens)

    def _overdue(self, at: float) -> list[tuple[str, str, Need]]:
        rows = self._query("SELECT id, target, need FROM chatproof_monitor_held WHERE until < ?", (at,))
        return [(id, name, Need(*json.loads(need))) for id, name, need in rows]

    def _read(self, names: Iterable[str]) -> dict[str, Purse]:
        found: dict[str, Purse] = {}
        wanted = list(dict.fromkeys(names))
        for first in range(0, len(wanted), _TOGETHER):
            some = wanted[first : first + _TOGETHER]
            marks = ", ".join("?" * len(some))
            sql = f"SELECT name, said FROM chatproof_monitor_rows WHERE kind = ? AND name IN ({marks})"  # noqa: S608  marks
            for name, said in self._query(sql, (PURSE, *some), large=True):
                found[name] = Purse(**{k: v for k, v in json.loads(said).items() if k in Purse._fields})
        self._before = dict(found)
        return found

    def _write(self, purses: Mapping[str, Purse]) -> None:
        ((newest,),) = self._query("SELECT COALESCE(MAX(number), 0) FROM chatproof_monitor_rows")
        for name, purse in purses.items():
            if self._before.get(name) != purse:
                newest += 1
                self._query(PUT, (PURSE, name, json.dumps(purse._asdict(), separators=(",", ":")), newest), large=True)


def _settle(purses: dict[str, Purse], name: str, need: Need, used: Need, at: float) -> None:
    for each in (name, TOTAL):
        purses[each] = budgets.settle(purses.get(each, Purse()), need, used, at)
